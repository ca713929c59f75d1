"""A volunteer's way from the link to the ticket and on, in a browser, with scripts and without."""

import json
import re
from datetime import timedelta
from io import BytesIO

import pytest
import zxingcpp
from django.conf import settings
from django.utils import timezone
from PIL import Image
from playwright.sync_api import expect

from events.registrations.models import Registration
from events.registrations.signing import ticket_of
from events.registrations.tokens import manage_path
from tests.factories import DriveFactory, RegistrationFactory, UnitFactory

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "Nguyễn Hoàng Phương Thảo Nguyên"
AXE = settings.BASE_DIR / "node_modules/axe-core/axe.min.js"
VIOLATIONS = """async () => (await axe.run()).violations.map(
  (one) => [one.id, one.nodes.map((node) => node.html.slice(0, 120))])"""
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(params=["scripts", "no scripts"])
def phone(request, browser, browser_context_args):
    """A page on a phone; whatever its console complains of fails the test."""
    context = browser.new_context(
        **browser_context_args,
        viewport={"width": 390, "height": 844},
        java_script_enabled=request.param == "scripts",
    )
    page = context.new_page()
    complaints = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    # A refusal is an answer; Chromium calls each 4xx an error of its own.
    assert [said for said in complaints if "status of 4" not in said] == []
    assert context.cookies() == []
    context.close()


@pytest.fixture
def drive():
    tomorrow = (timezone.now() + timedelta(days=2)).replace(hour=0, minute=0, second=0)
    drive = DriveFactory(
        slots=4, slots__capacity=6, starts_at=tomorrow, published_at=timezone.now()
    )
    for n in range(12):
        UnitFactory(parent=drive.unit, name=f"Công đoàn cơ sở {n}")
    full = drive.slots.first()
    for _n in range(6):
        RegistrationFactory(slot=full)
    return drive


def fill(page, **typed):
    for name, value in typed.items():
        page.locator(f"[name={name}]").fill(value)


def test_from_the_link_to_the_ticket_and_on(phone, live_server, drive):
    phone.goto(live_server.url)
    phone.get_by_role("link", name=re.compile(drive.name)).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text(drive.name)
    phone.get_by_role("link", name="Chọn giờ đến").filter(visible=True).click()

    # A full time offers the nearest ones; one of them is taken with a tap.
    phone.get_by_role("radio", name=re.compile("07:00")).check()
    phone.get_by_role("button", name="Tiếp tục").click()
    expect(phone.get_by_text("Khung 07:00 đã hết chỗ.")).to_be_visible()
    phone.get_by_role("link", name=re.compile("07:30")).click()

    # A slip of the finger comes back with everything else as it was.
    fill(phone, full_name=NAME, phone="0912 000 48", birth_year="1997")
    phone.get_by_label("Tôi đồng ý cho ban tổ chức").check()
    phone.get_by_role("button", name="Giữ chỗ và nhận vé").click()
    expect(phone.locator("#error-summary-title")).to_have_text("Còn 1 chỗ cần sửa")
    expect(phone.locator("[name=full_name]")).to_have_value(NAME)
    expect(phone.get_by_label("Tôi đồng ý cho ban tổ chức")).to_be_checked()
    expect(phone.get_by_label("Nhắc tôi trước ngày hẹn")).not_to_be_checked()

    # Another time keeps it too.
    phone.get_by_role("button", name="Đổi giờ").click()
    phone.get_by_role("radio", name=re.compile("08:00")).check()
    phone.get_by_role("button", name="Tiếp tục").click()
    expect(phone.locator("[name=full_name]")).to_have_value(NAME)
    fill(phone, phone="0912 000 483", email="thaonguyen@example.com")
    phone.locator("[name=email]").press("Enter")

    expect(phone.get_by_role("heading", level=1)).to_have_text(f"Vé của {NAME}")
    registration = Registration.objects.get(full_name=NAME)
    assert registration.slot == drive.slots.all()[2]
    seen = Image.open(BytesIO(phone.screenshot(full_page=True))).convert("L")
    assert [code.text for code in zxingcpp.read_barcodes(seen)] == [ticket_of(registration)]

    phone.get_by_role("button", name="Tôi sẽ đến").click()
    expect(phone.get_by_text("Cảm ơn anh/chị, hẹn gặp hôm ấy.")).to_be_visible()
    expect(phone.get_by_text("Đã báo sẽ đến")).to_be_visible()

    phone.get_by_role("link", name="Đổi giờ").click()
    phone.get_by_role("radio", name=re.compile("08:30")).check()
    phone.get_by_role("button", name="Chọn giờ này").click()
    expect(phone.locator(".ticket-time")).to_have_text("08:30")

    phone.get_by_role("link", name="Sửa tên").click()
    phone.get_by_label("Nhắc tôi trước ngày hẹn").check()
    phone.get_by_role("button", name="Lưu").click()
    expect(phone.get_by_text("Đã lưu.")).to_be_visible()

    phone.get_by_role("link", name="Nhường chỗ cho người khác").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Nhường chỗ lúc 08:30?")
    phone.get_by_role("button", name="Nhường chỗ").click()
    expect(phone.get_by_text("Đã nhường chỗ.")).to_be_visible()
    registration.refresh_from_db()
    assert (registration.status, registration.consents) == (
        "cancelled",
        ["registration", "reminders"],
    )


def test_a_time_that_fills_up_meanwhile_is_replaced_with_one_tap(phone, live_server, drive):
    slot = drive.slots.all()[1]
    phone.goto(f"{live_server.url}{drive.get_absolute_url()}register/?slot={slot.public_id}")
    fill(phone, full_name=NAME, phone="0912 000 483", birth_year="1997")
    phone.get_by_label("Tôi đồng ý cho ban tổ chức").check()
    for _n in range(6):
        RegistrationFactory(slot=slot)

    phone.get_by_role("button", name="Giữ chỗ và nhận vé").click()
    expect(phone.get_by_text("Khung 07:30 vừa hết chỗ.")).to_be_visible()
    phone.get_by_role("button", name=re.compile("08:00")).click()

    expect(phone.locator(".ticket-time")).to_have_text("08:00")


def test_the_waiting_list_is_joined_in_the_same_two_steps(phone, live_server, drive):
    full = drive.slots.first()
    phone.goto(f"{live_server.url}{drive.get_absolute_url()}register/?slot={full.public_id}")
    phone.get_by_role("link", name="Vào danh sách chờ 07:00").click()
    fill(phone, full_name=NAME, phone="0912 000 483", birth_year="1997")
    phone.get_by_label("Tôi đồng ý cho ban tổ chức").check()
    phone.get_by_role("button", name="Vào danh sách chờ").click()

    expect(phone.get_by_text("là số thứ tự cho khung 07:00")).to_be_visible()
    phone.get_by_role("button", name=re.compile("07:30")).click()
    expect(phone.locator(".ticket-time")).to_have_text("07:30")


def test_back_keeps_what_was_typed_until_there_is_a_ticket(page, live_server, drive):
    slot = drive.slots.all()[1]
    form = f"{live_server.url}{drive.get_absolute_url()}register/?slot={slot.public_id}"
    page.goto(form)
    fill(page, full_name=NAME, phone="0912 000 483", birth_year="1997")
    page.get_by_label("Tôi đồng ý cho ban tổ chức").check()
    key = page.locator("[name=request_key]").input_value()

    page.goto(f"{live_server.url}/privacy/")
    page.go_back()

    expect(page.locator("[name=full_name]")).to_have_value(NAME)
    expect(page.get_by_label("Tôi đồng ý cho ban tổ chức")).to_be_checked()
    expect(page.get_by_label("Nhắc tôi trước ngày hẹn")).not_to_be_checked()
    assert page.locator("[name=request_key]").input_value() == key
    page.get_by_role("button", name="Giữ chỗ và nhận vé").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Vé của {NAME}")
    page.goto(form)
    expect(page.locator("[name=full_name]")).to_have_value("")


def test_back_to_a_form_that_was_refused_shows_what_was_typed(page, live_server, drive):
    slot = drive.slots.all()[1]
    page.goto(f"{live_server.url}{drive.get_absolute_url()}register/?slot={slot.public_id}")
    fill(page, full_name=NAME, phone="0912 000 48", birth_year="1997")
    page.get_by_label("Tôi đồng ý cho ban tổ chức").check()
    page.get_by_role("button", name="Giữ chỗ và nhận vé").click()
    expect(page.locator("#error-summary-title")).to_have_text("Còn 1 chỗ cần sửa")

    page.goto(f"{live_server.url}/privacy/")
    page.go_back()

    expect(page.locator("[name=full_name]")).to_have_value(NAME)
    expect(page.locator("[name=phone]")).to_have_value("0912 000 48")
    expect(page.get_by_label("Tôi đồng ý cho ban tổ chức")).to_be_checked()
    fill(page, phone="0912 000 483")
    page.get_by_role("button", name="Giữ chỗ và nhận vé").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Vé của {NAME}")
    page.go_back()  # from the ticket too: a page, not the browser's complaint
    expect(page.get_by_role("button", name="Giữ chỗ và nhận vé")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_sound_and_fits(browser, browser_context_args, live_server, drive, scheme):
    # axe comes from outside the page, which the policy would rightly refuse.
    context = browser.new_context(
        **browser_context_args, bypass_csp=True, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    full, slot = drive.slots.all()[:2]
    held = RegistrationFactory(slot=slot, full_name=NAME)
    waiting = RegistrationFactory(slot=full, status=Registration.Status.WAITLISTED)
    register = f"{drive.get_absolute_url()}register/"
    paths = ["/", drive.get_absolute_url(), register, "/lost/", "/privacy/", "/r/x/"]
    paths += [f"{register}?slot={slot.public_id}", f"{register}?slot={full.public_id}"]
    paths += [f"{manage_path(held)}{more}" for more in ("", "move/", "cancel/", "details/")]
    paths += [manage_path(waiting), ticket_of(held).removeprefix("HTTP://TESTSERVER")]
    for path in paths:
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"{live_server.url}{path}")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        violations = page.evaluate(VIOLATIONS)
        assert violations == [], f"{path}: {json.dumps(violations, ensure_ascii=False)}"
        for width in (320, 1440):
            page.set_viewport_size({"width": width, "height": 640})
            assert not page.evaluate(TOO_WIDE), f"{path} at {width} px"
    context.close()
