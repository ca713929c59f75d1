"""Secrets: read from variables, or made once and kept beside the embedded database."""

import base64
import binascii
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32


def new_key() -> str:
    """Make a key in the form that the variables take: 32 bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode().rstrip("=")


def decode_key(name: str, text: str) -> bytes:
    """Give the 32 bytes of ``text``, with or without the padding."""
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured(
            f"{name} must be {KEY_BYTES} bytes in URL-safe base64 (several by comma, newest "
            f"first). {_how_to_make(name)}"
        )
    return key


def signing_secret(key: str) -> str:
    """Derive what Django signs with; it wants 50 characters or more."""
    return hmac.digest(decode_key("SECRET_KEY", key), b"django", "sha256").hex()


def load_keys(name: str, *, value: str, kept_in: Path, made_here: bool) -> list[str]:
    """Give the keys of the variable ``name``, newest first.

    Unset, one is made in ``kept_in`` (mode 600) when the embedded database is used; beside
    a database server that would be lost with the machine, so there the start stops.
    """
    keys = [part.strip() for part in value.split(",") if part.strip()]
    if not keys:
        if not made_here:
            raise ImproperlyConfigured(
                f"{name} is not set, and DATABASE_URL is. {_how_to_make(name)} Keep it with "
                "your backups: without it they cannot be read."
            )
        keys = [_kept_key(kept_in / name.lower())]
    for key in keys:
        decode_key(name, key)
    return keys


def _how_to_make(name: str) -> str:
    return (
        f'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe({KEY_BYTES}))"'
        f" and set {name} to what it prints."
    )


def _kept_key(path: Path) -> str:
    if not path.exists():
        # Closed to others from the top: the database will lie beside the keys.
        path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        # Written aside and linked: of two processes that start at once one wins, and no
        # reader ever sees half a key.
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w") as file:
            file.write(new_key() + "\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return path.read_text().strip()
