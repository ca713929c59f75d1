"""Short ways to call the services of registrations in tests."""

from __future__ import annotations

import uuid
from typing import Any

from accounts.attempts import Attempt
from donors.people import Person
from events.drives.models import Slot
from events.registrations.models import Registration
from events.registrations.services import register_donor
from events.registrations.services.register import Wishes
from tests.factories import NOW

AN = Person(full_name="Nguyễn Văn An", phone="+84912000483", birth_year=1997)


def person(n: int) -> Person:
    return Person(full_name="Trần Thị Bình", phone=f"+8491300{n:04}", birth_year=1990)


def attempt(key: uuid.UUID | None = None, **body: Any) -> Attempt:
    return Attempt.of(body, route="test", key=key or uuid.uuid4())


def register(
    slot: Slot,
    who: Person = AN,
    *,
    attempt: Attempt | None = None,
    now: Any = NOW,
    by: Any = None,
    **wishes: Any,
) -> Registration:
    registration, _is_repeat = register_donor(
        drive=slot.drive,
        slot_id=slot.public_id,
        person=who,
        wishes=Wishes(**{"email": "an@example.com"} | wishes),
        attempt=attempt or Attempt.unnamed(),
        now=now,
        by=by,
    )
    return registration
