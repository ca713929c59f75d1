"""The whole story in one piece, told on each of the two installations that the README shows.

From the owner's one-use link to the ticket before the camera and the reminder that arrived: every
step in a real browser, over the product's own processes, with nothing put in behind their backs.
"""

from __future__ import annotations

import io
import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import pytest
import zxingcpp
from icalendar import Calendar
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, expect

from notifications.quiet import after_quiet_hours
from tests.journeys.conftest import VIEWPORT
from tests.services import camera
from tests.services.chromium import LAUNCH_FLAGS
from tests.services.mail import MailServer
from tests.services.processes import wait_until
from tests.services.product import Product
from tests.services.separate import Separate

pytestmark = pytest.mark.processes
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
# Reminders keep the quiet hours of the drive's zone; here it is day when Hanoi has them.
WHERE_IT_IS_DAY = ZoneInfo("America/Lima")
OWNER, PASSWORD = "trang@example.com", "mua-thu-ha-noi-54"
DRIVE, VENUE = "Giọt hồng mùa thu", "Hội trường Viện Năng lượng"
FIRST, FIRST_EMAIL = "Nguyễn Hoàng Phương Thảo Nguyên", "thaonguyen@example.com"
SECOND, SECOND_EMAIL = "Lê Văn Quyết", "quyet@example.com"
STEP = timedelta(minutes=10)
PATIENCE = 60_000


class Installation(Protocol):
    @property
    def url(self) -> str: ...
    def manage(self, *arguments: str) -> str: ...
    def mails(self) -> list[EmailMessage]: ...


@pytest.fixture(params=["embedded", "separate"])
def installation(
    request: pytest.FixtureRequest, tmp_path: Path, service_folder: Path, mail_server: MailServer
) -> Iterator[Installation]:
    if request.param == "embedded":
        product = Product(tmp_path / "var")
        try:
            product.start(600)
            yield product
            product.stop()
        finally:
            product.kill_everything()
        return
    separate = Separate(service_folder, mail_server)
    try:
        separate.start()
        yield separate
    finally:
        separate.stop()


@pytest.fixture
def new_context(
    browser: Browser, browser_context_args: dict[str, Any]
) -> Iterator[Callable[..., BrowserContext]]:
    """Browsers of different people; what their pages complain of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**{**browser_context_args, **options})
        context.set_default_timeout(PATIENCE)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on(
            "console",
            lambda said: complaints.append(said.text) if said.type == "error" else None,
        )
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def fill(page: Page, **typed: str) -> None:
    for name, value in typed.items():
        page.locator(f"[name={name}]").fill(value)


def wait_for_mail(installation: Installation, address: str, count: int = 1) -> list[EmailMessage]:
    """Wait until so many mails have arrived at an address; the beat of a minute may be needed."""

    def found() -> list[EmailMessage]:
        return [mail for mail in installation.mails() if mail["To"] == address]

    wait_until(lambda: len(found()) >= count, what=f"mail {count} to {address}", seconds=150)
    return found()


def part(mail: EmailMessage, content_type: str) -> Any:
    [found] = [p for p in mail.walk() if p.get_content_type() == content_type]
    return found.get_content()


def qr_of(picture: bytes) -> str:
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)).convert("L"))
    return code.text


def assert_is_ticket(mail: EmailMessage, *, page: str, at: datetime) -> None:
    """Both parts say when and where and lead to the person's page; the picture is a ticket."""
    text, html = part(mail, "text/plain"), part(mail, "text/html")
    for said in (f"{at:%H:%M}", f"{at:%d/%m/%Y}", VENUE, page):
        assert said in text
        assert said in html
    assert re.match(r"HTTP://127\.0\.0\.1:\d+/T/[A-Z2-7]+$", qr_of(part(mail, "image/png")))


def test_from_the_first_click_to_the_scan_and_the_reminder(
    installation: Installation,
    new_context: Callable[..., BrowserContext],
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    tmp_path: Path,
) -> None:
    # An owner comes through the one-use link.
    link = installation.manage("init", "--unit", "Viện Năng lượng", "--owner", OWNER).strip()
    desk = new_context(viewport={"width": 1440, "height": 900}).new_page()
    desk.goto(link)
    fill(desk, name="Vũ Thu Trang", password=PASSWORD)
    press(desk, "Nhận vai trò")
    expect(desk.get_by_role("heading", name="Chưa có đợt nào")).to_be_visible()

    # A drive that is running now; its next time begins soon enough to be let in already.
    now = datetime.now(HANOI)
    begun = now - (now - now.replace(minute=0, second=0, microsecond=0)) % STEP
    comes = begun + STEP
    if comes - now < STEP / 2:  # it may begin before somebody has registered
        comes += STEP
    desk.get_by_role("link", name="Tạo đợt mới").first.click()
    fill(desk, name=DRIVE, venue_name=VENUE, venue_address="6 Tôn Thất Tùng, Hà Nội")
    fill(desk, date=f"{begun:%Y-%m-%d}", places_per_slot="5")
    fill(desk, starts_at=f"{begun:%H:%M}", ends_at=f"{comes + STEP:%H:%M}")
    desk.locator("details.fold summary").click()
    fill(desk, slot_minutes="10")
    public = publish(desk)
    first_drive = desk.url.removesuffix("share/")

    # A volunteer takes a place on a phone and has the ticket at once.
    phone = new_context(viewport=VIEWPORT).new_page()
    register(phone, public, at=comes, name=FIRST, email=FIRST_EMAIL, phone="0912 000 483")
    expect(phone.locator(".ticket-time")).to_have_text(f"{comes:%H:%M}")
    [mail] = wait_for_mail(installation, FIRST_EMAIL)
    assert_is_ticket(mail, page=phone.url, at=comes)
    [event] = Calendar.from_ical(part(mail, "text/calendar")).walk("VEVENT")
    assert event.decoded("dtstart") == comes
    picture = part(mail, "image/png")
    shown = Image.open(io.BytesIO(phone.screenshot(full_page=True))).convert("L")
    assert [code.text for code in zxingcpp.read_barcodes(shown)] == [qr_of(picture)]

    # The drive is repeated in three fields.
    day = begun.date() + timedelta(days=2)
    desk.goto(first_drive)
    desk.get_by_role("link", name="Lặp lại ngày khác").click()
    fill(desk, date=f"{day:%Y-%m-%d}", places_per_slot="4")
    desk.locator("[name=venue]").select_option(index=0)
    public = publish(desk)
    zone = HANOI
    if any(after_quiet_hours(at, HANOI) > at for at in (now, now + timedelta(minutes=15))):
        zone = WHERE_IT_IS_DAY
        move_zone(desk, installation, slug=public.rstrip("/").rsplit("/", 1)[1], zone=zone)

    # Another takes a place in it without scripts, and is reminded the evening before.
    plain = new_context(viewport=VIEWPORT, java_script_enabled=False).new_page()
    begins = datetime.combine(day, begun.time(), zone)
    register(plain, public, at=begins, name=SECOND, email=SECOND_EMAIL, phone="0912 000 965")
    expect(plain.locator(".ticket-time")).to_have_text(f"{begins:%H:%M}")
    [ticket] = wait_for_mail(installation, SECOND_EMAIL)
    evening = datetime.combine(day - timedelta(days=1), time(18, 0), zone)
    said = installation.manage("due", "--at", evening.isoformat(), "--json")
    assert json.loads(said)["queued"] == {"reminder": 1}
    mails = wait_for_mail(installation, SECOND_EMAIL, 2)
    [reminder] = [mail for mail in mails if mail["Message-ID"] != ticket["Message-ID"]]
    assert reminder["Subject"].replace("\N{NO-BREAK SPACE}", " ").startswith("Hẹn gặp")
    assert qr_of(part(reminder, "image/png")) == qr_of(part(ticket, "image/png"))
    assert_is_ticket(reminder, page=plain.url, at=begins)

    # The organizer shows a code; a helper's phone opens it and scans the mail's own picture.
    desk.goto(f"{first_drive}devices/")
    press(desk, "Hiện mã QR")
    enrolment = desk.locator("#enrol-link").text_content() or ""
    code = Image.open(io.BytesIO(desk.locator("#enrol .qr").screenshot())).convert("L")
    assert [found.text for found in zxingcpp.read_barcodes(code)] == [enrolment]
    film = tmp_path / "ticket.mjpeg"
    camera.video_of_picture(film, picture)
    flags = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    helpers = browser_type.launch(**{**browser_type_launch_args, "args": [*LAUNCH_FLAGS, *flags]})
    try:
        context = helpers.new_context(**{**browser_context_args, "viewport": VIEWPORT})
        number = scan(context, enrolment, name=FIRST)
    finally:
        helpers.close()

    # Everybody sees the same: the organizer who came, the volunteer the number.
    desk.goto(first_drive)
    expect(desk.locator("a.figure-link[href$='status=arrived']")).to_have_text(re.compile(r"^1\b"))
    phone.reload()
    expect(phone.locator(".own-number .figure-number")).to_have_text(number)
    assert [mail["To"] for mail in installation.mails()].count(FIRST_EMAIL) == 1


def publish(desk: Page) -> str:
    """Save the form, look at the preview, publish, and return the link to pass on."""
    press(desk, "Lưu và xem lại")
    expect(desk.get_by_text("Bản nháp.")).to_be_visible()
    press(desk, "Công bố")
    expect(desk.get_by_text("Đã công bố.")).to_be_visible()
    return desk.locator("#drive-link").inner_text().strip()


def register(page: Page, public: str, *, at: datetime, name: str, email: str, phone: str) -> None:
    page.goto(public)
    page.get_by_role("link", name="Chọn giờ đến").filter(visible=True).click()
    page.get_by_role("radio", name=re.compile(f"{at:%H:%M}")).check()
    page.get_by_role("button", name="Tiếp tục").click()
    fill(page, full_name=name, phone=phone, birth_year="1997", email=email)
    page.get_by_label("Tôi đồng ý cho ban tổ chức").check()
    page.get_by_label("Nhắc tôi trước ngày hẹn").check()
    page.get_by_role("button", name="Giữ chỗ và nhận vé").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Vé của {name}")


def move_zone(desk: Page, installation: Installation, *, slug: str, zone: ZoneInfo) -> None:
    """Let a drive take place elsewhere, which the API can say and no form needs to."""
    desk.goto(f"{installation.url}/account/tokens/")
    fill(desk, name="Múi giờ")
    press(desk, "Tạo mã")
    request = urllib.request.Request(
        f"{installation.url}/api/v1/manage/drives/{slug}/",
        method="PATCH",
        data=json.dumps({"zone": zone.key}).encode(),
        headers={
            "Authorization": f"Bearer {desk.locator('#secret').inner_text().strip()}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.loads(answer.read())["zone"] == zone.key


def scan(context: BrowserContext, enrolment: str, *, name: str) -> str:
    """Make a phone a device and let its camera see what the film holds; return the number."""
    context.set_default_timeout(PATIENCE)
    errors: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(enrolment)
    page.get_by_label("Ai dùng máy này?").fill("Hồng Nhung")
    press(page, "Dùng máy này để quét")
    accepted = page.locator('[data-verdict="accepted"]')
    expect(accepted).to_contain_text(name, timeout=PATIENCE)
    # The answer of the server stays below the camera when the verdict has gone.
    last = page.locator(".last-scan")
    expect(last).to_contain_text(re.compile(r"Số \d+"), timeout=PATIENCE)
    expect(last).to_contain_text(name)
    number = re.findall(r"Số (\d+)", last.inner_text())[-1]
    expect(page.locator('[data-part="chip"]')).to_contain_text("Đã gửi hết", timeout=PATIENCE)
    assert errors == []
    return str(number)
