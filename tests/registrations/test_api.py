"""Registering over the API, word for word as INTERFACES.md §4 has it."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AttemptRecord, AuditEntry
from backend.limits import Limit
from events.registrations.models import Registration
from events.registrations.signing import ticket_of
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_token
from notifications.models import Message
from tests.api import Caller, a_key, field_errors, told
from tests.factories import NOW, DriveFactory, RegistrationFactory, UnitFactory
from tests.registrations.api_calls import asking, own, path_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
STATUS = Registration.Status


# --- Registering -----------------------------------------------------------------------------


def test_registering_gives_a_place_with_ticket_and_link(anybody, drive):
    slot = drive.slots.first()

    response = anybody.post(path_of(drive), asking(slot))

    registration = Registration.objects.get()
    token = manage_token(registration)
    sent = response.json()
    times = {name: sent["slot"].pop(name) for name in ("starts_at", "ends_at")}
    assert response.status_code == 201
    assert sent == {
        "id": registration.public_id,
        "code": format_code(registration.code),
        "status": "registered",
        "waitlist_position": None,
        "slot": {"id": slot.public_id},
        "drive": {"slug": drive.slug, "name": drive.name},
        "full_name": "Nguyễn Thị Hoà",
        "phone": "+84912345678",
        "email": "hoa@example.com",
        "consents": ["registration", "reminders"],
        "confirmed_at": None,
        "ticket": ticket_of(registration),
        "ticket_url": f"http://testserver/r/{token}/ticket.png",
        "manage_token": token,
        "manage_url": f"http://testserver/r/{token}/",
    }
    assert times == {
        "starts_at": "2026-12-05T07:00:00+07:00",
        "ends_at": "2026-12-05T07:30:00+07:00",
    }
    assert response["Cache-Control"] == "no-store"
    assert registration.source == "online"
    assert [m.kind for m in Message.objects.all()] == ["registered"]


def test_registering_takes_everything_that_may_be_given(anybody, drive):
    unit = UnitFactory(parent=drive.unit)
    body = asking(
        drive.slots.first(),
        date_of_birth="1997-03-24",
        sex="female",
        unit=unit.slug,
        language="en",
        screening={"rules_version": "2026-1", "answers": "are not kept"},
        different_person=False,
        join_waitlist=False,
        favourite_colour="is ignored",
    )
    del body["birth_year"]

    response = anybody.post(path_of(drive), body)

    registration = Registration.objects.get()
    assert response.status_code == 201
    assert (registration.birth_year, str(registration.date_of_birth)) == (1997, "1997-03-24")
    assert (registration.sex, registration.unit, registration.language) == ("female", unit, "en")
    assert registration.screening_rules == "2026-1"


def test_registering_takes_at_most_ten_statements(anybody, drive):
    unit = UnitFactory(parent=drive.unit)
    slot = drive.slots.first()
    anybody.post(path_of(drive), asking(slot, phone="0912 000 001"))

    with CaptureQueriesContext(connection) as queries:
        response = anybody.post(path_of(drive), asking(slot, unit=unit.slug), key=a_key())

    assert response.status_code == 201
    counted = [q["sql"] for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(counted) <= 10, "\n".join(counted)


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"full_name": ""}, {"full_name": "required"}),
        ({"full_name": "12345"}, {"full_name": "no_letter"}),
        ({"full_name": "x" * 101}, {"full_name": "too_long"}),
        ({"full_name": "An\u202eBình"}, {"full_name": "bad_character"}),
        ({"full_name": "An\0"}, {"full_name": "bad_character"}),
        ({"phone": "1234"}, {"phone": "invalid_phone"}),
        ({"phone": ["0912345678"]}, {"phone": "invalid"}),
        ({"birth_year": "97"}, {"birth_year": "invalid_year"}),
        ({"birth_year": 1.5}, {"birth_year": "invalid"}),
        ({"birth_year": 2009}, {"birth_year": "too_young"}),
        ({"birth_year": 1964}, {"birth_year": "too_old"}),
        ({"date_of_birth": "2008-12-06"}, {"date_of_birth": "too_young"}),
        ({"email": "nobody"}, {"email": "invalid_email"}),
        ({"unit": "nowhere"}, {"unit": "unknown_unit"}),
        ({"consents": []}, {"consents": "consent_required"}),
        ({"consents": ["reminders"]}, {"consents": "consent_required"}),
        ({"consents": ["registration", "everything"]}, {"consents": "invalid"}),
        ({"consents": "registration"}, {"consents": "invalid"}),
        ({"slot": "nobody's"}, {"slot": "unknown_slot"}),
        ({"slot": {"id": 1}}, {"slot": "invalid"}),
        ({"sex": "other"}, {"sex": "invalid"}),
        ({"screening": {"fit": True}}, {"screening": "invalid"}),
        ({"join_waitlist": "perhaps"}, {"join_waitlist": "invalid"}),
        (
            {"full_name": None, "phone": None, "consents": None},
            {"full_name": "required", "phone": "required", "consents": "consent_required"},
        ),
    ],
)
def test_registering_names_each_wrong_field(anybody, drive, wrong, errors):
    body = asking(drive.slots.first()) | wrong
    if "date_of_birth" in wrong:
        del body["birth_year"]

    response = anybody.post(path_of(drive), body)

    assert field_errors(response) == errors
    assert not Registration.objects.exists()


@pytest.mark.parametrize(("year", "status"), [(2008, 201), (2009, 400), (1965, 201), (1964, 400)])
def test_age_is_refused_only_where_the_year_makes_it_certain(anybody, drive, year, status):
    response = anybody.post(path_of(drive), asking(drive.slots.first(), birth_year=year))

    assert response.status_code == status


def test_a_full_slot_offers_the_next_free_ones(anybody, drive):
    first, second, third = drive.slots.all()
    RegistrationFactory.create_batch(2, slot=first)
    RegistrationFactory(slot=second)

    response = anybody.post(path_of(drive), asking(first))

    assert told(response) == (409, "slot_full")
    assert response.json()["alternatives"] == [
        {"slot": second.public_id, "starts_at": "2026-12-05T00:30:00Z", "places_left": 1},
        {"slot": third.public_id, "starts_at": "2026-12-05T01:00:00Z", "places_left": 2},
    ]


def test_a_full_slot_has_a_waiting_list(anybody, drive):
    slot = drive.slots.first()
    RegistrationFactory.create_batch(2, slot=slot)
    RegistrationFactory(slot=slot, status=STATUS.WAITLISTED)

    response = anybody.post(path_of(drive), asking(slot, join_waitlist=True))

    sent = response.json()
    assert response.status_code == 201
    assert {
        name: sent[name] for name in ("status", "waitlist_position", "ticket", "ticket_url")
    } == {"status": "waitlisted", "waitlist_position": 2, "ticket": None, "ticket_url": None}


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"cancelled_at": NOW}, "drive_cancelled"),
        ({"paused_at": NOW}, "registration_closed"),
        ({"registration_closes_at": NOW}, "registration_closed"),
        ({"registration_opens_at": NOW + timedelta(hours=1)}, "registration_not_open"),
        ({"starts_at": NOW - timedelta(hours=9), "ends_at": NOW}, "registration_closed"),
        ({"starts_at": NOW, "ends_at": NOW + timedelta(hours=4)}, "registration_closed"),
    ],
)
def test_registering_is_refused_where_registration_is_not_open(anybody, facts, code):
    drive = DriveFactory(slots=1, **facts)

    response = anybody.post(path_of(drive), asking(drive.slots.first()))

    assert told(response) == (409, code)


def test_the_same_person_is_registered_once(anybody, drive):
    first, second, _third = drive.slots.all()
    anybody.post(path_of(drive), asking(first))

    again = anybody.post(path_of(drive), asking(second, full_name="NGUYEN THI  HOA", email=""))
    accents = anybody.post(
        path_of(drive), asking(second, full_name="Nguyễn Thị Hòa", different_person=True)
    )
    other = anybody.post(
        path_of(drive), asking(second, full_name="Nguyễn Thị Hoa", different_person=True)
    )

    assert told(again) == (409, "already_registered")
    assert told(accents) == (409, "already_registered")
    assert other.status_code == 201


def test_drafts_and_unknown_drives_are_not_found(anybody):
    draft = DriveFactory(slots=1, published_at=None)

    for path in (path_of(draft), "drives/no-such-drive/registrations/"):
        assert told(anybody.post(path, asking(draft.slots.first()))) == (404, "not_found")


# --- The same request again ------------------------------------------------------------------


def test_the_same_key_gives_the_first_answer_and_writes_nothing(anybody, drive):
    slot, key = drive.slots.first(), a_key()

    first = anybody.post(path_of(drive), asking(slot), key=key)
    written = (Registration.objects.count(), Message.objects.count(), AuditEntry.objects.count())
    # Spelled otherwise, it is the same body.
    again = anybody.post(
        path_of(drive), asking(slot, phone="+84912345678", anything="else"), key=key.upper()
    )

    assert again.json() == first.json()
    assert (again.status_code, again.headers.get("Idempotent-Replayed")) == (201, "true")
    assert "Idempotent-Replayed" not in first.headers
    assert written == (
        Registration.objects.count(),
        Message.objects.count(),
        AuditEntry.objects.count(),
    )


@pytest.mark.parametrize("other", [{"birth_year": 1998}, {"language": "en"}])
def test_the_same_key_with_another_body_is_refused(anybody, drive, other):
    slot, key = drive.slots.first(), a_key()
    anybody.post(path_of(drive), asking(slot), key=key)

    response = anybody.post(path_of(drive), asking(slot, **other), key=key)

    assert told(response) == (422, "idempotency_key_reused")
    assert Registration.objects.count() == 1


def test_a_key_belongs_to_its_route_and_only_successes_count(anybody, drive):
    slot, other, key = drive.slots.first(), DriveFactory(slots=1), a_key()

    refused = anybody.post(path_of(drive), asking(slot, birth_year=2010), key=key)
    first = anybody.post(path_of(drive), asking(slot), key=key)
    elsewhere = anybody.post(path_of(other), asking(other.slots.first()), key=key)

    assert [r.status_code for r in (refused, first, elsewhere)] == [400, 201, 201]
    assert "Idempotent-Replayed" not in elsewhere.headers


def test_a_key_that_is_no_uuid_is_refused(anybody, drive):
    for key in ("1", "not-a-uuid", "", "x" * 4000):
        response = anybody.post(path_of(drive), asking(drive.slots.first()), key=key)
        assert field_errors(response) == {"Idempotency-Key": "invalid"}
    assert not Registration.objects.exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_the_same_key_while_the_first_is_still_running(drive):
    slot, key = drive.slots.first(), a_key()
    start = threading.Barrier(8)
    answers: list[Any] = []

    def ask() -> None:
        start.wait()
        answers.append(Caller().post(path_of(drive), asking(slot), key=key))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [a.status_code for a in answers] == [201] * 8
    assert len({a.content for a in answers}) == 1
    assert sum("Idempotent-Replayed" in a.headers for a in answers) == 7
    assert (Registration.objects.count(), Message.objects.count()) == (1, 1)


# --- Languages, limits, methods --------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepts", "language", "detail"),
    [
        ("en", "en", "There is nothing at this address."),
        ("vi,en;q=0.5", "vi", None),
        ("", "vi", None),
    ],
)
def test_errors_speak_the_caller_s_language(anybody, accepts, language, detail):
    response = anybody.call("get", "drives/none/", **{"Accept-Language": accepts})

    assert response["Content-Language"] == language
    if detail:
        assert response.json()["detail"] == detail


def test_tries_of_an_address_are_limited(anybody, drive, settings):
    settings.LIMITS = settings.LIMITS | {"REGISTRATIONS_ADDRESS": Limit(2, 60)}

    answers = [anybody.post(path_of(drive), {}) for _ in range(3)]

    assert [a.status_code for a in answers] == [400, 400, 429]
    assert told(answers[2]) == (429, "too_many_requests")
    assert 0 < int(answers[2]["Retry-After"]) <= 60


def test_refused_tries_of_a_phone_are_limited_and_repeats_pass(anybody, drive, settings):
    settings.LIMITS = settings.LIMITS | {"REGISTRATIONS_PHONE": Limit(2, 3600)}
    slot, key = drive.slots.first(), a_key()
    anybody.post(path_of(drive), asking(slot), key=key)

    answers = [anybody.post(path_of(drive), asking(slot)) for _ in range(3)]
    repeat = anybody.post(path_of(drive), asking(slot), key=key)

    assert [a.status_code for a in answers] == [409, 409, 429]
    assert repeat.status_code == 201


def test_mails_to_an_address_are_limited(anybody, drive, settings):
    settings.LIMITS = settings.LIMITS | {"REGISTRATIONS_EMAIL": Limit(1, 86400)}
    slot = drive.slots.first()
    anybody.post(path_of(drive), asking(slot))

    other = asking(slot, phone="0912 000 002", email="HOA@example.com")
    spared = anybody.post(path_of(drive), other)

    # A family or an office shares an address: it holds up letters, never a place.
    assert (spared.status_code, spared.json()["email"]) == (201, "HOA@example.com")
    kept_back = Message.objects.get(about_id=spared.json()["id"])
    assert (kept_back.status, kept_back.reason) == ("dropped", "many_letters")


def test_changing_to_and_fro_does_not_flood_an_address(anybody, drive, settings):
    settings.LIMITS = settings.LIMITS | {"REGISTRATIONS_EMAIL": Limit(2, 86400)}
    first, second = drive.slots.all()[:2]
    held = RegistrationFactory(slot=first)

    changes = [{"slot": second.public_id}, {"full_name": "Ân"}, {"slot": first.public_id}]
    answers = [anybody.patch(own(held), change) for change in changes]
    untold = anybody.patch(own(held), {"consents": ["registration"]})

    assert [a.status_code for a in answers] == [200, 200, 200]
    statuses = [message.status for message in Message.objects.order_by("pk")]
    assert (untold.status_code, statuses) == (200, ["queued", "queued", "dropped"])


def test_guesses_of_links_are_limited(anybody, drive, settings):
    settings.LIMITS = settings.LIMITS | {"MISSES": Limit(2, 3600)}
    registration = RegistrationFactory(slot=drive.slots.first())

    answers = [anybody.get(f"registrations/{'A' * 32}/") for _ in range(3)]

    assert [a.status_code for a in answers] == [404, 404, 429]
    # Who sits behind the same address and has a good link is not held up.
    assert anybody.get(own(registration)).status_code == 200


def test_get_changes_nothing(anybody, drive):
    registration = RegistrationFactory(slot=drive.slots.first())
    before = Registration.objects.values().get()

    anybody.get(own(registration))
    assert anybody.get(own(registration, "confirm")).status_code == 405

    assert Registration.objects.values().get() == before
    assert not AttemptRecord.objects.exists()


def test_keys_are_uuids_of_any_spelling(anybody, drive):
    key = uuid.uuid4()

    first = anybody.post(path_of(drive), asking(drive.slots.first()), key=key)
    again = anybody.post(path_of(drive), asking(drive.slots.first()), key=f"{{{key}}}")

    assert first.json() == again.json()
