"""The roster and its deltas: what a device knows, and that no change is ever lost."""

from __future__ import annotations

import random
import threading
import time as clock
import zlib
from contextlib import suppress
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from events.checkin.api.reading import read_reading
from events.checkin.models import Device
from events.checkin.roster import Cursor, RosterPage, roster_page
from events.checkin.services import accept_scans
from events.drives.models import Drive
from events.drives.replan import DriveChanges
from events.registrations.models import Registration
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import cancel_drive, cancel_registration, update_drive
from events.registrations.tickets import format_code
from tests.checkin.conftest import DURING, Phone, a_scan, an_undo, drive_told, make_device
from tests.factories import DriveFactory, RegistrationFactory, UnitFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def test_roster_holds_what_a_device_shows_and_no_more(phone: Phone, drive: Drive):
    unit = UnitFactory(name="Viện Dệt May")
    an = RegistrationFactory(slot=drive.slots.first(), unit=unit, phone="+84912000483")
    phone.scan(a_scan(an))

    roster = phone.roster()

    keys, cursor = roster.pop("keys"), roster.pop("cursor")
    assert ([k["key_id"] for k in keys], len(cursor) > 20) == ([1], True)
    assert roster == {
        "registrations": [
            {
                "id": an.public_id,
                "code": format_code(an.code),
                "name": "Nguyễn Văn An",
                "slot_starts_at": "2026-12-05T00:00:00Z",
                "slot_ends_at": "2026-12-05T00:30:00Z",
                "unit": "Viện Dệt May",
                "phone_last4": "0483",
                "status": "checked_in",
                "number": 1,
                "scans": {"welcome": "2026-12-05T00:10:00Z"},
            }
        ],
        "revoked": [],
        "conflicts": [],
        "more": False,
        "total": 1,
        "drive": drive_told(drive),
        "server_time": "2026-12-05T00:10:00Z",
        "expires_at": "2026-12-06T04:00:00Z",
    }


def test_roster_tells_of_a_drive_that_was_changed_or_cancelled_since(phone: Phone, drive: Drive):
    """A device judges by the drive's times: it must not go on with those of its enrolment."""
    waits = RegistrationFactory(slot=drive.slots.last())
    before = phone.roster()
    organizer = UserFactory()

    changes = DriveChanges(starts=time(7, 30), ends=time(11, 30), tolerance_minutes=45)
    update_drive(drive=drive, changes=changes, by=organizer, now=DURING)
    moved = phone.roster(before["cursor"])
    cancel_drive(drive=drive, reason="Bão", by=organizer, now=DURING)
    cancelled = phone.roster(moved["cursor"])

    new = {
        "starts_at": "2026-12-05T00:30:00Z",
        "ends_at": "2026-12-05T04:30:00Z",
        "tolerance_minutes": 45,
    }
    assert moved["drive"] == before["drive"] | new
    assert moved["expires_at"] == "2026-12-06T04:30:00Z"
    assert [r["slot_starts_at"] for r in moved["registrations"]] == ["2026-12-05T02:00:00Z"]
    assert cancelled["drive"] == moved["drive"] | {"cancelled": True}
    assert (cancelled["registrations"], cancelled["revoked"]) == ([], [waits.public_id])


def test_roster_gives_cancelled_and_erased_ones_only_as_revoked(phone: Phone, drive: Drive):
    slot = drive.slots.first()
    cancelled = RegistrationFactory(slot=slot, status="cancelled", cancelled_at=DURING)
    erased = RegistrationFactory(slot=slot, erased_at=DURING)
    waiting = RegistrationFactory(slot=slot, status="waitlisted")

    roster = phone.roster()

    assert roster["revoked"] == [cancelled.public_id, erased.public_id]
    assert [(r["id"], r["status"]) for r in roster["registrations"]] == [
        (waiting.public_id, "waitlisted")
    ]
    assert roster["total"] == 1


def test_roster_of_another_drive_is_not_seen(phone: Phone, an: Registration):
    stranger = make_device(DriveFactory(slots=1))

    assert (stranger.roster()["registrations"], stranger.roster()["total"]) == ([], 0)


def tells(rows: list[str], expected: list[str]) -> bool:
    """Tell whether a delta tells of these; it may repeat others, and nothing else is promised.

    PostgreSQL counts transactions of the whole cluster, and another test's may be open now. SQLite
    has nobody else: there a delta holds just what changed.
    """
    return rows == expected if connection.vendor == "sqlite" else set(expected) <= set(rows)


@pytest.mark.django_db(transaction=True)
def test_delta_holds_what_changed_by_whomever(
    phone: Phone, other_phone: Phone, drive: Drive, an: Registration, binh: Registration
):
    upcoming = RegistrationFactory(slot=drive.slots.last())
    cursor = phone.roster()["cursor"]
    unchanged = phone.roster(cursor)

    other_phone.scan(a_scan(an))
    cancel_registration(registration=upcoming, now=DURING)
    new = RegistrationFactory(slot=drive.slots.first())
    delta = phone.roster(cursor)

    assert tells([r["id"] for r in unchanged["registrations"]], [])
    assert unchanged["total"] == 3
    assert tells([r["id"] for r in delta["registrations"]], [an.public_id, new.public_id])
    assert (delta["revoked"], delta["total"], delta["more"]) == ([upcoming.public_id], 3, False)
    assert tells([r["id"] for r in phone.roster(delta["cursor"])["registrations"]], [])


@pytest.mark.django_db(transaction=True)
def test_roster_in_pages_gives_everybody_once_and_then_the_delta(drive: Drive):
    people = RegistrationFactory.create_batch(7, slot=drive.slots.first())
    seen: list[str] = []

    page = roster_page(drive, None, now=DURING, page_size=3)
    while page.more:
        seen += [r["id"] for r in page.registrations]
        # Behind the pages: only the delta can tell of it.
        Registration.objects.filter(pk=people[0].pk).update(full_name="Nguyễn Văn Ân")
        page = roster_page(drive, page.cursor, now=DURING, page_size=3)
    seen += [r["id"] for r in page.registrations]
    delta = roster_page(drive, page.cursor, now=DURING, page_size=3)

    assert seen == [p.public_id for p in people]
    assert tells([r["name"] for r in delta.registrations], ["Nguyễn Văn Ân"])


@pytest.mark.parametrize("cursor", ["x", "a" * 55, "é", "%00", "A" * 5000])
def test_roster_with_a_broken_cursor_starts_anew(phone: Phone, an: Registration, cursor: str):
    assert [r["id"] for r in phone.roster(cursor)["registrations"]] == [an.public_id]


def test_roster_with_a_foreign_cursor_or_one_from_before_a_restore_starts_anew(
    phone: Phone, drive: Drive, an: Registration
):
    foreign = make_device(DriveFactory()).roster()["cursor"]
    old = phone.roster()["cursor"]

    after_foreign = phone.roster(foreign)
    Drive.objects.filter(pk=drive.pk).update(roster_epoch="0123456789abcdef")
    after_restore = phone.roster(old)

    for roster in (after_foreign, after_restore):
        assert [r["id"] for r in roster["registrations"]] == [an.public_id]


def test_cursor_survives_its_own_text():
    cursor = Cursor(epoch=bytes(8), since=None, until=2**60, after=7, at=2**33)

    assert Cursor.decode(cursor.encode()) == cursor


@pytest.mark.parametrize("people", [1, 3])
def test_roster_costs_the_same_statements_for_any_number(
    phone: Phone, other_phone: Phone, drive: Drive, people: int
):
    for person in RegistrationFactory.create_batch(people, slot=drive.slots.first()):
        phone.scan(a_scan(person))
        other_phone.scan(a_scan(person, shown="accepted", offline=True))
    phone.roster()

    with CaptureQueriesContext(connection) as queries:
        phone.roster()

    # Seven reads, and the line that a device took the list.
    sent = [q["sql"] for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(sent) == 8, sent


def test_roster_notes_contact_and_sync_once_a_minute(drive: Drive):
    phone = make_device(drive, last_contact_at=DURING - timedelta(seconds=30))
    quiet = make_device(drive, last_contact_at=DURING - timedelta(minutes=1))

    phone.roster()
    phone.roster()
    quiet.scan()

    first, second = Device.objects.order_by("number")
    assert (first.roster_synced_at, first.last_contact_at) == (DURING, DURING)
    assert (second.roster_synced_at, second.last_contact_at) == (None, DURING)


def test_roster_is_small_when_compressed(phone: Phone, drive: Drive):
    """At most 60 bytes a person (issue: 5,000 people in 3 seconds over slow 4G)."""
    slots = list(drive.slots.all())
    names = [f"{a} {b} {c}" for a in FAMILY for b in MIDDLE for c in GIVEN]
    units = [UnitFactory(name=f"Công ty TNHH MTV {c}") for c in GIVEN]
    for n, name in enumerate(names):
        RegistrationFactory(slot=slots[n % 4], full_name=name, unit=units[n % len(units)])

    response = phone.client.get("/api/v1/checkin/roster/", headers={"Accept-Encoding": "gzip"})

    assert response.headers["Content-Encoding"] == "gzip"
    whole = zlib.decompress(response.content, wbits=31)
    assert (len(names), len(whole) > 100 * len(names)) == (343, True)
    assert len(response.content) / len(names) <= 60


FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng")
MIDDLE = ("Văn", "Thị", "Hữu", "Đức", "Ngọc", "Minh", "Thanh")
GIVEN = ("An", "Bình", "Cường", "Dung", "Hà", "Khánh", "Linh")


# --- Concurrent writers --------------------------------------------------------------------------


def in_thread(work: Any) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_delta_does_not_pass_an_open_transaction(drive: Drive, an: Registration):
    """Begin, write, let others read page after page, commit: the next delta has it."""
    written, read = threading.Event(), threading.Event()

    def slow_writer() -> None:
        with transaction.atomic():
            Registration.objects.filter(pk=an.pk).update(full_name="Nguyễn Văn Ân")
            written.set()
            assert read.wait(10)

    writer = in_thread(slow_writer)
    assert written.wait(10)
    first = roster_page(drive, None, now=DURING)
    # Somebody who began later and is done already must not carry the cursor over the open one.
    other = RegistrationFactory(slot=drive.slots.first())
    second = roster_page(drive, first.cursor, now=DURING)
    third = roster_page(drive, second.cursor, now=DURING)
    read.set()
    writer.join()
    last = roster_page(drive, third.cursor, now=DURING)

    assert [r["name"] for r in first.registrations] == ["Nguyễn Văn An"]
    assert other.public_id in [r["id"] for r in second.registrations]
    assert "Nguyễn Văn Ân" in [r["name"] for r in last.registrations]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_deltas_under_writers_end_with_what_the_database_has(drive: Drive):
    """Four writers change what they like; a device that only reads deltas misses nothing."""
    people = RegistrationFactory.create_batch(12, slot=drive.slots.first())
    known: dict[str, tuple[str, str]] = {}

    def write(worker: int) -> None:
        for n in range(40):
            with transaction.atomic():
                for person in people[worker::4]:
                    Registration.objects.filter(pk=person.pk).update(
                        full_name=f"Nguyễn Văn {worker} {n}"
                    )
                if n % 3 == 0:
                    RegistrationFactory(slot=drive.slots.first())

    def take(cursor: str | None) -> RosterPage:
        page = roster_page(drive, cursor, now=DURING, page_size=5)
        known.update({r["id"]: (r["name"], r["status"]) for r in page.registrations})
        return page

    writers = [in_thread(lambda worker=w: write(worker)) for w in range(4)]
    page = take(None)
    while any(writer.is_alive() for writer in writers):
        page = take(page.cursor)
    while page.more:  # what was under way; the last changes come after it
        page = take(page.cursor)
    page = take(page.cursor)
    while page.more:
        page = take(page.cursor)

    there = Registration.objects.filter(drive=drive)
    assert known == {r.public_id: (r.full_name, r.status) for r in there}
    assert len(known) == 12 + 4 * 14


class Reader:
    """A device that follows the cursor, and applies what comes as the scanner does."""

    def __init__(self, drive: Drive) -> None:
        self.drive = drive
        self.people: dict[str, dict[str, Any]] = {}
        self.revoked: set[str] = set()
        self.cursor: str | None = None

    def read(self) -> RosterPage:
        page = roster_page(self.drive, self.cursor, now=DURING, page_size=4)
        for row in page.registrations:
            self.people[row["id"]] = row
            self.revoked.discard(row["id"])
        for id in page.revoked:
            self.people.pop(id, None)
            self.revoked.add(id)
        self.cursor = page.cursor
        return page

    def read_on(self) -> RosterPage:
        """Finish what is under way, and read once more all that came after it."""
        while self.read().more:
            pass
        page = self.read()
        while page.more:
            page = self.read()
        return page


class Writers:
    """Threads that do what is done on the day, in transactions that stay open for random times."""

    def __init__(self, drive: Drive, seed: int) -> None:
        self.drive, self.seed = drive, seed
        self.slot = drive.slots.last()
        self.people = RegistrationFactory.create_batch(14, slot=self.slot)
        self.phones = [make_device(drive).device for _ in range(3)]

    def work(self, worker: int) -> None:
        chance = random.Random(f"{self.seed} {worker}")
        deeds = [
            self.scan,
            self.scan,
            self.undo,
            self.rename,
            self.give_up,
            self.come,
            self.give_in,
        ]
        for _n in range(25):
            with suppress(RegistrationRefused):
                chance.choice(deeds)(chance)

    def scan(self, chance: random.Random) -> None:
        seen = a_scan(chance.choice(self.people), shown="accepted", offline=True, admit=True)
        device = chance.choice(self.phones)
        self._accept(device, seen)

    def undo(self, chance: random.Random) -> None:
        seen = a_scan(chance.choice(self.people), shown="accepted", offline=True, admit=True)
        device = chance.choice(self.phones)
        self._accept(device, seen)
        self._accept(device, an_undo(seen))

    def _accept(self, device: Device, *scans: dict[str, Any]) -> None:
        readings = [read_reading(scan) for scan in scans]
        accept_scans(device=device, readings=readings, sent_at=DURING, now=DURING)

    def rename(self, chance: random.Random) -> None:
        """Long ones, and some that come to nothing."""
        with transaction.atomic():
            person = chance.choice(self.people)
            name = f"Nguyễn Văn {chance.randrange(10**6)}"
            Registration.objects.filter(pk=person.pk).update(full_name=name)
            clock.sleep(chance.uniform(0, 0.04))
            if chance.random() < 0.3:
                transaction.set_rollback(True)

    def give_up(self, chance: random.Random) -> None:
        with transaction.atomic():
            cancel_registration(registration=chance.choice(self.people), now=DURING)
            clock.sleep(chance.uniform(0, 0.02))

    def come(self, chance: random.Random) -> None:
        with transaction.atomic():
            RegistrationFactory(slot=self.slot)
            clock.sleep(chance.uniform(0, 0.04))

    def give_in(self, chance: random.Random) -> None:
        """An older transaction that writes late, after younger ones are done."""
        with transaction.atomic():
            connection.cursor().execute("SELECT pg_current_xact_id()")
            clock.sleep(chance.uniform(0, 0.04))
            self.scan(chance)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_reader_of_deltas_ends_with_the_whole_roster_whatever_is_done_meanwhile(
    drive: Drive, seed: int
):
    writers = Writers(drive, seed)
    reader = Reader(drive)

    threads = [in_thread(lambda worker=n: writers.work(worker)) for n in range(4)]
    reads = 0
    while any(thread.is_alive() for thread in threads):
        reader.read()
        reads += 1
    last = reader.read_on()

    whole = roster_page(drive, None, now=DURING)
    assert reader.people == {row["id"]: row for row in whole.registrations}
    assert reader.revoked == set(whole.revoked)
    assert (last.conflicts, last.total) == (whole.conflicts, whole.total)
    assert last.total == len(reader.people)
    assert reads > 20
