"""The two steps from a drive's link to a ticket."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from backend.limits import read_limits
from events.registrations.models import Registration
from events.registrations.tokens import manage_path
from notifications.models import Message
from notifications.services import deliver_due
from tests.factories import NOW, DriveFactory, RegistrationFactory, SlotFactory, UnitFactory
from tests.registrations.calls import AN
from tests.registrations.calls import register as register_directly

pytestmark = pytest.mark.django_db
NAME = "Nguyễn Hoàng Phương Thảo Nguyên"
STATUS = Registration.Status


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


def typed(**changed):
    return {
        "full_name": NAME,
        "phone": "0912 000 483",
        "birth_year": "1997",
        "email": "thaonguyen@example.com",
        "consents": ["registration", "reminders"],
        "request_key": str(uuid.uuid4()),
    } | changed


def address(slot, **query):
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return f"/d/{slot.drive.slug}/register/?slot={slot.public_id}{more}"


def register(client, slot, headers=None, **changed):
    return client.post(address(slot), typed(slot=slot.public_id, **changed), headers=headers or {})


def text_of(response):
    return response.content.decode()


def values(response):
    """Read what the page's inputs hold, hidden ones among them."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", text_of(response)):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") == "checkbox" and " checked" not in tag:
            continue
        found.setdefault(attributes.get("name", ""), []).append(attributes.get("value", ""))
    return found


def keeps_what_was_typed(response):
    found = values(response)
    return (
        NAME in found["full_name"]
        and "0912 000 483" in found["phone"]
        and "1997" in found["birth_year"]
        and "thaonguyen@example.com" in found["email"]
        and {"registration", "reminders"} <= set(found["consents"])
    )


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


# --- Invalid: 400, at the field and in the summary -----------------------------------------------


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"full_name": ""}, "Ghi họ và tên."),
        ({"phone": "0912 000 48"}, "Nhập đủ 10\xa0số, ví dụ 0912\xa0345\xa0678."),
        ({"birth_year": "97"}, "Ghi năm đủ 4\xa0số, ví dụ 1997."),
        ({"birth_year": "2010"}, "Cần đủ 18\xa0tuổi vào ngày hiến."),
        ({"birth_year": "1960"}, "Chỉ nhận người từ 60\xa0tuổi trở xuống."),
        ({"email": "an@"}, "Ghi địa chỉ theo mẫu ten@example.com, hoặc để trống."),
        ({"unit": "khong-co"}, "Chọn đơn vị trong danh sách."),
        ({"consents": ["reminders"]}, "Cần mục này để giữ chỗ."),
    ],
)
def test_invalid_details_come_back_as_they_were_typed(client, changed, sentence):
    slot = SlotFactory()
    UnitFactory(parent=slot.drive.unit)

    response = register(client, slot, **changed)

    page = text_of(response)
    assert response.status_code == 400
    assert page.count(sentence) == 2  # in the summary and by the field
    assert "<title>Lỗi:" in page
    expected = typed() | changed
    found = values(response)
    for name in ("full_name", "phone", "birth_year", "email"):
        assert expected[name] in found[name]
    assert not Registration.objects.exists()


@pytest.mark.parametrize(
    "name",
    ["A" * 101, "An\u202eBình", "<script>alert(1)</script>", "123", "😀", "An\0", "x" * 9999],
)
def test_strange_names_are_answered_and_never_break_the_page(client, name):
    response = register(client, SlotFactory(), full_name=name)

    assert response.status_code in (302, 400)
    assert "<script>alert" not in text_of(response)


def test_an_empty_form_names_each_thing_that_is_missing(client):
    slot = SlotFactory()

    response = client.post(address(slot), {})

    assert response.status_code == 400
    assert "Còn 4 chỗ cần sửa" in text_of(response)


def test_an_unknown_slot_shows_the_times_and_keeps_what_was_typed(client):
    slot = SlotFactory()

    response = client.post(f"/d/{slot.drive.slug}/register/?slot=nobody", typed())

    assert response.status_code == 400
    assert keeps_what_was_typed(response)
    assert slot.public_id in values(response)["slot"]


# --- Refused: 409, and what can be done instead --------------------------------------------------


def test_a_full_slot_offers_the_nearest_times_each_one_tap_and_then_the_list(client):
    drive = DriveFactory(slots=4, slots__capacity=1)
    _first, second, third, _fourth = drive.slots.all()
    RegistrationFactory(slot=second)
    key = str(uuid.uuid4())

    response = register(client, second, request_key=key)

    page = text_of(response)
    assert response.status_code == 409
    assert "Khung 07:30 vừa hết chỗ." in page
    assert re.findall(r'near-time">([^<]*)<', page) == ["07:00", "08:00"]
    assert page.index("near-time") < page.index("Vào danh sách chờ 07:30")
    assert keeps_what_was_typed(response)
    tapped = {k: v for k, v in values(response).items() if k in typed()}
    again = client.post(f"/d/{drive.slug}/register/", tapped | {"slot": third.public_id})
    assert again.status_code == 302
    assert Registration.objects.get(full_name=NAME).slot == third


def test_a_full_slot_takes_one_onto_its_list(client):
    slot = RegistrationFactory(slot=SlotFactory(capacity=1)).slot

    response = register(client, slot, join_waitlist="1")

    joined = Registration.objects.get(full_name=NAME)
    assert (response.status_code, response.url) == (302, manage_path(joined))
    assert joined.status == STATUS.WAITLISTED


def test_a_full_slot_opens_on_the_list_not_on_the_form(client):
    slot = RegistrationFactory(slot=SlotFactory(capacity=1)).slot

    page = text_of(client.get(address(slot)))
    details = text_of(client.get(address(slot, waitlist=1)))

    assert "Khung 07:00 đã hết chỗ." in page
    assert "Không còn giờ nào khác" in page
    assert 'name="join_waitlist" value="1"' in details


def test_a_full_slot_offers_no_list_that_does_not_move_any_more(client, clock):
    slot = RegistrationFactory(slot=SlotFactory(capacity=1)).slot
    clock.move_to(slot.starts_at - timedelta(hours=11), tick=False)

    assert "Vào danh sách chờ" not in text_of(client.get(address(slot)))


def test_who_is_registered_is_shown_the_way_to_the_ticket(client):
    slot = SlotFactory()
    held = register_directly(slot, AN)

    response = register(client, slot, full_name="NGUYỄN VĂN AN", phone=AN.phone)

    page = text_of(response)
    assert response.status_code == 409
    assert "Đã có một đăng ký trùng ở đợt này." in page
    assert 'href="/lost/"' in page
    assert 'name="different_person" value="1"' in page
    assert manage_path(held) not in page


def test_a_different_person_is_registered_and_not_asked_twice(client):
    slot = SlotFactory()
    register_directly(slot, AN)
    same, other = ({"phone": AN.phone, "full_name": n} for n in ("Nguyen Van An", "Nguyễn Văn Ân"))

    refused = register(client, slot, **other)
    taken = register(client, slot, **other, different_person="1")
    again = register(client, slot, **other, different_person="1")

    assert (refused.status_code, taken.status_code, again.status_code) == (409, 302, 409)
    assert "Vẫn đăng ký cho tôi" in text_of(refused)
    assert "Vẫn đăng ký cho tôi" not in text_of(again)
    assert register(client, slot, **same).status_code == 409


@pytest.mark.parametrize(
    ("drive", "sentence"),
    [
        ({"cancelled_at": NOW}, "Đợt hiến máu này đã hủy."),
        ({"paused_at": NOW}, "Đã đóng đăng ký."),
        ({"starts_at": NOW - timedelta(hours=9)}, "Đã đóng đăng ký."),
        ({"registration_opens_at": NOW + timedelta(hours=1)}, "Chưa mở đăng ký."),
    ],
)
def test_a_drive_that_takes_nobody_says_so_and_keeps_what_was_typed(client, drive, sentence):
    slot = SlotFactory(drive=DriveFactory(**drive))

    response = register(client, slot)

    assert response.status_code == 409
    assert sentence in text_of(response)
    assert keeps_what_was_typed(response)


def test_a_slot_that_was_closed_meanwhile_leads_to_the_others(client):
    slot = SlotFactory(is_open=False)

    response = register(client, slot)

    assert response.status_code == 409
    assert "Khung giờ này không nhận đăng ký nữa." in text_of(response)
    assert keeps_what_was_typed(response)


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


# --- Limits --------------------------------------------------------------------------------------


@pytest.fixture
def limits(settings):
    def set_to(**texts):
        settings.LIMITS = settings.LIMITS | read_limits(texts)

    return set_to


def test_too_many_tries_from_an_address_say_when_to_try_again(client, limits):
    limits(REGISTRATIONS_ADDRESS="2/h")
    slot = SlotFactory()

    tries = [register(client, slot, phone="x") for _n in range(3)]

    assert [response.status_code for response in tries] == [400, 400, 429]
    assert int(tries[2].headers["Retry-After"]) > 0
    assert "Mời thử lại sau 11:0" in text_of(tries[2])
    assert "x" in values(tries[2])["phone"]


def test_a_factory_behind_one_address_gets_through(client):
    slot = SlotFactory(capacity=100)

    answers = {
        register(client, slot, phone=f"0912 001 {n:03}", email="").status_code for n in range(60)
    }

    assert answers == {302}


def test_asking_again_and_again_about_one_phone_ends(client, limits):
    limits(REGISTRATIONS_PHONE="2/h")
    slot = SlotFactory()
    register_directly(slot, AN)
    guess = {"full_name": AN.full_name, "phone": AN.phone}

    tries = [register(client, slot, **guess) for _n in range(3)]
    another = register(client, slot, phone="0912 000 484")

    assert [response.status_code for response in tries] == [409, 409, 429]
    assert "trùng" not in text_of(tries[2])
    assert another.status_code == 302


def test_an_address_gets_only_so_many_letters_but_people_still_register(client, limits):
    limits(REGISTRATIONS_EMAIL="2/d")
    slot = SlotFactory()

    tries = [register(client, slot, phone=f"0912 000 00{n}") for n in range(3)]

    assert [response.status_code for response in tries] == [302] * 3
    reasons = Message.objects.order_by("pk").values_list("status", "reason")
    assert list(reasons) == [("queued", ""), ("queued", ""), ("dropped", "many_letters")]
    for _before_and_after_the_others_are_sent in range(2):
        told = ["nhận nhiều thư" in text_of(client.get(response.url)) for response in tries]
        assert told == [False, False, True]
        deliver_due(clock=lambda: NOW)
    assert Message.objects.filter(reason="many_letters").count() == 1
