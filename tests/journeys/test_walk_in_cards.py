"""A card's QR code fills the form for somebody without a ticket, and nothing of it is kept."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import BrowserType, expect

from tests.journeys.conftest import VIEWPORT, People, Phone, query
from tests.journeys.walk_ins import card, form, given, hold, registered
from tests.services import camera
from tests.services.chromium import LAUNCH_FLAGS
from tests.services.web import Web

PHONE = "0912 000 818"
# Of every card here: what must be nowhere.
SECRETS = ["001091004821", "012999888", "Xóm Thử", "12052021"]


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
