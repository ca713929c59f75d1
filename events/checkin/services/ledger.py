# ruff: noqa: S608 - what is put together are our own fragments; every value is a parameter
"""What a batch of scans reads and writes, in four statements however many scans it holds.

Plain SQL, because this is the busiest path of the day (``DESIGN.md`` §10). PostgreSQL: lock, read,
write; everything that is written goes in one statement. SQLite has a single writer and needs no
locks, but cannot write several tables in one statement.

Locks, in this order: the device (so that an undo and its scan, sent at once by two tabs, see each
other), registrations by id, the drive's queue counter last; see ``docs/decisions/lock-order.md``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection

from backend.prepared import prepared_cursor
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """What the fold makes of a registration."""

    pk: int
    status: str
    checked_in_at: datetime | None
    draws_number: bool


@dataclass(slots=True)
class Names:
    """How the scans of a batch name registrations."""

    public_ids: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    walk_ins: set[UUID] = field(default_factory=set)
    scans: set[UUID] = field(default_factory=set)  # those that undos name

    def __bool__(self) -> bool:
        return bool(self.public_ids or self.codes or self.walk_ins or self.scans)


@cache
def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


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
                    f"SELECT id FROM registrations_registration WHERE drive_id = {drive_pk:d}"
                    f" AND {column} IN ({_marks(values)})"
                )
                params.extend(values)
        for table, ids in (
            ("checkin_walkin", names.walk_ins),
            ("checkin_scan", names.scans),
        ):
            if ids:
                parts.append(f"SELECT registration_id FROM {table} WHERE id IN ({_marks(ids)})")
                params.extend(_sql_uuids(ids))
        where = f"r.id IN ({' UNION '.join(parts)})"
    else:
        parts = []
        for column, values in (("public_id", names.public_ids), ("code", names.codes)):
            if values:
                parts.append(f"r.{column} IN ({_marks(values)})")
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
    return _lock(f"r.id IN ({_marks(pks)})", [drive_pk, *pks], device_pk=None)


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
        rows = [_from_sqlite(row, moments=(6, 12, 13)) for row in rows]
    return {row[0]: Known(*row) for row in rows}


_SCAN = """
SELECT c.id, c.corrected_at, c.station, c.device_id, c.verdict, c.shown, c.kind, c.undoes,
       c.drive_id, c.registration_id, d.number, c.set_apart AND c.taken_at IS NULL,
       c.counts, c.conflict
FROM checkin_scan c LEFT JOIN checkin_device d ON d.id = c.device_id
WHERE """


def read_scans(*, ids: Collection[UUID], pks: Collection[int]) -> dict[UUID, StoredScan]:
    """Read scans by id, the undos that name these, and what folds need of the registrations'.

    A statement of its own, after the locks: only so does it see what was committed meanwhile.
    """
    parts: list[str] = []
    params: list[Any] = []
    if ids:
        parts.append(f"c.id IN ({_marks(ids)}) OR c.undoes IN ({_marks(ids)})")
        params += [*_sql_uuids(ids), *_sql_uuids(ids)]
    if pks:
        parts.append(
            f"c.registration_id IN ({_marks(pks)})"
            " AND (c.kind = 'undo' OR c.verdict = 'accepted' OR c.shown = 'accepted')"
        )
        params += pks
    if not parts:
        return {}
    with prepared_cursor() as cursor:
        cursor.execute(_SCAN + " OR ".join(f"({part})" for part in parts), params)
        rows = cursor.fetchall()
    if not is_postgresql():
        rows = [_from_sqlite(row, moments=(1,), uuids=(0, 7)) for row in rows]
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


# --- Writing -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Writing:
    """Everything that a batch changes.

    :param scans: new rows with what the fold makes of them.
    :param renewed: earlier ones of which the fold makes something else now.
    """

    drive_pk: int
    now: datetime
    scans: Sequence[tuple[NewScan, StoredScan]] = ()
    renewed: Sequence[StoredScan] = ()
    arrivals: Sequence[Arrival] = ()


_SCAN_COLUMNS = (
    "id, drive_id, device_id, registration_id, station, kind, undoes, verdict, shown, admit,"
    " offline, scanned_at, clock_offset_ms, corrected_at, received_at, set_apart, taken_at,"
    " counts, conflict"
)
_SCAN_ROW = "(" + ", ".join(["%s"] * 16) + ", NULL, %s, %s)"


def write(writing: Writing) -> tuple[int, dict[int, tuple[str, int | None]]]:
    """Write a batch.

    :returns: how many of the scans were new after all, and per arrival its status and number.
    """
    return _write_at_once(writing) if is_postgresql() else _write_one_by_one(writing)


def _write_at_once(writing: Writing) -> tuple[int, dict[int, tuple[str, int | None]]]:
    ctes: list[str] = []
    params: list[Any] = []
    draws = sum(arrival.draws_number for arrival in writing.arrivals)
    if draws:
        ctes.append(
            "n AS (INSERT INTO checkin_queuecounter AS q (drive_id, last_number) VALUES (%s, %s)"
            " ON CONFLICT (drive_id) DO UPDATE"
            " SET last_number = q.last_number + EXCLUDED.last_number"
            " RETURNING last_number)"
        )
        params += [writing.drive_pk, draws]
    if writing.arrivals:
        ctes.append(
            "v (id, status, at, drawn) AS (VALUES "
            + _rows("(%s::bigint, %s, %s::timestamptz, %s::int)", writing.arrivals)
            + ")"
        )
        params += _arrival_params(writing.arrivals, draws)
        number, source = (
            ("r.queue_number", "v")
            if not draws
            else (
                "COALESCE(r.queue_number, n.last_number + v.drawn)",
                "v CROSS JOIN n",
            )
        )
        ctes.append(
            f"a AS (UPDATE registrations_registration r SET status = {_LIVING_ONCE},"
            f" checked_in_at = v.at, queue_number = {number},"
            " changed = (pg_current_xact_id()::text::bigint)"
            f" FROM {source} WHERE r.id = v.id RETURNING r.id, r.status, r.queue_number)"
        )
    if writing.renewed:
        ctes.append(
            "w (id, registration_id, counts, conflict) AS (VALUES "
            + _rows("(%s::uuid, %s::bigint, %s::boolean, %s)", writing.renewed)
            + "), f AS (UPDATE checkin_scan c SET registration_id = w.registration_id,"
            " counts = w.counts, conflict = w.conflict FROM w WHERE c.id = w.id)"
        )
        params += _renewed_params(writing.renewed)
    if writing.scans:
        ctes.append(
            f"i AS (INSERT INTO checkin_scan ({_SCAN_COLUMNS}) VALUES "
            + _rows(_SCAN_ROW, writing.scans)
            + " ON CONFLICT (id) DO NOTHING RETURNING 1)"
        )
        params += _scan_params(writing)
    if not ctes:
        return 0, {}
    # The first row counts the insertions, each other one is an arrival.
    final = "SELECT " + ("(SELECT count(*) FROM i)" if writing.scans else "0") + ", NULL, NULL"
    if writing.arrivals:
        final += " UNION ALL SELECT id, status, queue_number FROM a"
    with prepared_cursor() as cursor:
        cursor.execute(f"WITH {', '.join(ctes)} {final}", params)
        [(inserted, _none, _number), *rows] = cursor.fetchall()
    return inserted, {pk: (status, number) for pk, status, number in rows}


# A donor has one living registration at a drive. Who was let in with a ticket that had been given
# up, and has registered again since, stays cancelled here: the organizer sees the conflict.
_LIVING_ONCE = """
CASE WHEN r.status = 'cancelled' AND v.status = 'checked_in' AND EXISTS (
  SELECT 1 FROM registrations_registration o WHERE o.drive_id = r.drive_id
  AND o.donor_id = r.donor_id AND o.status <> 'cancelled') THEN r.status ELSE v.status END"""


def _write_one_by_one(writing: Writing) -> tuple[int, dict[int, tuple[str, int | None]]]:
    inserted, settled = 0, {}
    draws = sum(arrival.draws_number for arrival in writing.arrivals)
    with connection.cursor() as cursor:
        if writing.scans:
            cursor.execute(
                f"INSERT INTO checkin_scan ({_SCAN_COLUMNS}) VALUES "
                + _rows(_SCAN_ROW, writing.scans)
                + " ON CONFLICT (id) DO NOTHING",
                _scan_params(writing),
            )
            inserted = cursor.rowcount
        if writing.renewed:
            cursor.execute(
                "WITH w (id, registration_id, counts, conflict) AS (VALUES "
                + _rows("(%s, %s, %s, %s)", writing.renewed)
                + ") UPDATE checkin_scan AS c SET registration_id = w.registration_id,"
                " counts = w.counts, conflict = w.conflict FROM w WHERE c.id = w.id",
                _renewed_params(writing.renewed),
            )
        last = 0
        if draws:
            cursor.execute(
                "INSERT INTO checkin_queuecounter (drive_id, last_number) VALUES (%s, %s)"
                " ON CONFLICT (drive_id) DO UPDATE SET last_number = last_number +"
                " EXCLUDED.last_number RETURNING last_number",
                [writing.drive_pk, draws],
            )
            last = cursor.fetchone()[0]
        if writing.arrivals:
            cursor.execute(
                "WITH v (id, status, at, drawn) AS (VALUES "
                + _rows("(%s, %s, %s, %s)", writing.arrivals)
                + f") UPDATE registrations_registration AS r SET status = {_LIVING_ONCE},"
                " checked_in_at = v.at, queue_number = COALESCE(r.queue_number, %s + v.drawn),"
                " changed = (SELECT MAX(changed) + 1 FROM registrations_registration)"
                " FROM v WHERE r.id = v.id RETURNING id, status, queue_number",
                [*_arrival_params(writing.arrivals, draws), last],
            )
            settled = {pk: (status, number) for pk, status, number in cursor.fetchall()}
    return inserted, settled


def _scan_params(writing: Writing) -> list[Any]:
    params: list[Any] = []
    received_at = _sql_moment(writing.now)
    for new, stored in writing.scans:
        scan = new.visit
        params += [
            _sql_uuid(scan.id),
            stored.drive_pk,
            scan.device,
            stored.registration_pk,
            scan.station,
            scan.kind,
            _sql_uuid(scan.undoes),
            scan.verdict,
            scan.shown or "",
            new.admit,
            new.offline,
            _sql_moment(new.scanned_at),
            new.clock_offset_ms,
            _sql_moment(scan.at),
            received_at,
            new.set_apart,
            stored.counts,
            stored.conflict,
        ]
    return params


def _renewed_params(renewed: Iterable[StoredScan]) -> list[Any]:
    params: list[Any] = []
    for scan in renewed:
        params += [_sql_uuid(scan.visit.id), scan.registration_pk, scan.counts, scan.conflict]
    return params


def _arrival_params(arrivals: Iterable[Arrival], draws: int) -> list[Any]:
    """Number those that draw so that added to the counter's new value they follow the old one."""
    params: list[Any] = []
    drawn = -draws
    for arrival in arrivals:
        if arrival.draws_number:
            drawn += 1
        params += [
            arrival.pk,
            arrival.status,
            _sql_moment(arrival.checked_in_at),
            drawn if arrival.draws_number else None,
        ]
    return params


# --- What the two databases want -----------------------------------------------------------------


def _marks(values: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _rows(row: str, values: Collection[Any]) -> str:
    return ", ".join([row] * len(values))


def _sql_uuid(value: UUID | None) -> UUID | str | None:
    return value if value is None or is_postgresql() else value.hex


def _sql_uuids(values: Iterable[UUID]) -> list[UUID | str | None]:
    return [_sql_uuid(value) for value in values]


def _sql_moment(value: datetime | None) -> Any:
    return (
        value
        if value is None or is_postgresql()
        else (connection.ops.adapt_datetimefield_value(value))
    )


def _from_sqlite(
    row: Sequence[Any], *, moments: Collection[int] = (), uuids: Collection[int] = ()
) -> list[Any]:
    values = list(row)
    for i in moments:
        if values[i] is not None:
            # A column gives a moment, an expression its text; both in UTC, and neither says so.
            moment = values[i]
            if isinstance(moment, str):
                moment = datetime.fromisoformat(moment)
            values[i] = moment.replace(tzinfo=UTC)
    for i in uuids:
        if values[i] is not None:
            values[i] = UUID(values[i])
    return values


__all__ = [
    "Arrival",
    "Known",
    "Names",
    "NewScan",
    "StoredScan",
    "Writing",
    "lock_also",
    "lock_device",
    "lock_named",
    "read_scans",
    "write",
]
