"""A phone becomes a device, and says what it is ready for and what is missing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserType, expect

from tests.journeys.conftest import VIEWPORT, NewPhone, People, Phone, forged
from tests.services.chromium import LAUNCH_FLAGS
from tests.services.web import Web


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


def test_an_insecure_address_says_so_and_works_by_typing(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    web: Web,
    people: People,
):
    """Without https a browser gives neither camera nor signatures: then the server checks."""
    insecure = Web(web.database.parent, host="giothong.test", beside=web)
    insecure.start()
    flags = [*LAUNCH_FLAGS, "--host-resolver-rules=MAP giothong.test 127.0.0.1"]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": flags})
    try:
        typed, held = people.on_time(), people.on_time()
        context = browser.new_context(**{**browser_context_args, "viewport": VIEWPORT})
        phone = Phone(insecure, context).open(insecure.enrolment_url())
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
        insecure.stop()
        phone.back()
        phone.page.keyboard.type(forged(held.ticket), delay=1)
        phone.page.keyboard.press("Enter")
        expect(phone.page.get_by_role("heading", name="Chưa kiểm được vé")).to_be_visible()
        assert phone.verdict.count() == 0
    finally:
        browser.close()
        insecure.stop()


# --- Ready or not -------------------------------------------------------------------------------


def states(phone: Phone) -> dict[str, str]:
    rows = phone.page.locator("[data-check]").all()
    return {
        str(row.get_attribute("data-check")): str(row.get_attribute("data-state")) for row in rows
    }


def check(phone: Phone, name: str) -> Any:
    return phone.page.locator(f'[data-check="{name}"]')


def test_the_page_says_what_it_is_ready_for_and_what_it_enforces(new_phone: NewPhone, web: Web):
    phone = new_phone().open(web.enrolment_url())
    phone.press("Dùng máy này để quét")
    phone.is_ready()
    page = phone.page

    expect(page.get_by_role("heading", name="Sẵn sàng quét")).to_be_visible()
    expect(check(phone, "version")).to_contain_text("mở được khi mất mạng")
    assert states(phone) == dict.fromkeys(
        ("roster", "keys", "clock", "camera", "storage", "version", "network"), "done"
    )
    count = len([one for one in phone.kept("people") if one["status"] != "cancelled"])
    expect(check(phone, "roster")).to_contain_text(f"{count}/{count} người")
    page.get_by_text("Khi mất mạng, máy này kiểm những gì").click()
    enforced = page.locator('[data-part="enforced"] li')
    expect(enforced).to_have_count(7)
    expect(enforced.first).to_have_text("Vé của đợt này, có chữ ký của ban tổ chức")
    expect(enforced.last).to_have_text("Đúng khung giờ, cho lệch 30 phút")


def test_what_changes_is_said_at_once_and_only_red_blocks(new_phone: NewPhone, web: Web):
    phone = new_phone(clock_is_off=timedelta(minutes=-4)).open(web.enrolment_url())
    phone.press("Dùng máy này để quét")
    phone.is_ready()
    page = phone.page
    phone.keeps_the_page()

    expect(check(phone, "clock")).to_have_attribute("data-state", "look")
    expect(check(phone, "clock")).to_contain_text("Đồng hồ chạy chậm 4 phút")
    expect(check(phone, "clock")).to_contain_text("Cài đặt, Ngày và giờ, bật Tự động")
    page.evaluate("window.clockIsOff = 0")
    expect(check(phone, "clock")).to_have_attribute("data-state", "done")
    web.stop()
    try:
        phone.look_at_the_server()
        expect(check(phone, "network")).to_have_attribute("data-state", "look")
        expect(page.get_by_role("heading", name="Sẵn sàng quét")).to_be_visible()
        page.evaluate("window.fakeCamera.refuses = 'NotAllowedError'; window.fakeCamera.die()")
        expect(check(phone, "camera")).to_have_attribute("data-state", "refused")
        expect(page.locator("[data-check]").first).to_have_attribute("data-check", "camera")
        phone.press("Kiểm tra lại")
        expect(page.locator(".camera")).to_have_count(0)
        page.evaluate("window.fakeCamera.refuses = null")
        phone.press("Kiểm tra lại")
        expect(check(phone, "camera")).to_have_attribute("data-state", "done")
        phone.press("Bắt đầu quét")
        phone.is_ready()
    finally:
        web.start()


def test_the_screen_stays_on_while_somebody_scans(new_phone: NewPhone):
    phone = new_phone()
    phone.context.add_init_script(
        "window.held = 0; Object.defineProperty(navigator, 'wakeLock', {value: {"
        "request: async () => (window.held++, {released: false})}})"
    )

    phone.enrol()

    assert phone.page.evaluate("window.held") == 1


@pytest.mark.parametrize(
    ("missing", "title"),
    [
        ("delete globalThis.WebAssembly", "Trình duyệt này không đọc được mã QR"),
        (
            "Object.defineProperty(navigator, 'mediaDevices', {value: undefined})",
            "Trình duyệt này không có camera",
        ),
    ],
    ids=["no WebAssembly", "no camera, as inside a chat app"],
)
def test_a_browser_that_cannot_read_codes_says_so_and_works_by_typing(
    new_phone: NewPhone, people: People, web: Web, missing: str, title: str
):
    phone = new_phone()
    phone.context.add_init_script(missing)
    typed, held = people.on_time(), people.on_time()
    phone.open(web.enrolment_url())
    phone.press("Dùng máy này để quét")

    expect(check(phone, "camera")).to_contain_text(title)
    expect(check(phone, "camera")).to_contain_text(re.compile("Chrome (hoặc|hay) Safari"))
    phone.press("Nhập mã bằng tay, không dùng camera")
    phone.is_ready()
    expect(phone.page.locator(".camera-off")).to_contain_text(title)
    phone.press("Tìm, nhập mã")
    phone.page.get_by_label("Tên, mã vé").fill(typed.code)
    phone.page.keyboard.press("Enter")
    expect(phone.page.locator('[data-verdict="accepted"]')).to_contain_text(typed.name)
    phone.back()
    phone.page.keyboard.type(held.ticket, delay=1)
    phone.page.keyboard.press("Enter")
    expect(phone.page.locator('[data-verdict="accepted"]')).to_contain_text(held.name)
