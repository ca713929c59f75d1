# ruff: noqa: S608 - what is put together are our own fragments; every value is a parameter
"""Lock and read what a batch of scans is about; ``writing`` writes what comes of it.

Plain SQL, because this is the busiest path of the day (``DESIGN.md`` §10): with the device's token
four statements, however many scans there are. SQLite has a single writer and needs no locks.

Locks, in this order: the device (so that an undo and its scan, sent at once by two tabs, see each
other), registrations by id, the drive's queue counter last; see ``docs/decisions/lock-order.md``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from backend.prepared import prepared_cursor
from events.checkin.services.sql import from_sqlite, is_postgresql, marks, sql_uuids
from events.checkin.visit import VisitScan

# First key of the advisory locks that this app takes; the second is the device.
_DEVICE_LOCK = 0x6764  # "gd"


@dataclass(slots=True)
class Known:
    """A registration as it is in the database, locked."""

    pk: int
    public_id: str
    code: str
    name: str
    status: str
    number: int | None
    checked_in_at: datetime | None
    cancelled: bool
    waits: bool  # stands in a slot's line, apart from what the day adds
    waited: bool  # stood in one until let in as a walk-in
    erased: bool
    donor_pk: int
    slot_starts_at: datetime | None
    slot_ends_at: datetime | None
    unit: str | None

    @property
    def status_before(self) -> str:
        """Return the status that it has when nobody has let the person in."""
        if self.cancelled:
            return "cancelled"
        return "waitlisted" if self.waits or self.waited else "registered"


@dataclass(slots=True)
class StoredScan:
    """A scan that is in the database, or about to be."""

    visit: VisitScan
    drive_pk: int
    registration_pk: int | None
    device_label: str | None
    waits_for_organizer: bool  # set apart and not taken: the fold does not see it
    counts: bool = False
    conflict: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewScan:
    """A row to be inserted, besides what the fold needs."""

    visit: VisitScan
    offline: bool
    admit: bool
    scanned_at: datetime
    clock_offset_ms: int | None
    set_apart: bool
    walk_in: UUID | None  # whom it names, where nobody is registered so yet


@dataclass(slots=True)
class Names:
    """How the scans of a batch name registrations."""

    public_ids: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    walk_ins: set[UUID] = field(default_factory=set)
    scans: set[UUID] = field(default_factory=set)  # those that undos name

    def __bool__(self) -> bool:
        return bool(self.public_ids or self.codes or self.walk_ins or self.scans)


# --- Reading -------------------------------------------------------------------------------------

_REGISTRATION = """
SELECT r.id, r.public_id, r.code, r.full_name, r.status, r.queue_number, r.checked_in_at,
       r.cancelled_at IS NOT NULL, r.slot_id IS NOT NULL AND r.placed_at IS NULL,
       r.slot_id IS NULL AND r.waited_in_id IS NOT NULL,
       r.erased_at IS NOT NULL, r.donor_id, s.starts_at, s.ends_at, u.name
FROM registrations_registration r
LEFT JOIN drives_slot s ON s.id = r.slot_id
LEFT JOIN accounts_unit u ON u.id = r.unit_id
WHERE r.drive_id = %s AND """


def lock_named(*, drive_pk: int, device_pk: int | None, names: Names) -> dict[int, Known]:
    """Lock the device and the drive's registrations that are named, in everybody's order."""
    params: list[Any] = [drive_pk]
    if names.walk_ins or names.scans:
        parts = []
        for column, values in (("public_id", names.public_ids), ("code", names.codes)):
            if values:
                parts.append(
                    "SELECT id FROM registrations_registration WHERE drive_id = %s"
                    f" AND {column} IN ({marks(values)})"
                )
                params += [drive_pk, *values]
        for table, ids in (
            ("checkin_walkin", names.walk_ins),
            ("checkin_scan", names.scans),
        ):
            if ids:
                parts.append(f"SELECT registration_id FROM {table} WHERE id IN ({marks(ids)})")
                params.extend(sql_uuids(ids))
        where = f"r.id IN ({' UNION '.join(parts)})"
    else:
        parts = []
        for column, values in (("public_id", names.public_ids), ("code", names.codes)):
            if values:
                parts.append(f"r.{column} IN ({marks(values)})")
                params.extend(values)
        where = f"({' OR '.join(parts)})" if parts else "FALSE"
    return _lock(where, params, device_pk=device_pk)


def lock_device(pk: int) -> None:
    """Let one request of a device at a time go on, as ``lock_named`` does."""
    if is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_DEVICE_LOCK, pk % 2**31])


def lock_also(*, drive_pk: int, pks: Collection[int]) -> dict[int, Known]:
    """Lock registrations of the drive that only their scans led to."""
    return _lock(f"r.id IN ({marks(pks)})", [drive_pk, *pks], device_pk=None)


def _lock(where: str, params: list[Any], *, device_pk: int | None) -> dict[int, Known]:
    sql = _REGISTRATION + where
    if is_postgresql():
        if device_pk is not None:
            # Evaluated once and first: nothing is locked before the device is.
            sql += " AND (SELECT pg_advisory_xact_lock(%s, %s)) IS NOT NULL"
            params = [*params, _DEVICE_LOCK, device_pk % 2**31]
        sql += " ORDER BY r.id FOR NO KEY UPDATE OF r"
    with prepared_cursor() as cursor:
        cursor.execute(sql, params)
        rows = cursor.fetchall()
    if not is_postgresql():
        rows = [from_sqlite(row, moments=(6, 12, 13)) for row in rows]
    return {row[0]: Known(*row) for row in rows}


_SCAN = """
SELECT c.id, c.corrected_at, c.station, c.device_id, c.verdict, c.shown, c.kind, c.undoes,
       c.drive_id, c.registration_id, d.number, c.set_apart AND c.taken_at IS NULL,
       c.counts, c.conflict
FROM ({}) c LEFT JOIN checkin_device d ON d.id = c.device_id"""


def read_scans(*, ids: Collection[UUID], pks: Collection[int]) -> dict[UUID, StoredScan]:
    """Read scans by id, the undos that name these, and what folds need of the registrations'.

    A statement of its own, after the locks: only so does it see what was committed meanwhile.
    """
    wanted: list[str] = []
    params: list[Any] = []
    if ids:
        wanted += [f"id IN ({marks(ids)})", f"undoes IN ({marks(ids)})"]
        params += [*sql_uuids(ids), *sql_uuids(ids)]
    if pks:
        wanted.append(
            f"registration_id IN ({marks(pks)})"
            " AND (kind = 'undo' OR verdict = 'accepted' OR shown = 'accepted')"
        )
        params += pks
    if not wanted:
        return {}
    # Not one WHERE with OR: planned while the table is empty, that would read it all from then on.
    # What is found twice is the same.
    found_by = " UNION ALL ".join(f"SELECT * FROM checkin_scan WHERE {part}" for part in wanted)
    with prepared_cursor() as cursor:
        cursor.execute(_SCAN.format(found_by), params)
        rows = cursor.fetchall()
    if not is_postgresql():
        rows = [from_sqlite(row, moments=(1,), uuids=(0, 7)) for row in rows]
    found = {}
    for id, at, station, device, verdict, shown, kind, undoes, *rest in rows:
        drive_pk, registration_pk, number, waits, counts, conflict = rest
        found[id] = StoredScan(
            visit=VisitScan(
                id=id,
                at=at,
                station=station,
                device=device,
                verdict=verdict,
                shown=shown or None,
                kind=kind,
                undoes=undoes,
                by_organizer=device is None,
            ),
            drive_pk=drive_pk,
            registration_pk=registration_pk,
            device_label=None if number is None else f"M{number}",
            waits_for_organizer=bool(waits),
            counts=bool(counts),
            conflict=conflict,
        )
    return found
