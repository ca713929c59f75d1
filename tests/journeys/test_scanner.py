"""The scanner on a phone, before the real server, with and without it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import BrowserType, expect

from tests.journeys.conftest import (
    VIEWPORT,
    People,
    Phone,
    forged,
    query,
    registration_id,
    stored,
    stored_ids,
)
from tests.journeys.reading import read_qr
from tests.services import camera
from tests.services.chromium import LAUNCH_FLAGS
from tests.services.product import ROOT
from tests.services.web import Web

NewPhone = Callable[..., Phone]
AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text
# A made-up card: number, old number, name, birth, sex, address, issue.
CITIZEN_CARD = "001097000123||Nguyễn Văn An|05031997|Nam|Số 1, Ba Đình, Hà Nội|12052021"


def violations(phone: Phone) -> list[tuple[str, str]]:
    phone.page.evaluate(AXE())
    found = phone.page.evaluate("axe.run()")["violations"]
    return [(rule["id"], node["html"][:160]) for rule in found for node in rule["nodes"]]


def test_a_ticket_is_accepted_once_and_its_number_stays(phone: Phone, people: People, web: Web):
    person = people.on_time()

    phone.scan(person.ticket, "accepted")
    number = phone.page.locator('[data-part="number-figure"]')
    expect(number).to_have_text(re.compile(r"^\d+$"))
    given = number.inner_text()
    expect(phone.verdict).to_contain_text(person.name)
    phone.back()
    expect(phone.page.locator(".last-scan")).to_contain_text(f"Số {given}")
    phone.page.wait_for_timeout(1_500)
    phone.scan(person.ticket, "already_scanned")

    expect(phone.verdict).to_contain_text(f"số {given}")
    expect(phone.verdict).to_contain_text("tại máy này")
    phone.press("Quét tiếp")
    phone.all_sent()
    assert stored(web, person.id) == [
        ("pass", "accepted", "accepted"),
        ("pass", "already_scanned", "already_scanned"),
    ]


def test_an_invalid_code_never_stops_the_next(phone: Phone, people: People, web: Web):
    person = people.on_time()

    phone.scan(forged(person.ticket), "bad_signature")
    phone.page.wait_for_timeout(1_000)
    phone.scan(CITIZEN_CARD, "malformed")
    phone.page.wait_for_timeout(1_000)
    phone.scan(forged(person.ticket, at=3), "wrong_drive")
    phone.page.wait_for_timeout(1_000)
    phone.scan(person.ticket, "accepted")

    phone.back()
    phone.all_sent()
    kept = str(phone.kept("scans"))
    assert [word for word in ("001097000123", "Ba Đình") if word in kept] == []
    assert stored(web, person.id) == [("pass", "accepted", "accepted")]


def test_the_same_code_is_ignored_while_it_stays_in_the_frame(phone: Phone, people: People):
    person = people.on_time()

    phone.show(person.ticket)
    expect(phone.page.locator('[data-verdict="accepted"]')).to_be_visible()
    phone.page.wait_for_timeout(6_000)

    assert len(phone.kept("scans")) == 1


def test_undo_takes_a_check_in_back(phone: Phone, people: People, web: Web):
    person = people.on_time()
    phone.scan(person.ticket, "accepted")

    phone.page.locator("#verdict").get_by_role("button", name="Hoàn tác").click()
    expect(phone.page.locator(".last-scan")).to_contain_text("Đã hoàn tác")
    phone.all_sent()
    assert [kind for kind, *_ in stored(web, person.id)] == ["pass", "undo"]
    phone.page.wait_for_timeout(3_100)
    phone.scan(person.ticket, "accepted")


def test_early_people_wait_or_are_let_in(phone: Phone, people: People, web: Web):
    person = people.early()

    phone.scan(person.ticket, "too_early")
    expect(phone.verdict).to_contain_text("Đến sớm")
    expect(phone.verdict).to_contain_text("Mời chờ đến")
    phone.press("Cho vào luôn")

    expect(phone.page.locator('[data-verdict="accepted"]')).to_be_visible()
    phone.back()
    phone.all_sent()
    assert [verdict for _, verdict, _ in stored(web, person.id)] == ["too_early", "accepted"]


def test_somebody_is_found_and_let_in_with_two_taps(phone: Phone, people: People, web: Web):
    person = people.on_time()
    phone.press("Tìm, nhập mã")

    phone.page.get_by_label("Tên, mã vé").fill(person.phone_last4)
    phone.page.get_by_role("button", name=f"Mời vào: {person.name}").click()

    expect(phone.page.locator('[data-verdict="accepted"]')).to_contain_text(person.name)
    phone.back()
    phone.all_sent()
    assert [verdict for _, verdict, _ in stored(web, person.id)] == ["accepted"]


def test_a_typed_code_is_judged_like_a_ticket(phone: Phone, people: People):
    person = people.on_time()
    phone.press("Tìm, nhập mã")
    field = phone.page.get_by_label("Tên, mã vé")

    field.fill(person.code.lower().replace("-", " "))
    field.press("Enter")
    expect(phone.page.locator('[data-verdict="accepted"]')).to_contain_text(person.name)
    phone.back()
    phone.press("Tìm, nhập mã")
    field.fill("7KQ4-M2XP"[:8] + "0")
    field.press("Enter")

    expect(phone.page.locator('[data-verdict="malformed"]')).to_be_visible()


def test_a_hand_held_scanner_types_wherever_the_focus_is(phone: Phone, people: People):
    first, second = people.on_time(), people.on_time()

    phone.page.keyboard.type(first.ticket, delay=1)
    phone.page.keyboard.press("Enter")
    expect(phone.page.locator('[data-verdict="accepted"]')).to_contain_text(first.name)
    phone.back()
    phone.press("Chưa có vé")
    name = phone.page.get_by_label("Họ và tên")
    name.fill("Lê")
    name.focus()
    phone.page.keyboard.type(second.ticket, delay=1)
    phone.page.keyboard.press("Enter")

    expect(phone.page.locator('[data-verdict="accepted"]')).to_contain_text(second.name)


def test_a_walk_in_needs_three_fields_and_takes_the_ticket_along(phone: Phone, web: Web):
    phone.press("Chưa có vé")
    page = phone.page

    page.get_by_role("button", name="Cấp số").click()
    expect(page.get_by_text("Nhập họ và tên.")).to_be_visible()
    page.get_by_label("Họ và tên").fill("Lê Văn Quyết")
    page.get_by_label("Năm sinh").fill("1991")
    page.get_by_label("Điện thoại").fill("0912 000 965")
    page.get_by_role("button", name="Cấp số").click()

    expect(page.get_by_role("heading", name="Số của anh/chị")).to_be_visible()
    expect(page.locator(".your-number-figure")).to_have_text(re.compile(r"^\d+$"))
    expect(page.get_by_role("img", name="Mã QR của vé")).to_be_visible()
    [kept] = phone.kept("walkIns")
    assert (kept["wire"]["phone"], kept["wire"]["birth_year"]) == ("", 0)
    ticket = kept["result"]["ticket"]
    page.get_by_role("button", name="Người tiếp theo").click()
    expect(page.locator(".last-scan")).to_contain_text("Lê Văn Quyết")
    phone.scan(ticket, "already_scanned")
    assert next(verdict for _, verdict, _ in stored(web, registration_id(ticket))) == "accepted"


def test_a_walk_in_who_may_be_registered_is_asked_about(phone: Phone, people: People):
    person = people.on_time()
    phone.press("Chưa có vé")
    page = phone.page

    page.get_by_label("Họ và tên").fill(person.name.upper())
    page.get_by_label("Năm sinh").fill("1990")
    page.get_by_label("Điện thoại").fill(f"091200{person.phone_last4}")
    expect(page.get_by_text("Có thể đã đăng ký")).to_be_visible()
    page.get_by_role("button", name="Cấp số").click()
    expect(page.locator(".your-number")).to_have_count(0)
    page.get_by_role("button", name="Đúng người này").click()

    expect(page.locator('[data-verdict="accepted"]')).to_contain_text(person.name)
    assert phone.kept("walkIns") == []


def test_without_the_server_scanning_goes_on_and_every_scan_arrives_once(
    phone: Phone, people: People, web: Web
):
    here, later, walked = people.on_time(), people.on_time(), "Hoàng Thị Thu Hương"
    page = phone.page
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")

    web.stop()
    try:
        phone.scan(here.ticket, "accepted")
        expect(phone.verdict).to_contain_text("Số tạm")
        expect(phone.verdict).to_contain_text(re.compile(r"M\d+-01"))
        phone.back()
        phone.scan(forged(later.ticket), "bad_signature")
        phone.press("Quét tiếp")
        page.reload()
        phone.is_ready()
        expect(page.locator(".last-scan")).to_contain_text(here.name)
        phone.scan(here.ticket, "already_scanned")
        phone.press("Quét tiếp")
        phone.scan(later.ticket, "accepted")
        expect(phone.verdict).to_contain_text("Mất mạng")
        phone.back()
        phone.press("Chưa có vé")
        page.get_by_label("Họ và tên").fill(walked)
        page.get_by_label("Năm sinh").fill("1994")
        page.get_by_role("button", name="Cấp số").click()
        expect(page.get_by_role("heading", name="Số tạm của anh/chị")).to_be_visible()
        expect(page.locator(".your-number-figure")).to_have_text(re.compile(r"M\d+-03"))
    finally:
        web.start()
    # The number becomes final by itself, on the screen that the donor looks at.
    expect(page.get_by_role("heading", name="Số của anh/chị")).to_be_visible(timeout=40_000)
    page.get_by_role("button", name="Người tiếp theo").click()
    phone.all_sent()

    sent = [scan["id"] for scan in phone.kept("scans")]
    assert len(sent) == 5
    assert sorted(stored_ids(web, sent)) == sorted(id.replace("-", "") for id in sent)
    assert stored(web, here.id) == [
        ("pass", "accepted", "accepted"),
        ("pass", "already_scanned", "already_scanned"),
    ]


def test_two_phones_that_let_the_same_ticket_in_both_hear_of_it(
    new_phone: NewPhone, people: People, web: Web
):
    person = people.on_time()
    first, second = new_phone().enrol("Máy một"), new_phone().enrol("Máy hai")

    second.context.set_offline(True)
    first.scan(person.ticket, "accepted")
    first.back()
    first.all_sent()
    second.scan(person.ticket, "accepted")
    second.back()
    second.context.set_offline(False)

    for phone in (first, second):
        phone.page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(phone.page.locator(".scan-news")).to_contain_text(
            f"{person.name} vào hai lần", timeout=40_000
        )
    first.page.get_by_role("button", name="Đã rõ").click()
    expect(first.page.locator(".scan-news")).to_be_empty()


def test_another_phones_check_in_is_told_with_its_time(new_phone: NewPhone, people: People):
    person = people.on_time()
    first, second = new_phone().enrol(), new_phone().enrol()

    first.scan(person.ticket, "accepted")
    first.back()
    first.all_sent()
    second.scan(person.ticket, "already_scanned")

    expect(second.verdict).to_contain_text(re.compile(r"tại Máy \d+"))


def test_signing_off_erases_everything(phone: Phone, people: People, web: Web):
    phone.scan(people.on_time().ticket, "accepted")
    phone.back()
    phone.page.locator('[data-do="ready"]').click()

    phone.press("Trả máy này")
    phone.press("Trả máy và xóa")

    expect(phone.page.get_by_role("heading", name="Đã trả máy")).to_be_visible()
    assert [phone.kept(store) for store in ("kept", "people", "scans", "walkIns")] == [[]] * 4
    phone.page.reload()
    expect(phone.page.get_by_role("heading", name="chưa dùng để quét")).to_be_visible()


def test_the_next_helpers_phone_takes_over_with_one_tap(phone: Phone, new_phone: NewPhone):
    phone.page.locator('[data-do="ready"]').click()
    phone.press("Thêm máy cho người tiếp theo")
    shown = phone.page.get_by_role("img", name="Mã QR để thêm máy")
    expect(shown).to_be_visible()

    link = read_qr(phone, shown.evaluate("svg => new XMLSerializer().serializeToString(svg)"))
    following = new_phone().open(link)
    following.press("Dùng máy này để quét")

    following.is_ready()


def test_an_organizer_who_ends_a_device_ends_it_with_all_scans_sent(
    phone: Phone, people: People, web: Web
):
    [device] = [row for row in phone.kept("kept") if isinstance(row, dict) and "token" in row]
    person = people.on_time()

    with_number = "UPDATE checkin_device SET revoked_at = ? WHERE number = ? AND drive_id = ?"
    _write(web, with_number, int(device["label"][1:]))
    phone.scan(person.ticket, "accepted")

    expect(phone.page.get_by_role("heading", name="không còn quyền quét")).to_be_visible(
        timeout=30_000
    )
    assert phone.kept("people") == []
    assert _is_set_apart(web, person.id)  # until the organizer takes it


def test_a_drive_that_is_changed_or_cancelled_is_judged_so_without_a_network(
    phone: Phone, people: People, web: Web
):
    early, other = people.early(), people.on_time()
    token = f"Bearer {web.demo['api_tokens']['organizer']}"
    drive = f"manage/drives/{web.slug}/"
    try:
        web.call("PATCH", drive, {"tolerance_minutes": 600}, token=token)
        _hears_of(phone, "tolerance_minutes", 600)
        phone.context.set_offline(True)
        phone.scan(early.ticket, "accepted")
        phone.back()
        phone.context.set_offline(False)

        _cancel(web, datetime.now(UTC))
        _hears_of(phone, "cancelled", True)
        phone.context.set_offline(True)
        phone.scan(other.ticket, "revoked")
        expect(phone.verdict).to_contain_text("Đợt hiến máu đã hủy")
    finally:
        _cancel(web, None)
        web.call("PATCH", drive, {"tolerance_minutes": 30}, token=token)


def _hears_of(phone: Phone, name: str, value: object) -> None:
    """Wait until the device has it of its drive; it asks at once when its page is looked at."""
    for _try in range(40):
        phone.page.evaluate("dispatchEvent(new Event('focus'))")
        [kept] = [row for row in phone.kept("kept") if isinstance(row, dict) and "token" in row]
        if kept["drive"][name] == value:
            return
        phone.page.wait_for_timeout(500)
    raise AssertionError(kept["drive"])


def _cancel(web: Web, at: datetime | None) -> None:
    """Cancel the drive or, where others go on with it, take that back."""
    with sqlite3.connect(web.database, timeout=20) as database:
        moment = at and at.strftime("%Y-%m-%d %H:%M:%S.%f")
        statement = "UPDATE drives_drive SET cancelled_at = ? WHERE slug = ?"
        database.execute(statement, [moment, web.slug])


def _is_set_apart(web: Web, registration: str) -> bool:
    [scan] = query(
        web,
        "SELECT s.set_apart, s.counts FROM checkin_scan s JOIN registrations_registration r"
        " ON r.id = s.registration_id WHERE r.public_id = ?",
        registration,
    )
    return bool(scan == (1, 0))


def _write(web: Web, statement: str, number: int) -> None:
    with sqlite3.connect(web.database, timeout=20) as database:
        [[drive]] = database.execute(
            "SELECT id FROM drives_drive WHERE slug = ?", [web.slug]
        ).fetchall()
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        database.execute(statement, [now, number, drive])


@pytest.mark.parametrize(
    ("spoil", "title"),
    [("", "Mã này đã dùng rồi"), ("x", "Không có mã này")],
)
def test_a_code_that_is_no_good_says_what_to_do(
    new_phone: NewPhone, web: Web, spoil: str, title: str
):
    link = web.enrolment_url()
    if not spoil:
        body = {"code": link.split("#")[1], "name": "Người khác"}
        web.call("POST", "devices/enroll/", body, token="")

    phone = new_phone().open(link + spoil)
    phone.press("Dùng máy này để quét")

    expect(phone.page.get_by_role("alert")).to_contain_text(title)


def test_a_lost_answer_to_the_enrolment_is_asked_for_again(new_phone: NewPhone, web: Web):
    phone = new_phone()
    lost: list[str] = []

    def lose(route: Any) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().text())  # the server has answered; the phone never hears
        route.abort()

    phone.context.route("**/devices/enroll/", lose)
    phone.open(web.enrolment_url())
    phone.press("Dùng máy này để quét")
    expect(phone.page.get_by_role("alert")).to_contain_text("Chưa kết nối được máy chủ")
    phone.press("Dùng máy này để quét")

    phone.is_ready()
    [device] = [row for row in phone.kept("kept") if isinstance(row, dict) and "token" in row]
    assert device["token"] in lost[0]
    assert "#" not in phone.page.url


def test_a_blocked_camera_is_said_with_its_cure_and_codes_can_be_typed(
    new_phone: NewPhone, people: People, web: Web
):
    phone = new_phone()
    phone.context.add_init_script("window.fakeCamera.refuses = 'NotAllowedError'")
    phone.open(web.enrolment_url())
    phone.press("Dùng máy này để quét")

    expect(phone.page.get_by_role("heading", name="việc trước khi quét")).to_be_visible()
    expect(phone.page.locator('[data-check="camera"]')).to_have_attribute("data-state", "refused")
    phone.press("Nhập mã bằng tay, không dùng camera")
    phone.is_ready()
    phone.page.keyboard.type(people.on_time().ticket, delay=1)
    phone.page.keyboard.press("Enter")
    expect(phone.page.locator('[data-verdict="accepted"]')).to_be_visible()
    phone.back()
    phone.page.evaluate("window.fakeCamera.refuses = null")
    phone.press("Thử lại camera")
    expect(phone.page.locator(".camera-off")).to_be_hidden()


def test_a_camera_whose_stream_dies_comes_back_by_itself(phone: Phone, people: People):
    phone.page.evaluate("window.fakeCamera.die()")

    phone.page.wait_for_function("() => window.fakeCamera.streams.length > 1")
    phone.scan(people.on_time().ticket, "accepted")


def test_an_insecure_address_says_so_and_works_by_typing(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    tmp_path: Any,
):
    """Without https a browser gives neither camera nor signatures: then the server checks."""
    web = Web(tmp_path / "var", host="giothong.test")
    web.start()
    flags = [*LAUNCH_FLAGS, "--host-resolver-rules=MAP giothong.test 127.0.0.1"]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": flags})
    try:
        people = People(web)
        typed, held = people.on_time(), people.on_time()
        context = browser.new_context(**{**browser_context_args, "viewport": VIEWPORT})
        phone = Phone(web, context).open(web.enrolment_url())
        phone.press("Dùng máy này để quét")
        camera_row = phone.page.locator('[data-check="camera"]')
        expect(camera_row).to_have_attribute("data-state", "refused")
        expect(camera_row).to_contain_text("http")
        phone.press("Nhập mã bằng tay, không dùng camera")
        phone.is_ready()

        phone.press("Tìm, nhập mã")
        phone.page.get_by_label("Tên, mã vé").fill(typed.code)
        phone.page.keyboard.press("Enter")
        expect(phone.page.locator('[data-verdict="accepted"]')).to_contain_text(typed.name)
        phone.back()
        for ticket, verdict in ((forged(held.ticket), "bad_signature"), (held.ticket, "accepted")):
            phone.page.keyboard.type(ticket, delay=1)
            phone.page.keyboard.press("Enter")
            expect(phone.page.locator(f'[data-verdict="{verdict}"]')).to_be_visible()
        web.stop()
        phone.back()
        phone.page.keyboard.type(forged(held.ticket), delay=1)
        phone.page.keyboard.press("Enter")
        expect(phone.page.get_by_role("heading", name="Chưa kiểm được vé")).to_be_visible()
        assert phone.verdict.count() == 0
    finally:
        browser.close()
        web.stop()


def test_a_verdict_is_painted_soon_after_the_frame(
    phone: Phone, people: People, record_property: Callable[[str, object], None]
):
    for person in [people.on_time() for _ in range(8)]:
        phone.scan(person.ticket, "accepted")
        phone.page.wait_for_timeout(950)
        phone.back()

    took = sorted(
        phone.page.evaluate(
            "performance.getEntriesByName('frame-to-verdict').map(one => one.duration)"
        )
    )
    record_property("frame_to_verdict_ms", took)
    print("frame to painted verdict, ms:", [round(one) for one in took])
    assert len(took) == 8


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_screen_has_a_fault_that_axe_finds(
    new_phone: NewPhone, people: People, web: Web, scheme: str
):
    phone = new_phone(color_scheme=scheme)
    found: dict[str, list[tuple[str, str]]] = {}

    def look(name: str) -> None:
        found[name] = violations(phone)

    phone.open(f"{web.url}/scan/")
    expect(phone.page.get_by_role("heading", name="chưa dùng để quét")).to_be_visible()
    look("not enrolled")
    phone.page.close()
    phone.open(web.enrolment_url())
    phone.page.wait_for_timeout(500)
    look("enrol")
    phone.press("Dùng máy này để quét")
    phone.is_ready()
    look("ready")
    phone.press("Bắt đầu quét")
    look("camera")
    phone.scan(CITIZEN_CARD, "malformed")
    look("malformed")
    phone.page.keyboard.press("Escape")
    phone.scan(people.early().ticket, "too_early")
    look("too early")
    phone.page.locator("#verdict").get_by_role("button", name="Mời chờ").click()
    phone.press("Tìm, nhập mã")
    phone.page.get_by_label("Tên, mã vé").fill("nguyen")
    look("search")
    phone.press("Quay lại camera")
    phone.press("Chưa có vé")
    phone.press("Cấp số")
    look("walk-in")
    phone.show(CITIZEN_CARD)
    expect(phone.page.get_by_label("Họ và tên")).to_have_value("Nguyễn Văn An")
    phone.show(None)
    look("walk-in by card")

    assert {name: rules for name, rules in found.items() if rules} == {}


def test_a_video_of_tickets_is_read_in_order(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    people: People,
    web: Web,
    tmp_path: Any,
):
    """Chromium's own camera, fed by a video: nothing of the page is replaced."""
    shown = [people.on_time() for _ in range(3)]
    film = tmp_path / "tickets.mjpeg"
    camera.video(film, [person.ticket for person in shown], seconds=1.2, pause=0.4)
    flags = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": [*LAUNCH_FLAGS, *flags]})
    try:
        context = browser.new_context(**{**browser_context_args, "viewport": VIEWPORT})
        phone = Phone(web, context).open(web.enrolment_url())
        phone.press("Dùng máy này để quét")
        phone.is_ready()
        for _ in range(60):
            accepted = [s for s in phone.kept("scans") if s["wire"]["shown"] == "accepted"]
            if len(accepted) == len(shown):
                break
            phone.page.wait_for_timeout(250)
        ordered = [s["person"] for s in sorted(accepted, key=lambda s: s["order"])]
        took = phone.page.evaluate(
            "performance.getEntriesByName('frame-to-verdict').map(one => one.duration)"
        )
    finally:
        browser.close()

    ids = [person.id for person in shown]
    start = ids.index(ordered[0])  # the film loops: it may begin with any of them
    assert ordered == ids[start:] + ids[:start]
    assert len(took) >= len(shown)
