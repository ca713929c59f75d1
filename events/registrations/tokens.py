"""The link to a volunteer's own page: derived, never stored, so every message can carry it.

Token = base64url of the 8 bytes of the registration's id and 16 bytes of a keyed MAC over the id
and a version. Raising the version ends all links made before.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings

from events.registrations.models import Registration

LIVES_AFTER_DRIVE = timedelta(days=30)
_ID_BYTES, _MAC_BYTES = 8, 16


def manage_token(registration: Registration) -> str:
    """Return the token that opens the volunteer's own page."""
    public_id = bytes.fromhex(registration.public_id)
    mac = _mac(settings.SECRET_KEY, public_id, registration.token_version)
    return base64.urlsafe_b64encode(public_id + mac).decode()


def manage_path(registration: Registration) -> str:
    return _path(manage_token(registration))


def manage_url(registration: Registration) -> str:
    return url_of_token(manage_token(registration))


def url_of_token(token: str) -> str:
    """Return the address of the own page, for who has made its token already."""
    return f"{settings.BASE_URL}{_path(token)}"


def _path(token: str) -> str:
    return f"/r/{token}/"


def registration_of(token: str, *, now: datetime) -> Registration | None:
    """Return the registration that a token opens; ``None`` if it is wrong, ended or erased."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != _ID_BYTES + _MAC_BYTES:
        return None
    registration = (
        Registration.objects.select_related("slot", "drive__venue", "drive__unit", "unit")
        .filter(public_id=raw[:_ID_BYTES].hex(), erased_at__isnull=True)
        .first()
    )
    if registration is None or now > registration.drive.ends_at + LIVES_AFTER_DRIVE:
        return None
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    macs = (_mac(key, raw[:_ID_BYTES], registration.token_version) for key in keys)
    genuine = any(hmac.compare_digest(raw[_ID_BYTES:], mac) for mac in macs)
    return registration if genuine else None


def _mac(key: str, public_id: bytes, version: int) -> bytes:
    message = b"registration\0" + public_id + version.to_bytes(2, "big")
    return hmac.digest(key.encode(), message, sha256)[:_MAC_BYTES]
