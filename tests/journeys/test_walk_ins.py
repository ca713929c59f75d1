"""Somebody without a ticket: a card's QR code or three fields, a number, and nothing else kept."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import BrowserType, Page, Route, expect

from tests.journeys.conftest import VIEWPORT, People, Phone, query, registration_id, stored
from tests.journeys.reading import read_qr
from tests.services import camera
from tests.services.chromium import LAUNCH_FLAGS
from tests.services.web import Web

NewPhone = Callable[..., Phone]
PHONE = "0912 000 818"


def card(name: str, number: str = "001091004821", born: str = "19031991", sex: str = "Nam") -> str:
    """Return what the QR code of a made-up card says."""
    return f"{number}|012999888|{name}|{born}|{sex}|Ngõ 7 Xóm Thử, Hà Nội|12052021"


# Of every card above: what must be nowhere.
SECRETS = ["001091004821", "012999888", "Xóm Thử", "12052021"]


def form(phone: Phone) -> Page:
    phone.press("Chưa có vé")
    expect(phone.page.get_by_role("heading", name="Đăng ký tại chỗ")).to_be_visible()
    return phone.page


def hold(phone: Phone, text: str) -> None:
    """Hold a card before the form's camera until it has been read."""
    phone.show(text)
    expect(phone.page.locator('[data-part="card"]')).to_be_visible()
    phone.show(None)


def given(phone: Phone) -> str:
    """Return the number on the screen that is turned to the donor."""
    figure = phone.page.locator(".your-number-figure")
    expect(figure).to_have_text(re.compile(r"\d$"))
    return figure.inner_text()


def registered(web: Web, name: str) -> list[tuple[Any, ...]]:
    return query(
        web,
        "SELECT source, birth_year, sex, phone, status FROM registrations_registration"
        " WHERE full_name = ? ORDER BY created_at",
        name,
    )


def test_a_card_and_two_taps_make_a_walk_in(
    phone: Phone, web: Web, capsys: pytest.CaptureFixture[str]
):
    page = phone.page
    started = time.monotonic()

    form(phone)
    hold(phone, card("LÊ VĂN QUYẾT"))
    expect(page.locator('[data-part="card"]')).to_contain_text("Đã đọc căn cước")
    expect(page.get_by_label("Họ và tên")).to_have_value("Lê Văn Quyết")
    expect(page.get_by_label("Năm sinh")).to_have_value("1991")
    page.get_by_label("Điện thoại").fill(PHONE)
    page.get_by_role("button", name="Cấp số").click()
    number = given(phone)
    took = time.monotonic() - started

    with capsys.disabled():
        print(f"\n[walk-in by card: {took:.1f} s from the tap to number {number}]")
    assert registered(web, "Lê Văn Quyết") == [
        ("walk_in", 1991, "male", "+84912000818", "checked_in")
    ]
    [kept] = phone.kept("walkIns")
    assert (kept["wire"]["phone"], kept["wire"]["birth_year"], "sex" in kept["wire"]) == (
        "",
        0,
        False,
    )
    assert "manage_url" not in kept["result"]
    everything = json.dumps(everywhere(phone), ensure_ascii=False) + on_the_server(web)
    assert [secret for secret in SECRETS if secret in everything] == []


def test_a_film_of_a_card_is_read_and_offered_as_a_walk_in(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    web: Web,
    tmp_path: Any,
):
    """Chromium's own camera, fed by a video; the card is shown to the scanner of tickets."""
    film = tmp_path / "card.mjpeg"
    camera.video(film, [card("Tẩn A Mẩy", "010303000111", "29022003", "Nữ")], pause=0)
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
        page = phone.page
        shown = page.locator('[data-verdict="malformed"]')
        expect(shown.or_(page.get_by_role("button", name="Bắt đầu quét"))).to_be_visible()
        if not shown.is_visible():
            phone.press("Bắt đầu quét")
        expect(shown).to_contain_text("Đây là căn cước")
        phone.press("Đăng ký tại chỗ")
        name, year = page.get_by_label("Họ và tên"), page.get_by_label("Năm sinh")
        # Born on 29 February 2003, which never was: the year is right, and enough.
        expect(name).to_have_value("Tẩn A Mẩy")
        expect(year).to_have_value("2003")
        page.get_by_role("button", name="Cấp số").click()

        assert given(phone).isdigit()
    finally:
        browser.close()
    assert registered(web, "Tẩn A Mẩy") == [("walk_in", 2003, "female", "", "checked_in")]


# --- Nothing of a card stays ----------------------------------------------------------------------


EVERYWHERE = """async () => {
  const databases = {};
  for (const { name } of await indexedDB.databases()) {
    const open = await new Promise((resolve) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => resolve(opening.result);
    });
    databases[name] = {};
    for (const store of open.objectStoreNames) {
      databases[name][store] = await new Promise((resolve) => {
        const all = open.transaction(store).objectStore(store).getAll();
        all.onsuccess = () => resolve(all.result);
      });
    }
    open.close();
  }
  const cached = {};
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const type = (await cache.match(request)).headers.get("content-type") ?? "";
      const isText = /text|json|javascript/.test(type);
      cached[request.url] = isText ? await (await cache.match(request)).text() : "";
    }
  }
  return {
    databases,
    cached,
    storage: [{ ...localStorage }, { ...sessionStorage }],
    address: location.href,
    page: document.documentElement.outerHTML,
    fields: [...document.querySelectorAll("input, textarea")].map((one) => one.value),
    measures: performance.getEntries().map((one) => one.name),
  };
}"""


def everywhere(phone: Phone) -> dict[str, Any]:
    """Return whatever lies in the browser: stores, caches, the page and its fields."""
    found: dict[str, Any] = phone.page.evaluate(EVERYWHERE)
    return found


def on_the_server(web: Web) -> str:
    """Return all that the server has written: database, its log ahead, and the process's log."""
    folder = web.database.parent
    files = [*folder.glob("db.sqlite3*"), web.log]
    return "".join(file.read_bytes().decode("utf-8", "ignore") for file in files)


@contextmanager
def overheard(phone: Phone) -> Iterator[list[str]]:
    """Gather what goes out of the page: addresses, bodies, and lines of the console."""
    said: list[str] = []

    def note(request: Any) -> None:
        said.append(f"{request.method} {request.url} {request.post_data or ''}")

    phone.context.on("request", note)
    phone.page.on("console", lambda line: said.append(line.text))
    yield said
    phone.context.remove_listener("request", note)


def test_a_card_shown_to_the_ticket_scanner_leaves_no_trace(phone: Phone, people: People, web: Web):
    secrets = [*SECRETS, "Bùi Thị Dấu Vết", "Dấu Vết", "dau vet", "19031991", "1991-03-19"]
    text = card("Bùi Thị Dấu Vết")
    page = phone.page

    with overheard(phone) as said:
        phone.scan(text, "malformed")
        at_once = everywhere(phone)
        page.keyboard.press("Escape")
        phone.back()
        page.keyboard.type("001091004821||Bui Thi Dau Vet|19031991|Nam|Xom Thu|12052021", delay=1)
        page.keyboard.press("Enter")
        expect(phone.verdict).to_contain_text("Đây là căn cước")
        page.keyboard.press("Escape")
        phone.back()
        phone.press("Tìm, nhập mã")
        field = page.get_by_label("Tên, mã vé")
        field.focus()
        page.keyboard.type("001091004821||Bui Thi Dau Vet|19031991|Nam|Xom Thu|12052021", delay=1)
        page.keyboard.press("Enter")
        expect(phone.verdict).to_contain_text("Đây là căn cước")
        page.keyboard.press("Escape")
        phone.back()
        phone.scan(people.on_time().ticket, "accepted")
        phone.back()
        phone.all_sent()
        later = everywhere(phone)

    sides = {
        "at once": json.dumps(at_once, ensure_ascii=False),
        "later": json.dumps(later, ensure_ascii=False),
        "sent": "\n".join(said),
        "server": on_the_server(web),
    }
    leaks = [(side, one) for side, all in sides.items() for one in secrets if one in all]
    assert leaks == []
    # The search finds what is there.
    malformed = min(phone.kept("scans"), key=lambda scan: scan["order"])
    assert (malformed["wire"]["shown"], malformed["name"], malformed["person"]) == (
        "malformed",
        "",
        None,
    )
    assert malformed["id"] in sides["at once"]
    assert f'"id":"{malformed["id"]}","station":"welcome"' in sides["sent"].replace(": ", ":")
    assert people.on_time().name in sides["later"]
    assert len(query(web, "SELECT 1 FROM checkin_scan WHERE verdict = 'malformed'")) >= 3


def test_the_card_of_a_hand_held_scanner_fills_the_form_but_for_the_name(phone: Phone):
    page = form(phone)
    name = page.get_by_label("Họ và tên")
    name.fill("L")
    name.focus()

    page.keyboard.type("001091004821|012999888|Leev Vawn|19031991|Nam|Xom Thu|12052021", delay=1)
    page.keyboard.press("Enter")

    expect(page.locator('[data-part="card"]')).to_contain_text("Chỉ đọc được một phần")
    expect(name).to_have_value("")
    expect(name).to_be_focused()
    expect(page.get_by_label("Năm sinh")).to_have_value("1991")
    expect(page.get_by_label("Điện thoại")).to_have_value("")
    assert "Xom Thu" not in page.content()


def test_a_card_that_is_read_in_part_fills_the_form_in_part(phone: Phone):
    page = form(phone)
    for text, said, name, year in [
        (card("Nguy?n V?n ?"), "Chỉ đọc được một phần", "", "1991"),
        (card("Lê Văn Tám", born="99999999"), "Đã đọc căn cước", "Lê Văn Tám", "1991"),
        (card("Lê Văn Tám", born="19031981"), "Xem lại căn cước", "Lê Văn Tám", "1981"),
    ]:
        hold(phone, text)

        expect(page.locator('[data-part="card"]')).to_contain_text(said)
        expect(page.get_by_label("Họ và tên")).to_have_value(name)
        expect(page.get_by_label("Năm sinh")).to_have_value(year)
        phone.press("Quét thẻ khác")
        expect(page.get_by_label("Năm sinh")).to_have_value("")

    hold(phone, card("Lê Văn Tám", born="19031981"))  # the same again at once
    phone.press("Quét thẻ khác")
    phone.show("https://example.org/thuc-don")
    expect(page.locator('[data-part="hint"]')).to_contain_text("không phải của căn cước")
    assert phone.kept("scans") == []


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
