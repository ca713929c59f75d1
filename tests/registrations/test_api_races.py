"""Races over the API, on PostgreSQL: nobody gets a place that somebody else has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from events.drives.models import Slot
from events.registrations.models import Registration
from events.registrations.tokens import manage_token
from notifications.models import Message
from tests.api import Caller, organizer, told
from tests.factories import DriveFactory, RegistrationFactory

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


# As many as one web process has threads, and connections for.
THREADS = 8


def rush(calls: list[Callable[[], Any]]) -> list[Any]:
    """Make all calls, eight at a time, each over a connection of its own; keep their order."""

    def run(call: Callable[[], Any]) -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        # The last one, which changes the drive, comes in the middle of the rush.
        middle = len(calls) // 2
        order = [*range(middle), len(calls) - 1, *range(middle, len(calls) - 1)]
        running = {n: pool.submit(run, calls[n]) for n in order}
        return [running[n].result() for n in range(len(calls))]


def registering(slot: Slot, n: int) -> Callable[[], Any]:
    body = {
        "slot": slot.public_id,
        "full_name": f"Nguyễn Văn {'ABCDEGHIKLMNOPQRSTUVXY'[n % 22]}",
        "phone": f"0912 001 {n:03}",
        "birth_year": 1990,
        "email": f"donor{n}@example.com",
        "consents": ["registration"],
    }
    return lambda: Caller().post(f"drives/{slot.drive.slug}/registrations/", body)


def upcoming(**fields: Any) -> Any:
    now = timezone.now()
    starts_at = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=5)
    return DriveFactory(starts_at=starts_at, published_at=now, **fields)


def test_fifty_for_the_last_place():
    slot = upcoming(slots=1, slots__capacity=1).slots.get()

    answers = rush([registering(slot, n) for n in range(50)])

    assert Counter(a.status_code for a in answers) == {201: 1, 409: 49}
    assert {told(a) for a in answers if a.status_code == 409} == {(409, "slot_full")}
    assert Registration.objects.count() == 1
    assert Message.objects.count() == 1


def test_the_same_person_from_many_phones_is_registered_once():
    slot = upcoming(slots=1).slots.get()

    answers = rush([registering(slot, 7) for _ in range(10)])

    assert Counter(a.status_code for a in answers) == {201: 1, 409: 9}
    assert Registration.objects.count() == 1


def test_a_shrinking_slot_and_a_rush_agree():
    drive = upcoming(slots=1, slots__capacity=10)
    slot = drive.slots.get()
    planner = organizer(drive.unit)
    body = {"slots": [{"id": slot.public_id, "capacity": 4}]}

    def shrink() -> Any:
        return planner.patch(f"manage/drives/{drive.slug}/", body)

    answers = rush([*(registering(slot, n) for n in range(12)), shrink])

    slot.refresh_from_db()
    held = Registration.objects.holding_place().count()
    assert answers[-1].status_code in (200, 409)
    assert slot.capacity == (4 if answers[-1].status_code == 200 else 10)
    assert held == sum(a.status_code == 201 for a in answers[:-1])
    assert held <= slot.capacity


def test_a_cancelled_drive_leaves_nobody_with_a_place():
    drive = upcoming(slots=2)
    first, second = drive.slots.all()
    held = RegistrationFactory.create_batch(6, slot=first)
    planner = organizer(drive.unit)

    def cancel() -> Any:
        return planner.post(f"manage/drives/{drive.slug}/cancel/", {"reason": "Bão"})

    def move(registration: Registration) -> Callable[[], Any]:
        path = f"registrations/{manage_token(registration)}/"
        return lambda: Caller().patch(path, {"slot": second.public_id})

    answers = rush([*(registering(second, n) for n in range(6)), *(move(r) for r in held), cancel])

    assert all(a.status_code < 500 for a in answers)
    assert answers[-1].status_code == 200
    assert not Registration.objects.living().exists()
    told_of = set(Message.objects.filter(kind="drive_cancelled").values_list("about_id", flat=True))
    assert told_of == set(Registration.objects.values_list("public_id", flat=True))


def test_a_moving_drive_and_a_rush_keep_everybody():
    drive = upcoming(slots=4)
    slots = list(drive.slots.all())
    planner = organizer(drive.unit)
    later = (drive.date + timedelta(days=1)).isoformat()

    def move() -> Any:
        return planner.patch(f"manage/drives/{drive.slug}/", {"date": later})

    answers = rush([*(registering(slots[n % 4], n) for n in range(16)), move, move])

    assert {a.status_code for a in answers} <= {200, 201}
    assert Registration.objects.holding_place().count() == 16
    drive.refresh_from_db()
    assert drive.date.isoformat() == later
    for slot in drive.slots.all():
        assert drive.starts_at <= slot.starts_at < drive.ends_at
