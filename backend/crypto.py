"""Encryption of single fields with ``FIELD_KEY``. Old keys still read; the newest one writes."""

from __future__ import annotations

import os
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE_BYTES = 12  # NIST SP 800-38D, 8.2: 96 random bits


class WrongFieldKey(Exception):
    """None of the keys in ``FIELD_KEY`` opens what lies in the database."""


def encrypt(plain: bytes) -> bytes:
    """Return nonce and AES-256-GCM ciphertext with its tag."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _cipher(settings.FIELD_KEYS[0]).encrypt(nonce, plain, None)


def decrypt(sealed: bytes) -> bytes:
    """Return what ``encrypt`` was given.

    :raises WrongFieldKey: it was altered, or sealed with a key that is not listed.
    """
    nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    for key in settings.FIELD_KEYS:
        try:
            return _cipher(key).decrypt(nonce, body, None)
        except InvalidTag:
            continue
    raise WrongFieldKey


@cache
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)
