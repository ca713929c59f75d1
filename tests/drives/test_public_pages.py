"""What anybody may see of drives."""

import re
from datetime import timedelta

import pytest

from events.drives.contact import split_contact
from tests.factories import (
    NOW,
    DriveFactory,
    MembershipFactory,
    RegistrationFactory,
    SlotFactory,
    UserFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def page_of(client, drive):
    response = client.get(drive.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


def test_drive_page_says_when_where_and_what_is_left_by_the_hour(client):
    drive = DriveFactory(slots=4, slots__capacity=10, registration_closes_at=NOW)
    drive.registration_closes_at = NOW + timedelta(days=3, hours=2)
    drive.save()
    for _n in range(16):
        RegistrationFactory(slot=drive.slots.first() if _n < 10 else drive.slots.all()[1])

    page = page_of(client, drive)

    assert "Thứ\xa0Bảy, 05/12/2026" in page
    assert "07:00–11:00, mỗi người khoảng 1\xa0giờ" in page
    assert 'figure-number">24<' in page
    assert "trong 40\xa0chỗ" in page
    assert re.findall(r'hours-label">([^<]*)<', page) == ["07\xa0giờ", "08\xa0giờ"]
    assert re.findall(r'hours-left">[^<]*<b>(\d+)</b>', page) == ["4", "20"]
    assert "Nhận đăng ký đến 12:00 thứ\xa0Sáu 04/12." in page
    assert '<a href="tel:0912000486">0912\xa0000\xa0486</a>' in page
    assert f'href="{drive.get_absolute_url()}register/"' in page
    assert 'href="/privacy/"' in page


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (
            {"cancelled_at": NOW, "cancel_reason": "Bão số 9"},
            "Đợt hiến máu này đã hủy.</strong> Bão",
        ),
        ({"starts_at": NOW - timedelta(hours=9)}, "Đợt hiến máu này đã kết thúc."),
        ({"paused_at": NOW}, "Đã đóng đăng ký."),
        ({"registration_closes_at": NOW}, "Đã đóng đăng ký."),
        (
            {"registration_opens_at": NOW + timedelta(days=1)},
            "Mở đăng ký lúc 10:00, thứ\xa0Tư 02/12.",
        ),
    ],
)
def test_drive_page_says_why_nobody_can_register(client, facts, sentence):
    page = page_of(client, DriveFactory(slots=2, **facts))

    assert sentence in page
    assert "/register/" not in page


def test_drive_page_of_a_full_drive_leads_to_the_waiting_list(client):
    drive = DriveFactory(slots=1, slots__capacity=1)
    RegistrationFactory(slot=drive.slots.get())

    page = page_of(client, drive)

    assert "Mọi khung giờ đã hết chỗ." in page
    assert "Chọn giờ để chờ" in page


def test_drive_page_offers_no_waiting_list_once_the_last_time_has_begun(client):
    drive = DriveFactory(slots=1, starts_at=NOW - timedelta(minutes=10))

    page = page_of(client, drive)

    assert "Đã đóng đăng ký." in page
    assert "Chọn giờ để chờ" not in page


def test_a_draft_is_seen_by_who_plans_it_only(client):
    drive = DriveFactory(published_at=None)
    member, stranger = MembershipFactory(unit=drive.unit), UserFactory()

    assert client.get(drive.get_absolute_url()).status_code == 404
    client.force_login(stranger)
    assert client.get(drive.get_absolute_url()).status_code == 404
    client.force_login(member.user)
    assert "Đây là bản xem trước." in page_of(client, drive)


def test_the_unit_of_the_link_goes_along(client):
    drive = DriveFactory(slots=1)

    page = client.get(f"{drive.get_absolute_url()}?unit=phong-ky-thuat").content.decode()

    assert f'href="{drive.get_absolute_url()}register/?unit=phong-ky-thuat"' in page


def test_home_lists_what_is_to_come_the_soonest_first(client):
    later = DriveFactory(slots=1, name="Đợt sau", starts_at=NOW + timedelta(days=9))
    sooner = DriveFactory(slots=1, name="Đợt trước")
    for hidden in (
        {"published_at": None},
        {"cancelled_at": NOW},
        {"starts_at": NOW - timedelta(days=9)},
        {"is_rehearsal": True},
    ):
        DriveFactory(slots=1, name="Không thấy", **hidden)

    page = client.get("/").content.decode()

    assert re.findall(r'drive-name">([^<]*)<', page) == [sooner.name, later.name]
    assert "Không thấy" not in page
    assert 'href="/manage/"' in page
    assert 'href="/scan/"' in page


def test_home_asks_once_for_one_drive_and_for_three(client, django_assert_num_queries):
    SlotFactory()
    with django_assert_num_queries(1):
        client.get("/")
    SlotFactory()
    SlotFactory()
    with django_assert_num_queries(1):
        client.get("/")


def test_home_without_drives_says_what_comes_next(client):
    assert "Chưa có đợt hiến máu nào" in client.get("/").content.decode()


def test_pages_answer_in_english_on_request(client):
    drive = DriveFactory(slots=1)

    page = client.get(f"{drive.get_absolute_url()}?lang=en").content.decode()

    assert "Saturday, 5\xa0December 2026" in page
    assert "Choose a time" in page


@pytest.mark.parametrize(
    ("contact", "parts"),
    [
        ("Linh, 0912 000 486", ("Linh, ", ("0912000486", "0912\xa0000\xa0486"))),
        ("Linh: +84 912.000.486.", ("Linh: ", ("+84912000486", "+84\xa0912\xa0000\xa0486"))),
        ("024 3822 5678 (Linh)", ("024 3822 5678 (Linh)", None)),
        ("linh@example.com", ("linh@example.com", None)),
        ("", ("", None)),
    ],
)
def test_split_contact_finds_the_number_that_can_be_called(contact, parts):
    assert split_contact(contact) == parts
