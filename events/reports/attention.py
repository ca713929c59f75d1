"""What needs the organizer now, the most pressing first. Each says what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backend.formats import clock, count
from events.checkin.conflicts import device_words
from events.checkin.devices import DeviceRow, device_rows
from events.checkin.queries import DriveConflict, drive_conflicts
from events.drives.models import Drive, DriveStatus
from events.registrations.models import Registration
from events.reports.figures import DriveFigures
from notifications.queries import reason_counts

SOON = timedelta(days=2)
MOST_CONFLICTS = 3


@dataclass(frozen=True, kw_only=True)
class Attention:
    """:param shape: an icon of the looks; :param tone: its colour (``warn``, ``off``, ``no``)."""

    shape: str
    tone: str
    title: str
    text: str
    url: str
    link: str


def open_conflicts(drive: Drive) -> list[DriveConflict]:
    """Return the conflicts that nobody has looked at yet."""
    return [conflict for conflict in drive_conflicts(drive) if not conflict.is_seen]


def attention_for(
    drive: Drive, figures: DriveFigures, conflicts: list[DriveConflict], *, now: datetime
) -> list[Attention]:
    """Return what is worth a look; empty when all is well.

    :param conflicts: the open ones; people are named, so that whoever shows this notes the look.
    """
    found: list[Attention] = []
    match drive.status_without_places(now):
        case DriveStatus.DRAFT:
            return [
                Attention(
                    shape="look",
                    tone="warn",
                    title=_("Still a draft"),
                    text=_("Nobody can register before it is published."),
                    url=_to("drive_preview", drive),
                    link=_("Look at it and publish"),
                )
            ]
        case DriveStatus.CANCELLED:
            return []
    found += [_double(drive, conflict) for conflict in conflicts[:MOST_CONFLICTS]]
    rows = device_rows(drive, now=now)
    found += [_silent(drive, row) for row in rows if row.is_offline]
    found += [_late(drive, row) for row in rows if row.late_scans]
    if drive.starts_at - timedelta(hours=2) <= now < drive.ends_at and not any(
        row.is_living for row in rows
    ):
        found.append(
            Attention(
                shape="look",
                tone="warn",
                title=_("No device scans yet"),
                text=_("A phone is ready in a minute: show it the QR code."),
                url=_to("drive_devices", drive),
                link=_("Add a device"),
            )
        )
    if failed := sum(reason_counts(f"drive:{drive.pk}").values()):
        words = ngettext("%(n)s message failed", "%(n)s messages failed", failed)
        found.append(
            Attention(
                shape="refused",
                tone="no",
                title=words % {"n": count(failed)},
                text=_("These people do not know what changed. Call them, or correct the address."),
                url=_to("drive_messages", drive),
                link=_("See why"),
            )
        )
    found += _before_the_day(drive, figures, now=now)
    return found


def _to(name: str, drive: Drive) -> str:
    return reverse(name, kwargs={"slug": drive.slug})


def _double(drive: Drive, conflict: DriveConflict) -> Attention:
    devices = ", ".join(
        f"{device_words(scan)} {clock(timezone.localtime(scan.at))}" for scan in conflict.scans
    )
    title = (
        _("One ticket at two devices") if conflict.kind == "double" else _("Let in after giving up")
    )
    return Attention(
        shape="twice",
        tone="warn",
        title=title,
        text=f"{conflict.name}: {devices}",
        url=f"{_to('drive_conflicts', drive)}#c-{conflict.registration}",
        link=_("See what to do"),
    )


def _silent(drive: Drive, row: DeviceRow) -> Attention:
    unsent = row.device.unsent
    text = _("It goes on scanning; look whether it has a network.")
    if unsent:
        words = ngettext("%(n)s scan not sent yet.", "%(n)s scans not sent yet.", unsent)
        text = f"{words % {'n': count(unsent)}} {text}"
    title = _("Device %(number)s: last contact %(ago)s")
    return Attention(
        shape="unsent",
        tone="off",
        title=title % {"number": row.device.number, "ago": row.contact},
        text=text,
        url=_to("drive_devices", drive),
        link=_("See the devices"),
    )


def _late(drive: Drive, row: DeviceRow) -> Attention:
    words = ngettext(
        "%(n)s scan of a revoked device", "%(n)s scans of a revoked device", row.late_scans
    )
    return Attention(
        shape="look",
        tone="warn",
        title=words % {"n": count(row.late_scans)},
        text=_("They count only when you take them."),
        url=reverse("device_late", kwargs={"slug": drive.slug, "number": row.device.number}),
        link=_("Decide"),
    )


def _before_the_day(drive: Drive, figures: DriveFigures, *, now: datetime) -> list[Attention]:
    if now >= drive.starts_at:
        return []
    found: list[Attention] = []
    if drive.paused_at is not None:
        found.append(
            Attention(
                shape="deferred",
                tone="warn",
                title=_("Registration is paused"),
                text=_("Nobody can register by the link."),
                url=_to("drive_overview", drive),
                link=_("Resume it below"),
            )
        )
    waiting = figures.counts.waitlisted
    free = sum(
        max(slot.capacity - slot.counts.registered, 0) for slot in figures.by_slot if slot.open
    )
    if waiting and free:
        found.append(
            Attention(
                shape="waiting",
                tone="warn",
                title=_("%(waiting)s wait, %(free)s places are free at other times")
                % {"waiting": count(waiting), "free": count(free)},
                text=_("Call them and move who can come then."),
                url=f"{_to('drive_registrations', drive)}?status=waitlisted",
                link=_("See who waits"),
            )
        )
    if drive.starts_at - now <= SOON:
        silent = Registration.objects.filter(
            drive=drive, status=Registration.Status.REGISTERED, email=""
        ).count()
        if silent:
            words = ngettext("%(n)s person has no e-mail", "%(n)s people have no e-mail", silent)
            found.append(
                Attention(
                    shape="look",
                    tone="warn",
                    title=words % {"n": count(silent)},
                    text=_("No reminder reaches them. Call them."),
                    url=f"{_to('drive_registrations', drive)}?status=unreachable",
                    link=_("Open the list"),
                )
            )
    return found
