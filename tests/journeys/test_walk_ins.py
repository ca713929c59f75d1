"""Somebody without a ticket: on the list already, or registered without a network."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Route, expect

from tests.journeys.conftest import Phone, registration_id, stored
from tests.journeys.reading import read_qr
from tests.journeys.walk_ins import NewPhone, card, form, given, hold, registered
from tests.services.web import Web

# --- On the list already --------------------------------------------------------------------------


def telephones(web: Web, name: str, phone: str, **more: Any) -> dict[str, Any]:
    """Let the organizer register somebody for the last time of the day."""
    token = f"Bearer {web.demo['api_tokens']['organizer']}"
    slots = web.call("GET", f"drives/{web.slug}/", token="")["slots"]
    body = {
        "slot": slots[-1]["id"],
        "full_name": name,
        "phone": phone,
        "birth_year": 1991,
        "consents": ["registration"],
    } | more
    path = f"manage/drives/{web.slug}/registrations/"
    made: dict[str, Any] = web.call("POST", path, body, token=token)
    return made


def test_whoever_is_on_the_list_is_asked_about_and_may_be_somebody_else(
    new_phone: NewPhone, web: Web
):
    telephones(web, "Phan Văn Trùng", "0912 000 731")
    phone = new_phone().enrol()
    page = form(phone)

    hold(phone, card("Phan Văn Trùng"))
    match = page.locator(".match")
    expect(match).to_contain_text("•••• 0731")
    page.get_by_role("button", name="Cấp số").click()
    expect(page.get_by_role("button", name="Đúng người này")).to_be_focused()
    phone.press("Người khác")
    expect(match).to_be_hidden()
    page.get_by_role("button", name="Cấp số").click()
    given(phone)
    expect(page.locator(".your-number")).not_to_contain_text("đã đăng ký")
    phone.press("Người tiếp theo")
    form(phone)
    page.get_by_label("Họ và tên").fill("phan van trung")
    page.get_by_label("Điện thoại").fill("0912 000 731")
    phone.press("Đúng người này")

    # The last time of the day: it is for staff to say that this is all the same.
    expect(phone.verdict).to_contain_text("Đến sớm")
    phone.press("Cho vào luôn")
    expect(page.locator('[data-verdict="accepted"]')).to_contain_text("Phan Văn Trùng")
    phone.all_sent()
    rows = [(source, status) for source, *_, status in registered(web, "Phan Văn Trùng")]
    assert sorted(rows) == [("unit", "checked_in"), ("walk_in", "checked_in")]


def test_whom_only_the_server_knows_is_told_as_registered_already(phone: Phone, web: Web):
    page = form(phone)
    telephones(web, "Mai Thị Sẵn", "0912 000 732")

    page.get_by_label("Họ và tên").fill("Mai Thị Sẵn")
    page.get_by_label("Năm sinh").fill("1991")
    page.get_by_label("Điện thoại").fill("0912 000 732")
    other = page.get_by_role("button", name="Người khác")
    if other.is_visible():  # the list has just come
        other.click()
    page.get_by_role("button", name="Cấp số").click()

    given(phone)
    expect(page.locator(".your-number")).to_contain_text("đã đăng ký")
    assert [row[4] for row in registered(web, "Mai Thị Sẵn")] == ["checked_in"]


def test_somebody_of_the_waiting_list_comes_in_as_a_walk_in(new_phone: NewPhone, web: Web):
    token = f"Bearer {web.demo['api_tokens']['organizer']}"
    drive = f"manage/drives/{web.slug}/"
    last = web.call("GET", f"drives/{web.slug}/", token="")["slots"][-1]
    full = {"id": last["id"], "capacity": last["capacity"] - last["places_left"]}
    web.call("PATCH", drive, {"slots": [full]}, token=token)
    made = telephones(web, "Đinh Văn Chờ", "0912 000 733", join_waitlist=True)
    web.call("PATCH", drive, {"slots": [full | {"capacity": last["capacity"]}]}, token=token)
    assert made["status"] == "waitlisted"
    phone = new_phone().enrol()
    page = form(phone)

    hold(phone, card("Đinh Văn Chờ"))
    expect(page.locator(".match")).to_contain_text("danh sách chờ")
    phone.press("Đúng người này")
    page.get_by_role("button", name="Cấp số").click()
    expect(page.locator('[data-part="error-phone"]')).to_contain_text("số điện thoại đã đăng ký")
    page.get_by_label("Điện thoại").fill("0912 000 733")
    page.get_by_role("button", name="Cấp số").click()

    given(phone)
    assert [row[4] for row in registered(web, "Đinh Văn Chờ")] == ["checked_in"]


# --- Without a network ----------------------------------------------------------------------------


def shown_code(phone: Phone) -> str:
    drawn = phone.page.locator('.your-number [role="img"]')
    return read_qr(phone, drawn.evaluate("svg => new XMLSerializer().serializeToString(svg)"))


def test_a_walk_in_without_the_server_is_scanned_again_here_and_then_everywhere(
    new_phone: NewPhone, web: Web
):
    here, there = new_phone().enrol("Máy một"), new_phone().enrol("Máy hai")
    page = here.page

    web.stop()
    try:
        form(here)
        hold(here, card("Hoàng Thị Thu Hương", "001194000127", "05061994", "Nữ"))
        page.get_by_role("button", name="Cấp số").click()
        expect(page.get_by_role("heading", name="Số tạm của anh/chị")).to_be_visible()
        temporary = given(here)
        code = shown_code(here)
        here.press("Người tiếp theo")

        # The same name again is asked about, and the code is known.
        form(here)
        page.get_by_label("Họ và tên").fill("Hoang Thi Thu Huong")
        page.get_by_label("Năm sinh").fill("1994")
        expect(page.locator(".match")).to_contain_text(f"số {temporary}")
        here.press("Quay lại")
        here.scan(code, "already_scanned")
        expect(here.verdict).to_contain_text("Hoàng Thị Thu Hương")
        expect(here.verdict).to_contain_text(temporary)
        here.press("Quét tiếp")
        here.press("Tìm, nhập mã")
        page.get_by_label("Tên, mã vé").fill(temporary)
        expect(page.get_by_role("button", name="Hoàng Thị Thu Hương")).to_be_visible()
        here.press("Quay lại camera")
        there.scan(code, "unknown")
        expect(there.verdict).to_contain_text("Đăng ký tại chỗ ở máy khác")
        there.press("Quét tiếp")
    finally:
        web.start()
    here.all_sent()
    there.all_sent()
    [walk_in] = here.kept("walkIns")
    number = walk_in["result"]["number"]

    page.wait_for_timeout(1_500)
    here.scan(code, "already_scanned")
    expect(here.verdict).to_contain_text(f"số {number}")
    there.scan(code, "already_scanned")
    expect(there.verdict).to_contain_text("Hoàng Thị Thu Hương")
    expect(there.verdict).to_contain_text(f"số {number}")

    id = registration_id(walk_in["result"]["ticket"])
    assert temporary.startswith("M") and temporary.endswith("-01")
    assert walk_in["temporary"] == temporary
    verdicts = [verdict for kind, verdict, _ in stored(web, id)]
    assert verdicts.count("accepted") == 1
    assert registered(web, "Hoàng Thị Thu Hương") == [("walk_in", 1994, "female", "", "checked_in")]


def test_a_walk_in_that_is_taken_back_without_a_network_can_come_again(phone: Phone, web: Web):
    page = phone.page
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    phone.context.set_offline(True)
    form(phone)
    page.get_by_label("Họ và tên").fill("Vi Văn Lại")
    page.get_by_label("Năm sinh").fill("1990")
    page.get_by_role("button", name="Cấp số").click()
    temporary, code = given(phone), shown_code(phone)

    phone.press("Hoàn tác")
    expect(page.locator(".last-scan")).to_contain_text("Đã hoàn tác")
    phone.scan(code, "accepted")
    expect(phone.verdict).to_contain_text(temporary)
    phone.back()
    page.wait_for_timeout(1_500)
    phone.scan(code, "already_scanned")
    phone.press("Quét tiếp")
    phone.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    phone.all_sent()

    assert [row[4] for row in registered(web, "Vi Văn Lại")] == ["checked_in"]
    [walk_in] = phone.kept("walkIns")
    kinds = [(kind, verdict) for kind, verdict, _ in stored(web, walk_in["result"]["registration"])]
    assert kinds == [
        ("pass", "accepted"),
        ("undo", "recorded"),
        ("pass", "accepted"),
        ("pass", "already_scanned"),
    ]


def test_a_walk_in_that_the_server_refuses_afterwards_is_corrected(phone: Phone, web: Web):
    page = phone.page
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")

    def damage(route: Route) -> None:
        body = json.loads(route.request.post_data or "")
        route.continue_(post_data=json.dumps(body | {"full_name": "…"}))

    phone.context.set_offline(True)
    form(phone)
    page.get_by_label("Họ và tên").fill("Vàng A Pó")
    page.get_by_label("Năm sinh").fill("1991")
    page.get_by_label("Điện thoại").fill("0912 000 731")
    page.get_by_role("button", name="Cấp số").click()
    temporary = given(phone)
    phone.press("Người tiếp theo")
    phone.context.route("**/walk-ins/", damage)
    phone.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('focus'))")

    news = page.locator(".scan-news")
    expect(news).to_contain_text("Chưa đăng ký được cho Vàng A Pó")
    phone.context.unroute("**/walk-ins/")
    phone.press("Sửa lại")
    expect(page.locator("#w-name-error")).to_be_visible()
    expect(page.get_by_label("Họ và tên")).to_have_value("Vàng A Pó")
    expect(page.get_by_label("Điện thoại")).to_have_value("0912 000 731")
    page.get_by_label("Họ và tên").fill("Vàng A Pao")
    page.get_by_role("button", name="Cấp số").click()
    expect(page.get_by_role("heading", name="Số của anh/chị")).to_be_visible()
    phone.press("Người tiếp theo")
    expect(news).to_be_empty()
    phone.all_sent()

    [walk_in] = phone.kept("walkIns")
    assert (walk_in["temporary"], walk_in["refused"]) == (temporary, None)
    assert registered(web, "Vàng A Pao") == [("walk_in", 1991, "", "+84912000731", "checked_in")]
    assert registered(web, "Vàng A Pó") == []
