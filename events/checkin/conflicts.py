"""What the organizer's page says of people who were let in twice, or after giving up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from events.checkin.models import StationKind
from events.checkin.queries import ConflictScan, DriveConflict, drive_conflicts
from events.drives.models import Drive


@dataclass(frozen=True, kw_only=True)
class ScanLine:
    """One side of a conflict. ``id`` is that of the scan."""

    id: str
    device: str
    helper: str
    station: str
    at: datetime
    is_first: bool


@dataclass(frozen=True, kw_only=True)
class ConflictRow:
    conflict: DriveConflict
    badge: str
    title: str
    what_to_do: str
    lines: list[ScanLine]


def conflict_rows(drive: Drive) -> list[ConflictRow]:
    """Return a drive's conflicts, those that nobody has looked at yet first."""
    found = [_row(conflict) for conflict in drive_conflicts(drive)]
    return sorted(found, key=lambda row: row.conflict.is_seen)


def _row(conflict: DriveConflict) -> ConflictRow:
    title, what_to_do = _words(conflict)
    return ConflictRow(
        conflict=conflict,
        badge="gave-up" if conflict.kind == "cancelled" else "twice",
        title=title,
        what_to_do=what_to_do,
        lines=[_line(scan, is_first=n == 0) for n, scan in enumerate(conflict.scans)],
    )


def _words(conflict: DriveConflict) -> tuple[str, str]:
    if conflict.kind == "cancelled":
        return _("Let in after giving up"), _(
            "The device had not heard of it. The person counts as arrived, and the place that was "
            "given up is not taken back from whoever has it now. Take the scan back only if this "
            "person did not come in."
        )
    return _("One ticket at two devices"), _(
        "Ask both helpers. The same person, scanned twice: take the later scan back. Two people "
        "with one ticket: register the second one on site, then take that person’s scan back."
    )


def device_words(scan: ConflictScan) -> str:
    if scan.device is None:
        return _("The organizers")
    return _("Device %(number)s") % {"number": scan.device.removeprefix("M")}


def _line(scan: ConflictScan, *, is_first: bool) -> ScanLine:
    return ScanLine(
        id=scan.id,
        device=device_words(scan),
        helper=scan.device_name,
        station=str(StationKind(scan.station).label) if scan.station else "",
        at=scan.at,
        is_first=is_first,
    )
