from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from donors.models import Consent, Donor
from events.registrations.models import Registration
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import change_registration, confirm_registration
from events.registrations.services.change import Change
from notifications.models import Message
from tests.factories import NOW, DriveFactory, RegistrationFactory
from tests.registrations.calls import AN, register

pytestmark = pytest.mark.django_db
STATUS = Registration.Status


def change(registration, now=NOW, **changes):
    return change_registration(registration=registration, change=Change(**changes), now=now)


def refused(do):
    with pytest.raises(RegistrationRefused) as refusal:
        do()
    return refusal.value.code


def test_change_registration_corrects_the_name_and_sends_the_ticket_again():
    held = RegistrationFactory(full_name="Nguyễn Văn An")

    changed = change(held, full_name="Nguyễn Văn Ân")

    assert (changed.full_name, changed.name_search) == ("Nguyễn Văn Ân", "nguyen van an")
    assert (changed.revision, changed.slot) == (1, held.slot)
    assert list(Message.objects.values_list("kind", flat=True)) == ["registered"]
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["registration.changed"]


def test_change_registration_never_changes_a_known_donor():
    known = RegistrationFactory(full_name="Nguyễn Văn An").donor
    held = RegistrationFactory(full_name="Nguyễn Văn An", donor=known, phone=known.phone)
    before = Donor.objects.filter(pk=known.pk).values().get()

    changed = change(held, phone="+84912999888", full_name="Nguyễn Văn Bình")

    assert Donor.objects.filter(pk=known.pk).values().get() == before
    assert changed.donor != known
    assert (changed.donor.phone, changed.donor.full_name) == ("+84912999888", "Nguyễn Văn Bình")


def test_change_registration_leaves_no_donor_of_whom_nothing_speaks():
    held = RegistrationFactory()

    changed = change(held, phone="+84912999888")

    assert list(Donor.objects.all()) == [changed.donor]
    assert not Message.objects.exists()


def test_change_registration_keeps_what_was_agreed_to_when_the_donor_changes():
    held = register(DriveFactory(slots=1).slots.get(), AN)
    agreed = list(Consent.objects.values_list("pk", "purpose", "at"))

    changed = change(held, phone="+84912999888")

    assert agreed and list(Consent.objects.values_list("pk", "purpose", "at")) == agreed
    assert set(Consent.objects.values_list("donor", flat=True)) == {changed.donor_id}


def test_change_registration_refuses_to_become_somebody_who_is_registered():
    drive = DriveFactory(slots=2)
    first, second = drive.slots.all()
    register(first, AN)
    held = RegistrationFactory(slot=second, full_name=AN.full_name, birth_year=AN.birth_year)

    assert refused(lambda: change(held, phone=AN.phone, email="x@example.com")) == (
        "already_registered"
    )

    held.refresh_from_db()
    assert (held.phone != AN.phone, held.email) == (True, "an@example.com")


def test_change_registration_keeps_apart_who_was_told_apart_from_a_namesake():
    slot = DriveFactory(slots=1).slots.get()
    register(slot, AN)
    other = register(slot, replace(AN, full_name="Nguyễn Văn Ân"), different_person=True)

    changed = change(other, full_name="NGUYỄN VĂN ÂN")

    assert changed.full_name == "NGUYỄN VĂN ÂN"


def test_change_registration_records_consents_given_and_withdrawn():
    held = RegistrationFactory(consent_reminders=True)

    changed = change(held, consents=("registration", "invitations"))

    assert changed.consents == ["registration", "invitations"]
    assert sorted(Consent.objects.values_list("purpose", "given")) == [
        ("invitations", True),
        ("reminders", False),
    ]
    assert not Message.objects.exists()


def test_change_registration_of_nothing_writes_nothing():
    held = RegistrationFactory()

    change(held, full_name=held.full_name, email=held.email, consents=held.consents)

    assert not (AuditEntry.objects.exists() or Consent.objects.exists() or Message.objects.exists())


def test_change_registration_is_all_or_nothing():
    drive = DriveFactory(slots=2, slots__capacity=1)
    first, second = drive.slots.all()
    RegistrationFactory(slot=second)
    held = RegistrationFactory(slot=first)

    assert refused(lambda: change(held, email="x@example.com", slot_id=second.public_id)) == (
        "slot_full"
    )

    held.refresh_from_db()
    assert (held.email, held.slot) == ("an@example.com", first)
    assert not AuditEntry.objects.exists()


def test_change_registration_moves_too():
    first, second = DriveFactory(slots=2).slots.all()

    changed = change(RegistrationFactory(slot=first), slot_id=second.public_id, email="")

    assert (changed.slot, changed.email) == (second, "")


@pytest.mark.parametrize(
    ("state", "late", "code"),
    [
        ({"status": STATUS.CANCELLED}, False, "cancelled"),
        ({"status": STATUS.CHECKED_IN}, False, "too_late"),
        ({}, True, "too_late"),
    ],
)
def test_change_and_confirm_are_refused_once_all_is_settled(state, late, code):
    held = RegistrationFactory(**state)
    now = held.slot.starts_at if late else NOW

    assert refused(lambda: change(held, now=now, email="x@example.com")) == code
    assert refused(lambda: confirm_registration(registration=held, now=now)) == code
    held.refresh_from_db()
    assert (held.email, held.confirmed_at) == ("an@example.com", None)


def test_confirm_registration_once_and_again():
    held = RegistrationFactory()

    first = confirm_registration(registration=held, now=NOW)
    again = confirm_registration(registration=held, now=NOW + timedelta(hours=1))

    assert (first.confirmed_at, again.confirmed_at) == (NOW, NOW)
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["registration.confirmed"]


def test_confirm_registration_refuses_who_waits():
    waiting = RegistrationFactory(status=STATUS.WAITLISTED)

    assert refused(lambda: confirm_registration(registration=waiting, now=NOW)) == "waitlisted"
