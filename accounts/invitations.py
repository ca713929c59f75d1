"""The link of an invitation: found by its hash, made again for the message that carries it.

Its token is derived with ``SECRET_KEY``: only this server can make it, and the outbox holds none.
"""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

from django.conf import settings

from accounts.models import Invitation
from accounts.secrets import hash_secret

_MAC_BYTES = 24


def invitation_url(token: str) -> str:
    return f"{settings.BASE_URL}/join/{token}/"


def invitation_of(token: str) -> Invitation | None:
    """Return the invitation that a link belongs to, used and old ones too."""
    found = Invitation.objects.select_related("unit", "created_by")
    return found.filter(token_hash=hash_secret(token)).first()


def new_token(invitation: Invitation) -> str:
    """Return the token of an invitation that has its id, made with the newest key."""
    return _derived(settings.SECRET_KEY, invitation)


def token_of(invitation: Invitation) -> str | None:
    """Return the link's token again; ``None`` when the key that made it is gone."""
    for key in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        token = _derived(key, invitation)
        if hash_secret(token) == invitation.token_hash:
            return token
    return None


def _derived(key: str, invitation: Invitation) -> str:
    message = f"invitation\0{invitation.pk}\0{invitation.created_at.isoformat()}".encode()
    mac = hmac.digest(key.encode(), message, sha256)[:_MAC_BYTES]
    return base64.urlsafe_b64encode(mac).decode()
