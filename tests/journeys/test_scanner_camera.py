"""The camera of the scanner: what it reads, and what it does when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserType, expect

from tests.journeys.conftest import VIEWPORT, NewPhone, People, Phone
from tests.services import camera, films
from tests.services.chromium import LAUNCH_FLAGS
from tests.services.web import Web


def test_the_same_code_is_ignored_until_it_has_been_away_for_three_seconds(
    phone: Phone, people: People
):
    person = people.on_time()

    phone.scan(person.ticket, "accepted")
    phone.show(person.ticket)
    phone.page.wait_for_timeout(4_500)
    assert len(phone.kept("scans")) == 1
    phone.show(None)
    phone.page.wait_for_timeout(1_500)
    phone.show(person.ticket)
    phone.page.wait_for_timeout(1_000)
    assert len(phone.kept("scans")) == 1
    phone.show(None)
    phone.page.wait_for_timeout(3_300)
    phone.scan(person.ticket, "already_scanned")

    assert len(phone.kept("scans")) == 2


def test_a_camera_whose_stream_dies_comes_back_by_itself(phone: Phone, people: People):
    phone.page.evaluate("window.fakeCamera.die()")

    phone.page.wait_for_function("() => window.fakeCamera.streams.length > 1")
    phone.scan(people.on_time().ticket, "accepted")


def test_a_picture_that_stands_still_is_started_again(phone: Phone, people: People):
    """A stream may die without a word; what is seen then is its last picture, for good."""
    phone.page.evaluate("document.querySelector('video').pause()")

    phone.page.wait_for_function("() => window.fakeCamera.streams.length > 1", timeout=10_000)
    phone.scan(people.on_time().ticket, "accepted")


def test_light_and_another_camera_where_the_phone_has_them(new_phone: NewPhone, web: Web):
    phone = new_phone()
    has_both = "Object.assign(window.fakeCamera, {lit: false, cameras: ['a', 'b']})"
    phone.context.add_init_script(has_both)
    phone.enrol()
    light = phone.page.get_by_role("button", name="Đèn")

    light.click()
    expect(light).to_have_attribute("aria-pressed", "true")
    assert phone.page.evaluate("window.fakeCamera.lit") is True
    phone.page.get_by_role("button", name="Đổi camera").click()
    phone.page.wait_for_function("() => window.fakeCamera.streams.length > 1")
    expect(light).to_have_attribute("aria-pressed", "false")
    phone.page.reload()
    phone.is_ready()

    [asked] = phone.page.evaluate("window.fakeCamera.asked")
    assert asked["deviceId"] == {"exact": "b"}


def test_a_phone_with_one_camera_and_no_light_shows_neither(phone: Phone):
    tools = [phone.page.get_by_role("button", name=name) for name in ("Đèn", "Đổi camera")]

    assert [tool.count() for tool in tools] == [0, 0]


# --- Who draws the picture: the decoder's worker, or the page where a browser cannot -------------

_REPLACED = "const Real = VideoFrame; window.VideoFrame = function (...given) { return %s; };"
_PICTURES = {
    "none": "delete window.VideoFrame",
    "refused": _REPLACED % "(() => { throw new DOMException('no', 'InvalidStateError') })()",
    "on its side": _REPLACED % "new Real(new OffscreenCanvas(480, 640), {timestamp: 0})",
    "not to be sent": _REPLACED
    % """{
        displayWidth: given[0].videoWidth, displayHeight: given[0].videoHeight, close() {}}""",
    "black": _REPLACED
    % """(() => {
        const canvas = new OffscreenCanvas(given[0].videoWidth, given[0].videoHeight);
        canvas.getContext('2d').fillRect(0, 0, canvas.width, canvas.height);
        return new Real(canvas, {timestamp: 0});
      })()""",
}


def test_pictures_are_drawn_off_the_page(new_phone: NewPhone, people: People):
    phone = new_phone()
    phone.context.add_init_script(
        "window.drawn = 0; const draw = CanvasRenderingContext2D.prototype.getImageData;"
        "CanvasRenderingContext2D.prototype.getImageData = function (...given)"
        " { window.drawn++; return draw.apply(this, given); }"
    )
    phone.enrol()

    phone.scan(people.on_time().ticket, "accepted")
    assert phone.page.evaluate("window.drawn") == 0


@pytest.mark.parametrize("picture", _PICTURES)
def test_the_page_draws_where_the_browser_cannot_do_it_elsewhere(
    new_phone: NewPhone, people: People, picture: str
):
    phone = new_phone()
    phone.context.add_init_script(_PICTURES[picture])
    phone.enrol()

    phone.scan(people.on_time().ticket, "accepted")
    phone.back()
    phone.scan(people.on_time().ticket, "accepted")


# --- Chromium's own camera, fed by a video: nothing of the page is replaced ---------------------


@pytest.fixture
def filmed(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    web: Web,
) -> Any:
    @contextmanager
    def open_with(film: Path) -> Iterator[Phone]:
        flags = [
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ]
        browser = browser_type.launch(
            **{**browser_type_launch_args, "args": [*LAUNCH_FLAGS, *flags]}
        )
        try:
            context = browser.new_context(**{**browser_context_args, "viewport": VIEWPORT})
            phone = Phone(web, context).open(web.enrolment_url())
            phone.press("Dùng máy này để quét")
            phone.is_ready()
            yield phone
        finally:
            browser.close()

    return open_with


def _accepted(phone: Phone, count: int, *, seconds: int) -> list[str]:
    """Return whom the device has let in, in that order, once they are so many."""
    for _ in range(seconds * 4):
        scans = sorted(phone.kept("scans"), key=lambda scan: scan["order"])
        accepted = [scan["person"] for scan in scans if scan["wire"]["shown"] == "accepted"]
        if len(accepted) >= count:
            break
        phone.page.wait_for_timeout(250)
    return accepted


def test_a_video_of_tickets_is_read_in_order(filmed: Any, people: People, tmp_path: Path):
    shown = [people.on_time() for _ in range(3)]
    film = tmp_path / "tickets.mjpeg"
    camera.video(film, [person.ticket for person in shown], seconds=1.2, pause=0.4)

    with filmed(film) as phone:
        ordered = _accepted(phone, len(shown), seconds=15)
        took = phone.page.evaluate("performance.getEntriesByName('frame-to-verdict').length")

    ids = [person.id for person in shown]
    start = ids.index(ordered[0])  # the film loops: it may begin with any of them
    assert ordered == ids[start:] + ids[:start]
    assert took >= len(shown)


def test_tickets_are_read_however_badly_they_are_seen(filmed: Any, people: People, tmp_path: Path):
    """Sharp, blurred, tilted, dim, small, noisy, on a broken screen, inverted."""
    shown = {way: people.on_time() for way in films.WAYS}
    film = tmp_path / "ways.mjpeg"
    films.film(film, [(person.ticket, way) for way, person in shown.items()])

    with filmed(film) as phone:
        read = set(_accepted(phone, len(shown), seconds=45))

    assert {way for way, person in shown.items() if person.id not in read} == set()
