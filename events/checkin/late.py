"""What a revoked device still handed in, and what taking it would do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from donors.identity import mask_phone
from events.checkin.models import Device, LateWalkIn, Scan
from events.checkin.services.late import (
    LATE_WALK_INS_KEPT_FOR,
    person_of,
    waiting_walk_ins,
    walk_ins_named,
    why_not,
)
from events.checkin.services.walk_ins import registered_already, same_person
from events.checkin.visit import VisitScan, VisitState, as_folded, fold
from events.registrations.models import Registration


@dataclass(frozen=True, kw_only=True)
class LateVisit:
    """Somebody whom the device scanned, or registered on site.

    :param registration: none, and taking it would make one.
    :param about: what else is known of who is not registered yet.
    :param is_at_latest: it was then or earlier; the device's clock was wrong.
    :param badge: a kind of badge, with what would become of the person as its ``effect``.
    """

    name: str
    at: datetime
    badge: str
    effect: str
    registration: Registration | None = None
    about: str = ""
    is_at_latest: bool = False


@dataclass(frozen=True, kw_only=True)
class LateScans:
    """What waits for a decision.

    :param scans: walk-ins are among them: each is a scan as well.
    :param nameless: readings of what was no ticket of this drive; they change nothing.
    :param refused: walk-ins that cannot be registered, whatever is decided; ``effect`` says why.
    :param kept_until: when walk-ins that were not taken are deleted.
    """

    visits: list[LateVisit]
    scans: int
    walk_ins: int
    nameless: int
    refused: list[LateVisit]
    first_at: datetime
    last_at: datetime
    kept_until: datetime

    @property
    def is_one_minute(self) -> bool:
        """Whether no time span is to be told: all were made within one minute of the clock."""
        first, last = (at.replace(second=0, microsecond=0) for at in (self.first_at, self.last_at))
        return first == last

    @property
    def can_be_taken(self) -> bool:
        return bool(self.visits or self.nameless)

    @property
    def people(self) -> int:
        return len(self.visits) + len(self.refused)


def late_scans(device: Device) -> LateScans | None:
    """Return what is set apart of a device and was not taken; ``None`` if there is nothing."""
    apart = list(
        Scan.objects.filter(device=device, set_apart=True, taken_at=None).order_by("corrected_at")
    )
    if not apart:
        return None
    walk_ins = waiting_walk_ins(device)
    reasons = {late.pk: refusal for late in walk_ins if (refusal := why_not(late))}
    takeable = {late.pk: late for late in walk_ins if late.pk not in reasons}
    of_walk_in = walk_ins_named({late.pk for late in walk_ins}, apart)
    there = registered_already(device.drive, map(person_of, takeable.values()))
    late_by: dict[Hashable, list[Scan]] = defaultdict(list)
    first: dict[Hashable, LateWalkIn] = {}
    nameless = 0
    for scan in apart:
        walk_in = of_walk_in.get(scan.pk)
        if walk_in in reasons:
            continue
        if walk_in is not None:
            late = takeable[walk_in]
            person = same_person(person_of(late))
            whose: Hashable = there.get(person) or person or walk_in
            first.setdefault(whose, late)
        elif scan.registration_id is not None:
            whose = scan.registration_id
        else:
            nameless += 1
            continue
        late_by[whose].append(scan)
    rows = Registration.objects.in_bulk([pk for pk in late_by if isinstance(pk, int)])
    counted = _counted(rows)
    return LateScans(
        visits=[
            _visit(rows[key], counted[key], scans, takeable)
            if isinstance(key, int)
            else _newcomer(first[key], scans)
            for key, scans in late_by.items()
        ],
        scans=len(apart),
        walk_ins=len(walk_ins),
        nameless=nameless,
        refused=[
            _unregistered(late, badge="refused", effect=str(reasons[late.pk]))
            for late in walk_ins
            if late.pk in reasons
        ],
        first_at=apart[0].corrected_at,
        last_at=apart[-1].corrected_at,
        kept_until=device.drive.ends_at + LATE_WALK_INS_KEPT_FOR,
    )


def _counted(rows: Mapping[int, Registration]) -> dict[int, list[Scan]]:
    """Return the registrations' scans that are not set apart, or were taken."""
    counted: dict[int, list[Scan]] = {pk: [] for pk in rows}
    for scan in Scan.objects.filter(registration__in=rows).filter(
        Q(set_apart=False) | Q(taken_at__isnull=False)
    ):
        counted[scan.registration_id or 0].append(scan)
    return counted


def _visit(
    registration: Registration,
    counted: list[Scan],
    late: list[Scan],
    walk_ins: Mapping[UUID, LateWalkIn],
) -> LateVisit:
    before = fold(map(_as_folded, counted))
    after = fold(map(_as_folded, [*counted, *late]))
    badge, effect = _effect(before, after)
    walk_in = walk_ins.get(late[0].pk)
    return LateVisit(
        name=registration.full_name,
        registration=registration,
        at=late[0].corrected_at,
        is_at_latest=walk_in is not None and walk_in.is_at_latest,
        badge=badge,
        effect=effect,
    )


def _newcomer(late: LateWalkIn, scans: list[Scan]) -> LateVisit:
    after = fold(map(_as_folded, scans))
    if not after.counted:
        return _unregistered(late, badge="neutral", effect=_("Would be registered, not arrived"))
    if after.conflicts:
        return _unregistered(late, badge="twice", effect=_("Would be registered and seen twice"))
    return _unregistered(late, badge="done", effect=_("Would be registered as arrived"))


def _unregistered(late: LateWalkIn, *, badge: str, effect: str) -> LateVisit:
    known = (str(late.birth_year), mask_phone(late.phone) if late.phone else "")
    return LateVisit(
        name=late.full_name,
        about=" · ".join(filter(None, known)),
        at=late.came_at,
        is_at_latest=late.is_at_latest,
        badge=badge,
        effect=effect,
    )


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
    return as_folded(
        VisitScan(
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
    )
