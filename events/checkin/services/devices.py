"""Know a device by its token, keep in touch with it, and end it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.db import connection
from django.db.models import QuerySet

from accounts import audit
from accounts.models import User
from accounts.secrets import hash_secret
from backend.prepared import prepared_cursor
from backend.transactions import in_transaction
from events.checkin.models import Device, EnrolmentCode
from events.drives.models import Drive

CONTACT_EVERY = timedelta(minutes=1)
# How long after its end a device may still hand in what it had scanned (INTERFACES.md §4).
LATE_SCANS_TAKEN = timedelta(days=7)

# --- Who calls -----------------------------------------------------------------------------------

# What scanning asks of both; the rest is loaded when it is asked for.
_DEVICE_FIELDS = (
    "id",
    "drive_id",
    "number",
    "name",
    "stations",
    "last_contact_at",
    "unsent",
    "roster_synced_at",
    "revoked_at",
    "signed_off_at",
)
_DRIVE_FIELDS = (
    "id",
    "unit_id",
    "number",
    "slug",
    "name",
    "zone",
    "date",
    "starts_at",
    "ends_at",
    "tolerance_minutes",
    "cancelled_at",
    "roster_epoch",
    "is_rehearsal",
)


def device_of_token(token: str) -> Device | None:
    """Return the device that a token belongs to, ended ones too, with its drive: one statement.

    Asked with every call of every device: on PostgreSQL the statement is made once for a process.
    To the ORM making it anew is a third of a scan.
    """
    token_hash = hash_secret(token)
    if connection.vendor != "postgresql":
        return _device_rows(token_hash).first()
    with prepared_cursor() as cursor:
        cursor.execute(_device_statement(), [token_hash])
        row = cursor.fetchone()
    if row is None:
        return None
    device_part, drive_part = row[: len(_DEVICE_FIELDS)], row[len(_DEVICE_FIELDS) :]
    device = Device.from_db("default", _DEVICE_FIELDS, device_part)
    device.stations = json.loads(device.stations)
    device.drive = Drive.from_db("default", _DRIVE_FIELDS, drive_part)
    return device


def _device_rows(token_hash: str) -> QuerySet[Device]:
    return Device.objects.select_related("drive").filter(token_hash=token_hash)


@cache
def _device_statement() -> str:
    columns = [
        f"{alias}.{field}"
        for alias, fields in (("d", _DEVICE_FIELDS), ("e", _DRIVE_FIELDS))
        for field in fields
    ]
    return (
        f"SELECT {', '.join(columns)} FROM checkin_device d"  # noqa: S608 - our own columns
        " JOIN drives_drive e ON e.id = d.drive_id WHERE d.token_hash = %s"
    )


def is_living(device: Device, *, now: datetime) -> bool:
    return now < device.ended_at


def takes_late_scans(device: Device, *, now: datetime) -> bool:
    """Tell whether an ended device may still hand in its scans."""
    return now < device.ended_at + LATE_SCANS_TAKEN


# --- In touch ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DeviceNews:
    """What a device says about itself with each call.

    :param list_of: as of when the list is that it holds.
    """

    unsent: int | None = None
    version: str | None = None
    list_of: datetime | None = None


def note_contact(*, device: Device, now: datetime, news: DeviceNews) -> None:
    """Note that a device was heard of, once a minute at most.

    At once only where somebody would otherwise wait in vain: nothing is unsent any more, or
    something is; it has its first list; it is heard of after its own end or the drive's.
    """
    unsent = device.unsent if news.unsent is None else news.unsent
    turned = bool(unsent) != bool(device.unsent)
    synced = news.list_of is not None and device.roster_synced_at is None
    end = min(device.drive.ends_at, device.revoked_at or device.drive.ends_at)
    ended = device.last_contact_at < end <= now
    if now - device.last_contact_at < CONTACT_EVERY and not (turned or synced or ended):
        return
    changes: dict[str, object] = {"last_contact_at": now, "unsent": unsent}
    if news.version is not None:
        changes["version"] = news.version
    if news.list_of is not None:
        changes["roster_synced_at"] = news.list_of
    Device.objects.filter(pk=device.pk).update(**changes)


@in_transaction
def record_roster_look(*, device: Device, count: int, now: datetime) -> None:
    """Write that a device took the whole list of its drive; what changes later belongs to it.

    :param count: how many people it was given.
    """
    audit.record(
        "roster.loaded",
        device.drive,
        by=None,
        at=now,
        unit_id=device.drive.unit_id,
        device_id=device.pk,
        count=count,
    )


# --- Ended ---------------------------------------------------------------------------------------


@in_transaction
def revoke_device(*, device: Device, by: User, now: datetime) -> Device:
    """End a device at once; what it has already sent stays. Again changes nothing."""
    device = _lock(device)
    if device.revoked_at is None:
        device.revoked_at = now
        device.save(update_fields=["revoked_at"])
        _expire_codes_of(device, now=now)
        audit.record("device.revoked", device, by=by, at=now, unit_id=device.drive.unit_id)
    return device


@in_transaction
def sign_off_device(*, device: Device, now: datetime) -> Device:
    """End a device by its own wish, once it has sent all; again changes nothing."""
    device = _lock(device)
    if device.signed_off_at is None:
        device.signed_off_at = now
        device.unsent = 0
        device.save(update_fields=["signed_off_at", "unsent"])
        audit.record(
            "device.signed_off",
            device,
            by=None,
            at=now,
            unit_id=device.drive.unit_id,
            device_id=device.pk,
        )
    return device


def _lock(device: Device) -> Device:
    rows = Device.objects.select_for_update(of=("self",), no_key=True).select_related("drive")
    return rows.get(pk=device.pk)


def _expire_codes_of(device: Device, *, now: datetime) -> None:
    """End the codes that a lost phone may have made for others."""
    codes = EnrolmentCode.objects.filter(
        handed_over_by=device, used_at__isnull=True, expires_at__gt=now
    )
    codes.update(expires_at=now)
