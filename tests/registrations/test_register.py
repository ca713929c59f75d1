import threading
import time
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.attempts import KeyReused
from accounts.models import AttemptRecord, AuditEntry
from donors.models import Consent, Donor
from donors.people import Person
from events.registrations.models import Registration
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import cancel_registration
from events.registrations.tickets import read_code
from notifications.models import Message
from tests.factories import NOW, DriveFactory, RegistrationFactory, SlotFactory, UserFactory
from tests.race import at_once
from tests.registrations.calls import AN, attempt, person, register

STATUS = Registration.Status
TABLES = (Registration, Donor, Consent, Message, AuditEntry, AttemptRecord)


def rows():
    return [model.objects.count() for model in TABLES]


def refused(do):
    with pytest.raises(RegistrationRefused) as refusal:
        do()
    return refusal.value


@pytest.mark.django_db
def test_register_donor_gives_a_place_and_owes_one_message():
    slot = SlotFactory()

    registration = register(slot, consents=("registration", "reminders"))

    assert registration.status == STATUS.REGISTERED
    assert (registration.slot, registration.placed_at) == (slot, NOW)
    assert read_code(registration.code) == registration.code
    assert registration.consents == ["registration", "reminders"]
    assert list(Consent.objects.values_list("purpose", "given", "registration_id")) == [
        ("registration", True, registration.public_id),
        ("reminders", True, registration.public_id),
    ]
    assert list(Message.objects.values_list("kind", "about_id")) == [
        ("registered", registration.public_id)
    ]
    assert list(AuditEntry.objects.values_list("action", "target_id", "by_user_id")) == [
        ("registration.created", registration.public_id, None)
    ]


@pytest.mark.django_db
def test_register_donor_without_an_address_owes_no_message():
    register(SlotFactory(), email="")

    assert not Message.objects.exists()


@pytest.mark.django_db
def test_register_donor_asks_for_few_statements():
    slot = SlotFactory()
    register(slot, person(1), attempt=attempt())

    with CaptureQueriesContext(
        connection,
    ) as queries:
        register(slot, attempt=attempt())

    asked = [q["sql"] for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) <= 8, asked


@pytest.mark.django_db
def test_register_donor_keeps_what_is_known_of_a_donor():
    known = RegistrationFactory(full_name="Nguyễn Văn An", phone=AN.phone, birth_year=1997).donor

    again = register(SlotFactory(), replace(AN, full_name="NGUYEN VAN AN", sex="male"))

    assert again.donor == known
    assert Donor.objects.get() == known
    assert (again.full_name, Donor.objects.get().full_name) == ("NGUYEN VAN AN", "Nguyễn Văn An")
    assert Donor.objects.get().sex == ""


# --- Refusals: each writes nothing ---------------------------------------------------------------


@pytest.mark.django_db
def test_register_donor_refuses_a_full_slot_with_the_nearest_free_times():
    drive = DriveFactory(slots=4, slots__capacity=1)
    first, second, third, fourth = drive.slots.all()
    RegistrationFactory(slot=second)
    before = rows()

    refusal = refused(lambda: register(second, attempt=attempt()))

    assert refusal.code == "slot_full"
    nearest = [(free.slot, free.places_left) for free in refusal.extra["alternatives"]]
    assert nearest == [(first.public_id, 1), (third.public_id, 1)]
    assert fourth.public_id not in dict(nearest)
    assert rows() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("drive", "code"),
    [
        ({"published_at": None}, "registration_closed"),
        ({"cancelled_at": NOW}, "drive_cancelled"),
        ({"starts_at": NOW - timedelta(hours=9)}, "registration_closed"),
        ({"paused_at": NOW}, "registration_closed"),
        ({"registration_closes_at": NOW}, "registration_closed"),
        ({"registration_opens_at": NOW + timedelta(seconds=1)}, "registration_not_open"),
    ],
)
def test_register_donor_refuses_a_drive_that_takes_nobody(drive, code):
    slot = SlotFactory(drive=DriveFactory(**drive))
    before = rows()

    refusal = refused(lambda: register(slot, attempt=attempt()))

    assert (refusal.code, rows()) == (code, before)


@pytest.mark.django_db
def test_register_donor_takes_a_place_until_the_slot_starts():
    slot = SlotFactory(drive=DriveFactory(starts_at=NOW))

    assert refused(lambda: register(slot)).code == "registration_closed"
    assert register(slot, now=NOW - timedelta(seconds=1)).slot == slot


@pytest.mark.django_db
def test_register_donor_lets_an_organizer_add_somebody_after_closing():
    slot = SlotFactory(drive=DriveFactory(registration_closes_at=NOW - timedelta(days=1)))
    by = UserFactory()

    registration = register(slot, by=by)

    assert registration.status == STATUS.REGISTERED
    assert AuditEntry.objects.get().by_user_id == by.pk


@pytest.mark.django_db
def test_register_donor_refuses_a_closed_slot_also_to_an_organizer():
    slot = SlotFactory(is_open=False)

    assert refused(lambda: register(slot)).code == "registration_closed"
    assert refused(lambda: register(slot, by=UserFactory())).code == "registration_closed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("birth_year", "code"), [(2009, "too_young"), (2008, None), (1965, None), (1964, "too_old")]
)
def test_register_donor_refuses_an_age_only_where_the_year_makes_it_certain(birth_year, code):
    slot, who = SlotFactory(), replace(AN, birth_year=birth_year)

    if code is None:
        assert register(slot, who).birth_year == birth_year
    else:
        refusal = refused(lambda: register(slot, who))
        assert (refusal.code, refusal.extra) == (code, {"field": "birth_year"})


@pytest.mark.django_db
def test_register_donor_refuses_a_slot_of_another_drive():
    slot, other = SlotFactory(), SlotFactory()
    other.drive = slot.drive

    refusal = refused(lambda: register(other))

    assert (refusal.code, refusal.extra) == ("unknown_slot", {"field": "slot"})


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Nguyễn Văn An", "NGUYEN  VAN AN", "nguyễnvăn ân"])
def test_register_donor_refuses_the_same_person_in_any_slot_of_the_drive(name):
    drive = DriveFactory(slots=2)
    first, second = drive.slots.all()
    register(first)
    before = rows()

    refusal = refused(lambda: register(second, replace(AN, full_name=name), attempt=attempt()))

    assert (refusal.code, rows()) == ("already_registered", before)


@pytest.mark.django_db
def test_register_donor_says_already_registered_before_it_says_full():
    slot = SlotFactory(capacity=1)
    register(slot)

    assert refused(lambda: register(slot)).code == "already_registered"
    assert refused(lambda: register(slot, join_waitlist=True)).code == "already_registered"
    assert refused(lambda: register(slot, person(1))).code == "slot_full"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other", [{"phone": "+84912000484"}, {"birth_year": 1998}, {"full_name": "Nguyễn Văn Anh"}]
)
def test_register_donor_takes_another_person(other):
    slot = SlotFactory()
    register(slot)

    assert register(slot, replace(AN, **other)).status == STATUS.REGISTERED


@pytest.mark.django_db
def test_register_donor_takes_the_same_person_at_another_drive_and_after_giving_up():
    slot = SlotFactory()
    first = register(slot)
    register(SlotFactory())
    cancel_registration(registration=first, now=NOW)

    again = register(slot)

    assert (again.donor, again.status) == (first.donor, STATUS.REGISTERED)
    assert again.pk != first.pk


# --- Two people whose names differ in their accents only ----------------------------------------

HOA = Person(full_name="Lê Thị Hoa", phone="+84912000555", birth_year=1990)
HOAF = replace(HOA, full_name="Lê Thị Hòa")


@pytest.mark.django_db
def test_different_person_registers_two_whose_names_differ_in_accents():
    slot = SlotFactory()
    register(slot, HOA)

    assert refused(lambda: register(slot, HOAF)).code == "already_registered"
    second = register(slot, HOAF, different_person=True)

    assert second.status == STATUS.REGISTERED
    assert Donor.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Lê Thị Hoa", "LÊ THỊ HOA", "Lê Thị Hoà"])
def test_different_person_does_not_register_anybody_twice(name):
    slot = SlotFactory()
    register(slot, HOA)
    register(slot, HOAF, different_person=True)

    refusal = refused(lambda: register(slot, replace(HOA, full_name=name), different_person=True))

    assert refusal.code == "already_registered"


@pytest.mark.django_db
def test_a_namesake_is_asked_about_also_when_the_first_of_them_has_given_up():
    slot = SlotFactory()
    first = register(slot, HOA)
    register(slot, HOAF, different_person=True)
    cancel_registration(registration=first, now=NOW)

    assert refused(lambda: register(slot, HOA)).code == "already_registered"
    assert register(slot, HOA, different_person=True).status == STATUS.REGISTERED


# --- The same request again (I3) -----------------------------------------------------------------


@pytest.mark.django_db
def test_the_same_attempt_gives_the_first_result_and_writes_nothing():
    slot, once = SlotFactory(), attempt(name="An")
    first = register(slot, attempt=once)
    before = rows()

    again = register(slot, attempt=once)

    assert (again, rows()) == (first, before)


@pytest.mark.django_db
def test_the_same_attempt_is_answered_also_when_it_would_be_refused_by_now():
    slot, once = SlotFactory(capacity=1), attempt()
    first = register(slot, attempt=once)

    assert register(slot, attempt=once, now=NOW + timedelta(days=9)) == first


@pytest.mark.django_db
def test_the_same_key_with_another_body_is_refused_and_gives_nobodys_place_away():
    slot, key = SlotFactory(), uuid.uuid4()
    register(slot, attempt=attempt(key, name="An"))
    before = rows()

    with pytest.raises(KeyReused) as reused:
        register(slot, person(1), attempt=attempt(key, name="Bình"))

    assert (reused.value.code, rows()) == ("idempotency_key_reused", before)


@pytest.mark.django_db
def test_the_same_attempt_gives_a_place_that_was_given_up_and_not_another():
    slot, once = SlotFactory(capacity=1), attempt(name="An")
    first = register(slot, attempt=once)
    cancel_registration(registration=first, now=NOW)
    before = rows()

    again = register(slot, attempt=once, join_waitlist=True)

    assert (again, again.status, rows()) == (first, STATUS.CANCELLED, before)
    assert register(slot, person(1), attempt=attempt()).status == STATUS.REGISTERED


@pytest.mark.django_db
def test_a_refused_attempt_is_not_remembered():
    slot, once = SlotFactory(capacity=1), attempt()
    held = register(slot, person(1))

    assert refused(lambda: register(slot, attempt=once)).code == "slot_full"
    cancel_registration(registration=held, now=NOW)

    assert register(slot, attempt=once).status == STATUS.REGISTERED


# --- Races: on PostgreSQL and on SQLite alike ----------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_last_place_under_fifty_at_once_goes_to_one():
    slot = SlotFactory(capacity=1)

    results = at_once(
        [lambda n=n: register(slot, person(n), attempt=attempt()) for n in range(50)],
        refused=(RegistrationRefused,),
    )

    codes = sorted(
        getattr(result, "code", "?")
        if isinstance(result, RegistrationRefused)
        else type(result).__name__
        for result in results
    )
    assert codes == ["Registration"] + ["slot_full"] * 49
    assert Registration.objects.count() == Message.objects.count() == 1
    assert Donor.objects.count() == AttemptRecord.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_rush_for_more_than_there_is_fills_each_slot_exactly():
    drive = DriveFactory(slots=3, slots__capacity=5)
    slots = list(drive.slots.all())

    results = at_once(
        [
            lambda n=n: register(slots[n % 3], person(n), join_waitlist=n % 2 == 0)
            for n in range(48)
        ],
        refused=(RegistrationRefused,),
    )

    assert [r for r in results if not isinstance(r, Registration | RegistrationRefused)] == []
    taken = [s.registrations.filter(holds_place=True).count() for s in slots]
    assert taken == [5, 5, 5]


@pytest.mark.django_db(transaction=True)
def test_the_same_person_twice_at_once_gets_one_place():
    drive = DriveFactory(slots=2)
    first, second = drive.slots.all()

    results = at_once(
        [lambda: register(first), lambda: register(second)] * 4, refused=(RegistrationRefused,)
    )

    taken = [r for r in results if isinstance(r, Registration)]
    assert len(taken) == 1
    assert {r.code for r in results if isinstance(r, RegistrationRefused)} == {"already_registered"}
    assert list(Registration.objects.all()) == taken


@pytest.mark.django_db(transaction=True)
def test_the_same_attempt_eight_times_at_once_gives_one_place():
    slot, once = SlotFactory(capacity=1), attempt(name="An")

    results = at_once([lambda: register(slot, attempt=once)] * 8)

    assert results == [Registration.objects.get()] * 8
    assert Message.objects.count() == AuditEntry.objects.count() == 1


@pytest.mark.parametrize("other", [AN, person(1)])
@pytest.mark.django_db(transaction=True)
def test_one_key_with_two_bodies_at_once_gives_one_of_them_a_place(other):
    first, second = DriveFactory(slots=2).slots.all()
    key = uuid.uuid4()
    one = lambda: register(first, attempt=attempt(key, n=1))  # noqa: E731
    two = lambda: register(second, other, attempt=attempt(key, n=2))  # noqa: E731

    results = at_once([one, two, one, two], refused=(KeyReused,))

    made = Registration.objects.get()
    assert [r for r in results if not isinstance(r, KeyReused)] == [made] * 2
    assert Donor.objects.count() == Message.objects.count() == AuditEntry.objects.count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_the_same_attempt_waits_while_the_first_is_still_running():
    slot, once = SlotFactory(), attempt(name="An")
    claimed = threading.Event()

    def first():
        with transaction.atomic():
            registration = register(slot, attempt=once)
            claimed.set()
            time.sleep(0.3)  # meanwhile the second one is held up by the key
            return registration

    def second():
        claimed.wait(10)
        return register(slot, attempt=once)

    one, other = at_once([first, second])

    assert one == other == Registration.objects.get()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_the_same_attempt_goes_on_as_the_first_when_that_one_fails():
    slot, once = SlotFactory(), attempt(name="An")
    claimed = threading.Event()

    def first():
        with transaction.atomic():
            register(slot, attempt=once)
            claimed.set()
            time.sleep(0.2)
            raise RuntimeError("killed")

    def second():
        claimed.wait(10)
        return register(slot, attempt=once)

    one, other = at_once([first, second], refused=(RuntimeError,))

    assert isinstance(one, RuntimeError)
    assert other == Registration.objects.get()
