"""How many statements a registration and the public page take (``DESIGN.md`` §10)."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import RegistrationFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

MOST_FOR_A_REGISTRATION = 10
MOST_FOR_THE_PAGE = 2
_NOT_COUNTED = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "SET CONSTRAINTS")


def statements(ask):
    with CaptureQueriesContext(connection) as queries:
        response = ask()
    sent = [query["sql"] for query in queries]
    return response.status_code, [sql for sql in sent if not sql.startswith(_NOT_COUNTED)]


def asked(slot, n=1):
    return {
        "slot": slot.public_id,
        "full_name": "Nguyễn Văn An",
        "phone": f"091200040{n}",
        "birth_year": 1997,
        "email": f"an-{n}@example.com",
        "consents": ["registration", "reminders"],
    }


@pytest.mark.parametrize(("held", "status"), [(0, 201), (2, 409)])
def test_registration_over_the_api_takes_ten_statements_at_most(client, drive, held, status):
    slot = drive.slots.first()
    RegistrationFactory.create_batch(held, slot=slot)

    def ask(n):
        return client.post(
            f"/api/v1/drives/{drive.slug}/registrations/",
            asked(slot, n),
            content_type="application/json",
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )

    other = drive.slots.last()
    client.post(  # what a process asks once: the drive's key
        f"/api/v1/drives/{drive.slug}/registrations/",
        asked(other, 9),
        content_type="application/json",
    )
    given, sent = statements(lambda: ask(1))

    assert (given, len(sent) <= MOST_FOR_A_REGISTRATION) == (status, True), sent


@pytest.mark.parametrize(("held", "status"), [(0, 302), (2, 409)])
def test_registration_on_the_pages_takes_ten_statements_at_most(client, drive, held, status):
    slot = drive.slots.first()
    RegistrationFactory.create_batch(held, slot=slot)

    given, sent = statements(
        lambda: client.post(
            f"/d/{drive.slug}/register/?slot={slot.public_id}",
            asked(slot) | {"request_key": str(uuid.uuid4())},
        )
    )

    assert (given, len(sent) <= MOST_FOR_A_REGISTRATION) == (status, True), sent


@pytest.mark.parametrize("people", [1, 3])
def test_drive_page_takes_two_statements_and_is_never_stale(client, drive, people):
    address = drive.get_absolute_url()
    drive.slots.update(capacity=4)
    before = client.get(address).content.decode()

    RegistrationFactory.create_batch(people, slot=drive.slots.first())
    status, sent = statements(lambda: client.get(address))
    page = client.get(address).content.decode()

    assert (status, len(sent) <= MOST_FOR_THE_PAGE) == (200, True), sent
    assert 'figure-number">12<' in before
    assert f'figure-number">{12 - people}<' in page
