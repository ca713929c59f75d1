"""Phones at the welcome desk: real Chromium before the real server, with a camera of ours."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.services import camera
from tests.services.web import Web

# The machine may be busy with other tests.
expect.set_options(timeout=15_000)
VIEWPORT = {"width": 390, "height": 844}
# A device's clock that runs well but shows another time; `window.clockIsOff` may be changed.
CLOCK_IS_OFF = """
(() => {
  const True = Date;
  const shown = () => True.now() + window.clockIsOff;
  window.clockIsOff = %d;
  window.Date = class extends True {
    constructor(...given) { given.length ? super(...given) : super(shown()); }
    static now() { return shown(); }
  };
})();
"""


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    server = Web(tmp_path_factory.mktemp("web") / "var")
    server.start()
    yield server
    server.stop()


@dataclass
class Person:
    """Somebody on the roster of today, with the ticket."""

    id: str
    ticket: str
    code: str
    name: str
    phone_last4: str
    slot_starts_at: datetime
    slot_ends_at: datetime
    manage_url: str

    @property
    def manage_token(self) -> str:
        return self.manage_url.rstrip("/").rsplit("/", 1)[1]


@dataclass
class Phone:
    """One device, as its helper sees it."""

    web: Web
    context: BrowserContext
    page: Page = field(init=False)
    errors: list[str] = field(default_factory=list)

    def open(self, url: str) -> Phone:
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.errors.append(said.text) if "Content Security" in said.text else None,
        )
        self.page.goto(url)
        return self

    def enrol(self, name: str = "Hồng Nhung") -> Phone:
        self.open(self.web.enrolment_url())
        self.page.get_by_label("Ai dùng máy này?").fill(name)
        self.page.get_by_role("button", name="Dùng máy này để quét").click()
        self.is_ready()
        self.page.get_by_role("button", name="Bắt đầu quét").click()
        self.is_ready()
        return self

    def reopen(self) -> Phone:
        """Open the scanner in a new tab; the pages before are gone, as after a crash."""
        for page in self.context.pages:
            page.close()
        return self.open(f"{self.web.base_url}/scan/")

    def keeps_the_page(self) -> None:
        """Wait until the page can be opened without a network."""
        self.page.wait_for_function("() => navigator.serviceWorker.controller !== null")

    def look_at_the_server(self) -> None:
        """Let it try now, as when its page is looked at again."""
        self.page.evaluate("dispatchEvent(new Event('focus'))")

    def is_ready(self) -> None:
        expect(self.page.locator("body[data-ready]")).to_be_attached(timeout=20_000)

    @property
    def verdict(self) -> Any:
        return self.page.locator("[data-verdict]")

    def show(self, text: str | None) -> None:
        camera.show(self.page, text)

    def scan(self, text: str, verdict: str) -> None:
        """Hold a code before the camera until its verdict is there, and take it away."""
        self.show(text)
        expect(self.page.locator(f'[data-verdict="{verdict}"][role="status"]')).to_be_visible()
        self.show(None)

    def back(self) -> None:
        """Wait until the camera is back."""
        expect(self.verdict).to_have_count(0, timeout=8_000)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def all_sent(self) -> None:
        expect(self.page.locator('[data-part="chip"]')).to_contain_text(
            "Đã gửi hết", timeout=20_000
        )

    def kept(self, store: str) -> list[dict[str, Any]]:
        """Read what lies in a store of the device."""
        rows: list[dict[str, Any]] = self.page.evaluate(
            """store => new Promise((resolve, reject) => {
              const opening = indexedDB.open("giot-hong");
              opening.onsuccess = () => {
                const all = opening.result.transaction(store).objectStore(store).getAll();
                all.onsuccess = () => { opening.result.close(); resolve(all.result); };
                all.onerror = reject;
              };
            })""",
            store,
        )
        return rows


NewPhone = Callable[..., Phone]


@pytest.fixture
def new_phone(
    web: Web, people: People, browser: Browser, browser_context_args: dict[str, Any]
) -> Iterator[NewPhone]:
    """``people`` is asked for so that everybody is on the list that a phone fetches."""
    phones: list[Phone] = []

    def make(*, clock_is_off: timedelta = timedelta(), **options: Any) -> Phone:
        given: dict[str, Any] = {**browser_context_args, "viewport": VIEWPORT, **options}
        context = browser.new_context(**given)
        context.set_default_timeout(20_000)
        camera.install(context)
        if clock_is_off:
            context.add_init_script(CLOCK_IS_OFF % (clock_is_off / timedelta(milliseconds=1)))
        phones.append(Phone(web, context))
        return phones[-1]

    yield make
    errors = [error for phone in phones for error in phone.errors]
    for phone in phones:
        phone.context.close()
    assert errors == []


@pytest.fixture
def phone(new_phone: NewPhone) -> Phone:
    return new_phone().enrol()


@pytest.fixture(scope="session")
def people(web: Web) -> People:
    return People(web)


ENOUGH = 100  # more people than all journeys scan on time


def _is_on_time(person: Person) -> bool:
    now, margin = datetime.now().astimezone(), timedelta(minutes=25)
    return person.slot_starts_at - margin < now < person.slot_ends_at + margin


class People:
    """Those who hold a ticket for today; each is given out once, and all are on every list."""

    def __init__(self, web: Web) -> None:
        self._web = web
        code = web.enrolment_url().split("#")[1]
        body = {"code": code, "name": "Máy thử"}
        device = web.call("POST", "devices/enroll/", body, token="")
        token = f"Device {device['token']}"
        roster = web.call("GET", "checkin/roster/", token=token)["registrations"]
        self.drive = device["drive"]
        rows = {row["id"]: row for row in roster if row["status"] == "registered"}
        self._left = [
            Person(
                id=id,
                ticket=entry["ticket"],
                code=entry["code"],
                name=rows[id]["name"],
                phone_last4=rows[id]["phone_last4"],
                slot_starts_at=datetime.fromisoformat(rows[id]["slot_starts_at"]),
                slot_ends_at=datetime.fromisoformat(rows[id]["slot_ends_at"]),
                manage_url=entry["manage_url"],
            )
            for entry in web.demo["registrations"]["today"]
            if (id := registration_id(entry["ticket"])) in rows
        ]
        self._let_telephone(ENOUGH - sum(map(_is_on_time, self._left)))

    def _take(self, fits: Callable[[Person], bool]) -> Person | None:
        person = next((person for person in self._left if fits(person)), None)
        if person is not None:
            self._left.remove(person)
        return person

    def on_time(self) -> Person:
        person = self._take(_is_on_time)
        assert person is not None, "the journeys scan more people than ENOUGH"
        return person

    def _let_telephone(self, count: int) -> None:
        """Let the organizer add people to the running time, before a phone has its list."""
        token = f"Bearer {self._web.demo['api_tokens']['organizer']}"
        drive = f"manage/drives/{self._web.slug}/"
        now = datetime.now().astimezone()
        slots = self._web.call("GET", f"drives/{self._web.slug}/", token="")["slots"]
        slot = next(s for s in slots if now < datetime.fromisoformat(s["ends_at"]))
        wider = {"slots": [{"id": slot["id"], "capacity": 200}]}
        self._web.call("PATCH", drive, wider, token=token)
        for n in range(count):
            body = {
                "slot": slot["id"],
                "full_name": f"Người Gọi {chr(ord('A') + n // 26)}{chr(ord('A') + n % 26)}",
                "phone": f"0938 222 {n:03}",
                "birth_year": 1991,
                "consents": ["registration"],
            }
            made = self._web.call("POST", f"{drive}registrations/", body, token=token)
            self._left.append(
                Person(
                    id=made["id"],
                    ticket=made["ticket"],
                    code=made["code"],
                    name=made["full_name"],
                    phone_last4=f"2{n:03}",
                    slot_starts_at=datetime.fromisoformat(slot["starts_at"]),
                    slot_ends_at=datetime.fromisoformat(slot["ends_at"]),
                    manage_url=made["manage_url"],
                )
            )

    def early(self) -> Person:
        now = datetime.now().astimezone()
        person = self._take(lambda p: now < p.slot_starts_at - timedelta(minutes=35))
        assert person is not None
        return person


def payload(ticket: str) -> bytes:
    text = ticket.rsplit("/", 1)[1]
    return base64.b32decode(text)


def registration_id(ticket: str) -> str:
    return payload(ticket)[5:13].hex()


def forged(ticket: str, at: int = 40) -> str:
    """Return the ticket with one byte changed; the 40th is of the signature."""
    raw = bytearray(payload(ticket))
    raw[at] ^= 1
    return f"{ticket.rsplit('/', 1)[0]}/{base64.b32encode(bytes(raw)).decode()}"


def scans_arrived_once(web: Web, phone: Phone) -> list[str]:
    """Return the ids of all scans that a device keeps, of which each must be stored once."""
    ids = [scan["id"] for scan in phone.kept("scans")]
    assert len(ids) == len(set(ids))
    assert sorted(stored_ids(web, ids)) == sorted(id.replace("-", "") for id in ids)
    return ids


def query(web: Web, statement: str, *values: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{web.database}?mode=ro", uri=True, timeout=20) as database:
        return database.execute(statement, values).fetchall()


def stored(
    web: Web, registration: str, by: Literal["corrected_at", "scanned_at"] = "corrected_at"
) -> list[tuple[Any, ...]]:
    """Return what the server has kept about somebody: kind, verdict and what was shown.

    :param by: ``scanned_at`` for scans of one phone within a second: how far its clock is off is
        measured anew at each answer, and differs by as much as the way took.
    """
    return query(
        web,
        "SELECT s.kind, s.verdict, s.shown FROM checkin_scan s"  # noqa: S608
        " JOIN registrations_registration r ON r.id = s.registration_id"
        f" WHERE r.public_id = ? ORDER BY s.{by}",
        registration,
    )


def stored_ids(web: Web, ids: list[str]) -> list[str]:
    marks = ", ".join("?" * len(ids))
    rows = query(
        web,
        f"SELECT id FROM checkin_scan WHERE id IN ({marks})",  # noqa: S608
        *(id.replace("-", "") for id in ids),
    )
    return [str(row[0]) for row in rows]
