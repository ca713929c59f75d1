"""Sign a drive's tickets. Private keys lie encrypted in the database and never leave the server."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from backend.crypto import decrypt
from events.drives.models import Drive, DriveKey
from events.registrations.models import Registration
from events.registrations.tickets import (
    Claims,
    DriveFacts,
    drive_midnight,
    minutes_after,
    sign,
    ticket_text,
)


def ticket_payload(registration: Registration) -> str:
    """Return the payload of the ticket as of now; the same facts give the same one."""
    drive = registration.drive
    key_id, private_key = _signing_key(drive.pk, drive.number)
    claims = Claims(
        key_id=key_id,
        drive_number=drive.number,
        registration_id=registration.public_id,
        # A walk-in may be made in the evening before, while the hall is being prepared.
        slot_minutes=max(
            0,
            minutes_after(drive_midnight(drive.date, drive.zone), registration.ticket_starts_at()),
        ),
        walk_in=registration.slot_id is None,
        rehearsal=drive.is_rehearsal,
    )
    return sign(claims, private_key)


def ticket_of(registration: Registration) -> str:
    """Return the text of the ticket's QR code."""
    return ticket_text(settings.BASE_URL, ticket_payload(registration))


def drive_facts(drive: Drive) -> DriveFacts:
    """Return what judging a scan needs to know of a drive, its public keys included."""
    return DriveFacts(
        number=drive.number,
        starts_at=drive.starts_at,
        ends_at=drive.ends_at,
        midnight=drive_midnight(drive.date, drive.zone),
        keys=public_keys(drive),
        tolerance_minutes=drive.tolerance_minutes,
        rehearsal=drive.is_rehearsal,
        cancelled=drive.cancelled_at is not None,
    )


def public_keys(drive: Drive) -> dict[int, bytes]:
    """Return a drive's public keys by their id: 65-byte uncompressed points."""
    return _public_keys(drive.pk, drive.number)


# A drive's keys are made with it and never change, so a process may keep them. The number, which is
# random, tells apart two drives that had the same primary key (a restored database).
@lru_cache(maxsize=256)
def _public_keys(drive_pk: int, _number: int) -> dict[int, bytes]:
    rows = DriveKey.objects.filter(drive=drive_pk).values_list("key_id", "public_key")
    return {key_id: bytes(point) for key_id, point in rows}


@lru_cache(maxsize=256)
def _signing_key(drive_pk: int, _number: int) -> tuple[int, bytes]:
    key = DriveKey.objects.filter(drive=drive_pk).latest("key_id")
    return key.key_id, decrypt(bytes(key.private_key))
