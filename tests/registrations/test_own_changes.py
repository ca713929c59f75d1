"""What a volunteer may do on the own page: confirm, move, give up, correct."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from backend.limits import read_limits
from events.registrations.letter_limits import count_letter
from events.registrations.models import Registration
from notifications.models import Message
from notifications.services import deliver_due
from tests.factories import DRIVE_STARTS, NOW, DriveFactory, MembershipFactory, RegistrationFactory
from tests.registrations.own_pages import NAME, post, show

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
STATUS = Registration.Status


def test_confirm_once_and_again(client):
    held = RegistrationFactory()

    first, again = (post(client, held, "confirm") for _n in range(2))

    held.refresh_from_db()
    assert (first.status_code, again.status_code, held.confirmed_at) == (302, 302, NOW)
    assert "Cảm ơn anh/chị, hẹn gặp hôm ấy." in client.get(first.url).content.decode()


def test_move_takes_the_other_time(client):
    first, second = DriveFactory(slots=2).slots.all()
    held = RegistrationFactory(slot=first)

    offered = show(client, held, "move/").content.decode()
    response = post(client, held, "move", slot=second.public_id)

    held.refresh_from_db()
    assert re.findall(r'slot-time">([^<]*)<', offered) == ["07:30"]
    assert (response.status_code, held.slot) == (302, second)
    page = client.get(response.url).content.decode()
    assert "Đã giữ chỗ 07:30, thứ\xa0Bảy 05/12." in page


def test_move_into_a_full_slot_keeps_the_place_and_offers_the_nearest(client):
    first, second, _third = DriveFactory(slots=3, slots__capacity=1).slots.all()
    held = RegistrationFactory(slot=first)
    RegistrationFactory(slot=second)

    response = post(client, held, "move", slot=second.public_id)

    page = response.content.decode()
    held.refresh_from_db()
    assert (response.status_code, held.slot) == (409, first)
    assert "Khung 07:30 vừa hết chỗ." in page
    assert re.findall(r'near-time">([^<]*)<', page) == ["08:00"]


@pytest.mark.parametrize("slot", ["", "nobody", "\0"])
def test_move_nowhere_asks_for_a_time(client, slot):
    assert post(client, RegistrationFactory(), "move", slot=slot).status_code == 400


def test_cancel_asks_first_and_then_thanks(client):
    first, _second = DriveFactory(slots=2).slots.all()
    held = RegistrationFactory(slot=first)

    asked = show(client, held, "cancel/").content.decode()
    response = post(client, held, "cancel")
    again = post(client, held, "cancel")

    held.refresh_from_db()
    assert "Nhường chỗ lúc 07:00?" in asked
    assert "Hôm ấy vẫn còn chỗ lúc 07:30." in asked
    assert "<textarea" not in asked
    assert (response.status_code, again.status_code, held.status) == (302, 302, STATUS.CANCELLED)
    assert "Cảm ơn anh/chị đã báo sớm." in client.get(response.url).content.decode()


def test_details_are_corrected_and_consents_changed(client):
    held = RegistrationFactory(consent_reminders=True)

    form = show(client, held, "details/").content.decode()
    response = post(
        client,
        held,
        "details",
        full_name=NAME,
        phone="0912 999 888",
        email="",
        consents=["registration", "invitations"],
    )

    held.refresh_from_db()
    assert re.findall(r'value="(\w+)" checked', form) == ["reminders"]
    assert response.status_code == 302
    assert (held.full_name, held.phone, held.email) == (NAME, "+84912999888", "")
    assert held.consents == ["registration", "invitations"]


def test_wrong_details_come_back_as_they_were_typed(client):
    held = RegistrationFactory()

    response = post(client, held, "details", full_name=NAME, phone="0912", email="an@example.com")

    page = response.content.decode()
    held.refresh_from_db()
    assert response.status_code == 400
    assert f'value="{NAME}"' in page
    assert 'value="0912"' in page
    assert held.full_name != NAME


def test_details_of_somebody_who_is_registered_are_refused(client):
    other = RegistrationFactory(full_name=NAME)
    held = RegistrationFactory(slot=other.slot, full_name=NAME)

    response = post(client, held, "details", phone=other.phone)

    held.refresh_from_db()
    assert response.status_code == 409
    assert held.phone != other.phone


@pytest.mark.parametrize(
    ("state", "when", "sentence"),
    [
        ({"status": "cancelled"}, NOW, "Chỗ này đã được nhường từ trước."),
        ({"status": "checked_in"}, DRIVE_STARTS, "Đã quá giờ để thay đổi chỗ này."),
        ({}, DRIVE_STARTS, "Đã quá giờ để thay đổi chỗ này."),
    ],
)
def test_what_comes_too_late_shows_the_place_as_it_is(client, clock, state, when, sentence):
    slot, other = DriveFactory(slots=2).slots.all()
    held = RegistrationFactory(slot=slot, **state)
    clock.move_to(when, tick=False)

    answers = [
        post(client, held, "confirm"),
        post(client, held, "move", slot=other.public_id),
        post(client, held, "details", full_name=NAME),
    ]

    assert [response.status_code for response in answers] == [409] * 3
    assert all(sentence in response.content.decode() for response in answers)


def test_who_waits_has_nothing_to_confirm(client):
    waiting = RegistrationFactory(status=STATUS.WAITLISTED)

    response = post(client, waiting, "confirm")

    assert response.status_code == 409
    assert "Chưa có chỗ để báo sẽ đến." in response.content.decode()


def test_moving_to_and_fro_does_not_flood_an_address(client, settings):
    settings.LIMITS = settings.LIMITS | read_limits({"REGISTRATIONS_EMAIL": "2/d"})
    first, second = DriveFactory(slots=2).slots.all()
    held = RegistrationFactory(slot=first)

    statuses = [
        post(client, held, "move", slot=slot.public_id).status_code
        for slot in (second, first, second)
    ]

    assert statuses == [302, 302, 302]
    reasons = Message.objects.order_by("pk").values_list("status", "reason")
    assert list(reasons) == [("queued", ""), ("queued", ""), ("dropped", "many_letters")]


def test_a_spared_letter_holds_up_none_that_is_owed_already(client, settings):
    settings.LIMITS = settings.LIMITS | read_limits({"REGISTRATIONS_EMAIL": "1/d"})
    first, second = DriveFactory(slots=2).slots.all()
    held = RegistrationFactory(slot=first)
    for slot in (second, first):
        post(client, held, "move", slot=slot.public_id)

    deliver_due(clock=lambda: NOW)

    statuses = Message.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["accepted", "dropped"]


@pytest.mark.parametrize(
    ("page", "typed"),
    [("move", {"slot": "second"}), ("details", {"full_name": "Ân"})],
)
def test_who_is_spared_a_letter_reads_so_and_the_organizer_too(client, settings, page, typed):
    first, second = DriveFactory(slots=2).slots.all()
    held = RegistrationFactory(slot=first)
    member = MembershipFactory(unit=held.drive.unit, role=Role.ORGANIZER)
    organizer = Client()
    organizer.force_login(member.user)
    person = reverse("registration", args=[held.drive.slug, held.public_id])
    settings.LIMITS = settings.LIMITS | read_limits({"REGISTRATIONS_EMAIL": "1/d"})
    count_letter(held.email)
    before = organizer.get(person).content.decode()
    own_before = show(client, held).content.decode()

    sent = {k: second.public_id if v == "second" else v for k, v in typed.items()}
    own = client.get(post(client, held, page, **sent).url).content.decode()

    sentence = "Thư mới nhất không được gửi: địa chỉ này đã nhận nhiều thư trong ngày."
    assert sentence not in before
    assert sentence in organizer.get(person).content.decode()
    assert ("nhận nhiều thư" in own_before, "nhận nhiều thư" in own) == (False, True)


def test_reminders_can_be_stopped_whatever_an_address_got_today(client, settings):
    settings.LIMITS = settings.LIMITS | read_limits({"REGISTRATIONS_EMAIL": "1/d"})
    held = RegistrationFactory(consent_reminders=True)
    assert post(client, held, "details", full_name="Ân").status_code == 302

    answer = post(client, held, "details", consents=["registration"])

    held.refresh_from_db()
    assert (answer.status_code, held.consent_reminders) == (302, False)
