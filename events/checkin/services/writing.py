# ruff: noqa: S608 - what is put together are our own fragments; every value is a parameter
"""Write what a batch of scans changes: on PostgreSQL in one statement, however much it is.

SQLite has a single writer, but cannot write several tables in one statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from backend.prepared import prepared_cursor
from events.checkin.services.ledger import NewScan, StoredScan
from events.checkin.services.sql import is_postgresql, rows_of, sql_moment, sql_uuid


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """What the fold makes of a registration."""

    pk: int
    status: str
    checked_in_at: datetime | None
    draws_number: bool


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
    " counts, conflict, walk_in"
)
_SCAN_ROW = "(" + ", ".join(["%s"] * 16) + ", NULL, %s, %s, %s)"


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
            + rows_of("(%s::bigint, %s, %s::timestamptz, %s::int)", writing.arrivals)
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
            + rows_of("(%s::uuid, %s::bigint, %s::boolean, %s)", writing.renewed)
            + "), f AS (UPDATE checkin_scan c SET registration_id = w.registration_id,"
            " counts = w.counts, conflict = w.conflict FROM w WHERE c.id = w.id)"
        )
        params += _renewed_params(writing.renewed)
    if writing.scans:
        ctes.append(
            f"i AS (INSERT INTO checkin_scan ({_SCAN_COLUMNS}) VALUES "
            + rows_of(_SCAN_ROW, writing.scans)
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
                + rows_of(_SCAN_ROW, writing.scans)
                + " ON CONFLICT (id) DO NOTHING",
                _scan_params(writing),
            )
            inserted = cursor.rowcount
        if writing.renewed:
            cursor.execute(
                "WITH w (id, registration_id, counts, conflict) AS (VALUES "
                + rows_of("(%s, %s, %s, %s)", writing.renewed)
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
                + rows_of("(%s, %s, %s, %s)", writing.arrivals)
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
    received_at = sql_moment(writing.now)
    for new, stored in writing.scans:
        scan = new.visit
        params += [
            sql_uuid(scan.id),
            stored.drive_pk,
            scan.device,
            stored.registration_pk,
            scan.station,
            scan.kind,
            sql_uuid(scan.undoes),
            scan.verdict,
            scan.shown or "",
            new.admit,
            new.offline,
            sql_moment(new.scanned_at),
            new.clock_offset_ms,
            sql_moment(scan.at),
            received_at,
            new.set_apart,
            stored.counts,
            stored.conflict,
            sql_uuid(new.walk_in),
        ]
    return params


def _renewed_params(renewed: Iterable[StoredScan]) -> list[Any]:
    params: list[Any] = []
    for scan in renewed:
        params += [sql_uuid(scan.visit.id), scan.registration_pk, scan.counts, scan.conflict]
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
            sql_moment(arrival.checked_in_at),
            drawn if arrival.draws_number else None,
        ]
    return params
