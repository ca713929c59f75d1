"""An organizer's story in a real browser: sign in, plan, publish, share, tend people, scan, cancel.

Every page on the way is checked by axe and is never wider than a small phone.
"""

import json
import re
from datetime import timedelta
from typing import Literal

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Membership, Role, Unit, User
from events.drives.models import Drive
from events.registrations.models import Registration
from tests.factories import DriveFactory, RegistrationFactory

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "mua-thu-ha-noi-54"
AXE = settings.BASE_DIR / "node_modules/axe-core/axe.min.js"
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
VIOLATIONS = """async () => (await axe.run(document)).violations.map(
  (one) => [one.id, one.nodes.map((node) => node.html.slice(0, 120))])"""


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    # axe comes from outside the page, which the policy would rightly refuse.
    return browser_context_args | {"bypass_csp": True}


@pytest.fixture
def union():
    root = Unit.objects.create(name="Đoàn Thanh niên Bộ Công Thương", slug="bo-cong-thuong")
    Unit.objects.create(name="Viện Năng lượng", slug="vien-nang-luong", parent=root)
    user = User.objects.create_user(
        email="trang@example.com", name="Vũ Thu Trang", password=PASSWORD
    )
    Membership.objects.create(user=user, unit=root, role=Role.OWNER, created_at=timezone.now())
    return root


SCREENS: tuple[tuple[Literal["light", "dark"], int, int], ...] = (
    ("light", 1440, 900),
    ("dark", 390, 844),
    ("light", 320, 640),
)


def look(page: Page) -> None:
    """Check the page as it stands, on a desk and on a small phone, light and dark."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for scheme, width, height in SCREENS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": height})
        found = page.evaluate(VIOLATIONS)
        assert found == [], f"{page.url} {scheme} {width}: {json.dumps(found, ensure_ascii=False)}"
        assert not page.evaluate(TOO_WIDE), f"{page.url} is wider than {width} px"
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def go(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()


def test_an_organizer_plans_and_steers_a_drive(page: Page, live_server, union):
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.set_viewport_size({"width": 1440, "height": 900})

    # Sign in; the first page asks for the first drive.
    page.goto(f"{live_server.url}/manage/")
    look(page)
    page.fill("[name=login]", "trang@example.com")
    page.fill("[name=password]", PASSWORD)
    press(page, "Đăng nhập")
    expect(page.get_by_role("heading", name="Chưa có đợt nào")).to_be_visible()
    look(page)

    # Plan it in eight fields, with a slip that comes back.
    go(page, "Tạo đợt mới")
    look(page)
    press(page, "Lưu và xem lại")
    expect(page.locator(".error-summary")).to_be_focused()
    page.fill("[name=name]", "Giọt hồng Công Thương")
    page.fill("[name=venue_name]", "Hội trường Bộ Công Thương")
    page.fill("[name=venue_address]", "54 Hai Bà Trưng, Hà Nội")
    press(page, "Lưu và xem lại")
    expect(page.get_by_text("Bản nháp.")).to_be_visible()
    look(page)

    # Publish and share.
    press(page, "Công bố")
    expect(page.get_by_text("Đã công bố.")).to_be_visible()
    look(page)
    drive = Drive.objects.get()
    assert drive.published_at is not None
    expect(page.locator("#drive-link")).to_contain_text(f"/d/{drive.slug}/")

    # Somebody telephones.
    page.goto(f"{live_server.url}/manage/drives/{drive.slug}/registrations/")
    expect(page.get_by_text("Chưa có ai đăng ký")).to_be_visible()
    go(page, "Thêm người")
    page.select_option("[name=slot]", index=1)
    page.fill("[name=full_name]", "Nguyễn Hoàng Phương Thảo Nguyên")
    page.fill("[name=phone]", "0912 000 483")
    page.fill("[name=birth_year]", "1997")
    page.check("[name=consents][value=registration]")
    look(page)
    press(page, "Giữ chỗ")
    expect(page.get_by_role("link", name="0912 000 483")).to_be_visible()
    look(page)

    # Found without accents, moved by the bar of the list, and cancelled on the person's page.
    page.goto(f"{live_server.url}/manage/drives/{drive.slug}/registrations/")
    page.fill("[name=search]", "thao nguyen")
    page.press("[name=search]", "Enter")
    page.wait_for_url("**/registrations/?find=*")
    expect(page.locator("[name=search]")).to_have_value("thao nguyen")
    look(page)
    page.check("[name=registration]")
    expect(page.get_by_text("Đã chọn 1 người")).to_be_visible()
    press(page, "Đổi giờ")
    page.select_option("[name=slot]", index=3)
    look(page)
    press(page, "Đổi giờ")
    expect(page.get_by_text("Đã xong cho 1 người.")).to_be_visible()
    registration = Registration.objects.get()
    assert registration.slot == drive.slots.all()[2]

    # A lunch break, devices, messages, overview: all whole, none needs a script.
    for tab in ("Khung giờ", "Máy quét", "Tin nhắn", "Tổng quan"):
        go(page, tab)
        look(page)
    go(page, "Máy quét")
    press(page, "Hiện mã QR")
    expect(page.get_by_text(re.compile("còn 15 phút"))).to_be_visible()
    look(page)

    # Units, the log, the own account.
    for path in ("units/", f"units/{union.slug}/", "audit/"):
        page.goto(f"{live_server.url}/manage/{path}")
        look(page)
    for path in ("", "password/", "2fa/", "sessions/", "tokens/"):
        page.goto(f"{live_server.url}/account/{path}")
        look(page)

    # The day does not take place.
    page.goto(f"{live_server.url}/manage/drives/{drive.slug}/cancel/")
    look(page)
    page.fill("[name=reason]", "Bão số 9")
    press(page, "Hủy đợt")
    expect(page.get_by_text("Đợt này đã hủy.")).to_be_visible()
    registration.refresh_from_db()
    assert registration.is_cancelled
    assert troubles == []


def test_no_name_breaks_a_list_and_the_open_tab_is_in_sight(page: Page, live_server, union):
    drive = DriveFactory(unit=union, slots=2, starts_at=timezone.now() + timedelta(days=3))
    for name in ("ÀÁ" * 50, "Nguyễn Hoàng Phương Thảo Nguyên", "An"):
        RegistrationFactory(slot=drive.slots.first(), full_name=name, unit=union)
    long = Registration.objects.get(full_name="ÀÁ" * 50)
    page.goto(f"{live_server.url}/login/")
    page.fill("[name=login]", "trang@example.com")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/manage/")
    people = f"{live_server.url}/manage/drives/{drive.slug}/registrations/"

    for address in (people, f"{people}{long.public_id}/"):
        page.goto(address)
        for width in (320, 390, 900, 1100, 1440):
            page.set_viewport_size({"width": width, "height": 844})
            assert not page.evaluate(TOO_WIDE), f"{address} is wider than {width} px"
    page.goto(people)
    unit = page.get_by_role("cell", name=union.name).first.bounding_box()
    assert unit and unit["width"] > 200

    page.goto(f"{live_server.url}/manage/drives/{drive.slug}/roster/")
    [first, second] = [
        heading.evaluate("(e) => [getComputedStyle(e).fontSize, getComputedStyle(e).textAlign]")
        for heading in page.locator(".roster :is(h1, h2)").all()
    ]
    assert first == second

    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_server.url}/manage/drives/{drive.slug}/messages/")
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=1)


def test_an_organizer_needs_no_script(browser, live_server, union):
    context = browser.new_context(java_script_enabled=False, locale="vi-VN")
    page = context.new_page()

    page.goto(f"{live_server.url}/login/")
    page.fill("[name=login]", "trang@example.com")
    page.fill("[name=password]", PASSWORD)
    press(page, "Đăng nhập")
    page.goto(f"{live_server.url}/manage/drives/new/")
    page.fill("[name=name]", "Giọt hồng")
    page.select_option("[name=unit]", union.slug)
    page.fill("[name=venue_name]", "Hội trường")
    page.fill("[name=venue_address]", "54 Hai Bà Trưng")
    press(page, "Lưu và xem lại")
    press(page, "Công bố")

    assert Drive.objects.get().published_at is not None
    context.close()
