"""Whatever the order, repetition or division into batches: the database is the pure fold."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from events.checkin.api.reading import read_reading
from events.checkin.models import Device, Scan
from events.checkin.queries import drive_conflicts
from events.checkin.services import accept_scans
from events.checkin.visit import VisitScan, fold
from tests.checkin.conftest import DURING, a_scan, make_device
from tests.factories import DriveFactory, RegistrationFactory

_EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "device": st.integers(0, 2),
            "person": st.integers(0, 2),  # the last one has given up
            "minutes": st.integers(-90, 90),
            "clock": st.sampled_from([0, 3 * 3600_000, -3600_000, None]),
            "shown": st.sampled_from(["accepted", "already_scanned", "too_early", None]),
            "admit": st.booleans(),
            # What it undoes, if anything: by its place in the list.
            "undoes": st.one_of(st.none(), st.none(), st.integers(0, 9)),
        }
    ),
    min_size=1,
    max_size=10,
)


class ConvergenceTests(TestCase):
    def setUp(self) -> None:
        self.drive = DriveFactory(slots=1)
        slot = self.drive.slots.get()
        self.devices = [make_device(self.drive).device for _ in range(3)]
        self.people = [
            *RegistrationFactory.create_batch(2, slot=slot),
            RegistrationFactory(slot=slot, status="cancelled", cancelled_at=DURING),
        ]

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(events=_EVENTS, data=st.data())
    def test_every_order_repetition_and_division_ends_in_the_fold(
        self, events: list[dict[str, Any]], data: st.DataObject
    ) -> None:
        sent = self._sent(events)
        order = data.draw(st.permutations(range(len(sent))), label="order")
        repeated = data.draw(st.lists(st.sampled_from(order), max_size=5), label="repeated")
        size = data.draw(st.integers(1, 4), label="batch")
        stream = [*order, *repeated]

        answers: dict[str, set[str]] = {}
        for n in range(0, len(stream), size):
            for device in self.devices:  # a batch comes from one device
                batch = [sent[i][1] for i in stream[n : n + size] if sent[i][0] == device]
                self._send(device, batch, answers)

        assert all(len(verdicts) == 1 for verdicts in answers.values())
        self._check(events)

    def _sent(self, events: list[dict[str, Any]]) -> list[tuple[Device, dict[str, Any]]]:
        ids = [str(uuid.uuid4()) for _event in events]
        sent = []
        for event, id in zip(events, ids, strict=True):
            # The phone's clock is wrong, and says by how much where it knows.
            at = DURING + timedelta(minutes=event["minutes"])
            clock = event["clock"]
            fields: dict[str, Any] = {
                "id": id,
                "scanned_at": (at - timedelta(milliseconds=clock or 0)).isoformat(),
                "clock_offset_ms": clock,
            }
            if event["undoes"] is not None:
                fields |= {"kind": "undo", "undoes": ids[event["undoes"] % len(ids)]}
                sent.append((self.devices[event["device"]], a_scan(**fields)))
            else:
                fields |= {"shown": event["shown"], "admit": event["admit"], "offline": True}
                person = self.people[event["person"]]
                sent.append((self.devices[event["device"]], a_scan(person, **fields)))
        return sent

    def _send(
        self, device: Device, batch: list[dict[str, Any]], answers: dict[str, set[str]]
    ) -> None:
        readings = [read_reading(scan) for scan in batch]
        for result in accept_scans(device=device, readings=readings, sent_at=DURING, now=DURING):
            answers.setdefault(str(result.id), set()).add(result.verdict)

    def _check(self, events: list[dict[str, Any]]) -> None:
        scans = list(Scan.objects.all())
        assert len(scans) == len(events)
        conflicts = {(c.registration, c.kind): c for c in drive_conflicts(self.drive)}
        expected_conflicts = set()
        gave_numbers = []
        for person in self.people:
            person.refresh_from_db()
            own = [scan for scan in scans if scan.registration_id == person.pk]
            # An undo counts for whom it names, wherever the database has put it.
            ids = {scan.pk for scan in own}
            undos = [scan for scan in scans if scan.kind == "undo" and scan.undoes in ids]
            state = fold(_visit_scan(scan) for scan in [*own, *undos])
            counted = {scan.id for scan in state.counted}
            assert {scan.pk for scan in own if scan.counts} == counted
            came = "checked_in" if counted else "cancelled" if person.cancelled_at else "registered"
            assert person.status == came
            first = min((scan.at for scan in state.counted), default=None)
            assert person.checked_in_at == first
            expected_conflicts |= {
                (person.public_id, conflict.kind) for conflict in state.conflicts
            }
            for conflict in state.conflicts:
                told = conflicts[person.public_id, conflict.kind]
                assert [scan.id for scan in told.scans] == [str(s.id) for s in conflict.scans]
            if person.queue_number is not None:
                gave_numbers.append(person.queue_number)
            # Kept for good, also by who was let in and taken back at once.
            passes = [_visit_scan(scan) for scan in own if scan.kind == "pass"]
            if counted or any(scan.verdict == "accepted" for scan in own):
                assert person.queue_number is not None
            elif person.queue_number is not None:
                assert fold(passes).counted
        assert conflicts.keys() == expected_conflicts
        assert sorted(gave_numbers) == list(range(1, len(gave_numbers) + 1))


def _visit_scan(scan: Scan) -> VisitScan:
    return VisitScan(
        id=scan.pk,
        at=scan.corrected_at,
        station=scan.station,
        device=scan.device_id,
        verdict=scan.verdict,
        shown=scan.shown or None,
        kind="undo" if scan.kind == "undo" else "pass",
        undoes=scan.undoes,
    )
