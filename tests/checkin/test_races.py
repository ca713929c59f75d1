"""Many devices at once, on PostgreSQL: numbers without gaps, each event once."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction

from accounts.models import AuditEntry
from donors.people import Person
from events.checkin.api.reading import read_reading
from events.checkin.models import Device, LateWalkIn, Scan, WalkIn
from events.checkin.services import (
    accept_scans,
    register_walk_in,
    revoke_device,
    take_back_scan,
    take_late_scans,
)
from events.checkin.services.walk_ins import WalkInForm
from events.drives.models import Drive, Slot
from events.registrations.models import Registration
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import cancel_drive, cancel_registration
from notifications.models import Message
from tests.checkin.conftest import DURING, a_scan, an_undo, make_device
from tests.factories import DriveFactory, RegistrationFactory, UserFactory
from tests.race import at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def drive() -> Drive:
    return DriveFactory(slots=2)


@pytest.fixture
def devices(drive: Drive) -> list[Device]:
    return [make_device(drive, f"Máy {n}").device for n in range(16)]


def accept(device: Device, *scans: dict[str, Any]) -> list[Any]:
    readings = [read_reading(scan) for scan in scans]
    return accept_scans(device=device, readings=readings, sent_at=DURING, now=DURING)


def numbers(drive: Drive) -> list[int]:
    rows = Registration.objects.filter(drive=drive, queue_number__isnull=False)
    return sorted(number for number in rows.values_list("queue_number", flat=True) if number)


def test_sixteen_devices_with_the_same_tickets_give_numbers_without_gaps(
    drive: Drive, devices: list[Device]
):
    """Everybody is shown accepted by each device, in an order of its own, one by one."""
    people = RegistrationFactory.create_batch(8, slot=drive.slots.first())

    def scan_all(device: Device) -> None:
        shuffled = random.Random(device.pk).sample(people, len(people))
        for person in shuffled:
            accept(device, a_scan(person, shown="accepted", offline=True))

    at_once([lambda d=device: scan_all(d) for device in devices])

    assert numbers(drive) == list(range(1, 9))
    assert Scan.objects.filter(verdict="accepted").count() == 8
    assert Scan.objects.filter(verdict="already_scanned", counts=True).count() == 8 * 15
    assert Scan.objects.filter(conflict="double").count() == 8 * 15


def test_batches_in_opposite_orders_do_not_deadlock(drive: Drive, devices: list[Device]):
    people = RegistrationFactory.create_batch(40, slot=drive.slots.first())

    def scan_all(device: Device) -> list[Any]:
        shuffled = random.Random(device.pk).sample(people, len(people))
        return accept(device, *(a_scan(p, shown="accepted", offline=True) for p in shuffled))

    results = at_once([lambda d=device: scan_all(d) for device in devices])

    verdicts = [result.verdict for batch in results for result in batch]
    assert numbers(drive) == list(range(1, 41))
    assert (verdicts.count("accepted"), len(verdicts)) == (40, 16 * 40)


def test_the_same_events_twice_at_once_are_kept_once(drive: Drive, devices: list[Device]):
    """Two tabs of one device, and a phone that was enrolled anew with its old queue."""
    people = RegistrationFactory.create_batch(20, slot=drive.slots.first())
    scans = [a_scan(person, shown="accepted", offline=True) for person in people]
    senders = [devices[0], devices[0], devices[1], devices[2]]

    results = at_once([lambda d=device: accept(d, *scans) for device in senders])

    assert numbers(drive) == list(range(1, 21))
    assert sorted(str(pk) for pk in Scan.objects.values_list("pk", flat=True)) == sorted(
        scan["id"] for scan in scans
    )
    for batch in results:
        assert [(r.verdict, r.conflict) for r in batch] == [("accepted", None)] * 20


def test_one_id_for_two_people_at_once_is_one_scan_of_one_of_them(
    drive: Drive, devices: list[Device]
):
    """No honest device does so; the second is answered as a repeat of the first."""
    for _round in range(10):
        pair = RegistrationFactory.create_batch(2, slot=drive.slots.first())
        id = str(uuid.uuid4())

        pieces = [
            lambda d=device, p=person, i=id: accept(d, a_scan(p, id=i))
            for device, person in zip(devices, pair, strict=False)
        ]
        [[one], [other]] = at_once(pieces)

        came = [p for p in pair if Registration.objects.get(pk=p.pk).status == "checked_in"]
        assert [p.pk for p in came] == [Scan.objects.get(pk=id).registration_id]
        assert {one.registration.pk, other.registration.pk} == {came[0].pk}
    assert numbers(drive) == list(range(1, 11))


def test_an_undo_and_its_scan_from_two_tabs_at_once_always_meet(
    drive: Drive, devices: list[Device]
):
    people = RegistrationFactory.create_batch(30, slot=drive.slots.first())

    for person in people:
        scan = a_scan(person)
        tabs = [lambda s=scan: accept(devices[0], s), lambda s=scan: accept(devices[0], an_undo(s))]
        at_once(tabs)

    assert set(Registration.objects.values_list("status", flat=True)) == {"registered"}
    assert Scan.objects.filter(counts=True).count() == 0
    assert numbers(drive) == list(range(1, 31))


def test_a_scan_and_a_cancellation_at_once_agree(drive: Drive, devices: list[Device]):
    people = RegistrationFactory.create_batch(20, slot=drive.slots.last())

    def cancel(person: Registration) -> None:
        with suppress(RegistrationRefused):  # too late: the scan was first
            cancel_registration(registration=person, now=drive.starts_at)

    for person in people:
        scan = a_scan(person, shown="accepted", admit=True)
        at_once([lambda s=scan: accept(devices[0], s), lambda p=person: cancel(p)])

    for person in people:
        person.refresh_from_db()
        [scan] = person.scans.all()
        assert (person.status, scan.counts) == ("checked_in", True)
        assert scan.conflict == ("cancelled" if person.cancelled_at else "")
        assert scan.verdict == ("revoked" if person.cancelled_at else "accepted")


def test_the_same_walk_in_twice_at_once_is_one_person(drive: Drive, devices: list[Device]):
    """The same id from two tabs, and the same person at two desks."""
    person = Person(full_name="Lò Văn Pành", phone="+84912000777", birth_year=1999)
    ids = [uuid.uuid4(), uuid.uuid4()]

    results = at_once(
        [
            lambda d=device, i=id: register_walk_in(
                device=d, form=WalkInForm(id=i, at=DURING, person=person), now=DURING
            )
            for device, id in ((devices[0], ids[0]), (devices[0], ids[0]), (devices[1], ids[1]))
        ]
    )

    assert {r.registration.pk for r in results} == {Registration.objects.get().pk}
    assert sorted(r.merged for r in results if r.made_now) == [False, True]
    assert (numbers(drive), Scan.objects.count()) == ([1], 2)


def while_uncommitted(write: Callable[[], Any], other: Callable[[], Any]) -> None:
    """Commit ``write`` only once ``other``, on a connection of its own, waits for it."""

    def run() -> None:
        try:
            other()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            write()
            waiting = pool.submit(run)
            while not waiting.done() and not somebody_waits():
                pass
        waiting.result(20)


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
        row = cursor.fetchone()
    return bool(row and row[0])


def test_who_is_let_in_while_the_drive_is_cancelled_stays_in(drive: Drive, devices: list[Device]):
    person = RegistrationFactory(slot=drive.slots.first())
    user = UserFactory()

    while_uncommitted(
        lambda: accept(devices[0], a_scan(person)),
        lambda: cancel_drive(drive=drive, reason="Bão", by=user, now=DURING),
    )

    person.refresh_from_db()
    assert (person.status, person.cancelled_at, person.queue_number) == ("checked_in", None, 1)
    assert not Message.objects.exists()


def test_late_walk_ins_taken_twice_at_once_are_taken_once(drive: Drive, devices: list[Device]):
    """While the device hands in more: each person once, each number once, one line in the log."""
    lost, organizer, again = devices[0], UserFactory(), RegistrationFactory(slot=drive.slots.last())
    revoke_device(device=lost, by=organizer, now=DURING)
    lost.refresh_from_db()
    names = "ABCDEFGH"

    def hand_in(name: str) -> int:
        person = Person(full_name=name, phone=f"+8491200077{ord(name) % 10}", birth_year=1990)
        form = WalkInForm(id=uuid.uuid4(), at=DURING, person=person, offline=True)
        register_walk_in(device=lost, form=form, now=DURING)
        return 0

    for name in names:
        hand_in(name)
    accept(lost, a_scan(again, shown="accepted", offline=True))
    take = lambda: take_late_scans(device=lost, by=organizer, now=DURING)  # noqa: E731

    taken = at_once([take, take, take, lambda: hand_in("Z")])
    rest = take()

    assert sum(taken) + rest == len(names) + 2
    assert numbers(drive) == list(range(1, len(names) + 3))
    assert (LateWalkIn.objects.count(), WalkIn.objects.count()) == (0, len(names) + 1)
    lines = AuditEntry.objects.filter(action="device.late_scans_taken")
    assert lines.count() == sum(bool(n) for n in [*taken, rest])
    assert sum(line.count or 0 for line in lines) == len(names) + 2


def test_late_scans_taken_twice_at_once_leave_one_line(drive: Drive, devices: list[Device]):
    lost, organizer = devices[0], UserFactory()
    people = RegistrationFactory.create_batch(30, slot=drive.slots.first())
    revoke_device(device=lost, by=organizer, now=DURING)
    lost.refresh_from_db()
    accept(lost, *(a_scan(person, shown="accepted", offline=True) for person in people))

    taken = at_once([lambda: take_late_scans(device=lost, by=organizer, now=DURING)] * 4)

    assert sorted(taken) == [0, 0, 0, 30]
    lines = AuditEntry.objects.filter(action="device.late_scans_taken")
    assert list(lines.values_list("count", flat=True)) == [30]


def test_a_scan_taken_back_twice_at_once_is_taken_back_once(drive: Drive, devices: list[Device]):
    person, organizer = RegistrationFactory(slot=drive.slots.first()), UserFactory()
    accept(devices[0], a_scan(person))
    scan = Scan.objects.select_related("drive").get()

    at_once([lambda: take_back_scan(scan=scan, by=organizer, now=DURING)] * 4)

    assert Scan.objects.filter(kind="undo").count() == 1
    assert AuditEntry.objects.filter(action="scan.taken_back").count() == 1


def test_who_waits_and_is_seated_at_the_desk_is_not_promoted(drive: Drive, devices: list[Device]):
    slot = drive.slots.latest("starts_at")
    held = RegistrationFactory(slot=slot)
    waits = RegistrationFactory(slot=slot, status="waitlisted", placed_at=None)
    Slot.objects.filter(pk=slot.pk).update(capacity=1)
    person = Person(full_name=waits.full_name, phone=waits.phone, birth_year=waits.birth_year)
    form = WalkInForm(id=uuid.uuid4(), at=DURING, person=person)
    earlier = slot.starts_at - timedelta(hours=13)

    while_uncommitted(
        lambda: register_walk_in(device=devices[0], form=form, now=DURING),
        lambda: cancel_registration(registration=held, now=earlier),
    )

    waits.refresh_from_db()
    assert (waits.status, waits.slot, waits.placed_at) == ("checked_in", None, None)
    assert list(Message.objects.values_list("kind", flat=True)) == ["cancelled"]
