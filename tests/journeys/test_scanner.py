"""The scanner on a phone, before the real server, with and without it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.conftest import (
    People,
    Phone,
    forged,
    registration_id,
    stored,
)
from tests.journeys.reading import read_qr
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


# Notes which verdict was on the screen since when.
NOTE_VERDICTS = """() => {
  const place = document.getElementById("verdict");
  window.noted = [];
  new MutationObserver(() => {
    const now = place.dataset.verdict ?? null;
    if (window.noted.at(-1)?.[0] !== now) window.noted.push([now, performance.now()]);
  }).observe(place, { attributes: true });
}"""


def test_a_verdict_that_stays_gives_way_to_the_next_ticket_and_can_still_be_acted_on(
    phone: Phone, people: People, web: Web
):
    early, following = people.early(), people.on_time()
    phone.page.evaluate(NOTE_VERDICTS)

    phone.scan(early.ticket, "too_early")
    phone.scan(following.ticket, "accepted")
    [(_, asked), (_, answered)] = phone.page.evaluate("window.noted")
    assert 1_450 < answered - asked < 4_000
    expect(phone.verdict).to_contain_text(following.name)
    phone.back()
    phone.press("Tìm, nhập mã")
    expect(phone.page.get_by_role("heading", name="Vừa quét")).to_be_visible()
    phone.press(f"Hoàn tác: {following.name}")
    expect(phone.page.locator("li", has_text=following.name)).to_contain_text("Đã hoàn tác")
    phone.press(f"Cho vào: {early.name}")

    expect(phone.page.locator('[data-verdict="accepted"]')).to_contain_text(early.name)
    phone.back()
    phone.all_sent()
    kept = [stored(web, one.id, by="scanned_at") for one in (early, following)]
    assert [[(kind, verdict) for kind, verdict, _ in visit] for visit in kept] == [
        [("pass", "too_early"), ("pass", "accepted")],
        [("pass", "accepted"), ("undo", "recorded")],
    ]


def test_whom_staff_asked_to_wait_is_let_in_from_the_row_of_the_last_scan(
    phone: Phone, people: People
):
    person = people.early()
    row = phone.page.locator(".last-scan")

    phone.scan(person.ticket, "too_early")
    phone.page.locator("#verdict").get_by_role("button", name="Mời chờ").click()
    row.get_by_role("button", name="Cho vào").click()

    expect(phone.page.locator('[data-verdict="accepted"]')).to_contain_text(person.name)
    phone.back()
    expect(row.get_by_role("button", name="Cho vào")).to_have_count(0)
    expect(row.get_by_role("button", name="Hoàn tác")).to_be_visible()


def test_what_to_press_is_in_sight_on_the_smallest_phone(new_phone: NewPhone, people: People):
    phone = new_phone(viewport={"width": 320, "height": 568}).enrol()
    page = phone.page

    def button(name: str) -> Locator:
        return page.get_by_role("button", name=name)

    phone.scan(forged(people.on_time().ticket), "bad_signature")
    for name in ("Tìm theo tên", "Quét tiếp"):
        expect(button(name)).to_be_in_viewport(ratio=1)
    phone.press("Quét tiếp")
    phone.press("Chưa có vé")
    page.get_by_label("Họ và tên").fill("Lò Thị Máy Nhỏ")
    page.get_by_label("Năm sinh").fill("1991")
    phone.press("Cấp số")

    for name in ("Hoàn tác", "Người tiếp theo"):
        expect(button(name)).to_be_in_viewport(ratio=1)
    expect(page.locator(".your-number-figure")).to_be_in_viewport(ratio=1)


def test_the_next_ticket_is_read_over_a_verdict_of_the_search(phone: Phone, people: People):
    person, following = people.on_time(), people.on_time()
    phone.scan(person.ticket, "accepted")
    phone.back()
    phone.press("Tìm, nhập mã")

    phone.page.get_by_label("Tên, mã vé").fill(person.code)
    phone.page.keyboard.press("Enter")
    expect(phone.page.locator('[data-verdict="already_scanned"]')).to_be_visible()
    phone.scan(following.ticket, "accepted")

    expect(phone.verdict).to_contain_text(following.name)


def test_a_scan_that_cannot_be_written_down_is_no_scan_and_each_is_told_of(
    phone: Phone, people: People
):
    """A full phone: staff must not believe that anybody was let in."""
    one, other = people.on_time(), people.on_time()
    trouble = phone.page.get_by_role("heading", name="Chưa ghi được")
    phone.page.evaluate(
        """() => {
          window.add = IDBObjectStore.prototype.add;
          IDBObjectStore.prototype.add = () => {
            throw new DOMException("full", "QuotaExceededError");
          };
        }"""
    )

    for person in (one, other):
        phone.show(person.ticket)
        expect(trouble).to_be_visible()
        phone.show(None)
        phone.press("Quét tiếp")
        expect(trouble).to_have_count(0)
    assert phone.kept("scans") == []
    phone.page.evaluate("() => { IDBObjectStore.prototype.add = window.add; }")
    phone.page.wait_for_timeout(3_100)
    phone.scan(one.ticket, "accepted")


def test_undo_takes_a_check_in_back(phone: Phone, people: People, web: Web):
    person = people.on_time()
    phone.scan(person.ticket, "accepted")

    phone.page.locator("#verdict").get_by_role("button", name="Hoàn tác").click()
    expect(phone.page.locator(".last-scan")).to_contain_text("Đã hoàn tác")
    phone.all_sent()
    assert [kind for kind, *_ in stored(web, person.id, by="scanned_at")] == ["pass", "undo"]
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
    kept = stored(web, person.id, by="scanned_at")
    assert [verdict for _, verdict, _ in kept] == ["too_early", "accepted"]


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
    field.fill("Â7KD-45é")  # what Telex makes of AA and es
    expect(phone.page.get_by_text("không dấu")).to_be_visible()
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
    page.get_by_label("Họ và tên").fill("Lê Văn Thử Việc")
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
    expect(page.locator(".last-scan")).to_contain_text("Lê Văn Thử Việc")
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
