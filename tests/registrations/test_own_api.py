"""A volunteer's own registration over the API, word for word as INTERFACES.md §4 has it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from events.registrations.models import Registration
from events.registrations.services import cancel_drive
from events.registrations.signing import ticket_of
from notifications.models import Message
from tests.api import a_key, field_errors, told
from tests.factories import NOW, DriveFactory, RegistrationFactory, UserFactory
from tests.registrations.api_calls import own

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
STATUS = Registration.Status


@pytest.mark.parametrize(
    ("fields", "over", "status"),
    [
        ({}, False, "registered"),
        ({}, True, "no_show"),
        ({"status": STATUS.WAITLISTED}, False, "waitlisted"),
        ({"status": STATUS.CANCELLED}, False, "cancelled"),
        ({"status": STATUS.CANCELLED}, True, "cancelled"),
        ({"status": STATUS.CHECKED_IN}, True, "checked_in"),
    ],
)
def test_reading_tells_what_became_of_it(anybody, drive, fields, over, status):
    registration = RegistrationFactory(slot=drive.slots.first(), **fields)

    with time_machine.travel(drive.ends_at + timedelta(days=1) if over else NOW, tick=False):
        response = anybody.get(own(registration))

    sent = response.json()
    assert (response.status_code, sent["status"]) == (200, status)
    assert (sent["ticket"] is None) == (status in ("waitlisted", "cancelled"))


def test_a_walk_in_reads_its_own_without_a_slot(anybody, drive):
    walk_in = RegistrationFactory(
        drive=drive,
        slot=None,
        source="walk_in",
        walk_in_at=drive.starts_at,
        status=STATUS.CHECKED_IN,
        phone="",
    )

    sent = anybody.get(own(walk_in)).json()

    assert (sent["slot"], sent["phone"], sent["status"]) == (None, "", "checked_in")
    assert sent["ticket"] == ticket_of(walk_in)


@pytest.mark.parametrize("token", ["x", "A" * 32, "%00", "../drives", "ệ", "A" * 5000])
def test_links_that_lead_nowhere_are_not_found(anybody, token):
    assert told(anybody.get(f"registrations/{token}/")) == (404, "not_found")


def test_a_link_ends_thirty_days_after_the_drive_and_with_erasure(anybody, drive):
    registration = RegistrationFactory(slot=drive.slots.first())
    erased = RegistrationFactory(slot=drive.slots.first(), erased_at=NOW)

    statuses = []
    for days in (30, 31):
        with time_machine.travel(drive.ends_at + timedelta(days=days), tick=False):
            statuses.append(anybody.get(own(registration)).status_code)

    assert statuses == [200, 404]
    assert anybody.get(own(erased)).status_code == 404


def test_patch_moves_and_corrects_in_one(anybody, drive):
    first, second, _third = drive.slots.all()
    registration = RegistrationFactory(slot=first, confirmed_at=NOW)

    response = anybody.patch(
        own(registration),
        {
            "slot": second.public_id,
            "full_name": "Lê Văn Bình",
            "phone": "0987 000 123",
            "email": "binh@example.com",
            "consents": ["registration", "invitations"],
            "status": "checked_in",
        },
    )

    sent = response.json()
    assert response.status_code == 200
    assert {n: sent[n] for n in ("full_name", "phone", "email", "consents", "confirmed_at")} == {
        "full_name": "Lê Văn Bình",
        "phone": "+84987000123",
        "email": "binh@example.com",
        "consents": ["registration", "invitations"],
        "confirmed_at": None,
    }
    assert (sent["slot"]["id"], sent["status"]) == (second.public_id, "registered")
    registration.refresh_from_db()
    assert sent["ticket"] == ticket_of(registration)


def test_patch_with_nothing_or_the_same_slot_changes_nothing(anybody, drive):
    registration = RegistrationFactory(slot=drive.slots.first(), confirmed_at=NOW)
    before = Registration.objects.filter(pk=registration.pk).values().get()

    for body in ({}, {"slot": registration.slot.public_id}, {"email": registration.email}):
        assert anybody.patch(own(registration), body).status_code == 200

    assert Registration.objects.filter(pk=registration.pk).values().get() == before
    assert not Message.objects.exists()


def test_patch_takes_a_waiting_one_into_a_free_slot(anybody, drive):
    first, second, _third = drive.slots.all()
    RegistrationFactory.create_batch(2, slot=first)
    waiting = RegistrationFactory(slot=first, status=STATUS.WAITLISTED)

    sent = anybody.patch(own(waiting), {"slot": second.public_id}).json()

    assert (sent["status"], sent["slot"]["id"]) == ("registered", second.public_id)
    assert sent["ticket"] is not None


def test_patch_refuses_and_keeps_everything(anybody, drive):
    first, second, third = drive.slots.all()
    RegistrationFactory.create_batch(2, slot=second)
    other = RegistrationFactory(slot=third, full_name="Lê Bình", phone="+84987000123")
    registration = RegistrationFactory(slot=first)
    before = Registration.objects.filter(pk=registration.pk).values().get()

    full = anybody.patch(own(registration), {"slot": second.public_id, "email": "new@example.com"})
    same = anybody.patch(own(registration), {"full_name": "Le Binh", "phone": other.phone})
    unknown = anybody.patch(own(registration), {"slot": "nobody's"})
    nameless = anybody.patch(own(registration), {"full_name": None})

    assert told(full) == (409, "slot_full")
    assert [a["slot"] for a in full.json()["alternatives"]] == [first.public_id, third.public_id]
    assert told(same) == (409, "already_registered")
    assert field_errors(unknown) == {"slot": "unknown_slot"}
    assert field_errors(nameless) == {"full_name": "required"}
    assert Registration.objects.filter(pk=registration.pk).values().get() == before


def test_a_repeated_patch_does_not_take_back_what_came_after(anybody, drive):
    first, second, third = drive.slots.all()
    registration = RegistrationFactory(slot=first)
    key = a_key()

    anybody.patch(own(registration), {"slot": second.public_id}, key=key)
    anybody.patch(own(registration), {"slot": third.public_id}, key=a_key())
    late = anybody.patch(own(registration), {"slot": second.public_id}, key=key)
    other = anybody.patch(own(registration), {"slot": first.public_id}, key=key)

    assert (late.status_code, late.headers["Idempotent-Replayed"]) == (200, "true")
    assert late.json()["slot"]["id"] == third.public_id
    assert told(other) == (422, "idempotency_key_reused")


def test_delete_gives_the_place_to_the_first_in_line_and_again_says_the_same(anybody, drive):
    slot = drive.slots.first()
    held = RegistrationFactory.create_batch(2, slot=slot)
    waiting = RegistrationFactory(slot=slot, status=STATUS.WAITLISTED)

    answers = [anybody.delete(own(held[0])) for _ in range(2)]

    waiting.refresh_from_db()
    assert [(a.status_code, a.json()) for a in answers] == [(200, {"status": "cancelled"})] * 2
    assert waiting.status == "registered"
    assert anybody.get(own(held[0])).json()["status"] == "cancelled"


def test_confirm_and_again(anybody, drive):
    registration = RegistrationFactory(slot=drive.slots.first())

    first = anybody.post(own(registration, "confirm"))
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        again = anybody.post(own(registration, "confirm"))

    expected = {"status": "registered", "confirmed_at": "2026-12-01T10:00:00+07:00"}
    assert [(a.status_code, a.json()) for a in (first, again)] == [(200, expected)] * 2


def test_what_is_settled_is_refused(anybody, drive):
    slot = drive.slots.first()
    kinds = {
        "waiting": RegistrationFactory(slot=slot, status=STATUS.WAITLISTED),
        "cancelled": RegistrationFactory(slot=slot, status=STATUS.CANCELLED),
        "in": RegistrationFactory(slot=slot, status=STATUS.CHECKED_IN),
        "held": RegistrationFactory(slot=slot),
    }
    late = slot.starts_at

    def tries(name: str) -> list[tuple[int, str]]:
        registration = kinds[name]
        answers = [
            anybody.patch(own(registration), {"full_name": "Tên Mới"}),
            anybody.post(own(registration, "confirm")),
            anybody.delete(own(registration)),
        ]
        return [told(a) if a.status_code >= 400 else (a.status_code, "") for a in answers]

    assert tries("cancelled") == [(409, "cancelled"), (409, "cancelled"), (200, "")]
    assert tries("in") == [(409, "too_late")] * 3
    assert tries("waiting") == [(200, ""), (409, "waitlisted"), (200, "")]
    with time_machine.travel(late, tick=False):
        assert tries("held") == [(409, "too_late")] * 3
    with time_machine.travel(late - timedelta(seconds=1), tick=False):
        assert tries("held") == [(200, "")] * 3


def test_one_s_own_goes_on_while_registration_is_closed(anybody):
    drive = DriveFactory(slots=2, paused_at=NOW, registration_closes_at=NOW)
    registration = RegistrationFactory(slot=drive.slots.first())

    answers = [
        anybody.patch(own(registration), {"slot": drive.slots.last().public_id}),
        anybody.post(own(registration, "confirm")),
        anybody.delete(own(registration)),
    ]

    assert [a.status_code for a in answers] == [200, 200, 200]


def test_one_s_own_after_the_drive_was_cancelled(anybody, drive):
    registration = RegistrationFactory(slot=drive.slots.first())
    cancel_drive(drive=drive, reason="Bão", by=UserFactory(), now=NOW)

    assert anybody.get(own(registration)).json()["status"] == "cancelled"
    assert told(anybody.post(own(registration, "confirm"))) == (409, "cancelled")
