from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from events.registrations.models import Registration
from events.registrations.queries import waitlist_position
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import cancel_registration
from notifications.models import Message
from tests.factories import NOW, RegistrationFactory, SlotFactory
from tests.race import at_once
from tests.registrations.calls import person, register

pytestmark = pytest.mark.django_db
STATUS = Registration.Status


def full_slot(waiting=2, **slot):
    """Make a slot of one place that is taken, with people who wait for it."""
    slot = SlotFactory(capacity=1, **slot)
    held = RegistrationFactory(slot=slot)
    return held, [RegistrationFactory(slot=slot, status=STATUS.WAITLISTED) for _n in range(waiting)]


def statuses(registrations):
    by_pk = dict(Registration.objects.values_list("pk", "status"))
    return [by_pk[registration.pk] for registration in registrations]


def test_joining_the_list_of_a_full_slot_holds_no_place():
    held, _waiting = full_slot(waiting=1)

    joined = register(held.slot, join_waitlist=True)

    assert (joined.status, joined.placed_at, joined.holds_place) == (STATUS.WAITLISTED, None, False)
    assert waitlist_position(joined) == 2
    assert list(Message.objects.values_list("kind", flat=True)) == ["waitlisted"]


def test_joining_the_list_of_a_slot_with_a_place_gives_the_place():
    assert register(SlotFactory(capacity=1), join_waitlist=True).status == STATUS.REGISTERED


def test_a_freed_place_goes_to_the_first_in_line_on_the_same_row():
    held, (first, second) = full_slot()

    cancel_registration(registration=held, now=NOW)

    assert statuses([first, second]) == [STATUS.REGISTERED, STATUS.WAITLISTED]
    first.refresh_from_db()
    assert (first.placed_at, first.holds_place) == (NOW, True)
    assert waitlist_position(second) == 1
    assert sorted(Message.objects.values_list("kind", "about_id")) == sorted(
        [("cancelled", held.public_id), ("promoted", first.public_id)]
    )
    assert ("registration.promoted", first.public_id) in list(
        AuditEntry.objects.values_list("action", "target_id")
    )


def test_twelve_hours_before_the_slot_the_list_moves_for_the_last_time():
    held, (first, _second) = full_slot()
    latest = held.slot.starts_at - timedelta(hours=12)

    cancel_registration(registration=held, now=latest)

    assert statuses([first]) == [STATUS.REGISTERED]


def test_later_the_place_is_whoevers_who_registers():
    held, waiting = full_slot()
    late = held.slot.starts_at - timedelta(hours=12) + timedelta(seconds=1)

    cancel_registration(registration=held, now=late)

    assert statuses(waiting) == [STATUS.WAITLISTED] * 2
    assert register(held.slot, now=late).status == STATUS.REGISTERED


def test_nobody_is_promoted_into_a_closed_slot():
    held, waiting = full_slot(is_open=False)

    cancel_registration(registration=held, now=NOW)

    assert statuses(waiting) == [STATUS.WAITLISTED] * 2


def test_leaving_the_list_moves_the_others_up():
    _held, (first, second) = full_slot()

    cancel_registration(registration=first, now=NOW)

    assert waitlist_position(second) == 1


@pytest.mark.django_db(transaction=True)
def test_a_place_that_is_freed_and_wanted_at_once_is_given_once():
    held, waiting = full_slot(waiting=3)

    at_once(
        [lambda: cancel_registration(registration=held, now=NOW)]
        + [lambda w=w: cancel_registration(registration=w, now=NOW) for w in waiting[:2]]
        + [lambda n=n: register(held.slot, person(n)) for n in range(4)],
        refused=(RegistrationRefused,),
    )

    assert held.slot.registrations.filter(holds_place=True).count() == 1
