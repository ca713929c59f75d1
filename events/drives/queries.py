"""Reads of drives and their places that several pages share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from django.http import Http404

from accounts.rules import Asker, may_manage_drives
from backend.compiled import Compiled
from events.drives.models import Drive, DriveStatus, Slot


@dataclass(frozen=True, kw_only=True)
class Hour:
    """The start times of one hour, with what is left in them. Times are the drive's wall clock."""

    starts_at: datetime
    slots: list[Slot]
    left: int
    places: int

    @classmethod
    def over(cls, slots: list[Slot], *, zone: ZoneInfo) -> Hour:
        return cls(
            starts_at=slots[0].starts_at.astimezone(zone),
            slots=slots,
            left=sum(slot.places_left_now for slot in slots),
            places=sum(slot.capacity for slot in slots),
        )


@dataclass(frozen=True, kw_only=True)
class Places:
    """What a drive has left, over the slots that take registrations now."""

    hours: list[Hour]
    left: int
    places: int

    @property
    def slots(self) -> list[Slot]:
        return [slot for hour in self.hours for slot in hour.slots]

    @classmethod
    def over(cls, slots: Iterable[Slot], *, zone: ZoneInfo) -> Places:
        """Group slots, which come in order of time and with their places, by the hour."""
        by_hour = groupby(slots, key=lambda slot: f"{slot.starts_at.astimezone(zone):%d %H}")
        hours = [Hour.over(list(together), zone=zone) for _hour, together in by_hour]
        return cls(
            hours=hours,
            left=sum(hour.left for hour in hours),
            places=sum(hour.places for hour in hours),
        )


def find_drive(slug: str, *, asker: Asker) -> Drive:
    """Return the drive with its unit and venue; a draft only to who plans it.

    :param asker: may be lazy: it is only looked at for a draft.
    :raises Http404: there is none, or it is none of the asker's business.
    """
    drive = _by_slug.first(slug=slug)
    if drive is None or (
        drive.published_at is None and not may_manage_drives(asker, drive.unit_id)
    ):
        raise Http404
    return drive


def find_published_drive(slug: str) -> Drive | None:
    """Return the drive, if it is not a draft."""
    return _published.first(slug=slug)


def places_of(drive: Drive, *, now: datetime, with_waiting: bool = False) -> Places:
    """Return the slots that take registrations now, by the hour, with places counted now.

    :param with_waiting: count who is on their waiting lists too.
    """
    read = _open_slots_and_waiting if with_waiting else _open_slots
    return Places.over(read(drive=drive.pk, now=now), zone=drive.tzinfo)


def find_slot(drive: Drive, public_id: str) -> Slot | None:
    """Return a slot of the drive, with its places and its waiting list counted now."""
    slot = _slot.first(drive=drive.pk, public_id=public_id) if public_id else None
    if slot is not None:
        slot.drive = drive
    return slot


# The public pages begin with these.
_by_slug: Compiled[Drive] = Compiled(
    lambda slug: Drive.objects.select_related("unit", "venue").filter(slug=slug).order_by(),
    slug="of-a-drive",
)
_published: Compiled[Drive] = Compiled(
    lambda slug: Drive.objects.published().filter(slug=slug).order_by(), slug="of-a-drive"
)
_DRIVE_AND_NOW: Final = {"drive": 1_000_001, "now": datetime(2026, 12, 1, tzinfo=UTC)}
_open_slots: Compiled[Slot] = Compiled(
    lambda drive, now: (
        Slot.objects.filter(drive=drive).open_at(now).with_taken().order_by("starts_at")
    ),
    **_DRIVE_AND_NOW,
)
_open_slots_and_waiting: Compiled[Slot] = Compiled(
    lambda drive, now: (
        Slot.objects.filter(drive=drive).open_at(now).with_places().order_by("starts_at")
    ),
    **_DRIVE_AND_NOW,
)

_slot: Compiled[Slot] = Compiled(
    lambda drive, public_id: (
        Slot.objects.filter(drive=drive, public_id=public_id).with_places().order_by()
    ),
    drive=1_000_001,
    public_id="0123456789abcdef",
)


def upcoming_drives(*, now: datetime, count: int = 50) -> list[tuple[Drive, DriveStatus]]:
    """Return what the public may still come to, the soonest first, with what a visitor is told."""
    drives = (
        Drive.objects.published()
        .filter(ends_at__gt=now, cancelled_at__isnull=True, is_rehearsal=False)
        .select_related("unit", "venue")
        .with_places(now)
        .order_by("starts_at", "pk")
    )
    return [(drive, drive.status(now, places_left=drive.places_left)) for drive in drives[:count]]
