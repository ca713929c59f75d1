"""What the overview says of a drive's figures: a funnel of four, and a line for each slot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backend.formats import count
from events.drives.models import Drive
from events.reports.figures import DriveFigures, SlotFigures


@dataclass(frozen=True, kw_only=True)
class Stat:
    """A figure with its noun and what it is out of; ``url`` opens the list behind it."""

    figure: int
    noun: str
    note: str
    url: str


@dataclass(frozen=True, kw_only=True)
class SlotRow:
    figures: SlotFigures
    words: str
    url: str


def _of(number: int) -> str:
    return _("of %(number)s") % {"number": count(number)}


def funnel(drive: Drive, figures: DriveFigures, *, people_url: str, now: datetime) -> list[Stat]:
    """Return up to five figures: before the day who registered, from the day on who came."""
    counts = figures.counts

    def stat(key: str, figure: int, noun: str, note: str = "") -> Stat:
        url = f"{people_url}?status={key}" if people_url else ""
        return Stat(figure=figure, noun=noun, note=note, url=url)

    places = ngettext("of %(n)s place", "of %(n)s places", figures.capacity)
    stats = [
        stat(
            "registered",
            counts.registered,
            _("registered"),
            places % {"n": count(figures.capacity)},
        )
    ]
    if now < drive.starts_at and not counts.arrived:
        return [
            *stats,
            stat("confirmed", counts.confirmed, _("said to come"), _of(counts.registered)),
            stat("waitlisted", counts.waitlisted, _("on waiting lists")),
            stat("cancelled", counts.cancelled, _("gave up"), _of(counts.placed)),
        ]
    if counts.walk_ins:
        words = ngettext("%(n)s walk-in", "%(n)s walk-ins", counts.walk_ins)
        words %= {"n": count(counts.walk_ins)}
        stats.append(stat("arrived", counts.arrived, _("arrived"), words))
        stats.append(stat("came", counts.came, _("came with a place"), _of(counts.registered)))
    else:
        stats.append(stat("arrived", counts.arrived, _("arrived"), _of(counts.registered)))
    if drive.is_over(now):
        stats.append(stat("no_show", counts.no_show, _("did not come"), _of(counts.registered)))
    else:
        stats.append(stat("expected", counts.expected, _("still expected"), _of(counts.registered)))
    stats.append(stat("cancelled", counts.cancelled, _("gave up"), _of(counts.placed)))
    return stats


def slot_rows(
    drive: Drive, figures: DriveFigures, *, people_url: str, now: datetime
) -> list[SlotRow]:
    """Return a line for each slot; of a cancelled drive none has anything to offer."""
    return [
        SlotRow(
            figures=slot,
            words=_("cancelled") if drive.cancelled_at else _slot_words(slot, now=now),
            url=f"{people_url}?slot={slot.slot}" if people_url else "",
        )
        for slot in figures.by_slot
    ]


def _slot_words(slot: SlotFigures, *, now: datetime) -> str:
    counts = slot.counts
    missing = counts.registered - counts.came
    if now >= slot.ends_at:
        if not missing:
            return _("done")
        if counts.expected:
            # Until the drive is over somebody may still come late.
            words = ngettext("done, %(n)s not here yet", "done, %(n)s not here yet", missing)
        else:
            words = ngettext("done, %(n)s did not come", "done, %(n)s did not come", missing)
        return words % {"n": count(missing)}
    if now >= slot.starts_at:
        return _("receiving")
    if not slot.open:
        return _("closed")
    left = slot.capacity - counts.registered
    if left > 0:
        return ngettext("%(n)s place left", "%(n)s places left", left) % {"n": count(left)}
    if counts.waitlisted:
        words = ngettext("full, %(n)s waiting", "full, %(n)s waiting", counts.waitlisted)
        return words % {"n": count(counts.waitlisted)}
    return _("full")
