"""A drive that happens now: its people, its phones, and all that goes wrong meanwhile."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import connections
from django.utils import timezone

from accounts.attempts import Attempt
from donors.models import Donor
from events.checkin.models import Device
from events.checkin.services import create_enrolment_code, enrol_device, revoke_device
from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import cancel_registration
from events.registrations.signing import ticket_of
from events.registrations.tickets import Claims, new_private_key, sign
from tests.factories import DonorFactory, DriveFactory, RegistrationFactory, UserFactory
from tests.faults.phones import Network, SimulatedPhone, in_threads, until_sent
from tests.services.web import Server

HALF_HOUR = timedelta(minutes=30)
# Which half hour of the drive, seen from now: over, running, next, too early.
OVER, RUNNING, NEXT, EARLY = 2, 4, 5, 6


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
