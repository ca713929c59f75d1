"""Fold the scans of one registration into the state of the visit, as `INTERFACES.md` §3 has it.

Pure: no Django, no clock. `frontend/shared/visit.ts` is its twin on the device; both run
`tests/vectors/visits.json`.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

ConflictKind = Literal["double", "cancelled"]

_LET_IN_ALL_THE_SAME = ("already_scanned", "revoked")


# Within a day of its ends the calendar has no local time for some zones.
_FIRST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
_LAST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)


def corrected_time(
    *, scanned_at: datetime, clock_offset_ms: int | None, sent_at: datetime, received_at: datetime
) -> datetime:
    """Give when a scan really was, to be stored at its first receipt and never computed again.

    :param clock_offset_ms: server minus device as last measured when the scan was made; without it
        the whole way from ``sent_at`` to ``received_at`` counts as the clock's error.
    :returns: ``received_at`` where the device's numbers lead out of the calendar, in any zone. Such
        a scan is not refused as `malformed`: staff saw its verdict and the person went in, so that
        who and where must be kept; only its time says nothing.
    """
    try:
        if clock_offset_ms is not None:
            at = scanned_at + timedelta(milliseconds=clock_offset_ms)
        else:
            at = scanned_at + (received_at - sent_at)
    except OverflowError:
        return received_at
    return at if _FIRST <= at <= _LAST else received_at


@dataclass(frozen=True, slots=True)
class VisitScan:
    """What the fold needs of a scan.

    A scan that does not count yet (from a revoked device, until the organizer takes it) is not
    given to the fold at all.
    """

    id: UUID
    at: datetime  # corrected
    station: str
    device: int | None  # none: made without one, at an organizer's desk
    verdict: str
    shown: str | None = None
    kind: Literal["pass", "undo"] = "pass"
    undoes: UUID | None = None
    by_organizer: bool = False


def as_folded(scan: VisitScan) -> VisitScan:
    """Give one of a registration's scans as the fold takes it.

    A pass may have named a walk-in by its id before anybody was registered so: its verdict is
    ``unknown`` for good, and what its device showed decides, as after ``already_scanned``. No other
    scan with that verdict belongs to a registration.
    """
    return replace(scan, verdict="already_scanned") if scan.verdict == "unknown" else scan


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that staff and organizer must hear of; the person is in all the same.

    ``double``: let in more than once at a station. ``cancelled``: let in after the registration was
    cancelled, which the device did not know. ``scans`` are all that count at the station, the
    check-in first: which of several arrived first, and so was judged ``revoked``, says nothing,
    also where just that one was undone.
    """

    kind: ConflictKind
    station: str
    scans: tuple[VisitScan, ...]


@dataclass(frozen=True, slots=True)
class VisitState:
    """What the scans come to. ``check_ins`` holds the first scan that counts at each station."""

    check_ins: Mapping[str, VisitScan]
    counted: tuple[VisitScan, ...]  # by corrected time
    conflicts: tuple[Conflict, ...]  # ``double`` before ``cancelled``

    def conflict_of(self, scan_id: UUID) -> Conflict | None:
        """Give the conflict to tell those who made this scan of."""
        for conflict in self.conflicts:
            if any(scan.id == scan_id for scan in conflict.scans):
                return conflict
        return None


def fold(scans: Iterable[VisitScan]) -> VisitState:
    """Give the state of a visit; the same for every order and repetition of its scans."""
    by_id = {scan.id: scan for scan in scans}
    undone = {
        undo.undoes
        for undo in by_id.values()
        if undo.undoes and undo.kind == "undo" and _may_undo(undo, by_id.get(undo.undoes))
    }
    counted = sorted(
        (scan for scan in by_id.values() if _counts(scan) and scan.id not in undone), key=_order
    )
    cancelled_at = {
        scan.station for scan in by_id.values() if scan.verdict == "revoked" and _counts(scan)
    }
    return VisitState(
        check_ins={station: here[0] for station, here in _by_station(counted).items()},
        counted=tuple(counted),
        conflicts=tuple(conflicts_of(counted, cancelled_at=cancelled_at)),
    )


def conflicts_of(counted: Iterable[VisitScan], *, cancelled_at: Container[str]) -> list[Conflict]:
    """Give the conflicts, ``double`` before ``cancelled``.

    :param counted: the scans that count.
    :param cancelled_at: stations where somebody was let in after a cancellation.
    """
    stations = _by_station(sorted(counted, key=_order))
    return [
        *(Conflict("double", at, tuple(here)) for at, here in stations.items() if len(here) > 1),
        *(
            Conflict("cancelled", at, tuple(here))
            for at, here in stations.items()
            if at in cancelled_at
        ),
    ]


def _by_station(counted: Iterable[VisitScan]) -> dict[str, list[VisitScan]]:
    stations: dict[str, list[VisitScan]] = {}
    for scan in counted:
        stations.setdefault(scan.station, []).append(scan)
    return stations


def _counts(scan: VisitScan) -> bool:
    """Whether it let the person in: judged so, or shown so by a device that could not know."""
    return scan.kind == "pass" and (
        scan.verdict == "accepted"
        or (scan.shown == "accepted" and scan.verdict in _LET_IN_ALL_THE_SAME)
    )


def _may_undo(undo: VisitScan, scan: VisitScan | None) -> bool:
    # Naming an undo does nothing: undos do not count, and a dropped one has done its work.
    return scan is not None and (
        undo.by_organizer or (undo.device is not None and undo.device == scan.device)
    )


def _order(scan: VisitScan) -> tuple[datetime, UUID]:
    return scan.at, scan.id
