"""What a revoked device still handed in, and what taking it would do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from events.checkin.models import Device, Scan
from events.checkin.visit import VisitScan, VisitState, fold
from events.registrations.models import Registration


@dataclass(frozen=True, kw_only=True)
class LateVisit:
    """Somebody whom the device scanned.

    :param badge: a kind of badge, with what would become of the person as its ``effect``.
    """

    registration: Registration
    at: datetime
    badge: str
    effect: str


@dataclass(frozen=True, kw_only=True)
class LateScans:
    """:param nameless: readings of what was no ticket of this drive; they change nothing."""

    visits: list[LateVisit]
    scans: int
    nameless: int
    first_at: datetime
    last_at: datetime


def late_scans(device: Device) -> LateScans | None:
    """Return what is set apart of a device and was not taken; ``None`` if there is nothing."""
    apart = list(
        Scan.objects.filter(device=device, set_apart=True, taken_at=None).order_by("corrected_at")
    )
    if not apart:
        return None
    named = list(dict.fromkeys(s.registration_id for s in apart if s.registration_id is not None))
    rows = Registration.objects.in_bulk(named)
    others = Scan.objects.filter(registration__in=named).filter(
        Q(set_apart=False) | Q(taken_at__isnull=False)
    )
    counted: dict[int, list[Scan]] = {pk: [] for pk in named}
    for scan in others:
        counted[scan.registration_id or 0].append(scan)
    return LateScans(
        visits=[
            _visit(rows[pk], counted[pk], [s for s in apart if s.registration_id == pk])
            for pk in named
        ],
        scans=len(apart),
        nameless=sum(scan.registration_id is None for scan in apart),
        first_at=apart[0].corrected_at,
        last_at=apart[-1].corrected_at,
    )


def _visit(registration: Registration, counted: list[Scan], late: list[Scan]) -> LateVisit:
    before = fold(map(_as_folded, counted))
    after = fold(map(_as_folded, [*counted, *late]))
    badge, effect = _effect(before, after)
    return LateVisit(registration=registration, at=late[0].corrected_at, badge=badge, effect=effect)


def _effect(before: VisitState, after: VisitState) -> tuple[str, str]:
    if len(after.counted) == len(before.counted):
        return "neutral", _("Changes nothing")
    if len(after.counted) < len(before.counted):
        return "gave-up", _("Would be taken back")
    if any(conflict.kind == "cancelled" for conflict in after.conflicts):
        return "look", _("Had given up, would count as arrived")
    if before.check_ins:
        return "twice", _("Is in already, would be seen twice")
    return "done", _("Would count as arrived")


def _as_folded(scan: Scan) -> VisitScan:
    return VisitScan(
        id=scan.pk,
        at=scan.corrected_at,
        station=scan.station,
        device=scan.device_id,
        verdict=scan.verdict,
        shown=scan.shown or None,
        kind="undo" if scan.kind == "undo" else "pass",
        undoes=scan.undoes,
        by_organizer=scan.device_id is None,
    )
