"""Reads that several parts of this room share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from events.drives.models import Slot
from events.registrations.models import Registration


@dataclass(frozen=True, kw_only=True)
class FreeSlot:
    """A time that still has places, offered where another was full."""

    slot: str
    starts_at: datetime
    places_left: int


def nearest_free_slots(slot: Slot, *, now: datetime, count: int = 2) -> list[FreeSlot]:
    """Return up to ``count`` slots of the same drive with places, the nearest in time first."""
    others = (
        Slot.objects.filter(drive_id=slot.drive_id)
        .exclude(pk=slot.pk)
        .open_at(now)
        .with_places()
        .filter(places_left_now__gt=0)  # type: ignore[misc]  # an annotation
    )
    nearest = sorted(others, key=lambda other: abs(other.starts_at - slot.starts_at))[:count]
    return [
        FreeSlot(slot=s.public_id, starts_at=s.starts_at, places_left=s.places_left_now)
        for s in sorted(nearest, key=lambda other: other.starts_at)
    ]


def waitlist_position(registration: Registration) -> int | None:
    """Return the place in the slot's waiting list, from 1; ``None`` for who is not on it."""
    if not registration.is_waiting:
        return None
    waiting = Registration.objects.filter(
        slot=registration.slot, status=Registration.Status.WAITLISTED
    )
    return waiting.filter(pk__lte=registration.pk).count()
