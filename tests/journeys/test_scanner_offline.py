"""Scanning without a network, and what becomes of it: once each, and no lies."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserType, expect

from tests.journeys.conftest import (
    CLOCK_IS_OFF,
    VIEWPORT,
    NewPhone,
    People,
    Phone,
    forged,
    query,
    scans_arrived_once,
    stored,
)
from tests.services import camera
from tests.services.processes import wait_until
from tests.services.web import Web


def test_without_the_server_scanning_goes_on_and_every_scan_arrives_once(
    phone: Phone, people: People, web: Web
):
    here, later, walked = people.on_time(), people.on_time(), "Phùng Thị Lan Chi"
    page = phone.page
    phone.keeps_the_page()

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

    assert len(scans_arrived_once(web, phone)) == 5
    assert stored(web, here.id) == [
        ("pass", "accepted", "accepted"),
        ("pass", "already_scanned", "already_scanned"),
    ]


def test_two_phones_that_let_the_same_ticket_in_both_hear_who_came_first(
    new_phone: NewPhone, people: People
):
    """The first of them by its own clock, three hours fast, would be the last."""
    person = people.on_time()
    first = new_phone(clock_is_off=timedelta(hours=3)).enrol("Máy một")
    second = new_phone().enrol("Máy hai")

    first.context.set_offline(True)
    first.scan(person.ticket, "accepted")
    first.back()
    second.scan(person.ticket, "accepted")
    second.back()
    second.all_sent()
    first.context.set_offline(False)

    then = r"lúc \d\d:\d\d"
    words = (
        f"{re.escape(person.name)} vào hai lần: "
        f"trước ở Máy {_number(first)} {then}, sau ở Máy {_number(second)} {then}"
    )
    for phone in (first, second):
        phone.look_at_the_server()
        expect(phone.page.locator(".scan-news")).to_contain_text(re.compile(words), timeout=40_000)
    first.press("Đã rõ")
    expect(first.page.locator(".scan-news")).to_be_empty()

    # It was one person after all: a device may take back what it did, whoever was the first.
    first.page.locator(".last-scan").get_by_role("button", name="Hoàn tác").click()
    expect(first.page.locator(".last-scan")).to_contain_text("Đã hoàn tác")
    first.all_sent()
    second.look_at_the_server()
    expect(second.page.locator(".scan-news")).to_be_empty(timeout=20_000)


def test_a_page_loaded_again_without_a_network_still_knows_how_far_its_clock_is_off(
    new_phone: NewPhone, people: People
):
    """By its own clock everybody would be three hours late."""
    person = people.on_time()
    phone = new_phone(clock_is_off=timedelta(hours=3)).enrol()
    phone.keeps_the_page()

    phone.context.set_offline(True)
    phone.page.reload()
    phone.is_ready()

    phone.scan(person.ticket, "accepted")


def _number(phone: Phone) -> str:
    [device] = [row for row in phone.kept("kept") if isinstance(row, dict) and "token" in row]
    return str(device["label"][1:])


def test_a_page_killed_before_its_scan_was_sent_and_an_answer_that_was_lost(
    phone: Phone, people: People, web: Web
):
    first, second = people.on_time(), people.on_time()
    phone.keeps_the_page()
    lost: list[str] = []

    def lose(route: Any) -> None:
        if len(lost) >= 2:
            route.continue_()
            return
        lost.append(route.fetch().text())  # the server has taken them; the phone never hears
        route.abort()

    phone.context.route("**/checkin/scans/", lambda route: route.abort())
    phone.scan(first.ticket, "accepted")
    phone.reopen()
    phone.page.get_by_role("button", name=re.compile("Bắt đầu quét|Quét tiếp")).click()
    phone.is_ready()
    expect(phone.page.locator(".last-scan")).to_contain_text(first.name)
    phone.context.unroute("**/checkin/scans/")
    phone.context.route("**/checkin/scans/", lose)
    phone.scan(second.ticket, "accepted")
    phone.back()
    phone.all_sent()

    assert len(lost) == 2
    assert len(scans_arrived_once(web, phone)) == 2
    assert [stored(web, one.id) for one in (first, second)] == [
        [("pass", "accepted", "accepted")]
    ] * 2


def test_two_tabs_of_one_device_share_what_they_know_and_send_it_once(
    phone: Phone, people: People, web: Web
):
    here, there = people.on_time(), people.on_time()
    phone.keeps_the_page()
    other = Phone(web, phone.context).open(f"{web.url}/scan/")
    other.press("Bắt đầu quét")
    other.is_ready()

    web.stop()
    try:
        phone.scan(here.ticket, "accepted")
        phone.back()
        other.scan(there.ticket, "accepted")
        other.back()
        other.scan(here.ticket, "already_scanned")
        expect(other.verdict).to_contain_text("tại máy này")
        other.press("Quét tiếp")
        temporary = [scan["temporary"] for scan in phone.kept("scans") if scan["temporary"]]
        assert sorted(number[-2:] for number in temporary) == ["01", "02"]
    finally:
        web.start()
    for tab in (phone, other):
        tab.look_at_the_server()
        tab.all_sent()

    assert len(scans_arrived_once(web, phone)) == 3
    assert stored(web, there.id) == [("pass", "accepted", "accepted")]


def test_the_whole_browser_killed_before_anything_was_sent_loses_nothing(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    people: People,
    web: Web,
    tmp_path: Path,
):
    """The phone's battery dies, and its clock begins again in 2019."""
    scanned, after = people.on_time(), people.on_time()
    profile = tmp_path / "profile"
    options = {**browser_type_launch_args, **browser_context_args, "viewport": VIEWPORT}
    context = browser_type.launch_persistent_context(profile, **options)
    camera.install(context)
    phone = Phone(web, context).enrol()
    phone.keeps_the_page()

    web.stop()
    try:
        phone.scan(scanned.ticket, "accepted")
        _kill(profile)
        context = browser_type.launch_persistent_context(profile, **options)
        camera.install(context)
        back = datetime(2019, 1, 1, tzinfo=UTC) - datetime.now(UTC)
        context.add_init_script(CLOCK_IS_OFF % (back / timedelta(milliseconds=1)))
        phone = Phone(web, context).open(f"{web.url}/scan/")
        expect(phone.page.locator('[data-check="clock"]')).to_contain_text("Đồng hồ sai")
        phone.press("Bắt đầu quét")
        phone.is_ready()
        expect(phone.page.locator(".last-scan")).to_contain_text(scanned.name)
        phone.scan(scanned.ticket, "already_scanned")
        phone.press("Quét tiếp")
        phone.scan(after.ticket, "accepted")
        phone.back()
    finally:
        web.start()
    phone.look_at_the_server()
    phone.all_sent()
    assert len(scans_arrived_once(web, phone)) == 3
    context.close()

    for person in (scanned, after):
        assert stored(web, person.id)[0] == ("pass", "accepted", "accepted")
        [[first]] = query(
            web,
            "SELECT min(s.corrected_at) FROM checkin_scan s JOIN registrations_registration r"
            " ON r.id = s.registration_id WHERE r.public_id = ?",
            person.id,
        )
        away = datetime.now(UTC) - datetime.fromisoformat(first).replace(tzinfo=UTC)
        assert timedelta(0) <= away < timedelta(minutes=5)


def _kill(profile: Path) -> None:
    """End the browser of a profile, and no other, without a word."""

    def alive() -> list[int]:
        found = []
        for one in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(profile) in one.read_bytes().decode(errors="replace"):
                    found.append(int(one.parent.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
        return found

    for pid in alive():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(), what="the end of the browser")
    for lock in profile.glob("Singleton*"):
        lock.unlink(missing_ok=True)


def test_somebody_who_gave_up_and_is_let_in_without_a_network_is_told_of(
    phone: Phone, people: People, web: Web
):
    person = people.early()  # whose time has begun cannot give the place up any more

    phone.context.set_offline(True)
    web.call("DELETE", f"registrations/{person.manage_token}/", token="")
    phone.scan(person.ticket, "too_early")
    phone.press("Cho vào luôn")
    expect(phone.page.locator('[data-verdict="accepted"]')).to_be_visible()
    phone.back()
    phone.context.set_offline(False)
    phone.look_at_the_server()

    expect(phone.page.locator(".scan-news")).to_contain_text(
        f"{person.name} đã nhường chỗ", timeout=40_000
    )
    assert stored(web, person.id) == [
        ("pass", "revoked", "too_early"),
        ("pass", "revoked", "accepted"),
    ]


def test_a_device_that_was_ended_meanwhile_sends_what_it_has_and_erases_itself(
    phone: Phone, people: People, web: Web
):
    person = people.on_time()
    with_number = "UPDATE checkin_device SET revoked_at = ? WHERE number = ? AND drive_id = ?"

    web.stop()
    try:
        phone.scan(person.ticket, "accepted")
        _write(web, with_number, int(_number(phone)))
    finally:
        web.start()

    expect(phone.page.get_by_role("heading", name="không còn quyền quét")).to_be_visible(
        timeout=30_000
    )
    assert phone.kept("people") == []
    assert _is_set_apart(web, person.id)  # until the organizer takes it


def test_somebody_registered_on_a_device_that_was_ended_meanwhile_is_handed_in_and_taken(
    phone: Phone, web: Web, browser: Browser, browser_context_args: dict[str, Any]
):
    page, walked, number = phone.page, "Giàng Thị Dợ", int(_number(phone))
    people = "SELECT birth_year, status, source FROM registrations_registration WHERE full_name = ?"

    web.stop()
    try:
        phone.press("Chưa có vé")
        page.get_by_label("Họ và tên").fill(walked)
        page.get_by_label("Năm sinh").fill("1994")
        page.get_by_role("button", name="Cấp số").click()
        expect(page.get_by_role("heading", name="Số tạm của anh/chị")).to_be_visible()
        _write(
            web,
            "UPDATE checkin_device SET revoked_at = ? WHERE number = ? AND drive_id = ?",
            number,
        )
    finally:
        web.start()
    expect(page.get_by_role("heading", name="không còn quyền quét")).to_be_visible(timeout=30_000)
    left = [phone.kept(store) for store in ("people", "walkIns", "scans")]
    before = query(web, people, walked)

    user = web.demo["users"]["organizer"]
    organizer = browser.new_context(**browser_context_args).new_page()
    organizer.goto(f"{web.base_url}/login/?next=/manage/drives/{web.slug}/devices/{number}/late/")
    organizer.fill("[name=login]", user["login"])
    organizer.fill("[name=password]", user["password"])
    organizer.keyboard.press("Enter")
    row = organizer.get_by_role("row", name=walked)
    expect(row).to_contain_text("Sẽ được đăng ký và tính là đã đến")
    organizer.get_by_role("button", name="Nhận các lượt này").click()
    expect(organizer.get_by_role("status")).to_contain_text("Đã nhận")
    organizer.context.close()

    assert (left, before) == ([[], [], []], [])
    assert query(web, people, walked) == [(1994, "checked_in", "walk_in")]


def test_another_phones_check_in_is_told_with_its_time(new_phone: NewPhone, people: People):
    person = people.on_time()
    first, second = new_phone().enrol(), new_phone().enrol()

    first.scan(person.ticket, "accepted")
    first.back()
    first.all_sent()
    second.scan(person.ticket, "already_scanned")

    expect(second.verdict).to_contain_text(re.compile(r"tại Máy \d+"))


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
