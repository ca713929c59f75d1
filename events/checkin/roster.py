"""The roster that devices hold: everything, or what has changed since a cursor."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db.models.functions import Right

from events.checkin.models import Scan
from events.checkin.queries import DriveConflict, drive_conflicts
from events.drives.models import Drive, Slot
from events.registrations.marks import reading_mark
from events.registrations.models import Registration
from events.registrations.tickets import format_code

ROSTER_PAGE = 5000

# --- The roster's cursor -------------------------------------------------------------------------

_CURSOR = struct.Struct(">B8sqqqq")
_CURSOR_VERSION = 2
_EVERYTHING = -1


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """Where a device stands: which changes it has, and how far it is in the present answer.

    :param since: rows with this mark or a later one are sent; ``None`` sends all.
    :param until: the mark that the next delta starts from, read before the first page was.
    :param after: the last registration that was sent; 0 before the first.
    :param at: when that mark was read, in seconds: how old the list is of a device that holds this.
    """

    epoch: bytes
    since: int | None
    until: int
    after: int
    at: int

    def encode(self) -> str:
        since = _EVERYTHING if self.since is None else self.since
        raw = _CURSOR.pack(_CURSOR_VERSION, self.epoch, since, self.until, self.after, self.at)
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor | None:
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            version, epoch, since, until, after, at = _CURSOR.unpack(raw)
        except (binascii.Error, ValueError, struct.error):
            return None
        if version != _CURSOR_VERSION or min(until, after, at) < 0:
            return None
        since = None if since < 0 else since
        return cls(epoch=epoch, since=since, until=until, after=after, at=at)


def _epoch(drive: Drive) -> bytes:
    return bytes.fromhex(drive.roster_epoch)


def list_is_of(drive: Drive, cursor_text: str, *, now: datetime) -> datetime | None:
    """Return as of when the list of a device is that holds this cursor; ``None`` if unknown.

    In the middle of several pages nobody can say, and no list is of days to come.
    """
    cursor = Cursor.decode(cursor_text)
    if cursor is None or cursor.epoch != _epoch(drive) or cursor.after:
        return None
    return datetime.fromtimestamp(cursor.at, UTC) if cursor.at <= now.timestamp() else None


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
    drive: Drive, cursor_text: str | None, *, now: datetime, page_size: int = ROSTER_PAGE
) -> RosterPage:
    """Return the roster, or what has changed since a cursor: every change at least once.

    A cursor never passes a transaction that is still open: its rows come with the next delta. One
    that is broken, foreign, or from before the database was restored starts anew.
    """
    cursor = Cursor.decode(cursor_text) if cursor_text else None
    if cursor is None or cursor.epoch != _epoch(drive):
        cursor = Cursor(epoch=_epoch(drive), since=None, until=-1, after=0, at=0)
    if cursor.after == 0:
        # Asked before the rows are read: what changes in between is then sent twice, not never.
        cursor = replace(cursor, until=reading_mark(), at=int(now.timestamp()))
    rows = _roster_rows(drive.pk, cursor, page_size + 1)
    more = len(rows) > page_size
    rows = rows[:page_size]
    registrations, revoked = _as_sent(rows, drive.pk)
    following = (
        replace(cursor, after=rows[-1][0]) if more else replace(cursor, since=cursor.until, after=0)
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
