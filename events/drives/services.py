"""Plan a drive: make it, publish it, pause it, resize its slots, repeat an earlier one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Unit, User
from backend.errors import DomainError
from backend.text import fold
from backend.transactions import in_transaction
from events.drives.keys import add_first_key
from events.drives.models import Drive, Slot, Venue

DAY = timedelta(days=1)


class DriveRefused(DomainError):
    """Codes: ``cancelled``; with ``field``: ``no_slot``, ``invalid_zone``."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A venue as an organizer types it."""

    name: str
    address: str
    map_url: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an organizer decides about a drive. Times are the venue's wall clock.

    :param ends: at or before ``starts`` means the next day; a drive lasts under 24 hours.
    """

    name: str
    unit: Unit
    place: Place
    date: date
    starts: time
    ends: time
    slot_minutes: int
    places_per_slot: int
    zone: str = "Asia/Ho_Chi_Minh"
    registration_opens_at: datetime | None = None
    registration_closes_at: datetime | None = None
    tolerance_minutes: int = 30
    description: str = ""
    bring: str = ""
    contact: str = ""
    blood_centre: str = ""

    def moments(self) -> tuple[datetime, datetime]:
        """Return start and end as moments."""
        return moments(self.date, self.starts, self.ends, self.zone)


def moments(on: date, starts: time, ends: time, zone: str) -> tuple[datetime, datetime]:
    """Return when a drive starts and ends; an end that is not after the start is tomorrow's."""
    tz = ZoneInfo(zone)
    last_day = on if ends > starts else on + DAY
    return datetime.combine(on, starts, tz), datetime.combine(last_day, ends, tz)


def slot_starts(starts_at: datetime, ends_at: datetime, slot_minutes: int) -> list[datetime]:
    """Return when slots start; a rest that a slot does not fill belongs to none."""
    step = timedelta(minutes=slot_minutes)
    return [starts_at + n * step for n in range((ends_at - starts_at) // step)]


@in_transaction
def create_drive(
    *, plan: Plan, by: User | None, now: datetime, copied_from: Drive | None = None
) -> Drive:
    """Make a draft with its slots and its key; nobody but its organizers sees it yet.

    :raises DriveRefused: the times leave no room for a single slot.
    """
    starts_at, ends_at = plan.moments()
    starts = slot_starts(starts_at, ends_at, plan.slot_minutes)
    if not starts:
        raise DriveRefused("no_slot", _("The time is shorter than one slot."), field="slot_minutes")
    drive = Drive.objects.create(
        unit=plan.unit,
        venue=_venue(plan.unit, plan.place),
        slug=_new_slug(plan.name, plan.date),
        name=plan.name,
        zone=plan.zone,
        date=plan.date,
        starts_at=starts_at,
        ends_at=ends_at,
        slot_minutes=plan.slot_minutes,
        places_per_slot=plan.places_per_slot,
        registration_opens_at=plan.registration_opens_at,
        registration_closes_at=plan.registration_closes_at,
        tolerance_minutes=plan.tolerance_minutes,
        description=plan.description,
        bring=plan.bring,
        contact=plan.contact,
        blood_centre=plan.blood_centre,
        is_demonstration=plan.unit.is_demonstration,
        copied_from=copied_from,
        created_at=now,
    )
    add_first_key(drive, now=now)
    Slot.objects.bulk_create(
        Slot(
            drive=drive,
            starts_at=start,
            ends_at=start + timedelta(minutes=plan.slot_minutes),
            capacity=plan.places_per_slot,
        )
        for start in starts
    )
    audit.record("drive.created", drive, by=by, at=now, unit_id=plan.unit.pk)
    return drive


@in_transaction
def publish_drive(*, drive: Drive, by: User, now: datetime) -> Drive:
    """Show a drive to the public; again changes nothing.

    :raises DriveRefused: ``drive_cancelled``.
    """
    drive = Drive.objects.select_for_update(no_key=True).get(pk=drive.pk)
    if drive.cancelled_at is not None:
        raise DriveRefused("drive_cancelled", _("This donation day was cancelled."))
    if drive.published_at is None:
        drive.published_at = now
        drive.save(update_fields=["published_at"])
        audit.record("drive.published", drive, by=by, at=now, unit_id=drive.unit_id)
    return drive


def _venue(unit: Unit, place: Place) -> Venue:
    """Return the unit's venue with these words, or a new one."""
    known = Venue.objects.filter(
        unit=unit, name=place.name, address=place.address, map_url=place.map_url
    ).first()
    return known or Venue.objects.create(
        unit=unit, name=place.name, address=place.address, map_url=place.map_url
    )


def _new_slug(name: str, on: date) -> str:
    words = slugify(fold(name))[:50].strip("-") or "hien-mau"
    return f"{words}-{on:%d-%m-%Y}-{secrets.token_hex(2)}"
