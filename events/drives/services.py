"""Plan a drive: make it, publish it, pause it, repeat an earlier one.

What touches the people in it (changing times, cancelling) is in ``events.registrations.services``.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta

from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Unit, User
from backend.text import fold
from backend.transactions import in_transaction
from events.drives.keys import add_first_key
from events.drives.models import Drive, Slot, Venue, random_drive_number
from events.drives.plans import (
    DriveRefused,
    Place,
    Plan,
    refuse_closing_before_opening,
    slot_starts,
)

__all__ = [
    "DriveRefused",
    "Place",
    "Plan",
    "copy_drive",
    "create_drive",
    "drive_was_cancelled",
    "lock_drive",
    "pause_registration",
    "publish_drive",
    "resume_registration",
    "venue_of",
]


@in_transaction
def create_drive(
    *,
    plan: Plan,
    by: User | None,
    now: datetime,
    copied_from: Drive | None = None,
    number: int | None = None,
) -> Drive:
    """Make a draft with its slots and its key; nobody but its organizers sees it yet.

    :param number: the drive's number in tickets, for who must know it beforehand; random else.
    :raises DriveRefused: with ``field``: ``no_slot``, ``too_long``, ``invalid_zone``,
        ``closes_too_early``.
    """
    starts_at, ends_at = plan.moments()
    starts = slot_starts(starts_at, ends_at, plan.slot_minutes)
    refuse_closing_before_opening(plan.registration_opens_at, plan.registration_closes_at)
    drive = Drive.objects.create(
        unit=plan.unit,
        venue=venue_of(plan.unit, plan.place),
        number=number or random_drive_number(),
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
    drive = lock_drive(drive)
    if drive.cancelled_at is not None:
        raise drive_was_cancelled()
    if drive.published_at is None:
        drive.published_at = now
        drive.save(update_fields=["published_at"])
        audit.record("drive.published", drive, by=by, at=now, unit_id=drive.unit_id)
    return drive


@in_transaction
def pause_registration(*, drive: Drive, by: User, now: datetime) -> Drive:
    """Close registration until it is resumed; again changes nothing. Organizers may still add.

    :raises DriveRefused: ``drive_cancelled``.
    """
    drive = lock_drive(drive)
    if drive.cancelled_at is not None:
        raise drive_was_cancelled()
    if drive.paused_at is None:
        drive.paused_at = now
        drive.save(update_fields=["paused_at"])
        audit.record("drive.paused", drive, by=by, at=now, unit_id=drive.unit_id)
    return drive


@in_transaction
def resume_registration(*, drive: Drive, by: User, now: datetime) -> Drive:
    """Open registration again after a pause; again changes nothing.

    :raises DriveRefused: ``drive_cancelled``.
    """
    drive = lock_drive(drive)
    if drive.cancelled_at is not None:
        raise drive_was_cancelled()
    if drive.paused_at is not None:
        drive.paused_at = None
        drive.save(update_fields=["paused_at"])
        audit.record("drive.resumed", drive, by=by, at=now, unit_id=drive.unit_id)
    return drive


@in_transaction
def copy_drive(
    *,
    drive: Drive,
    date: date,
    venue: Place | None = None,
    places_per_slot: int | None = None,
    by: User,
    now: datetime,
    number: int | None = None,
) -> Drive:
    """Make a draft like an earlier drive on another date; people and messages are never copied.

    Times, closed slots and texts are the earlier one's. When registration opens and closes moves
    with the date, unless that would be over already.

    :param venue: where it is held; the earlier one's venue, if not given.
    :param places_per_slot: for every slot; if not given, each slot gets what the earlier one had.
    """
    earlier = Drive.objects.select_related("unit", "venue").get(pk=drive.pk)
    here = earlier.tzinfo
    days = date - earlier.date
    plan = Plan(
        name=earlier.name,
        unit=earlier.unit,
        place=venue
        or Place(
            name=earlier.venue.name,
            address=earlier.venue.address,
            map_url=earlier.venue.map_url,
        ),
        date=date,
        starts=earlier.starts_at.astimezone(here).time(),
        ends=earlier.ends_at.astimezone(here).time(),
        slot_minutes=earlier.slot_minutes,
        places_per_slot=places_per_slot or earlier.places_per_slot,
        zone=earlier.zone,
        registration_opens_at=_later(earlier.registration_opens_at, days, now=now),
        registration_closes_at=_later(earlier.registration_closes_at, days, now=now),
        tolerance_minutes=earlier.tolerance_minutes,
        description=earlier.description,
        bring=earlier.bring,
        contact=earlier.contact,
        blood_centre=earlier.blood_centre,
    )
    copy = create_drive(plan=plan, by=by, now=now, copied_from=earlier, number=number)
    pairs = list(zip(copy.slots.all(), earlier.slots.all(), strict=False))
    for new, old in pairs:
        new.is_open = old.is_open
        new.capacity = old.capacity if places_per_slot is None else new.capacity
    Slot.objects.bulk_update([new for new, _old in pairs], ["is_open", "capacity"])
    return copy


def lock_drive(drive: Drive) -> Drive:
    """Lock a drive until the transaction ends and return it as it is now."""
    rows = Drive.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("unit", "venue").get(pk=drive.pk)


def drive_was_cancelled() -> DriveRefused:
    return DriveRefused("drive_cancelled", _("This donation day was cancelled."))


def venue_of(unit: Unit, place: Place) -> Venue:
    """Return the unit's venue with these words, or a new one."""
    known = Venue.objects.filter(
        unit=unit, name=place.name, address=place.address, map_url=place.map_url
    ).first()
    return known or Venue.objects.create(
        unit=unit, name=place.name, address=place.address, map_url=place.map_url
    )


def _later(moment: datetime | None, days: timedelta, *, now: datetime) -> datetime | None:
    return moment + days if moment is not None and moment + days > now else None


SLUG_WORDS = 24  # characters of the name in an address


def _new_slug(name: str, on: date) -> str:
    """Return the end of the drive's address, short enough to be typed from a poster."""
    words = slugify(fold(name)).split("-")
    while len("-".join(words)) > SLUG_WORDS:
        words.pop()
    return f"{'-'.join(words) or 'hien-mau'}-{on:%d%m}-{secrets.token_hex(2)}"
