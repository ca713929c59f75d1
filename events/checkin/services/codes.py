"""Make the codes by which phones become devices of a drive."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import audit
from accounts.attempts import Attempt
from accounts.models import User
from accounts.secrets import SECRET_BYTES, hash_secret, new_secret
from backend.errors import DomainError
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
    return as_secret(hmac.digest(secret_key.encode(), message, sha256)[:SECRET_BYTES])


def _code_again(drive: Drive, attempt: Attempt, first: str) -> NewCode:
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        code = _code_of(key, attempt)
        if hash_secret(code).startswith(first):
            row = drive.enrolment_codes.filter(code_hash=hash_secret(code)).first()
            if row is not None:
                return NewCode(code=code, row=row, replayed=True)
    raise CodeGone("code_expired", _("This code has expired. Ask for a new one."))


def as_secret(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def stations_of(drive: Drive) -> list[Station]:
    """Return a drive's stations in their order; a drive without any gets ``welcome``."""
    if not (stations := list(drive.stations.all())):
        welcome, _made = Station.objects.get_or_create(drive=drive, kind=StationKind.WELCOME)
        stations = [welcome]
    return stations
