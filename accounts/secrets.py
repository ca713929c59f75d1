"""Secrets in links and headers: made here, handed out once, kept as hashes. Pure."""

from __future__ import annotations

import hashlib
import secrets

SECRET_BYTES = 16  # 128 bits: INTERFACES.md §2, "Tokens in links"


def new_secret() -> str:
    """Return 128 random bits as URL-safe text."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """Return the hex SHA-256 under which a secret is kept and found.

    A plain hash is enough: with 128 random bits there is nothing to guess.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
