"""The scanner in Chromium on a slow phone: from frame to verdict, and what the roster costs."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from urllib.request import Request, urlopen

from django.db import connection
from playwright.sync_api import Browser, CDPSession, Page, ViewportSize, sync_playwright

from accounts.secrets import hash_secret
from events.checkin.models import Device
from events.checkin.services import hand_over
from tests.bench.line import SlowLine
from tests.bench.people import Ours, our_drive
from tests.services import films
from tests.services.chromium import LAUNCH_FLAGS, find_chromium

SLOWER = 6
VIEWPORT: ViewportSize = {"width": 390, "height": 844}
_VERDICTS = "performance.getEntriesByName('frame-to-verdict').map(one => one.duration)"
_ROSTERS = "performance.getEntriesByName('roster').map(one => one.duration)"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table; ``held`` is None where no budget is."""

    what: str
    measured: str
    budget: str = ""
    held: bool | None = None


def figures(port: int, *, people: int, seconds: int, say: Callable[[str], None]) -> list[Figure]:
    """Measure all; ``seconds`` of tickets before the camera each time."""
    # Playwright keeps an event loop in this thread, in which Django sees no harm of ours.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="gh-film-") as folder:
        say("browser: roster")
        found = _roster(playwright.chromium.launch, port, people)
        for figure in found:
            say(f"  {figure.what}: {figure.measured}")
        drive = our_drive(slots=1, capacity=people, people=people, today=True)
        film = Path(folder) / "tickets.mjpeg"
        films.film(film, [(ticket, "sharp") for ticket in drive.tickets()[:12]], seconds=1.1)
        for words, slowed in _SLOWED.items():
            say(f"browser: {words}")
            found += _verdicts(
                playwright.chromium.launch, port, drive, film, seconds, words, slowed
            )
        say("browser: eight ways to see a ticket")
        found += _ways(playwright.chromium.launch, port, drive)
    return found


@contextmanager
def _chromium(launch: Callable[..., Browser], film: Path | None = None) -> Iterator[Browser]:
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    if film:
        camera.append(f"--use-file-for-fake-video-capture={film}")
    browser = launch(executable_path=find_chromium(), args=[*LAUNCH_FLAGS, *camera])
    try:
        yield browser
    finally:
        browser.close()


def _enrol(page: Page, port: int, drive: Ours) -> None:
    if not Device.objects.filter(drive=drive.drive).exists():
        drive.devices(1)
    device = Device.objects.filter(drive=drive.drive).earliest("pk")
    code = hand_over(device=device, now=datetime.now(UTC)).code
    page.goto(f"http://127.0.0.1:{port}/scan/enroll/?lang=vi#{code}")
    page.get_by_role("button", name="Dùng máy này để quét").click()


# --- The roster ------------------------------------------------------------------------------


def _roster(launch: Callable[..., Browser], port: int, people: int) -> list[Figure]:
    drive = our_drive(slots=8, capacity=people, people=people, today=True)
    _name(drive)
    line = SlowLine(port)
    with _chromium(launch) as browser:
        page = browser.new_context(viewport=VIEWPORT).new_page()
        page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
        tools = page.context.new_cdp_session(page)
        tools.send("Performance.enable")
        _enrol(page, line.port, drive)
        _roster_is_there(page)
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        took = []
        for _turn in range(3):
            _forget_roster(page)
            line.is_slow = True
            page.reload()
            _roster_is_there(page)
            line.is_slow = False
            took.append(page.evaluate(f"{_ROSTERS}[0]"))
        whole = _middle(_whole_roster(page, tools, line) for _turn in range(3))
        delta = _middle(_delta(page, tools, drive) for _turn in range(3))
    line.close()
    took.sort()
    size = _size_on_the_wire(port, drive)
    a_person = size / people
    return [
        Figure(
            what=f"roster of {people:,} over slow 4G, asked for to kept",
            measured=f"{took[1] / 1000:.1f} s",
            budget="3 s",
            held=took[1] <= 3_000,
        ),
        Figure(
            what="the same on the wire, compressed",
            measured=f"{a_person:.0f} B a person",
            budget="60 B",
            held=a_person <= 60,
        ),
        Figure(
            what=f"main thread, slowed {SLOWER} ×, for all {people:,} (once a day)",
            measured=f"{whole[0]:.0f} ms in all, {_longest(whole[1])}",
            budget="50 ms at once",
            held=whole[1] <= 50,
        ),
        Figure(
            what=f"main thread, slowed {SLOWER} ×, for a sync that brings 50 changes",
            measured=f"{delta[0]:.0f} ms in all, {_longest(delta[1])}",
            budget="50 ms",
            held=delta[0] <= 50,
        ),
    ]


def _roster_is_there(page: Page) -> None:
    page.wait_for_function(f"() => {_ROSTERS}.length > 0", timeout=60_000)


def _size_on_the_wire(port: int, drive: Ours) -> int:
    """Return the length of the answer, as a browser would get it."""
    token = secrets.token_urlsafe(32)
    device = Device.objects.filter(drive=drive.drive).latest("pk")
    Device.objects.filter(pk=device.pk).update(token_hash=hash_secret(token))
    headers = {"Authorization": f"Device {token}", "Accept-Encoding": "gzip, deflate, br, zstd"}
    asked = Request(f"http://127.0.0.1:{port}/api/v1/checkin/roster/", headers=headers)
    with urlopen(asked, timeout=60) as answer:
        return len(answer.read())


def _forget_roster(page: Page) -> None:
    page.evaluate(
        """() => new Promise(done => {
          const opening = indexedDB.open("giot-hong");
          opening.onsuccess = () => {
            const tx = opening.result.transaction(["kept", "people"], "readwrite");
            tx.objectStore("kept").delete("roster");
            tx.objectStore("people").clear();
            tx.oncomplete = () => { opening.result.close(); done(); };
          };
        })"""
    )


def _whole_roster(page: Page, tools: CDPSession, line: SlowLine) -> tuple[float, float]:
    """Let a page settle without its roster, and then have it."""
    _forget_roster(page)
    line.is_open.clear()
    page.reload()
    page.wait_for_timeout(1_500)
    return _cost(page, tools, line.is_open.set)


def _delta(page: Page, tools: CDPSession, drive: Ours) -> tuple[float, float]:
    _touch(drive, 50)
    return _cost(page, tools, lambda: page.evaluate("dispatchEvent(new Event('focus'))"))


def _middle(costs: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Of several tries the one in the middle: what the machine does besides weighs less."""
    tried = sorted(costs)
    return tried[len(tried) // 2]


def _cost(page: Page, tools: CDPSession, begin: Callable[[], None]) -> tuple[float, float]:
    """Return what a sync costs the page: all tasks, less what it does at rest; and the longest."""
    page.evaluate(
        "window.longest = []; new PerformanceObserver(list => window.longest.push("
        "...list.getEntries().map(one => one.duration))).observe({type: 'longtask'})"
    )
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    costs = []
    for does in (lambda: None, begin):
        page.wait_for_timeout(1_000)
        count = page.evaluate(f"window.longest = [], {_ROSTERS}.length")
        before = _tasks(tools)
        does()
        page.wait_for_timeout(4_000)  # asking the page would cost it time
        costs.append(_tasks(tools) - before)
        if does is begin:
            page.wait_for_function(f"count => {_ROSTERS}.length > count", arg=count)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return max(0.0, costs[1] - costs[0]), page.evaluate("Math.max(0, ...window.longest)")


def _longest(milliseconds: float) -> str:
    return f"at most {milliseconds:.0f} ms at once" if milliseconds else "never 50 ms at once"


def _tasks(tools: CDPSession) -> float:
    metrics = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"]) * 1000


def _name(drive: Ours) -> None:
    """Give everybody a name of their own: the same ones would compress too well."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registrations_registration SET full_name ="
            " (ARRAY['Nguyễn','Trần','Lê','Phạm','Hoàng','Vũ','Đặng','Bùi','Đỗ','Lò'])"
            "[1 + floor(random() * 10)] || ' ' ||"
            " (ARRAY['Thị','Văn','Hoàng','Minh','Thu','Đức','Ngọc','Quang'])"
            "[1 + floor(random() * 8)] || ' ' ||"
            " (ARRAY['Phương','Thanh','Hải','Mỹ','Khánh','Gia','Tuấn','Bảo','Kim','Xuân'])"
            "[1 + floor(random() * 10)] || ' ' ||"
            " (ARRAY['An','Bình','Duyên','Giang','Hạnh','Huy','Linh','Nam','Quyết','Thảo','Trang',"
            "'Tùng','Vy','Yến','Sơn','Phúc'])[1 + floor(random() * 16)] WHERE drive_id = %s",
            [drive.drive.pk],
        )


def _touch(drive: Ours, count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registrations_registration SET full_name = full_name || ' B',"
            " changed = pg_current_xact_id()::text::bigint WHERE id IN"
            " (SELECT id FROM registrations_registration WHERE drive_id = %s LIMIT %s)",
            [drive.drive.pk, count],
        )


# --- From frame to verdict -------------------------------------------------------------------


@contextmanager
def _as_it_is(_browser: Browser, _page: Page) -> Iterator[None]:
    yield


@contextmanager
def _page_slowed(_browser: Browser, page: Page) -> Iterator[None]:
    """The browser's own throttling: the main thread only, the decoder runs at full speed."""
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    yield


@contextmanager
def _process_slowed(browser: Browser, page: Page) -> Iterator[None]:
    """Stop the page's whole process, worker included, for 3 of each 4 ms."""
    pid = _renderer(page)
    over = threading.Event()

    def hold() -> None:
        while not over.is_set():
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.006)
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.002)

    holding = threading.Thread(target=hold, daemon=True)
    holding.start()
    try:
        yield
    finally:
        over.set()
        holding.join()
        os.kill(pid, signal.SIGCONT)


_SLOWED = {
    "this machine": _as_it_is,
    f"page slowed {SLOWER} ×, decoder not": _page_slowed,
    "page and decoder slowed 4 ×": _process_slowed,
}


def _renderer(page: Page) -> int:
    """Find the process of a page: the one that works while it is made to."""

    def busy() -> dict[int, int]:
        found = {}
        for one in Path("/proc").glob("[0-9]*"):
            try:
                if b"--type=renderer" in (one / "cmdline").read_bytes():
                    fields = (one / "stat").read_text().rpartition(")")[2].split()
                    found[int(one.name)] = int(fields[11])
            except OSError:
                continue
        return found

    before = busy()
    page.evaluate("() => { const end = Date.now() + 1500; while (Date.now() < end); }")
    after = busy()
    return max(after, key=lambda pid: after[pid] - before.get(pid, 0))


def _verdicts(
    launch: Callable[..., Browser],
    port: int,
    drive: Ours,
    film: Path,
    seconds: int,
    words: str,
    slowed: Callable[[Browser, Page], object],
) -> list[Figure]:
    with _chromium(launch, film) as browser:
        page = browser.new_context(viewport=VIEWPORT).new_page()
        _enrol(page, port, drive)
        page.wait_for_selector("body[data-ready]")
        page.wait_for_timeout(3_000)  # the first ticket leads from there to the camera
        with slowed(browser, page):  # type: ignore[attr-defined]
            page.evaluate("performance.clearMeasures('frame-to-verdict')")
            page.wait_for_timeout(seconds * 1_000)
        took = page.evaluate(_VERDICTS)
    p50, p95 = (quantiles(took, n=20)[at] for at in (9, 18)) if len(took) > 1 else (0, 0)
    a_minute = len(took) * 60 / seconds
    return [
        Figure(
            what=f"frame to painted verdict, {words}",
            measured=f"p50 {p50:.0f} ms, p95 {p95:.0f} ms",
            budget="p95 300 ms",
            held=bool(took) and p95 <= 300,
        ),
        Figure(
            what=f"tickets a minute, {words} (the film shows 40)",
            measured=f"{a_minute:.0f}",
            budget="20",
            held=a_minute >= 20,
        ),
    ]


# --- Eight ways to see a ticket --------------------------------------------------------------

_READ = """async ({ frames, look }) => {
  const { worker, wasm } = document.body.dataset;
  const decoder = new Worker(worker);
  const ask = (message) => new Promise(resolve => {
    decoder.onmessage = ({ data }) => resolve(data);
    decoder.postMessage(message);
  });
  await ask({ wasm: new URL(wasm, location.href).href });
  let read = 0;
  const began = performance.now();
  let took = 0;
  for (const base64 of frames) {
    const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes]));
    const canvas = new OffscreenCanvas(594, 720);
    const paint = canvas.getContext("2d");
    paint.drawImage(picture, -(picture.width - 594) / 2, 0);
    const frame = paint.getImageData(0, 0, 594, 720);
    const start = performance.now();
    const { texts } = await ask({ frame, look });
    took += performance.now() - start;
    read += texts.length > 0;
  }
  decoder.terminate();
  return { read, each: took / frames.length };
}"""


def _ways(launch: Callable[..., Browser], port: int, drive: Ours) -> list[Figure]:
    [ticket, *_rest] = drive.tickets()
    found = []
    with _chromium(launch) as browser:
        page = browser.new_context(viewport=VIEWPORT).new_page()
        page.goto(f"http://127.0.0.1:{port}/scan/?lang=vi")
        for way in films.WAYS:
            seen = films.frames(ticket, way, count=10)
            frames = [base64.b64encode(films.jpeg(frame)).decode() for frame in seen]
            looks = {
                look: page.evaluate(_READ, {"frames": frames, "look": look})
                for look in ("plain", "sharpened", "evened")
            }
            words = ", ".join(
                f"{look} {one['read']}/{len(frames)} ({one['each']:.0f} ms)"
                for look, one in looks.items()
            )
            best = max(one["read"] for one in looks.values())
            found.append(
                Figure(
                    what=f"frames read, {way}", measured=words, budget="most", held=2 * best > 10
                )
            )
    return found
