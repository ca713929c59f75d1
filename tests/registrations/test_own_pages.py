"""A volunteer's own page: what it shows in each state, its links and its files."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
import zxingcpp
from icalendar import Calendar
from PIL import Image

from backend.limits import read_limits
from events.registrations.models import Registration
from events.registrations.signing import ticket_of
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_path
from notifications.models import Message
from tests.factories import DRIVE_STARTS, NOW, DriveFactory, RegistrationFactory
from tests.registrations.own_pages import NAME, page_of, post, show

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
STATUS = Registration.Status


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
