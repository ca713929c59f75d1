import uuid

import pytest

from events.registrations.models import Registration
from events.registrations.tokens import manage_path
from tests.factories import NOW, DriveFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(time_machine):
    time_machine.move_to(NOW, tick=False)


def typed(**changed):
    return {
        "full_name": "Nguyễn Hoàng Phương Thảo Nguyên",
        "phone": "0912 000 483",
        "birth_year": "1997",
        "email": "thaonguyen@example.com",
        "consents": ["registration", "reminders"],
        "request_key": str(uuid.uuid4()),
    } | changed


def register(client, slot, **changed):
    url = f"/d/{slot.drive.slug}/register/?slot={slot.public_id}"
    return client.post(url, typed(slot=slot.public_id, **changed))


def test_register_leads_to_the_own_page(client):
    slot = DriveFactory(slots=2).slots.first()

    response = register(client, slot)

    registration = Registration.objects.get()
    assert (response.status_code, response.url) == (302, manage_path(registration))
    assert registration.slot == slot
    page = client.get(response.url)
    assert page.status_code == 200
    assert "Nguyễn Hoàng Phương Thảo Nguyên" in page.content.decode()
