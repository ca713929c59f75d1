from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.limits import read_limits
from events.registrations.models import Registration
from notifications.models import Message
from tests.factories import NOW, DriveFactory, RegistrationFactory, SlotFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def ask(client, contact, **headers):
    return client.post("/lost/", {"contact": contact}, headers=headers)


def messages():
    return sorted(Message.objects.values_list("kind", "about_id"))


@pytest.mark.parametrize(
    "contact", ["0912 000 777", "+84912000777", "an@example.com", " AN@Example.COM "]
)
def test_lost_sends_the_tickets_of_drives_to_come(client, contact):
    held = RegistrationFactory(phone="+84912000777", email="an@example.com")
    RegistrationFactory(phone="+84912000778", email="binh@example.com")

    response = ask(client, contact)

    assert response.status_code == 200
    assert messages() == [("registered", held.public_id)]


def test_lost_answers_the_same_to_known_and_unknown_and_asks_as_much(client):
    RegistrationFactory(phone="+84912000777")
    answers, counts = [], []
    for contact in ("0912 000 777", "0912 000 111", "nobody@example.com", "what?"):
        with CaptureQueriesContext(connection) as queries:
            answers.append(ask(client, contact))
        counts.append(sum(1 for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))))

    own = {"X-Request-ID", "X-Request-Id"}
    seen = [
        (a.status_code, a.content, [h for h in a.headers.items() if h[0] not in own])
        for a in answers
    ]
    assert seen == [seen[0]] * 4
    assert counts[1:] == [2, 2, 2]
    assert counts[0] <= counts[1] + 1  # the message itself


def test_lost_is_really_sent_again_each_time_and_says_where_one_stands(client, clock):
    slot = SlotFactory()
    held = RegistrationFactory(slot=slot)
    waiting = RegistrationFactory(
        slot=slot, status=Registration.Status.WAITLISTED, phone=held.phone, full_name="Bình"
    )

    ask(client, held.phone)
    clock.move_to(NOW + timedelta(minutes=1), tick=False)
    ask(client, held.phone)

    assert messages() == sorted(
        [("registered", held.public_id), ("waitlisted", waiting.public_id)] * 2
    )


@pytest.mark.parametrize(
    ("state", "drive"),
    [
        ({"status": "cancelled"}, {}),
        ({"email": ""}, {}),
        ({}, {"cancelled_at": NOW}),
        ({}, {"starts_at": NOW - timedelta(days=2)}),
    ],
)
def test_lost_sends_nothing_that_is_of_no_use(client, state, drive):
    slot = DriveFactory(slots=1, **drive).slots.get()
    held = RegistrationFactory(slot=slot, **state)

    assert ask(client, held.phone).status_code == 200
    assert messages() == []


def test_lost_without_a_contact_asks_for_one(client):
    response = ask(client, "  ")

    assert response.status_code == 400
    assert "Ghi số điện thoại hoặc email." in response.content.decode()


def test_lost_does_not_flood_an_address_and_does_not_say_so(client, settings, clock):
    settings.LIMITS = settings.LIMITS | read_limits({"REGISTRATIONS_EMAIL": "2/d"})
    held = RegistrationFactory()
    answers = []
    for minute in range(4):
        clock.move_to(NOW + timedelta(minutes=minute), tick=False)
        answers.append(ask(client, held.phone).content)

    assert len(set(answers)) == 1
    assert Message.objects.count() == 2


def test_lost_ends_for_an_address_that_asks_too_often(client, settings):
    settings.LIMITS = settings.LIMITS | read_limits({"REGISTRATIONS_ADDRESS": "2/h"})

    answers = [ask(client, "0912 000 777").status_code for _n in range(3)]

    assert answers == [200, 200, 429]


def test_lost_pages_stay_to_themselves(client):
    for response in (client.get("/lost/"), ask(client, "x@example.com")):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Robots-Tag"] == "noindex"
        assert response.headers["Referrer-Policy"] == "no-referrer"
    assert ask(client, "x", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_privacy_page_is_there_for_anybody(client):
    assert "Cách chúng tôi giữ thông tin" in client.get("/privacy/").content.decode()
