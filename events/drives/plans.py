"""What an organizer decides about a drive, and the times that follow. No database, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.models import Unit
from backend.errors import DomainError

DAY = timedelta(days=1)
# Dates outside of these are slips of the finger, and no time zone breaks on those within.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
FIRST_MOMENT, LAST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class DriveRefused(DomainError):
    """Codes: ``drive_cancelled``, ``slots_taken``, ``too_late``; with ``field``: ``no_slot``,
    ``too_long``, ``invalid_zone``, ``unknown_slot``, ``closes_too_early``.
    """


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
        """Return start and end as moments.

        :raises DriveRefused: ``too_long``, ``invalid_zone``.
        """
        return moments(self.date, self.starts, self.ends, self.zone)


def moments(on: date, starts: time, ends: time, zone: str) -> tuple[datetime, datetime]:
    """Return when a drive starts and ends; an end that is not after the start is tomorrow's.

    :raises DriveRefused: ``too_long``, ``invalid_zone``.
    """
    try:
        tz = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # not a key, not a name, a folder of zones
        raise DriveRefused("invalid_zone", _("There is no such time zone."), field="zone") from None
    if starts == ends:
        raise DriveRefused("too_long", _("A donation day lasts under 24 hours."), field="ends_at")
    last_day = on if ends > starts else on + DAY
    return (
        datetime.combine(on, starts, tz).astimezone(UTC),
        datetime.combine(last_day, ends, tz).astimezone(UTC),
    )


def slot_starts(starts_at: datetime, ends_at: datetime, slot_minutes: int) -> list[datetime]:
    """Return when slots start; a rest that a slot does not fill belongs to none.

    :raises DriveRefused: ``no_slot``, the time is shorter than one slot.
    """
    step = timedelta(minutes=slot_minutes)
    starts = [starts_at + n * step for n in range((ends_at - starts_at) // step)]
    if not starts:
        raise DriveRefused("no_slot", _("The time is shorter than one slot."), field="slot_minutes")
    return starts


def refuse_closing_before_opening(opens_at: datetime | None, closes_at: datetime | None) -> None:
    """Raise ``closes_too_early`` where registration would never be open."""
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        raise DriveRefused(
            "closes_too_early",
            _("Registration closes before it opens."),
            field="registration_closes_at",
        )
