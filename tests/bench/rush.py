"""A rush: more people than places, all at once, on the API and on the pages' form."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.bare import sql
from tests.bench.client import Answers, post_form, post_json, send
from tests.bench.people import NAME, Bare, Ours, bare_drive, our_drive
from tests.bench.plain import transactions

SLOTS = 8
DEMAND = 1.25  # people for each place
Round = Callable[[], Answers]


@dataclass(frozen=True, kw_only=True)
class Person:
    slot: str
    phone: str
    birth_year: int
    email: str


def _people(slots: Sequence[str], places: int) -> list[Person]:
    """Make people who each want one slot, as many more than places as ``DEMAND`` says."""
    chance = random.Random(places)
    start = random.randrange(10**7)
    people = [
        Person(
            slot=slots[n % len(slots)],
            phone=f"09{(start + n) % 10**8:08}",
            birth_year=1975 + n % 30,
            email=f"nguoi-{start}-{n}@example.com",
        )
        for n in range(round(places * DEMAND))
    ]
    chance.shuffle(people)
    return people


def _drive(places: int) -> Ours:
    return our_drive(slots=SLOTS, capacity=places // SLOTS)


def api(port: int, *, clients: int, places: int) -> Round:
    ours = _drive(places)
    bodies = [
        post_json(
            f"/api/v1/drives/{ours.drive.slug}/registrations/",
            {
                "slot": person.slot,
                "full_name": NAME,
                "phone": person.phone,
                "birth_year": person.birth_year,
                "email": person.email,
                "consents": ["registration", "reminders"],
            },
            {"Idempotency-Key": str(uuid.uuid4())},
        )
        for person in _people([slot.public_id for slot in ours.slots], places)
    ]

    def run() -> Answers:
        answers = send(port, bodies, connections=clients)
        answers.expect(201, 409)
        _refuse_oversold(answers.statuses[201], places, ours)
        return answers

    return run


def pages(port: int, *, clients: int, places: int) -> Round:
    ours = _drive(places)
    bodies = [
        post_form(
            f"/d/{ours.drive.slug}/register/?slot={person.slot}",
            [
                ("slot", person.slot),
                ("full_name", NAME),
                ("phone", person.phone),
                ("birth_year", str(person.birth_year)),
                ("email", person.email),
                ("consents", "registration"),
                ("consents", "reminders"),
                ("request_key", str(uuid.uuid4())),
            ],
        )
        for person in _people([slot.public_id for slot in ours.slots], places)
    ]

    def run() -> Answers:
        answers = send(port, bodies, connections=clients)
        answers.expect(302, 409)
        _refuse_oversold(answers.statuses[302], places, ours)
        return answers

    return run


def _refuse_oversold(sold: int, places: int, ours: Ours) -> None:
    held = [slot.registrations.holding_place().count() for slot in ours.slots]
    if sold != places or held != [places // SLOTS] * SLOTS:
        raise RuntimeError(f"{places} places, {sold} sold, by slot {held}")


def bare(port: int, url: str, *, clients: int, places: int) -> Round:
    drive = bare_drive(url, slots=SLOTS, capacity=places // SLOTS)
    bodies = [
        post_json(f"/api/v1/drives/{drive.slug}/registrations/", _fields(person))
        for person in _people(drive.slots, places)
    ]

    def run() -> Answers:
        answers = send(port, bodies, connections=clients)
        answers.expect(201, 409)
        if answers.statuses[201] != places:
            raise RuntimeError(f"the bare view sold {answers.statuses[201]} of {places} places")
        return answers

    return run


def alone(url: str, *, clients: int, places: int) -> Round:
    drive: Bare = bare_drive(url, slots=SLOTS, capacity=places // SLOTS)
    people = _people(drive.slots, places)

    def register(cursor: Any, person: Person) -> None:
        sql.register(cursor, slug=drive.slug, **_fields(person))

    return lambda: transactions(url, register, people, connections=clients)


def _fields(person: Person) -> dict[str, Any]:
    return {"name": NAME, **vars(person)}
