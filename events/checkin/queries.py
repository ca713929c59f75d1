"""What devices and organizers read of the day: conflicts, devices, late scans."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, F, Q

from events.checkin.models import DeviceQuerySet, Scan
from events.checkin.visit import ConflictKind, VisitScan, conflicts_of
from events.drives.models import Drive

# --- Conflicts -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ConflictScan:
    """One side of a conflict; ``at`` is corrected time."""

    id: str
    device: str | None
    device_name: str
    station: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DriveConflict:
    """Somebody was let in twice, or after giving up: the check-in first, then the others."""

    registration: str
    name: str
    kind: ConflictKind
    scans: list[ConflictScan] = field(default_factory=list)
    is_seen: bool = False  # an organizer looked at it, and left it so


def drive_conflicts(drive: Drive) -> list[DriveConflict]:
    """Return all that staff and organizer must hear of, those with the earliest check-in first."""
    concerned = (
        Scan.objects.filter(drive=drive).exclude(conflict="").values("registration_id").distinct()
    )
    rows = Scan.objects.filter(drive=drive, counts=True, registration__in=concerned).values_list(
        "registration_id",
        "registration__public_id",
        "registration__full_name",
        "id",
        "corrected_at",
        "station",
        "device_id",
        "device__number",
        "device__name",
        "verdict",
        "shown",
        "conflict",
        "conflict_seen_at",
    )
    visits: dict[int, list[VisitScan]] = {}
    people: dict[int, tuple[str, str]] = {}
    devices: dict[int | None, tuple[str | None, str]] = {None: (None, "")}
    unseen: set[int] = set()
    cancelled_at: dict[int, set[str]] = {}
    for row in rows:
        pk, public_id, name, id, at, station, device, number, device_name, *_judged = row
        verdict, shown, conflict, seen_at = row[9:]
        people[pk] = public_id, name
        if conflict and seen_at is None:
            unseen.add(pk)
        if conflict == "cancelled":
            cancelled_at.setdefault(pk, set()).add(station)
        if device is not None:
            devices[device] = f"M{number}", device_name
        visits.setdefault(pk, []).append(
            VisitScan(
                id=id, at=at, station=station, device=device, verdict=verdict, shown=shown or None
            )
        )
    found = [
        DriveConflict(
            registration=people[pk][0],
            name=people[pk][1],
            kind=conflict.kind,
            scans=[
                ConflictScan(
                    id=str(scan.id),
                    device=devices[scan.device][0],
                    device_name=devices[scan.device][1],
                    station=scan.station,
                    at=scan.at,
                )
                for scan in conflict.scans
            ],
            is_seen=pk not in unseen,
        )
        for pk, scans in visits.items()
        for conflict in conflicts_of(scans, cancelled_at=cancelled_at.get(pk, ()))
    ]
    return sorted(found, key=lambda conflict: (conflict.scans[0].at, conflict.registration))


# --- Devices -------------------------------------------------------------------------------------


def drive_devices(drive: Drive) -> DeviceQuerySet:
    """Return a drive's devices, each with what is set apart of its scans and was not taken.

    ``late_scans`` wait for the organizer to decide, ``left_scans`` are left out.
    """
    apart = Q(scans__set_apart=True, scans__taken_at__isnull=True)
    was_left = Q(late_left_at__isnull=False, scans__received_at__lte=F("late_left_at"))
    return (
        drive.devices.select_related("drive")
        .annotate(
            late_scans=Count("scans", filter=apart & ~was_left),
            left_scans=Count("scans", filter=apart & was_left),
        )
        .order_by("number")
    )
