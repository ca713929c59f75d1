"""Encryption with ``FIELD_KEY``: of fields, and of what an address carries but must not tell.

Old keys still read; the newest one writes.
"""

from __future__ import annotations

import base64
import binascii
import os
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE_BYTES = 12  # NIST SP 800-38D, 8.2: 96 random bits
_BLOCK_BYTES = 32  # of a sealed text, so that its length says little


class WrongFieldKey(Exception):
    """None of the keys in ``FIELD_KEY`` opens it."""


def encrypt(plain: bytes, *, purpose: bytes | None = None) -> bytes:
    """Return nonce and AES-256-GCM ciphertext with its tag; only for ``purpose`` is it opened."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _cipher(settings.FIELD_KEYS[0]).encrypt(nonce, plain, purpose)


def decrypt(sealed: bytes, *, purpose: bytes | None = None) -> bytes:
    """Return what ``encrypt`` was given.

    :raises WrongFieldKey: it was altered, made for something else, or with a key not listed.
    """
    nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    for key in settings.FIELD_KEYS:
        try:
            return _cipher(key).decrypt(nonce, body, purpose)
        except InvalidTag:
            continue
    raise WrongFieldKey


def seal(text: str, *, purpose: str) -> str:
    """Return a text as an address may carry it: histories, logs and referrers learn nothing."""
    plain = text.encode()
    plain += b"\0" * (-len(plain) % _BLOCK_BYTES)
    return base64.urlsafe_b64encode(encrypt(plain, purpose=purpose.encode())).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """Return what ``seal`` was given for the same purpose.

    :raises WrongFieldKey: we did not make it, or no longer have its key.
    """
    try:
        body = base64.b64decode(sealed, altchars=b"-_", validate=True)
        return decrypt(body, purpose=purpose.encode()).rstrip(b"\0").decode()
    except (binascii.Error, ValueError) as error:
        raise WrongFieldKey from error


@cache
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)
