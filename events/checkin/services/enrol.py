"""Make a phone a device of a drive, keep in touch with it, and end it."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256

from django.conf import settings
from django.db import connection
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from accounts import audit
from accounts.attempts import Attempt
from accounts.models import User
from accounts.secrets import SECRET_BYTES, hash_secret, new_secret
from backend.errors import DomainError
from backend.prepared import prepared_cursor
from backend.transactions import in_transaction
from events.checkin.models import (
    DEVICE_OUTLIVES_DRIVE,
    Device,
    EnrolmentCode,
    Station,
    StationKind,
)
from events.drives.models import Drive

CODE_LIVES = timedelta(minutes=15)
CONTACT_EVERY = timedelta(minutes=1)
# How long after its end a device may still hand in what it had scanned (INTERFACES.md §4).
LATE_SCANS_TAKEN = timedelta(days=7)
NAME_LENGTH = 60


class EnrolmentRefused(DomainError):
    """Codes: ``unknown_station``, with ``field``; ``drive_over``."""


class CodeGone(DomainError):
    """Codes: ``code_used``, ``code_expired``."""

    status = 410


class CodeUnknown(DomainError):
    """Code: ``not_found``."""

    status = 404


@dataclass(frozen=True, kw_only=True)
class NewCode:
    """A code as it is shown once; only its hash is kept."""

    code: str
    row: EnrolmentCode
    replayed: bool = False

    @property
    def url(self) -> str:
        """Return the link that the QR code carries; the code stays in the fragment, out of logs."""
        return f"{settings.BASE_URL}/scan/enroll/#{self.code}"


@in_transaction
def create_enrolment_code(
    *,
    drive: Drive,
    by: User,
    now: datetime,
    stations: Collection[str] = (),
    attempt: Attempt | None = None,
) -> NewCode:
    """Make a code with which one phone becomes a device of the drive, within 15 minutes.

    The same attempt again gives the same code.

    :param stations: kinds; without any, ``welcome``.
    :raises EnrolmentRefused: ``unknown_station``, ``drive_over``.
    :raises CodeGone: ``code_expired``; the attempt's code is there no more.
    :raises KeyReused: the attempt's key came before with another body.
    """
    code = _code_of(settings.SECRET_KEY, attempt) if attempt and attempt.key else new_secret()
    if attempt and (first := attempt.claim(hash_secret(code)[:40], now=now)):
        return _code_again(drive, attempt, first)
    kinds = list(dict.fromkeys(stations)) or [StationKind.WELCOME.value]
    there = {station.kind for station in stations_of(drive)}
    if not there.issuperset(kinds):
        raise EnrolmentRefused(
            "unknown_station", _("This donation day has no such station."), field="stations"
        )
    made = _new_code(drive, kinds, now=now, code=code, created_by=by)
    audit.record("device.code_created", made.row, by=by, at=now, unit_id=drive.unit_id)
    return made


@in_transaction
def hand_over(*, device: Device, now: datetime) -> NewCode:
    """Make a code for the phone of the next helper, at the same stations.

    :raises EnrolmentRefused: ``drive_over``.
    """
    made = _new_code(device.drive, device.stations, now=now, handed_over_by=device)
    audit.record(
        "device.code_created",
        made.row,
        by=None,
        at=now,
        unit_id=device.drive.unit_id,
        device_id=device.pk,
    )
    return made


def _new_code(
    drive: Drive,
    stations: list[str],
    *,
    now: datetime,
    code: str = "",
    created_by: User | None = None,
    handed_over_by: Device | None = None,
) -> NewCode:
    if now >= drive.ends_at + DEVICE_OUTLIVES_DRIVE:
        raise EnrolmentRefused("drive_over", _("This donation day is over."))
    code = code or new_secret()
    row = EnrolmentCode.objects.create(
        drive=drive,
        code_hash=hash_secret(code),
        stations=stations,
        created_at=now,
        created_by=created_by,
        handed_over_by=handed_over_by,
        expires_at=now + CODE_LIVES,
    )
    return NewCode(code=code, row=row)


def _code_of(secret_key: str, attempt: Attempt) -> str:
    """Return a code that only the same caller with the same key can have made again."""
    message = f"code\0{attempt.route}\0{attempt.caller}\0{attempt.key}".encode()
    return _as_secret(hmac.digest(secret_key.encode(), message, sha256)[:SECRET_BYTES])


def _code_again(drive: Drive, attempt: Attempt, first: str) -> NewCode:
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        code = _code_of(key, attempt)
        if hash_secret(code).startswith(first):
            row = drive.enrolment_codes.filter(code_hash=hash_secret(code)).first()
            if row is not None:
                return NewCode(code=code, row=row, replayed=True)
    raise CodeGone("code_expired", _("This code has expired. Ask for a new one."))


def _as_secret(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def stations_of(drive: Drive) -> list[Station]:
    """Return a drive's stations in their order; a drive without any gets ``welcome``."""
    if not (stations := list(drive.stations.all())):
        welcome, _made = Station.objects.get_or_create(drive=drive, kind=StationKind.WELCOME)
        stations = [welcome]
    return stations


@in_transaction
def enrol_device(
    *, code: str, name: str, attempt: Attempt, now: datetime
) -> tuple[Device, str, bool]:
    """Spend a code on a new device. The same attempt again gives the same device and token.

    :returns: the device, its token, and whether an earlier call of the same attempt made it.
    :raises CodeUnknown: nobody made such a code.
    :raises CodeGone: ``code_used``, ``code_expired``.
    :raises KeyReused: the attempt's key came before with another body.
    """
    code_hash = hash_secret(code)
    if first := attempt.claim(code_hash[:40], now=now):
        spent = EnrolmentCode.objects.select_related("device__drive__venue").get(
            code_hash__startswith=first
        )
        assert spent.device is not None
        return spent.device, _token_again(spent.device, code, attempt), True
    row = (
        EnrolmentCode.objects.select_for_update(of=("self",), no_key=True)
        .select_related("drive")
        .filter(code_hash=code_hash)
        .first()
    )
    if row is None:
        raise CodeUnknown("not_found", _("This link is not known. Ask for a new code."))
    if row.used_at is not None:
        raise CodeGone("code_used", _("This code has been used. Ask for a new one."))
    if now >= row.expires_at:
        raise CodeGone("code_expired", _("This code has expired. Ask for a new one."))
    token = (
        new_secret() if attempt.key is None else _derived_token(settings.SECRET_KEY, code, attempt)
    )
    device = Device.objects.create(
        drive=row.drive,
        number=_next_number(row.drive),
        name=name,
        stations=row.stations,
        token_hash=hash_secret(token),
        enrolled_at=now,
        last_contact_at=now,
    )
    row.used_at, row.device = now, device
    row.save(update_fields=["used_at", "device"])
    audit.record(
        "device.enrolled",
        device,
        by=row.created_by,
        at=now,
        unit_id=row.drive.unit_id,
        device_id=device.pk,
    )
    return device, token, False


def _next_number(drive: Drive) -> int:
    # One enrolment at a time gets its number; nobody else waits for this row.
    Drive.objects.select_for_update(no_key=True).values_list("pk").get(pk=drive.pk)
    return (drive.devices.aggregate(last=Max("number"))["last"] or 0) + 1


def _derived_token(secret_key: str, code: str, attempt: Attempt) -> str:
    """Return a token that only who has the code and the key can have made again, and only here.

    Tokens are kept as hashes, so an answer that was lost cannot be looked up.
    """
    message = f"device\0{code}\0{attempt.key}".encode()
    return _as_secret(hmac.digest(secret_key.encode(), message, sha256)[: 2 * SECRET_BYTES])


def _token_again(device: Device, code: str, attempt: Attempt) -> str:
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = _derived_token(key, code, attempt)
        if hmac.compare_digest(hash_secret(token), device.token_hash):
            return token
    raise CodeGone("code_used", _("This code has been used. Ask for a new one."))


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


__all__ = [
    "CodeGone",
    "CodeUnknown",
    "DeviceNews",
    "EnrolmentRefused",
    "NewCode",
    "create_enrolment_code",
    "device_of_token",
    "enrol_device",
    "hand_over",
    "is_living",
    "note_contact",
    "revoke_device",
    "sign_off_device",
    "stations_of",
    "takes_late_scans",
]
