"""The two steps from a drive's link to a ticket."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from events.registrations.models import Registration
from events.registrations.tokens import manage_path
from notifications.models import Message
from tests.factories import NOW, DriveFactory, RegistrationFactory, SlotFactory, UnitFactory
from tests.registrations.pages import (
    NAME,
    address,
    keeps_what_was_typed,
    register,
    text_of,
    typed,
    values,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
STATUS = Registration.Status


# --- The two steps -------------------------------------------------------------------------------


def test_register_leads_to_the_own_page(client):
    slot = DriveFactory(slots=2).slots.first()

    response = register(client, slot)

    registration = Registration.objects.get()
    assert (response.status_code, response.url) == (302, manage_path(registration))
    assert (registration.slot, registration.full_name) == (slot, NAME)
    assert registration.phone == "+84912000483"
    assert registration.consents == ["registration", "reminders"]
    assert registration.language == "vi"
    assert not response.cookies


def test_register_in_english_is_answered_in_english(client):
    register(client, SlotFactory(), headers={"Accept-Language": "en"})

    assert Registration.objects.get().language == "en"


def test_slots_show_what_is_left_at_each_time(client):
    drive = DriveFactory(slots=3, slots__capacity=6)
    full, few, _free = drive.slots.all()
    for _n in range(6):
        RegistrationFactory(slot=full)
    RegistrationFactory(slot=few)

    page = text_of(client.get(f"{drive.get_absolute_url()}register/"))

    assert re.findall(r'slot-places">([^<]*)<', page) == ["hết chỗ", "chỉ còn 5 chỗ", "còn 6 chỗ"]
    assert re.findall(r'slot-time">([^<]*)<', page) == ["07:00", "07:30", "08:00"]
    assert "checked" not in page


@pytest.mark.parametrize("path", ["", "register/"])
def test_pages_ask_as_much_for_three_slots_as_for_one(client, path):
    one, three = DriveFactory(slots=1), DriveFactory(slots=3)
    counts = []
    for drive in (one, three):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{drive.get_absolute_url()}{path}").status_code == 200
        counts.append(len(queries))

    assert counts == [2, 2]


def test_register_takes_ten_statements_with_a_unit(client):
    slot = SlotFactory()
    below = UnitFactory(parent=slot.drive.unit)
    with CaptureQueriesContext(connection) as queries:
        register(client, slot, unit=below.slug)

    ours = [q["sql"] for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert Registration.objects.get().unit == below
    assert len(ours) <= 10, ours


def test_details_tick_no_consent_beforehand(client):
    page = text_of(client.get(address(SlotFactory())))

    boxes = re.findall(r'<input type="checkbox"[^>]*>', page)
    assert len(boxes) == 3
    assert not any("checked" in box for box in boxes)


def test_details_hide_the_unit_that_came_with_the_link(client):
    slot = SlotFactory()
    below = UnitFactory(parent=slot.drive.unit, name="Phòng Kỹ thuật")

    picked = text_of(client.get(address(slot)))
    linked = text_of(client.get(address(slot, unit=below.slug)))
    wrong = text_of(client.get(address(slot, unit="khong-co")))

    assert "<select" in picked
    assert "<select" in wrong
    assert "<select" not in linked
    assert "Đơn vị: Phòng Kỹ thuật" in linked
    assert f'name="unit" value="{below.slug}"' in linked


def test_details_offer_only_units_of_the_union(client):
    slot = SlotFactory()
    below, stranger = UnitFactory(parent=slot.drive.unit), UnitFactory()

    page = text_of(client.get(address(slot)))

    assert f'value="{below.slug}"' in page
    assert stranger.slug not in page


@pytest.mark.parametrize(
    "drive",
    [
        {"cancelled_at": NOW},
        {"paused_at": NOW},
        {"registration_closes_at": NOW},
        {"registration_opens_at": NOW + timedelta(hours=1)},
        {"starts_at": NOW - timedelta(hours=9)},
    ],
)
def test_a_drive_that_takes_nobody_leads_back_to_its_page(client, drive):
    slot = SlotFactory(drive=DriveFactory(**drive))

    for url in (address(slot), f"/d/{slot.drive.slug}/register/"):
        response = client.get(url)
        assert (response.status_code, response.url) == (302, slot.drive.get_absolute_url())


def test_a_draft_is_nobodys(client):
    slot = SlotFactory(drive=DriveFactory(published_at=None))

    assert client.get(address(slot)).status_code == 404
    assert register(client, slot).status_code == 404


def test_a_slot_that_is_gone_leads_to_the_others(client):
    slot = SlotFactory(is_open=False)
    SlotFactory(drive=slot.drive, nth=1)

    for url in (address(slot), f"/d/{slot.drive.slug}/register/?slot=x%00y"):
        page = client.get(url)
        assert page.status_code == 200
        assert "Khung giờ này không chọn được nữa." in text_of(page)


# --- Headers -------------------------------------------------------------------------------------


def test_register_pages_stay_out_of_caches_search_engines_and_referrers(client):
    slot = SlotFactory()

    for response in (client.get(address(slot)), register(client, slot, phone="x")):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Robots-Tag"] == "noindex"
        assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 302), ("same-origin", 302), (None, 302)]
)
def test_a_form_from_elsewhere_is_not_taken(site, status):
    headers = {"Sec-Fetch-Site": site} if site else {}

    response = register(Client(enforce_csrf_checks=True), SlotFactory(), headers=headers)

    assert response.status_code == status
    assert Registration.objects.count() == (status == 302)


# --- The same again (I3) -------------------------------------------------------------------------


def test_the_same_form_again_leads_to_the_same_page_and_doubles_nothing(client):
    slot, key = SlotFactory(), str(uuid.uuid4())
    first = register(client, slot, request_key=key)

    again = register(client, slot, request_key=key, phone="+84 912.000.483")

    assert (again.status_code, again.url) == (302, first.url)
    assert Registration.objects.count() == Message.objects.count() == 1
    assert AuditEntry.objects.count() == 1


def test_the_same_key_with_other_details_is_refused_with_a_fresh_key(client):
    slot, key = SlotFactory(), str(uuid.uuid4())
    first = register(client, slot, request_key=key, full_name="Lê Thị Hoa", phone="0912000555")

    response = register(client, slot, request_key=key)

    page = text_of(response)
    assert response.status_code == 409
    assert "Mẫu này đã gửi một lần, với thông tin khác." in page
    assert keeps_what_was_typed(response)
    assert first.url not in page
    assert "Hoa" not in page
    [fresh] = values(response)["request_key"]
    assert uuid.UUID(fresh) != uuid.UUID(key)
    assert register(client, slot, request_key=fresh).status_code == 302


def test_a_form_without_a_key_still_works(client):
    assert register(client, SlotFactory(), request_key="").status_code == 302


# --- To another time and back, with what was typed ----------------------------------------------


def test_changing_the_time_keeps_what_was_typed(client):
    drive = DriveFactory(slots=2)
    first, second = drive.slots.all()

    slots = client.post(address(first), typed(slot=first.public_id, step="slots", phone="0912"))
    tapped = {k: v for k, v in values(slots).items() if k not in ("slot", None)}
    details = client.post(f"/d/{drive.slug}/register/", tapped | {"slot": second.public_id})

    assert (slots.status_code, details.status_code) == (200, 200)
    found = values(details)
    assert found["slot"] == [second.public_id]
    assert (found["full_name"], found["phone"]) == ([NAME], ["0912"])
    assert found["consents"] == ["registration", "reminders"]
    assert "field-error" not in text_of(details)
    assert not Registration.objects.exists()


def test_enter_in_a_field_registers_and_does_nothing_else(client):
    page = text_of(client.get(address(SlotFactory())))

    form = page[page.index("<form") :]
    first_button = re.search(r"<button[^>]*>", form)
    assert first_button
    assert "name=" not in first_button[0]
