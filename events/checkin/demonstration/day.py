"""Let made-up people arrive: a phone at the welcome desk scans them, as on a real day."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from accounts.attempts import Attempt
from accounts.models import User
from events.checkin.services import (
    accept_scans,
    create_enrolment_code,
    enrol_device,
    sign_off_device,
)
from events.checkin.services.readings import Reading
from events.drives.models import Drive
from events.registrations.models import Registration

HELPERS = ["Hồng Nhung", "Minh Quân"]
A_BATCH = 500


def scan_arrivals(
    drive: Drive,
    people: Iterable[Registration],
    *,
    chance: random.Random,
    by: User,
    until: datetime,
) -> None:
    """Scan these people at about their time; nobody after ``until``. The phones then sign off."""
    opened = drive.starts_at - timedelta(minutes=20)
    for n, arriving in enumerate(_dealt(people, len(HELPERS))):
        code = create_enrolment_code(drive=drive, by=by, now=opened).code
        device, _token, _again = enrol_device(
            code=code, name=HELPERS[n], attempt=Attempt.unnamed(), now=opened
        )
        readings = [r for r in (_reading(p, chance, until=until) for p in arriving) if r]
        readings.sort(key=lambda reading: reading.scanned_at or until)
        for start in range(0, len(readings), A_BATCH):
            accept_scans(
                device=device, readings=readings[start : start + A_BATCH], sent_at=until, now=until
            )
        sign_off_device(device=device, now=until)


def _reading(
    registration: Registration, chance: random.Random, *, until: datetime
) -> Reading | None:
    assert registration.slot is not None
    at = registration.slot.starts_at + timedelta(minutes=chance.randint(-12, 14))
    if at > until or not registration.has_ticket:
        return None
    return Reading(
        id=uuid.UUID(int=chance.getrandbits(128), version=4),
        station="welcome",
        scanned_at=at,
        clock_offset_ms=0,
        registration=registration.public_id,
        shown="accepted",
    )


def _dealt(people: Iterable[Registration], hands: int) -> list[list[Registration]]:
    everybody = list(people)
    return [everybody[n::hands] for n in range(hands)]
