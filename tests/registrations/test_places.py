"""I1: whatever people and organizers do, in whatever order, no slot holds more than its limit."""

import contextlib
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from backend.errors import DomainError
from events.drives.replan import DriveChanges, SlotChange
from events.registrations.models import Registration
from events.registrations.services import (
    cancel_registration,
    change_registration,
    confirm_registration,
    move_registration,
    update_drive,
)
from events.registrations.services.change import Change
from events.registrations.services.waitlist import takes_promotions
from tests.factories import NOW, DriveFactory, UserFactory
from tests.registrations.calls import person, register

SLOTS, PEOPLE = st.integers(0, 2), st.integers(1, 12)
STATUS = Registration.Status


class Day(RuleBasedStateMachine):
    """A drive of three slots, people who do as they like, and an organizer who resizes slots."""

    registrations = Bundle("registrations")

    @initialize()
    def plan(self):
        self.drive = DriveFactory(slots=3, slots__capacity=2)
        self.slots = list(self.drive.slots.all())
        self.organizer = UserFactory()
        self.now = NOW

    @rule(target=registrations, slot=SLOTS, who=PEOPLE, waits=st.booleans())
    def register(self, slot, who, waits):
        try:
            return register(self.slots[slot], person(who), join_waitlist=waits, now=self.now)
        except DomainError:
            return multiple()

    @rule(registration=registrations, slot=SLOTS)
    def move(self, registration, slot):
        self.try_to(
            move_registration, registration=registration, slot_id=self.slots[slot].public_id
        )

    @rule(registration=registrations, slot=SLOTS, who=PEOPLE)
    def change(self, registration, slot, who):
        change = Change(slot_id=self.slots[slot].public_id, phone=person(who).phone)
        self.try_to(change_registration, registration=registration, change=change)

    @rule(registration=registrations)
    def confirm(self, registration):
        self.try_to(confirm_registration, registration=registration)

    @rule(registration=consumes(registrations))
    def cancel(self, registration):
        self.try_to(cancel_registration, registration=registration)

    @rule(slot=SLOTS, capacity=st.integers(1, 4), is_open=st.booleans())
    def resize(self, slot, capacity, is_open):
        changes = DriveChanges(
            slots=(SlotChange(id=self.slots[slot].public_id, capacity=capacity, is_open=is_open),)
        )
        self.try_to(update_drive, drive=self.drive, changes=changes, by=self.organizer)

    @rule(hours=st.sampled_from([1, 30, 60]))
    def wait(self, hours):
        self.now += timedelta(hours=hours)

    def try_to(self, do, **how):
        with contextlib.suppress(DomainError):
            do(**how, now=self.now)

    @invariant()
    def no_slot_holds_more_than_its_limit(self):
        for slot in self.drive.slots.with_places():
            assert slot.taken <= slot.booking_limit

    @invariant()
    def nobody_is_registered_twice(self):
        donors = list(
            Registration.objects.living().filter(drive=self.drive).values_list("donor", flat=True)
        )
        assert len(donors) == len(set(donors))

    @invariant()
    def nobody_waits_for_a_place_that_is_free(self):
        for slot in self.drive.slots.with_places():
            if takes_promotions(slot, now=self.now):
                assert slot.waiting == 0 or slot.taken >= slot.booking_limit

    @invariant()
    def who_holds_a_place_was_placed(self):
        for registration in Registration.objects.filter(drive=self.drive):
            if registration.status == STATUS.REGISTERED:
                assert registration.placed_at is not None
            if registration.status == STATUS.WAITLISTED:
                assert registration.placed_at is None


def live_through(days, steps):
    run_state_machine_as_test(
        Day,
        settings=settings(
            max_examples=days,
            stateful_step_count=steps,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_places_whatever_people_and_organizers_do():
    live_through(days=8, steps=20)


@pytest.mark.soak
@pytest.mark.django_db
def test_places_through_many_days():
    live_through(days=300, steps=60)
