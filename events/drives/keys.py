"""The key pair of a drive: made with the drive, so that whoever sees the drive can rely on it."""

from __future__ import annotations

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backend.crypto import encrypt
from events.drives.models import Drive, DriveKey


def add_first_key(drive: Drive, *, now: datetime) -> DriveKey:
    """Make the P-256 key pair of a new drive, in the transaction that makes the drive.

    Keys are never changed or removed: processes keep them in memory.
    """
    private_key = ec.generate_private_key(ec.SECP256R1())
    secret = private_key.private_numbers().private_value.to_bytes(32)
    point = private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return drive.keys.create(
        key_id=1, public_key=point, private_key=encrypt(secret), created_at=now
    )
