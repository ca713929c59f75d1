"""Sync without lies: the same scans, sent in whatever way, come to the same (I5, I6, I7).

What a device had shown is fixed; how it reaches the server is not: in any order and division, again
and again, by clocks hours wrong or reset, from a device that is revoked meanwhile and taken later.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from events.checkin.api.reading import read_reading
from events.checkin.models import Device, Scan
from events.checkin.queries import drive_conflicts
from events.checkin.services import accept_scans, revoke_device, take_late_scans
from events.registrations.models import Registration
from events.registrations.signing import ticket_of
from tests.checkin.conftest import DURING, make_device
from tests.factories import DriveFactory, RegistrationFactory, UserFactory

NONE = timedelta()
# How far each device's clock is from the truth, and whether it knows that.
CLOCKS = [
    (NONE, True),
    (timedelta(hours=3), True),
    (-timedelta(hours=3), False),
    (datetime(2019, 1, 1, tzinfo=UTC) - DURING, True),
    (datetime(2019, 1, 1, tzinfo=UTC) - DURING, False),
]


@dataclass
class Event:
    """A pass that a device has shown, or its undo, as it will be sent."""

    device: int
    at: datetime  # in truth
    wire: dict[str, Any]


# Device, person, minute, and which earlier scan it undoes, if any.
Drawn = tuple[int, int, int, int | None]
DAYS = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 3), st.integers(0, 20), st.none() | st.integers(0, 7)
    ),
    min_size=2,
    max_size=9,
)
LET_IN_TWICE: list[Drawn] = [(0, 3, 0, None), (1, 3, 1, None), (0, 3, 2, 0)]


class SyncTests(TestCase):
    """The same day is sent twice, each time in a way of its own; both worlds must agree."""

    def setUp(self) -> None:
        self.organizer = UserFactory()
        self.drive = DriveFactory(slots=1)
        slot = self.drive.slots.get()
        self.devices = [make_device(self.drive).device for _ in range(3)]
        self.people = [
            *RegistrationFactory.create_batch(3, slot=slot),
            RegistrationFactory(slot=slot, status="cancelled", cancelled_at=DURING),
        ]
        self.tickets = [ticket_of(person) for person in self.people]

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        day=DAYS,
        clocks=st.lists(st.sampled_from(CLOCKS), min_size=3, max_size=3),
        seed=st.integers(0, 2**32),
        revoked=st.none() | st.integers(0, 2),
    )
    # Two let in who had cancelled, and whichever arrives first may be undone.
    @example(day=LET_IN_TWICE, clocks=CLOCKS[:1] * 3, seed=3, revoked=None)
    @example(day=LET_IN_TWICE, clocks=CLOCKS[:1] * 3, seed=8, revoked=None)
    def test_the_same_day_sent_in_any_way_comes_to_the_same(
        self,
        day: list[Drawn],
        clocks: Sequence[tuple[timedelta, bool]],
        seed: int,
        revoked: int | None,
    ) -> None:
        events = self._events(day, clocks)
        worlds = []
        for way in (random.Random(seed), random.Random(seed + 1)):
            with transaction.atomic():
                self._send(events, clocks, way, revoked=revoked)
                worlds.append(self._world(events))
                transaction.set_rollback(True)

        # Verdicts are of the moment; who is in, since when, and who clashes is not.
        assert worlds[0] == worlds[1]

    def _events(self, day: list[Drawn], clocks: Sequence[tuple[timedelta, bool]]) -> list[Event]:
        events: list[Event] = []
        for n, (device, person, minute, undoes) in enumerate(day):
            skew, known = clocks[device]
            at = DURING + timedelta(minutes=minute)
            wire: dict[str, Any] = {
                "id": str(uuid.UUID(int=n + 1, version=4)),
                "station": "welcome",
                "scanned_at": (at + skew).isoformat(),
                "clock_offset_ms": -round(skew / timedelta(milliseconds=1)) if known else None,
                "offline": True,
            }
            if undoes is not None and undoes < n:
                wire |= {"kind": "undo", "undoes": events[undoes].wire["id"]}
            else:
                wire |= {"ticket": self.tickets[person], "shown": "accepted", "admit": True}
            events.append(Event(device, at, wire))
        return events

    def _send(
        self,
        events: list[Event],
        clocks: Sequence[tuple[timedelta, bool]],
        way: random.Random,
        *,
        revoked: int | None,
    ) -> None:
        received = DURING + timedelta(hours=1)
        verdicts: dict[str, set[str]] = {}
        queue = way.sample(events, len(events))
        queue += way.choices(events, k=way.randrange(4))
        revoke_at = None if revoked is None else way.randrange(len(queue))
        for n, batch in enumerate(_divided(queue, way)):
            if revoke_at is not None and n >= revoke_at:
                revoke_device(device=self._device(revoked), by=self.organizer, now=received)
            device = self._device(batch[0].device)
            results = accept_scans(
                device=device,
                readings=[read_reading(event.wire) for event in batch],
                sent_at=received + clocks[batch[0].device][0],
                now=received,
            )
            for result in results:
                verdicts.setdefault(str(result.id), set()).add(result.verdict)
                assert result.registration is None or device.revoked_at is None
        if revoked is not None:
            take_late_scans(device=self._device(revoked), by=self.organizer, now=received)
        assert {len(each) for each in verdicts.values()} == {1}
        assert verdicts.keys() == {event.wire["id"] for event in events}

    def _device(self, n: int | None) -> Device:
        return Device.objects.select_related("drive").get(pk=self.devices[n or 0].pk)

    def _world(self, events: list[Event]) -> dict[str, Any]:
        scans = {str(scan.pk): scan for scan in Scan.objects.all()}
        assert scans.keys() == {event.wire["id"] for event in events}
        assert {id: scan.corrected_at for id, scan in scans.items()} == {
            event.wire["id"]: event.at for event in events
        }
        shown = {id: scan.shown or None for id, scan in scans.items()}
        assert shown == {event.wire["id"]: event.wire.get("shown") for event in events}
        return {
            "people": [
                (person.status, person.checked_in_at)
                for person in Registration.objects.filter(
                    pk__in=[p.pk for p in self.people]
                ).order_by("pk")
            ],
            "counts": {id: scan.counts for id, scan in scans.items()},
            "conflicts": [
                (told.registration, told.kind, [scan.id for scan in told.scans])
                for told in drive_conflicts(self.drive)
            ],
        }


def _divided(queue: list[Event], way: random.Random) -> Iterator[list[Event]]:
    """Divide a queue into batches; one comes from one device."""
    batch: list[Event] = []
    for event in queue:
        if batch and (event.device != batch[0].device or way.random() < 0.4):
            yield batch
            batch = []
        batch.append(event)
    yield batch
