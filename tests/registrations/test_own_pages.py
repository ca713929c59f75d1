"""A volunteer's own page: what it shows in each state, and what may be done there."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
import zxingcpp
from django.test import Client
from django.urls import reverse
from icalendar import Calendar
from PIL import Image

from accounts.models import Role
from backend.limits import read_limits
from events.registrations.letter_limits import count_letter
from events.registrations.models import Registration
from events.registrations.signing import ticket_of
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_path
from notifications.models import Message
from notifications.services import deliver_due
from tests.factories import (
    DRIVE_STARTS,
    NOW,
    DriveFactory,
    MembershipFactory,
    RegistrationFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
STATUS = Registration.Status
NAME = "Nguyễn Hoàng Phương Thảo Nguyên"


def show(client, registration, path="", **query):
    return client.get(f"{manage_path(registration)}{path}", query)


def page_of(client, registration, **query):
    response = show(client, registration, **query)
    assert response.status_code == 200
    return response.content.decode()


def post(client, registration, path, **typed):
    return client.post(f"{manage_path(registration)}{path}/", typed)


def badge(page):
    found = re.search(r'badge-([\w-]+)">.*?<span>([^<]+)</span>', page, re.DOTALL)
    assert found
    return found.groups()


def buttons(page):
    """Name what the bar at the bottom offers."""
    names = ["Tôi sẽ đến", "Đổi giờ", "Nhường chỗ cho người khác", "Rời danh sách chờ"]
    names += ["Đăng ký lại", "Các đợt sắp tới"]
    bar = page.partition('class="bottom-bar"')[2]
    return [name for name in names if name in bar]


# --- Each state ----------------------------------------------------------------------------------

CHANGES = ["Đổi giờ", "Nhường chỗ cho người khác"]


@pytest.mark.parametrize(
    ("state", "drive", "when", "shown", "offered"),
    [
        ({}, {}, NOW, ("done", "Đã giữ chỗ"), ["Tôi sẽ đến", *CHANGES]),
        ({"confirmed_at": NOW}, {}, NOW, ("done", "Đã báo sẽ đến"), CHANGES),
        (
            {"status": "waitlisted"},
            {},
            NOW,
            ("waiting", "Danh sách chờ"),
            ["Đổi giờ", "Rời danh sách chờ"],
        ),
        ({"status": "cancelled"}, {}, NOW, ("gave-up", "Đã nhường"), ["Đăng ký lại"]),
        ({}, {}, DRIVE_STARTS, ("look", "Đến giờ rồi"), []),
        ({"status": "checked_in"}, {}, DRIVE_STARTS, ("done", "Đã đến"), []),
        ({}, {}, DRIVE_STARTS + timedelta(days=1), ("neutral", "Đã kết thúc"), ["Các đợt sắp tới"]),
        (
            {"status": "cancelled"},
            {"cancelled_at": NOW, "cancel_reason": "Bão số 9"},
            NOW,
            ("refused", "Đã hủy"),
            ["Các đợt sắp tới"],
        ),
    ],
)
def test_own_page_in_each_state(client, clock, state, drive, when, shown, offered):
    slot = DriveFactory(slots=1, **drive).slots.get()
    held = RegistrationFactory(slot=slot, full_name=NAME, **state)
    clock.move_to(when, tick=False)

    page = page_of(client, held)

    assert (badge(page), buttons(page)) == (shown, offered)
    has_ticket = shown[1] in ("Đã giữ chỗ", "Đã báo sẽ đến", "Đến giờ rồi", "Đã đến")
    assert ("<svg width=" in page, format_code(held.code) in page) == (has_ticket, has_ticket)
    assert held.phone not in page
    assert "07:00" in page
    if drive:
        assert "Bão số 9" in page
    for path, known in {"ticket.png": has_ticket, "move/": "Đổi giờ" in offered}.items():
        assert show(client, held, path).status_code in ((200,) if known else (302, 404))


def test_own_page_names_the_time_in_the_drives_zone(client):
    slot = DriveFactory(slots=1, starts_at=DRIVE_STARTS - timedelta(hours=8)).slots.get()

    page = page_of(client, RegistrationFactory(slot=slot))

    assert "23:00" in page
    assert "Thứ\xa0Sáu<br>04/12/2026" in page


def test_own_page_shows_the_queue_number_and_the_place_in_line(client):
    slot = DriveFactory(slots=1, slots__capacity=1).slots.get()
    arrived = RegistrationFactory(slot=slot, status=STATUS.CHECKED_IN, queue_number=58)
    RegistrationFactory(slot=slot, status=STATUS.WAITLISTED)
    waiting = RegistrationFactory(slot=slot, status=STATUS.WAITLISTED)

    assert 'figure-number">58<' in page_of(client, arrived)
    assert 'figure-number">2<' in page_of(client, waiting)


def test_own_page_of_who_gave_no_address_says_that_nothing_is_sent(client):
    with_address, without = RegistrationFactory(), RegistrationFactory(email="")

    assert "Chưa có email" in page_of(client, without)
    assert "Chưa có email" not in page_of(client, with_address)


def test_own_page_says_that_time_or_place_was_changed(client):
    slot = DriveFactory(slots=1, revision=1).slots.get()

    assert "Ban tổ chức đã đổi giờ hoặc nơi." in page_of(client, RegistrationFactory(slot=slot))


def test_opening_pages_changes_nothing(client):
    held = RegistrationFactory()
    before = Registration.objects.values().get()

    for path in ("", "confirm/", "move/", "cancel/", "details/", "ticket.ics", "ticket.png"):
        assert show(client, held, path).status_code in (200, 302)

    assert Registration.objects.values().get() == before
    assert not Message.objects.exists()


def test_own_pages_stay_out_of_caches_search_engines_and_referrers(client):
    held = RegistrationFactory()

    for path in ("", "move/", "cancel/", "details/", "ticket.ics", "ticket.png"):
        headers = show(client, held, path).headers
        assert headers["Cache-Control"] == "no-store"
        assert (headers["X-Robots-Tag"], headers["Referrer-Policy"]) == ("noindex", "no-referrer")


@pytest.mark.parametrize("path", ["confirm", "move", "cancel", "details"])
def test_a_form_from_elsewhere_is_not_taken(client, path):
    held = RegistrationFactory()

    response = client.post(
        f"{manage_path(held)}{path}/", {}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    held.refresh_from_db()
    assert (response.status_code, held.status) == (403, STATUS.REGISTERED)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Robots-Tag"] == "noindex"
    assert response.headers["Referrer-Policy"] == "no-referrer"


# --- What may be done ----------------------------------------------------------------------------


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

    sent = {k: second.public_id if v == "second" else v for k, v in typed.items()}
    own = client.get(post(client, held, page, **sent).url).content.decode()

    sentence = "Thư mới nhất không được gửi: địa chỉ này đã nhận nhiều thư trong ngày."
    assert sentence not in before
    assert sentence in organizer.get(person).content.decode()
    assert "nhận nhiều thư" in own


def test_reminders_can_be_stopped_whatever_an_address_got_today(client, settings):
    settings.LIMITS = settings.LIMITS | read_limits({"REGISTRATIONS_EMAIL": "1/d"})
    held = RegistrationFactory(consent_reminders=True)
    assert post(client, held, "details", full_name="Ân").status_code == 302

    answer = post(client, held, "details", consents=["registration"])

    held.refresh_from_db()
    assert (answer.status_code, held.consent_reminders) == (302, False)


# --- Links that lead nowhere ---------------------------------------------------------------------


@pytest.mark.parametrize("token", ["x", "A" * 32, "%C3%A9" * 4, "A" * 3000])
def test_a_wrong_link_says_so_and_what_comes_next(client, token):
    response = client.get(f"/r/{token}/")

    page = response.content.decode()
    assert response.status_code == 404
    assert "Liên kết này không còn dùng được" in page
    assert 'href="/lost/"' in page


def test_a_link_that_has_ended_is_answered_like_a_wrong_one(client, clock):
    held = RegistrationFactory()
    clock.move_to(held.drive.ends_at + timedelta(days=31), tick=False)

    assert show(client, held).content == client.get("/r/x/").content


def test_guessing_links_ends_but_real_ones_go_on(client, settings):
    settings.LIMITS = settings.LIMITS | read_limits({"MISSES": "2/h"})
    held = RegistrationFactory()

    guesses = [client.get("/r/x/") for _n in range(3)]

    assert [response.status_code for response in guesses] == [404, 404, 429]
    assert "Mời thử lại sau" in guesses[2].content.decode()
    assert int(guesses[2].headers["Retry-After"]) > 0
    assert show(client, held).status_code == 200


# --- Files ---------------------------------------------------------------------------------------


def test_the_picture_shows_the_ticket_to_a_camera(client):
    held = RegistrationFactory(full_name=NAME)

    response = show(client, held, "ticket.png")

    picture = Image.open(BytesIO(response.content))
    [code] = zxingcpp.read_barcodes(picture.convert("L"))
    assert response.headers["Content-Type"] == "image/png"
    assert (code.text, code.ec_level) == (ticket_of(held), "M")
    assert len(response.content) < 60_000


@pytest.mark.parametrize("name", ["An", "W" * 100, "Nguyễn " * 14, "王小明"])
def test_the_picture_takes_every_name(client, name):
    assert show(client, RegistrationFactory(full_name=name), "ticket.png").status_code == 200


def test_the_qr_code_of_the_page_has_whole_pixels_and_a_quiet_zone(client):
    page = page_of(client, RegistrationFactory())

    drawn = re.search(r'<svg width="(\d+)".*?viewBox="0 0 (\d+) ', page)
    assert drawn
    side, modules = map(int, drawn.groups())

    assert side % modules == 0
    assert (modules - 8) * (side // modules) >= 205
    assert (modules - 17 - 8) // 4 <= 7  # version
    assert "M4,4H5V5H4z" in page  # the first module, after a quiet zone of four


def test_the_calendar_file_follows_the_place(client):
    first, second = DriveFactory(slots=2, revision=2).slots.all()
    held = RegistrationFactory(slot=first)

    def event():
        calendar = Calendar.from_ical(show(client, held, "ticket.ics").content)
        [entry] = calendar.walk("VEVENT")
        return calendar["METHOD"], entry

    method, before = event()
    post(client, held, "move", slot=second.public_id)
    _method, moved = event()
    post(client, held, "cancel")
    method_after, cancelled = event()

    assert (method, method_after) == ("PUBLISH", "CANCEL")
    assert before["UID"] == moved["UID"] == cancelled["UID"]
    assert [e["SEQUENCE"] for e in (before, moved, cancelled)] == [2, 3, 4]
    assert (before["DTSTART"].dt, moved["DTSTART"].dt) == (first.starts_at, second.starts_at)
    assert cancelled["STATUS"] == "CANCELLED"
