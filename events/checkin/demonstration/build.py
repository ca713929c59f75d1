"""Make the demonstration union, through the same services as everybody."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.text import slugify

from accounts.attempts import Attempt
from accounts.models import Membership, Role, Unit, User
from backend.text import fold
from backend.transactions import in_transaction
from donors.identity import clean_name, parse_phone
from donors.people import Person
from events.checkin.demonstration import bodies
from events.checkin.demonstration.day import scan_arrivals
from events.checkin.demonstration.people import MadeUpPerson, made_up_people
from events.drives.models import Drive, Slot
from events.drives.plans import Place, Plan
from events.drives.services import create_drive, publish_drive
from events.registrations.models import Registration
from events.registrations.services import (
    cancel_registration,
    confirm_registration,
    register_donor,
)
from events.registrations.services.register import Wishes

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HALF_HOUR = timedelta(minutes=30)
TODAY = "Ngày hội hiến máu Giọt hồng Công Thương"
NEXT_WEEK = "Chủ nhật Đỏ tại Trường Đại học Công nghiệp Hà Nội"
PAST = "Giọt hồng mùa thu"
USERS = {
    "owner": ("Vũ Thu Trang", Role.OWNER),
    "organizer": ("Trần Khánh Linh", Role.ORGANIZER),
    "secretary": ("Đặng Gia Bảo", Role.SECRETARY),
    "stranger": ("Mai Quốc Việt", Role.ORGANIZER),
}


@dataclass(kw_only=True)
class Demonstration:
    """What the demonstration consists of."""

    root: Unit
    users: dict[str, User]
    today: Drive
    next_week: Drive
    past: Drive


@in_transaction
def ensure_demonstration(*, seed: int, now: datetime) -> Demonstration:
    """Make the union once; make a new drive of today when the last one is over."""
    root = Unit.objects.filter(slug="demo-cong-thuong").first() or _make_units()
    users = _ensure_users(root, now=now)
    people = _People(made_up_people(seed), random.Random(seed))  # noqa: S311
    organizer = users["organizer"]
    drives = Drive.objects.filter(unit=root, cancelled_at__isnull=True).order_by("-starts_at")
    today = drives.filter(name=TODAY, starts_at__lte=now, ends_at__gt=now).first()
    if today is None:
        # Other people than on the day before.
        people.skip(1000 * drives.filter(name=TODAY).count())
        today = _drive_of_today(root, organizer, people, now=now)
    soon = drives.filter(name=NEXT_WEEK, starts_at__gt=now + timedelta(days=2)).first()
    past = drives.filter(name=PAST).first()
    return Demonstration(
        root=root,
        users=users,
        today=today,
        next_week=soon or _drive_of_next_week(root, organizer, people, now=now),
        past=past or _past_drive(root, organizer, people, now=now),
    )


# --- Who ---------------------------------------------------------------------------------


def _make_units() -> Unit:
    root: Unit = Unit.objects.create(
        name=bodies.ROOT, slug="demo-cong-thuong", is_demonstration=True
    )
    Unit.objects.create(name=bodies.OTHER_UNION, slug="demo-truong-nghe", is_demonstration=True)
    for name, below in bodies.BODIES.items():
        body = _unit(name, root)
        for lower in below:
            _unit(lower, body)
    return root


def _unit(name: str, parent: Unit) -> Unit:
    slug = f"demo-{slugify(fold(name))}"[:60].strip("-")
    unit: Unit = Unit.objects.create(name=name, slug=slug, parent=parent, is_demonstration=True)
    return unit


def _ensure_users(root: Unit, *, now: datetime) -> dict[str, User]:
    places = {
        "owner": root,
        "organizer": root,
        "secretary": Unit.objects.get(name=bodies.SECRETARYS_BODY, is_demonstration=True),
        "stranger": Unit.objects.get(slug="demo-truong-nghe"),
    }
    users = {}
    for who, (name, role) in USERS.items():
        email = f"{who}@giothong.invalid"
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(email=email, name=name)
            user.is_demonstration = True
            user.save(update_fields=["is_demonstration"])
        Membership.objects.get_or_create(
            user=user, unit=places[who], role=role, defaults={"created_at": now}
        )
        users[who] = user
    return users


class _People:
    """Hands out made-up people, each with a unit, as they are needed."""

    def __init__(self, people: Iterator[MadeUpPerson], chance: random.Random) -> None:
        self._people = people
        self.chance = chance
        self._units = list(
            Unit.objects.filter(is_demonstration=True, parent__isnull=False).order_by("pk")
        )

    def skip(self, count: int) -> None:
        for _ in range(count):
            next(self._people)

    def register(self, slot: Slot, *, at: datetime) -> Registration:
        """Register the next person into a slot, as if they had done so themselves."""
        typed = next(self._people)
        reminders = self.chance.random() < 0.7
        registration, _ = register_donor(
            drive=slot.drive,
            slot_id=slot.public_id,
            person=Person(
                full_name=clean_name(typed.full_name),
                phone=parse_phone(typed.phone),
                birth_year=typed.birth_year,
                sex=typed.sex,
            ),
            wishes=Wishes(
                unit=self.chance.choice(self._units),
                consents=["registration", "reminders"] if reminders else ["registration"],
                join_waitlist=True,
            ),
            attempt=Attempt.unnamed(),
            now=at,
            source=self.chance.choice(
                [Registration.Source.ONLINE] * 8 + [Registration.Source.UNIT] * 2
            ),
        )
        # The address comes after: no message is ever queued for a made-up person.
        registration.email = typed.email
        registration.is_demonstration = True
        registration.save(update_fields=["email", "is_demonstration"])
        return registration


# --- Drives ------------------------------------------------------------------------------


def _drive_of_today(root: Unit, by: User, people: _People, *, now: datetime) -> Drive:
    starts_at, ends_at = hours_of_today(now)
    drive = _drive(
        TODAY,
        root,
        by,
        starts_at=starts_at,
        ends_at=ends_at,
        places=20,
        made_at=now - timedelta(days=21),
    )
    slots = list(drive.slots.select_related("drive"))
    for n, slot in enumerate(slots):
        wanted = 22 if n == len(slots) - 3 else people.chance.randint(8, 16)
        for _ in range(wanted):
            people.register(slot, at=_some_time_before(people.chance, now, slot))
    _answer_some(drive, people.chance, now=now)
    scan_arrivals(
        drive,
        [r for r in _of(drive) if r.slot and r.slot.ends_at < now],
        chance=people.chance,
        by=by,
        until=now,
    )
    return drive


def hours_of_today(now: datetime) -> tuple[datetime, datetime]:
    """Return half hours from two hours ago to six hours ahead, over midnight if need be."""
    local = now.astimezone(ZONE)
    starts_at = _half_hour_before(local - timedelta(hours=2))
    return starts_at, _half_hour_before(local + timedelta(hours=6)) + HALF_HOUR


def _drive_of_next_week(root: Unit, by: User, people: _People, *, now: datetime) -> Drive:
    today = now.astimezone(ZONE).date()
    day = today + timedelta(days=13 - today.weekday())  # its name says: on a Sunday
    drive = _drive(
        NEXT_WEEK,
        root,
        by,
        starts_at=datetime.combine(day, time(7), ZONE),
        ends_at=datetime.combine(day, time(11, 30), ZONE),
        places=30,
        made_at=now - timedelta(days=10),
        place=bodies.OTHER_VENUE,
    )
    for n, slot in enumerate(drive.slots.select_related("drive")):
        # The first is full with a line behind it, the second nearly so.
        wanted = 35 if n == 0 else 26 if n == 1 else people.chance.randint(6, 24)
        for _ in range(wanted):
            people.register(slot, at=now - timedelta(minutes=people.chance.randint(5, 12000)))
    _answer_some(drive, people.chance, now=now)
    return drive


def _past_drive(root: Unit, by: User, people: _People, *, now: datetime) -> Drive:
    day = now.astimezone(ZONE).date() - timedelta(days=35)
    drive = _drive(
        PAST,
        root,
        by,
        starts_at=datetime.combine(day, time(7, 30), ZONE),
        ends_at=datetime.combine(day, time(11), ZONE),
        places=25,
        made_at=now - timedelta(days=60),
    )
    for slot in drive.slots.select_related("drive"):
        for _ in range(people.chance.randint(15, 25)):
            people.register(
                slot, at=slot.starts_at - timedelta(minutes=people.chance.randint(900, 25000))
            )
    came = [r for r in _of(drive) if people.chance.random() < 0.8]
    scan_arrivals(drive, came, chance=people.chance, by=by, until=drive.ends_at)
    return drive


def _drive(
    name: str,
    unit: Unit,
    by: User,
    *,
    starts_at: datetime,
    ends_at: datetime,
    places: int,
    made_at: datetime,
    place: Place = bodies.VENUE,
) -> Drive:
    plan = Plan(
        name=name,
        unit=unit,
        place=place,
        date=_date(starts_at),
        starts=starts_at.timetz().replace(tzinfo=None),
        ends=ends_at.timetz().replace(tzinfo=None),
        slot_minutes=30,
        places_per_slot=places,
        description=bodies.DESCRIPTION,
        contact=bodies.CONTACT,
        blood_centre=bodies.BLOOD_CENTRE,
    )
    drive = create_drive(plan=plan, by=by, now=made_at)
    return publish_drive(drive=drive, by=by, now=made_at)


def _answer_some(drive: Drive, chance: random.Random, *, now: datetime) -> None:
    """Let some say that they will come, and some give up their place, while it was time."""
    for registration in _of(drive):
        assert registration.slot is not None
        moment = min(now, registration.slot.starts_at - HALF_HOUR)
        if moment <= registration.created_at or registration.is_waiting:
            continue
        draw = chance.random()
        if draw < 0.5:
            confirm_registration(registration=registration, now=moment)
        elif draw < 0.55 and registration.slot.starts_at > now:
            cancel_registration(registration=registration, now=moment)


def _of(drive: Drive) -> list[Registration]:
    return list(drive.registrations.living().select_related("slot", "drive").order_by("slot", "pk"))


def _some_time_before(chance: random.Random, now: datetime, slot: Slot) -> datetime:
    latest = min(now, slot.starts_at) - timedelta(hours=1)
    return latest - timedelta(minutes=chance.randint(0, 14 * 24 * 60))


def _half_hour_before(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute // 30 * 30, second=0, microsecond=0)


def _date(moment: datetime) -> date:
    return moment.date()
