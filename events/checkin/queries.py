"""What devices and organizers read of the day: the roster, conflicts, devices, late scans."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import Right

from events.checkin.models import DeviceQuerySet, Scan
from events.checkin.visit import ConflictKind, VisitScan, fold
from events.drives.models import Drive, Slot
from events.registrations.marks import reading_mark
from events.registrations.models import Registration
from events.registrations.tickets import format_code

ROSTER_PAGE = 5000

# --- The roster's cursor -------------------------------------------------------------------------

_CURSOR = struct.Struct(">B8sqqq")
_CURSOR_VERSION = 1
_EVERYTHING = -1


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """Where a device stands: which changes it has, and how far it is in the present answer.

    :param since: rows with this mark or a later one are sent; ``None`` sends all.
    :param until: the mark that the next delta starts from, read before the first page was.
    :param after: the last registration that was sent; 0 before the first.
    """

    epoch: bytes
    since: int | None
    until: int
    after: int

    def encode(self) -> str:
        since = _EVERYTHING if self.since is None else self.since
        raw = _CURSOR.pack(_CURSOR_VERSION, self.epoch, since, self.until, self.after)
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor | None:
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            version, epoch, since, until, after = _CURSOR.unpack(raw)
        except (binascii.Error, ValueError, struct.error):
            return None
        if version != _CURSOR_VERSION or min(until, after) < 0:
            return None
        return cls(epoch=epoch, since=None if since < 0 else since, until=until, after=after)


def _epoch(drive: Drive) -> bytes:
    return bytes.fromhex(drive.roster_epoch)


# --- The roster ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RosterPage:
    """What one answer holds. ``registrations`` are rows as the API sends them."""

    registrations: list[dict[str, Any]]
    revoked: list[str]
    conflicts: list[DriveConflict]
    more: bool
    cursor: str
    total: int


def roster_page(
    drive: Drive, cursor_text: str | None, *, page_size: int = ROSTER_PAGE
) -> RosterPage:
    """Return the roster, or what has changed since a cursor: every change at least once.

    A cursor never passes a transaction that is still open: its rows come with the next delta. One
    that is broken, foreign, or from before the database was restored starts anew.
    """
    cursor = Cursor.decode(cursor_text) if cursor_text else None
    if cursor is None or cursor.epoch != _epoch(drive):
        cursor = Cursor(epoch=_epoch(drive), since=None, until=-1, after=0)
    # Asked before the rows are read: what changes in between is then sent twice, not never.
    until = reading_mark() if cursor.after == 0 else cursor.until
    rows = _roster_rows(drive.pk, cursor, page_size + 1)
    more = len(rows) > page_size
    rows = rows[:page_size]
    registrations, revoked = _as_sent(rows, drive.pk)
    following = (
        Cursor(epoch=cursor.epoch, since=cursor.since, until=until, after=rows[-1][0])
        if more
        else Cursor(epoch=cursor.epoch, since=until, until=until, after=0)
    )
    return RosterPage(
        registrations=registrations,
        revoked=revoked,
        conflicts=drive_conflicts(drive),
        more=more,
        cursor=following.encode(),
        total=Registration.objects.living().filter(drive=drive, erased_at__isnull=True).count(),
    )


def _roster_rows(drive_pk: int, cursor: Cursor, count: int) -> list[tuple[Any, ...]]:
    rows = Registration.objects.filter(drive=drive_pk, pk__gt=cursor.after)
    if cursor.since is not None:
        rows = rows.filter(changed__gte=cursor.since)
    return list(
        rows.order_by("pk").values_list(
            "pk",
            "public_id",
            "code",
            "full_name",
            "slot",
            "unit__name",
            "status",
            "checked_in_at",
            "queue_number",
            "erased_at",
            Right("phone", 4),
        )[:count]
    )


def _as_sent(
    rows: Sequence[tuple[Any, ...]], drive_pk: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the living as the API sends them, and the ids of the others.

    The slots' moments are read and written out once for all: in five thousand rows they took
    longer than everything else.
    """
    if not rows:
        return [], []
    check_ins = _check_ins([row[0] for row in rows if row[7] is not None], drive_pk)
    slots = Slot.objects.filter(drive=drive_pk).values_list("pk", "starts_at", "ends_at")
    times = {slot: (_moment(starts_at), _moment(ends_at)) for slot, starts_at, ends_at in slots}
    nowhere: dict[str, str] = {}
    registrations, revoked = [], []
    for pk, id, code, name, slot, unit, status, _in, number, erased_at, last4 in rows:
        if status == Registration.Status.CANCELLED or erased_at:
            revoked.append(id)
            continue
        # One that went meanwhile has taken nobody along: the row comes again, with another.
        slot_starts_at, slot_ends_at = times.get(slot, (None, None))
        registrations.append(
            {
                "id": id,
                "code": format_code(code),
                "name": name,
                "slot_starts_at": slot_starts_at,
                "slot_ends_at": slot_ends_at,
                "unit": unit,
                "phone_last4": last4,
                "status": status,
                "number": number,
                "scans": check_ins.get(pk, nowhere),
            }
        )
    return registrations, revoked


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _check_ins(pks: Sequence[int], drive_pk: int) -> dict[int, dict[str, str]]:
    """Return when each of these was first let in, by station."""
    scans = Scan.objects.filter(drive=drive_pk, counts=True)
    if len(pks) < 500:
        scans = scans.filter(registration__in=pks)
    found: dict[int, dict[str, str]] = {}
    ordered = scans.order_by("corrected_at", "pk")
    for pk, station, at in ordered.values_list("registration_id", "station", "corrected_at"):
        found.setdefault(pk, {}).setdefault(station, _moment(at))
    return found


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
    )
    visits: dict[int, list[VisitScan]] = {}
    people: dict[int, tuple[str, str]] = {}
    devices: dict[int | None, tuple[str | None, str]] = {None: (None, "")}
    for pk, public_id, name, id, at, station, device, number, device_name, verdict, shown in rows:
        people[pk] = public_id, name
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
        )
        for pk, scans in visits.items()
        for conflict in fold(scans).conflicts
    ]
    return sorted(found, key=lambda conflict: (conflict.scans[0].at, conflict.registration))


# --- Devices -------------------------------------------------------------------------------------


def drive_devices(drive: Drive) -> DeviceQuerySet:
    """Return a drive's devices, each with ``late_scans``: set apart, and not taken yet."""
    late = Count("scans", filter=Q(scans__set_apart=True, scans__taken_at__isnull=True))
    return drive.devices.select_related("drive").annotate(late_scans=late).order_by("number")


def unsent_scans(drive: Drive) -> int:
    """Return how many scans devices last said they still hold."""
    return sum(drive.devices.values_list("unsent", flat=True))
