from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from events.registrations.models import Registration
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import cancel_registration, move_registration
from events.registrations.signing import ticket_payload
from events.registrations.tickets import read_ticket
from notifications.models import Message
from tests.factories import DRIVE_STARTS, NOW, DriveFactory, RegistrationFactory, UserFactory
from tests.race import at_once

pytestmark = pytest.mark.django_db
STATUS = Registration.Status


def move(registration, slot, *, now=NOW, by=None):
    return move_registration(registration=registration, slot_id=slot.public_id, now=now, by=by)


def refused(registration, slot, **how):
    with pytest.raises(RegistrationRefused) as refusal:
        move(registration, slot, **how)
    registration.refresh_from_db()
    return refusal.value.code


def claims_of(registration):
    ticket = read_ticket(ticket_payload(registration))
    assert ticket
    return ticket.claims


def two_slots(**drive):
    return DriveFactory(slots=2, **drive).slots.all()


def test_move_registration_changes_the_slot_and_tells_of_it():
    first, second = two_slots()
    held = RegistrationFactory(slot=first, confirmed_at=NOW)
    ticket_before = claims_of(held)

    moved = move(held, second)

    assert (moved.slot, moved.status, moved.confirmed_at) == (second, STATUS.REGISTERED, None)
    assert (moved.placed_at, moved.revision) == (held.placed_at, held.revision + 1)
    assert list(Message.objects.values_list("kind", "details")) == [("registered", {"moved": True})]
    assert list(AuditEntry.objects.values_list("action")) == [("registration.moved",)]
    ticket = claims_of(moved)
    assert ticket.registration_id == ticket_before.registration_id
    assert ticket.slot_minutes == ticket_before.slot_minutes + 30


def test_move_registration_to_the_same_slot_changes_nothing():
    held = RegistrationFactory(confirmed_at=NOW)

    moved = move(held, held.slot)

    assert (moved.revision, moved.confirmed_at) == (held.revision, NOW)
    assert not Message.objects.exists()
    assert not AuditEntry.objects.exists()


def test_move_registration_keeps_the_old_place_when_the_new_slot_is_full():
    first, second = two_slots(slots__capacity=1)
    held, _other = RegistrationFactory(slot=first), RegistrationFactory(slot=second)

    assert refused(held, second) == "slot_full"

    assert (held.slot, held.holds_place) == (first, True)
    assert not Message.objects.exists()


def test_move_registration_gives_who_waited_the_place():
    first, second = two_slots(slots__capacity=1)
    RegistrationFactory(slot=first)
    waiting = RegistrationFactory(slot=first, status=STATUS.WAITLISTED)

    moved = move(waiting, second)

    assert (moved.status, moved.slot, moved.placed_at) == (STATUS.REGISTERED, second, NOW)
    assert moved.holds_place


def test_move_registration_gives_the_freed_place_to_the_first_in_line():
    first, second = two_slots(slots__capacity=1)
    held = RegistrationFactory(slot=first)
    waiting = RegistrationFactory(slot=first, status=STATUS.WAITLISTED)

    move(held, second)

    waiting.refresh_from_db()
    assert waiting.status == STATUS.REGISTERED
    assert sorted(Message.objects.values_list("kind", flat=True)) == ["promoted", "registered"]


@pytest.mark.parametrize(
    ("state", "when", "code"),
    [
        ({"status": STATUS.CANCELLED}, NOW, "cancelled"),
        ({"status": STATUS.CHECKED_IN}, NOW, "too_late"),
        ({}, DRIVE_STARTS, "too_late"),
    ],
)
def test_move_registration_refuses_what_is_settled(state, when, code):
    first, second = two_slots()
    held = RegistrationFactory(slot=first, **state)

    assert refused(held, second, now=when) == code
    assert held.slot == first


def test_move_registration_refuses_a_slot_that_has_started_or_is_closed():
    first, second = two_slots()
    held = RegistrationFactory(slot=second)
    first.is_open = False
    first.save()

    assert refused(held, first) == "registration_closed"
    assert refused(held, first, by=UserFactory()) == "registration_closed"
    first.is_open = True
    first.save()
    assert refused(held, first, now=first.starts_at) == "registration_closed"


def test_move_registration_does_not_mind_that_registration_is_closed():
    first, second = two_slots(registration_closes_at=NOW - timedelta(days=1))

    assert move(RegistrationFactory(slot=first), second).slot == second


def test_move_registration_lets_an_organizer_move_who_is_late():
    first, second = two_slots()
    held = RegistrationFactory(slot=first)
    later = first.starts_at + timedelta(minutes=10)

    assert refused(held, second, now=later) == "too_late"
    assert move(held, second, now=later, by=UserFactory()).slot == second


def test_move_registration_refuses_another_drives_slot_and_a_cancelled_drive():
    first, second = two_slots()
    held, elsewhere = RegistrationFactory(slot=first), RegistrationFactory()

    assert refused(held, elsewhere.slot) == "unknown_slot"
    first.drive.cancelled_at = NOW
    first.drive.save()
    assert refused(held, second) == "drive_cancelled"


@pytest.mark.django_db(transaction=True)
def test_crossing_moves_at_once_neither_deadlock_nor_oversell():
    drive = DriveFactory(slots=3, slots__capacity=3)
    slots = list(drive.slots.all())
    people = [RegistrationFactory(slot=slot) for slot in slots for _n in range(2)]

    results = at_once(
        [lambda n=n: move(people[n], slots[(n // 2 + 1) % 3]) for n in range(6)]
        + [lambda n=n: move(people[n], slots[(n // 2 + 2) % 3]) for n in range(6)]
        + [lambda n=n: cancel_registration(registration=people[n], now=NOW) for n in (0, 3)],
        refused=(RegistrationRefused,),
    )

    strange = [r for r in results if not isinstance(r, Registration | RegistrationRefused)]
    taken = [slot.registrations.filter(holds_place=True).count() for slot in slots]
    assert strange == []
    assert max(taken) <= 3
    assert sum(taken) == 4
