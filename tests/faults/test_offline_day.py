"""A whole drive without a dependable network ends reconciled, and nothing that was shown is lost.

Phones in threads speak the real API to a real web process on PostgreSQL. Networks go up and down,
requests are cut off and answers lost, the web process is killed and started again, one phone is
lost for good, one is revoked with scans still on it, one has its clock three hours off and one set
to 2019, and people cancel meanwhile. At the end the database is compared with what the phones had
shown (RELIABILITY.md I5, I7, I8, I16).
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.attempts import Attempt
from donors.models import Donor
from events.checkin.missing import missing_scans
from events.checkin.models import Device, LateWalkIn, Scan
from events.checkin.queries import drive_conflicts
from events.checkin.services import (
    create_enrolment_code,
    enrol_device,
    revoke_device,
    take_late_scans,
)
from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import cancel_registration
from events.registrations.signing import ticket_of
from events.registrations.tickets import Claims, new_private_key, sign
from events.reports.figures import drive_figures
from tests.factories import DonorFactory, DriveFactory, RegistrationFactory, UserFactory
from tests.faults.phones import Network, SentScan, SimulatedPhone, in_threads, until_sent
from tests.services.web import Server

pytestmark = [
    pytest.mark.processes,
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
]

HALF_HOUR = timedelta(minutes=30)
# Which half hour of the drive, seen from now: over, running, next, too early.
OVER, RUNNING, NEXT, EARLY = 2, 4, 5, 6


@pytest.fixture
def server(tmp_path: Path, transactional_db: None) -> Iterator[Server]:
    """The web process over the database of the test."""
    url = urlsplit(os.environ["DATABASE_URL"])
    name = str(connection.settings_dict["NAME"])
    server = Server(
        tmp_path / "data",
        DATABASE_URL=urlunsplit(url._replace(path=f"/{name}")),
        REDIS_URL=os.environ["REDIS_URL"],
        SECRET_KEY=os.environ["SECRET_KEY"],
        FIELD_KEY=os.environ["FIELD_KEY"],
    )
    server.start()
    yield server
    server.stop()


@dataclass(frozen=True)
class Visitor:
    """Somebody, or something, that is held before a camera."""

    ticket: str
    is_genuine: bool = True


@dataclass
class Day:
    """A drive that is happening now, with its people, its phones, and what was done to them.

    :param seconds: how long it takes.
    """

    server: Server
    donors: int
    devices: int
    seconds: float
    seed: int
    drive: Drive = field(init=False)
    people: dict[str, Registration] = field(default_factory=dict)
    phones: list[SimulatedPhone] = field(default_factory=list)
    queues: list[list[Visitor | None]] = field(default_factory=list)  # None: a walk-in
    cancel_later: list[Registration] = field(default_factory=list)
    cancelled_by: dict[str, datetime] = field(default_factory=dict)  # when it was surely done
    names: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.organizer = UserFactory()
        now = timezone.now()
        self.drive = DriveFactory(
            starts_at=now - 4 * HALF_HOUR - timedelta(minutes=10),
            published_at=now - timedelta(days=7),
            slots=8,
            slots__capacity=500,
        )
        self._register()
        self._enrol()
        self._line_up()

    # --- Before ----------------------------------------------------------------------------------

    def _register(self) -> None:
        slots = list(self.drive.slots.all())
        shares = {OVER: 4, RUNNING - 1: 25, RUNNING: 35, NEXT: 28, EARLY: 8}
        donors = Donor.objects.bulk_create(
            DonorFactory.build(phone=f"+84911{n:06}") for n in range(self.donors)
        )
        made = []
        for n, donor in enumerate(donors):
            [nth] = self.chance.choices(list(shares), list(shares.values()))
            status = "waitlisted" if n % 25 == 7 else "cancelled" if n % 25 == 8 else "registered"
            person = RegistrationFactory.build(
                drive=self.drive,
                slot=slots[nth],
                donor=donor,
                phone=donor.phone,
                status=status,
                cancelled_at=timezone.now() if status == "cancelled" else None,
            )
            person.take_name()
            made.append(person)
        Registration.objects.bulk_create(made)
        self.people = {person.public_id: person for person in made}
        registered = [person for person in made if person.status == "registered"]
        self.cancel_later = self.chance.sample(registered, self.donors // 15)

    def _enrol(self) -> None:
        for n in range(self.devices):
            code = create_enrolment_code(drive=self.drive, by=self.organizer, now=timezone.now())
            device, token, _again = enrol_device(
                code=code.code, name=f"Máy {n}", attempt=Attempt.unnamed(), now=timezone.now()
            )
            chance = random.Random(f"{self.seed} {n}")
            network = Network(self.server.port, chance)
            self.phones.append(SimulatedPhone(device.label, token, network, chance))
        self.phones[1].skew = timedelta(hours=3)
        self.phones[2].skew = datetime(2019, 1, 1, tzinfo=UTC) - datetime.now(UTC)

    def _line_up(self) -> None:
        """Put everybody before some device, and more before two; forged ones among them."""
        self.queues = [[] for _ in self.phones]
        others = DriveFactory(slots=1, starts_at=self.drive.starts_at)
        stranger = RegistrationFactory(slot=others.slots.get())
        for person in self.people.values():
            if self.chance.random() < 0.05:
                continue  # does not come
            twice = self.chance.random() < 0.15
            for queue in self.chance.sample(self.queues, 2 if twice else 1):
                queue.append(Visitor(ticket_of(person)))
        for person in self.chance.sample(list(self.people.values()), self.donors // 10):
            self.chance.choice(self.queues).append(self._forged(person))
        for queue in self.chance.choices(self.queues, k=5):
            queue.append(Visitor(ticket_of(stranger), is_genuine=False))
        for queue in self.queues:
            self.chance.shuffle(queue)
        # Whoever comes without a registration, and finds a phone that is not lost; the last two of
        # them find one that is revoked by then.
        for _n in range(self.donors // 20):
            queue = self.chance.choice(self.queues[:-1])
            queue.insert(self.chance.randrange(len(queue)), None)
        self.queues[-2] += [None, None]

    def _forged(self, person: Registration) -> Visitor:
        claims = Claims(
            key_id=1,
            drive_number=self.drive.number,
            registration_id=person.public_id,
            slot_minutes=0,
        )
        good = ticket_of(person)
        at = self.chance.randrange(-100, -1)
        letter = "A" if good[at] != "A" else "B"
        forged = [
            sign(claims, new_private_key()),
            good[:at] + letter + good[at + 1 :],
            "https://example.com/",
        ]
        return Visitor(self.chance.choice(forged), is_genuine=False)

    # --- Meanwhile -------------------------------------------------------------------------------

    def run(self) -> None:
        until_ready(self.phones)
        works: list[Callable[[], None]] = [
            lambda n=n: self._work(n)  # type: ignore[misc]
            for n in range(len(self.phones))
        ]
        in_threads([*works, self._organize], meanwhile=self._kill_the_server)

    def _work(self, n: int) -> None:
        phone, queue, chance = self.phones[n], self.queues[n], self.phones[n].chance
        is_lost, is_revoked = n == self.devices - 1, n == self.devices - 2
        revoked_at, lost_at = round(len(queue) * 0.6), round(len(queue) * 0.7)
        for step, visitor in enumerate(queue):
            if is_lost and step >= lost_at - 6:
                phone.network.up = False
                if step == lost_at:
                    return  # dropped into a puddle, with what it had not sent
            elif is_revoked and step >= revoked_at - 5:
                phone.network.up = False
                if step == revoked_at:
                    self._revoke(phone)
            elif chance.random() < 0.12:
                phone.network.up = not phone.network.up
            if n == 1 and not phone.network.up and chance.random() < 0.05:
                phone.offset = None  # reloaded: it has not compared its clock since
            self._meet(phone, visitor)
            if chance.random() < 0.6:
                phone.exchange()
            time.sleep(self.seconds / len(queue) * chance.uniform(0.5, 1.5) * 0.8)

    def _meet(self, phone: SimulatedPhone, visitor: Visitor | None) -> None:
        if visitor is None:
            n = next(self.names)
            phone.walk_in(
                f"Lò Văn {'ABCDEFGHIJ'[n // 10 % 10]}{'abcdefghij'[n % 10]}", f"0938{n:06}"
            )
            return
        verdict = phone.scan(visitor.ticket)
        chance = phone.chance
        if verdict in ("too_early", "too_late") and chance.random() < 0.5:
            verdict = phone.scan(visitor.ticket, admit=True)
        if verdict == "accepted" and chance.random() < 0.04:
            phone.undo(list(phone.store.values())[-1])

    def _revoke(self, phone: SimulatedPhone) -> None:
        try:
            device = Device.objects.get(drive=self.drive, number=int(phone.label[1:]))
            revoke_device(device=device, by=self.organizer, now=timezone.now())
        finally:
            connections.close_all()

    def _organize(self) -> None:
        """People call and give up, some of whom are in already."""
        try:
            for person in self.cancel_later:
                time.sleep(self.seconds / len(self.cancel_later) * 0.8)
                with suppress(RegistrationRefused):  # is in
                    cancel_registration(registration=person, by=self.organizer, now=timezone.now())
                    self.cancelled_by[person.public_id] = timezone.now()
        finally:
            connections.close_all()

    def _kill_the_server(self) -> None:
        for _n in range(2):
            time.sleep(self.seconds / 4)
            self.server.kill()
            time.sleep(min(1.0, self.seconds / 20))
            self.server.start()

    # --- Afterwards ------------------------------------------------------------------------------

    @property
    def lost(self) -> SimulatedPhone:
        return self.phones[-1]

    @property
    def revoked(self) -> SimulatedPhone:
        return self.phones[-2]

    def end(self) -> None:
        """Everybody has a network again; only what lay on the lost phone is gone."""
        for phone in self.phones:
            phone.network.up = phone is not self.lost
        in_threads([lambda p=phone: until_sent(p) for phone in self.phones[:-1]])  # type: ignore[misc]
        for phone in self.phones[:-2]:
            phone.network.broken = 0
            until_sent(phone)


def until_ready(phones: list[SimulatedPhone]) -> None:
    for phone in phones:
        until_sent(phone)


# --- What must be true at the end ----------------------------------------------------------------


def check(day: Day) -> Counter[str]:
    """Compare the database with what the phones have shown; count what there was."""
    seen: Counter[str] = Counter()
    kept = {str(scan.pk): scan for scan in Scan.objects.filter(drive=day.drive)}
    check_kept_once(day, kept, seen)
    check_no_false_accept(day, kept)
    counting = check_fold(day, kept)
    check_conflicts(day, counting, seen)
    check_figures(day, counting, seen)
    return seen


def check_kept_once(day: Day, kept: dict[str, Scan], seen: Counter[str]) -> None:
    """I5: what was shown is there once, as it was shown; its verdict was the same each time."""
    made: set[str] = set()
    for phone in day.phones:
        for id, sent in phone.store.items():
            made.add(id)
            if id not in kept:
                assert phone is day.lost
                assert not sent.is_sent
                seen["lost with the phone"] += 1
                continue
            scan = kept[id]
            assert scan.shown == (sent.wire["shown"] or "")
            assert {answer["verdict"] for answer in sent.answers} <= {scan.verdict}
            assert abs(scan.corrected_at - sent.really_at) < timedelta(seconds=3), phone.label
            assert scan.scanned_at == datetime.fromisoformat(sent.wire["scanned_at"])
            seen[f"shown {scan.shown}, {scan.verdict}"] += 1
            seen["repeated"] += len(sent.answers) > 1
        made |= phone.walk_ins.keys()
        assert phone.walk_ins.keys() == phone.registered.keys()
        seen["answers lost"] += phone.network.lost
    assert kept.keys() <= made


def check_no_false_accept(day: Day, kept: dict[str, Scan]) -> None:
    """I8: accepted is only who was registered, as far as the phone could know."""
    genuine = {v.ticket for queue in day.queues for v in queue if v and v.is_genuine}
    for phone in day.phones:
        for id, sent in phone.store.items():
            verdicts = {sent.wire["shown"], kept[id].verdict if id in kept else None}
            if "accepted" not in verdicts:
                continue
            assert sent.wire["ticket"] in genuine
            person = day.people[sent.person or ""]
            assert person.status == "registered", "waited, or had given up before"
            gave_up = day.cancelled_by.get(person.public_id)
            assert gave_up is None or sent.roster_at < gave_up


def check_fold(day: Day, kept: dict[str, Scan]) -> dict[str, list[Scan]]:
    """I6: who is in is what the scans come to, by a reckoning of our own."""
    undone = {
        str(scan.undoes)
        for scan in kept.values()
        if scan.undoes and kept[str(scan.undoes)].device_id == scan.device_id and _is_taken(scan)
    }
    counting: dict[str, list[Scan]] = defaultdict(list)
    ids = dict(Registration.objects.filter(drive=day.drive).values_list("pk", "public_id"))
    for scan in sorted(kept.values(), key=lambda scan: (scan.corrected_at, scan.pk)):
        let_in = scan.verdict == "accepted" or (
            scan.shown == "accepted" and scan.verdict in ("already_scanned", "revoked")
        )
        counts = scan.kind == "pass" and let_in and str(scan.pk) not in undone and _is_taken(scan)
        assert scan.counts == counts
        if counts:
            assert scan.registration_id is not None
            counting[ids[scan.registration_id]].append(scan)
    rows = Registration.objects.filter(drive=day.drive)
    assert set(rows.filter(status="checked_in").values_list("public_id", flat=True)) == set(
        counting
    )
    for id, at in rows.filter(checked_in_at__isnull=False).values_list(
        "public_id", "checked_in_at"
    ):
        assert at == counting[id][0].corrected_at
    numbers = [n for n in rows.values_list("queue_number", flat=True) if n is not None]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert not rows.filter(status="checked_in", queue_number=None).exists()
    return counting


def _is_taken(scan: Scan) -> bool:
    return not scan.set_apart or scan.taken_at is not None


def check_conflicts(day: Day, counting: dict[str, list[Scan]], seen: Counter[str]) -> None:
    """I7: one conflict for each who was let in twice or after giving up, with all who did it."""
    expected = {}
    for id, scans in counting.items():
        ids = tuple(str(scan.pk) for scan in scans)
        if len(scans) > 1:
            expected[id, "double"] = ids
        if any(scan.verdict == "revoked" for scan in scans):
            expected[id, "cancelled"] = ids
    found = drive_conflicts(day.drive)
    assert {(c.registration, c.kind): tuple(s.id for s in c.scans) for c in found} == expected
    for phone in day.phones[:-2]:
        phone.exchange()
        told = {
            (c["registration"], c["kind"]): tuple(scan["id"] for scan in c["scans"])
            for c in phone.conflicts
        }
        assert told == expected
    seen.update(kind for _id, kind in expected)


def check_figures(day: Day, counting: dict[str, list[Scan]], seen: Counter[str]) -> None:
    """I16, and every roster is the database."""
    figures = drive_figures(day.drive, now=timezone.now(), small_cells=True)
    c = figures.counts
    waiting = LateWalkIn.objects.filter(drive=day.drive).count()
    walk_ins = sum(len(phone.registered) for phone in day.phones) - waiting
    assert c.placed - c.cancelled == c.registered == c.came + c.no_show + c.expected
    assert c.came + c.walk_ins == c.arrived == figures.inside == len(counting)
    assert c.walk_ins == walk_ins
    gave_up = Registration.objects.filter(drive=day.drive, status="cancelled").count()
    assert c.placed + c.waitlisted + walk_ins == len(day.people) + walk_ins
    assert c.cancelled == gave_up
    living = {
        row.public_id: (row.status, row.queue_number)
        for row in Registration.objects.filter(drive=day.drive).exclude(status="cancelled")
    }
    # The lost phone had scans that nobody will see: the figures say so, and wait for nobody.
    missing = missing_scans(day.drive, now=day.drive.ends_at)
    assert {*missing.unsent, *missing.silent} >= {int(day.lost.label[1:])}
    assert not {*missing.unsent} - {int(day.lost.label[1:])}
    for phone in day.phones[:-2]:
        held = {id: (row["status"], row["number"]) for id, row in phone.people.items()}
        assert held == living
        assert len(phone.revoked) == gave_up
    seen["arrived"] = c.arrived


def play(day: Day) -> Counter[str]:
    day.run()
    day.end()
    before = check(day)
    late = Scan.objects.filter(drive=day.drive, set_apart=True)
    assert late.exists()
    assert not late.filter(counts=True).exists()
    assert all(a["registration"] is None for a in _late_answers(day.revoked, late))
    apart = {str(pk) for pk in LateWalkIn.objects.values_list("pk", flat=True)}
    told = {id for id, a in day.revoked.registered.items() if a["registration"] is None}
    assert len(apart) >= 2
    assert apart <= told
    device = Device.objects.get(drive=day.drive, number=int(day.revoked.label[1:]))
    taken = take_late_scans(device=device, by=day.organizer, now=timezone.now())
    after = check(day)
    assert taken == late.count()
    assert not LateWalkIn.objects.exists()
    after["came late"] = after["arrived"] - before["arrived"]
    return after


def _late_answers(phone: SimulatedPhone, late: Any) -> list[dict[str, Any]]:
    ids = {str(pk) for pk in late.values_list("pk", flat=True)}
    sent: list[SentScan] = [sent for id, sent in phone.store.items() if id in ids]
    return [answer for one in sent for answer in one.answers]


def test_a_small_drive_without_a_dependable_network_ends_reconciled(server: Server):
    seen = play(Day(server, donors=60, devices=4, seconds=6, seed=1))

    assert seen["arrived"] > 20


@pytest.mark.soak
def test_a_drive_of_600_at_six_devices_ends_reconciled(server: Server):
    seen = play(Day(server, donors=600, devices=6, seconds=150, seed=2026))

    print(dict(sorted(seen.items())))
    assert seen["arrived"] > 350
    # All of it happened, or this has shown nothing.
    for what in ("double", "cancelled", "lost with the phone", "repeated", "answers lost"):
        assert seen[what] >= 3, (what, seen)
    assert seen["came late"] >= 1
