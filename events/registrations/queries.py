"""Reads that several parts of this room share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from backend.compiled import Compiled
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
    free = [
        FreeSlot(slot=s.public_id, starts_at=s.starts_at, places_left=s.places_left_now)
        for s in _open_slots(drive=slot.drive_id, now=now)
        if s.pk != slot.pk and s.places_left_now
    ]
    nearest = sorted(free, key=lambda other: abs(other.starts_at - slot.starts_at))[:count]
    return sorted(nearest, key=lambda other: other.starts_at)


# Whoever comes too late in a rush asks it.
_open_slots: Compiled[Slot] = Compiled(
    lambda drive, now: Slot.objects.filter(drive=drive).open_at(now).with_taken().order_by("pk"),
    drive=1_000_001,
    now=datetime(2026, 12, 1, tzinfo=UTC),
)


def waitlist_position(registration: Registration) -> int | None:
    """Return the place in the slot's waiting list, from 1; ``None`` for who is not on it."""
    if not registration.is_waiting:
        return None
    waiting = Registration.objects.filter(
        slot=registration.slot, status=Registration.Status.WAITLISTED
    )
    return waiting.filter(pk__lte=registration.pk).count()
