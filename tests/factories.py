"""One plain factory for each model, with made-up people. Times are around ``NOW``."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import factory
from factory.django import DjangoModelFactory

from accounts.models import Membership, Role, Unit, User
from backend.text import fold
from donors.identity import name_key
from donors.models import Donor
from events.drives.keys import add_first_key
from events.drives.models import Drive, Slot, Venue
from events.registrations.models import Registration
from events.registrations.tickets import make_code

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)  # Tuesday 10:00 in Hà Nội
DRIVE_STARTS = datetime(2026, 12, 5, 0, 0, tzinfo=UTC)  # Saturday 07:00 in Hà Nội
_phones = itertools.count(1)


class UnitFactory(DjangoModelFactory[Unit]):
    name = factory.Sequence(lambda n: f"Đoàn cơ sở số {n}")
    slug = factory.LazyAttributeSequence(lambda unit, n: f"{fold(unit.name).replace(' ', '-')}-{n}")

    class Meta:
        model = Unit


class UserFactory(DjangoModelFactory[User]):
    email = factory.Sequence(lambda n: f"ban-to-chuc-{n}@example.com")
    name = "Trần Khánh Linh"

    class Meta:
        model = User


class MembershipFactory(DjangoModelFactory[Membership]):
    user = factory.SubFactory(UserFactory)
    unit = factory.SubFactory(UnitFactory)
    role = Role.ORGANIZER
    created_at = NOW

    class Meta:
        model = Membership


class VenueFactory(DjangoModelFactory[Venue]):
    unit = factory.SubFactory(UnitFactory)
    name = "Hội trường Bộ Công Thương"
    address = "54 Hai Bà Trưng, phường Cửa Nam, Hà Nội"
    map_url = "https://maps.example/hoi-truong"

    class Meta:
        model = Venue


class DriveFactory(DjangoModelFactory[Drive]):
    """A published drive with its key; ``slots=4`` gives it so many half hours of 10 places."""

    unit = factory.SubFactory(UnitFactory)
    venue = factory.SubFactory(VenueFactory, unit=factory.SelfAttribute("..unit"))
    slug = factory.Sequence(lambda n: f"ngay-hoi-hien-mau-{n}")
    name = "Ngày hội hiến máu Giọt hồng Công Thương"
    starts_at = DRIVE_STARTS
    ends_at = factory.LazyAttribute(lambda drive: drive.starts_at + timedelta(hours=4))
    date = factory.LazyAttribute(lambda drive: drive.starts_at.astimezone(HANOI).date())
    blood_centre = "Viện Huyết học – Truyền máu Trung ương"
    contact = "Trần Khánh Linh, 0912 000 486"
    published_at = NOW - timedelta(days=7)
    created_at = NOW - timedelta(days=8)

    class Meta:
        model = Drive
        skip_postgeneration_save = True

    @factory.post_generation
    def key(self, create: bool, _extracted: object, **_options: object) -> None:
        if create:
            add_first_key(self, now=self.created_at)

    @factory.post_generation
    def slots(self, create: bool, extracted: int | None, capacity: int = 10) -> None:
        for n in range(extracted or 0):
            SlotFactory(drive=self, nth=n, capacity=capacity)


class SlotFactory(DjangoModelFactory[Slot]):
    """The drive's first half hour, or the ``nth`` after it."""

    class Params:
        nth = 0

    drive = factory.SubFactory(DriveFactory)
    starts_at = factory.LazyAttribute(
        lambda slot: slot.drive.starts_at + timedelta(minutes=30 * slot.nth)
    )
    ends_at = factory.LazyAttribute(lambda slot: slot.starts_at + timedelta(minutes=30))
    capacity = 10

    class Meta:
        model = Slot


class DonorFactory(DjangoModelFactory[Donor]):
    full_name = "Nguyễn Văn An"
    name_key = factory.LazyAttribute(lambda donor: name_key(donor.full_name))
    phone = factory.LazyFunction(lambda: f"+8491200{next(_phones):04}")
    birth_year = 1997
    created_at = NOW - timedelta(days=1)

    class Meta:
        model = Donor


class RegistrationFactory(DjangoModelFactory[Registration]):
    """A place in a slot, held by a donor of its own; made directly, without the service."""

    slot = factory.SubFactory(SlotFactory)
    drive = factory.LazyAttribute(lambda registration: registration.slot.drive)
    full_name = "Nguyễn Văn An"
    birth_year = 1997
    phone = factory.LazyFunction(lambda: f"+8491200{next(_phones):04}")
    donor = factory.SubFactory(
        DonorFactory,
        full_name=factory.SelfAttribute("..full_name"),
        phone=factory.SelfAttribute("..phone"),
        birth_year=factory.SelfAttribute("..birth_year"),
    )
    email = "an@example.com"
    status = Registration.Status.REGISTERED
    source = Registration.Source.ONLINE
    code = factory.LazyFunction(lambda: make_code(random.SystemRandom()))
    created_at = NOW - timedelta(days=1)
    placed_at = factory.LazyAttribute(
        lambda r: None if r.status == Registration.Status.WAITLISTED else r.created_at
    )

    class Meta:
        model = Registration
