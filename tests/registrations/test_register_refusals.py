"""What the public form says when it cannot be: wrong, too late, full, again, too often."""

import re
import uuid
from datetime import timedelta

import pytest

from backend.limits import read_limits
from events.registrations.models import Registration
from events.registrations.tokens import manage_path
from notifications.models import Message
from notifications.services import deliver_due
from tests.factories import NOW, DriveFactory, RegistrationFactory, SlotFactory, UnitFactory
from tests.registrations.calls import AN
from tests.registrations.calls import register as register_directly
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


def test_a_form_that_went_well_is_answered_again_after_too_many_other_tries(client, limits):
    limits(REGISTRATIONS_PHONE="2/h")
    slot, key = SlotFactory(), str(uuid.uuid4())
    first = register(client, slot, request_key=key)
    others = [register(client, slot) for _n in range(3)]

    again = register(client, slot, request_key=key)

    assert [response.status_code for response in others] == [409, 409, 429]
    assert (again.status_code, again.url) == (302, first.url)
    assert Registration.objects.count() == 1


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
