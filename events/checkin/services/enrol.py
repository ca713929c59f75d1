"""Make a phone a device of a drive, for a code."""

from __future__ import annotations

import hmac
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts import audit
from accounts.attempts import Attempt
from accounts.secrets import SECRET_BYTES, hash_secret, new_secret
from backend.transactions import in_transaction
from events.checkin.models import Device, EnrolmentCode
from events.checkin.services.codes import CodeGone, CodeUnknown, as_secret
from events.drives.models import Drive

NAME_LENGTH = 60


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
    return as_secret(hmac.digest(secret_key.encode(), message, sha256)[: 2 * SECRET_BYTES])


def _token_again(device: Device, code: str, attempt: Attempt) -> str:
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = _derived_token(key, code, attempt)
        if hmac.compare_digest(hash_secret(token), device.token_hash):
            return token
    raise CodeGone("code_used", _("This code has been used. Ask for a new one."))
