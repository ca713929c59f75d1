"""What an organizer changes about a planned drive, and what becomes of its slots. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import TypedDict
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.models import Unit
from events.drives.models import Drive, Slot
from events.drives.plans import DriveRefused, Place, moments, slot_starts


@dataclass(frozen=True, kw_only=True)
class SlotChange:
    """What should be different about one slot; ``None`` leaves a thing as it is.

    :param id: the slot's public id.
    """

    id: str
    capacity: int | None = None
    is_open: bool | None = None


class DriveChanges(TypedDict, total=False):
    """What should be different; a key that is not there leaves the thing as it is."""

    name: str
    unit: Unit
    place: Place
    date: date
    starts: time
    ends: time
    zone: str
    slot_minutes: int
    places_per_slot: int
    registration_opens_at: datetime | None
    registration_closes_at: datetime | None
    tolerance_minutes: int
    description: str
    bring: str
    contact: str
    blood_centre: str
    slots: Sequence[SlotChange]


PLAIN_FIELDS = (
    "name",
    "unit",
    "registration_opens_at",
    "registration_closes_at",
    "tolerance_minutes",
    "description",
    "bring",
    "contact",
    "blood_centre",
)
_TIMES = frozenset({"date", "starts", "ends", "zone", "slot_minutes"})


@dataclass(frozen=True, kw_only=True)
class SlotPlan:
    """One slot as it is to be; ``slot`` is ``None`` for a new one."""

    slot: Slot | None
    starts_at: datetime
    ends_at: datetime
    capacity: int
    is_open: bool

    @property
    def moves(self) -> bool:
        return self.slot is not None and (
            (self.slot.starts_at, self.slot.ends_at) != (self.starts_at, self.ends_at)
        )

    @property
    def frees_places(self) -> bool:
        """Tell whether somebody who waits may now get a place."""
        return self.slot is not None and (
            self.capacity > self.slot.capacity or (self.is_open and not self.slot.is_open)
        )


@dataclass(frozen=True, kw_only=True)
class Replan:
    """The drive's times and slots as they are to be."""

    date: date
    zone: str
    starts_at: datetime
    ends_at: datetime
    slot_minutes: int
    places_per_slot: int
    slots: list[SlotPlan]
    vanishing: list[Slot] = field(default_factory=list)

    def moves(self, drive: Drive) -> bool:
        """Tell whether anybody's date or time changes, the drive's own included."""
        return (
            (self.date, self.zone) != (drive.date, drive.zone)
            or (self.starts_at, self.ends_at) != (drive.starts_at, drive.ends_at)
            or any(plan.moves for plan in self.slots)
        )


def replan(drive: Drive, slots: Sequence[Slot], changes: DriveChanges) -> Replan:
    """Work out times and slots under the changes. The first slot stays the first one, and so on.

    :param slots: all of the drive, by time, ``with_places``.
    :raises DriveRefused: ``slots_taken``; with ``field``: ``no_slot``, ``too_long``,
        ``invalid_zone``, ``unknown_slot``.
    """
    plan = _timed(drive, slots, changes) if _TIMES & changes.keys() else _untimed(drive, slots)
    if "places_per_slot" in changes:
        plan = _resized(plan, changes["places_per_slot"])
    if "slots" in changes:
        plan = replace(plan, slots=_single_changes(plan.slots, changes["slots"]))
    _refuse_taken(plan)
    return plan


def _untimed(drive: Drive, slots: Sequence[Slot]) -> Replan:
    return Replan(
        date=drive.date,
        zone=drive.zone,
        starts_at=drive.starts_at,
        ends_at=drive.ends_at,
        slot_minutes=drive.slot_minutes,
        places_per_slot=drive.places_per_slot,
        slots=[
            SlotPlan(
                slot=slot,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                capacity=slot.capacity,
                is_open=slot.is_open,
            )
            for slot in slots
        ],
    )


def _timed(drive: Drive, slots: Sequence[Slot], changes: DriveChanges) -> Replan:
    on = changes.get("date", drive.date)
    zone = changes.get("zone", drive.zone)
    here = ZoneInfo(drive.zone)
    starts_at, ends_at = moments(
        on,
        changes.get("starts", drive.starts_at.astimezone(here).time()),
        changes.get("ends", drive.ends_at.astimezone(here).time()),
        zone,
    )
    minutes = changes.get("slot_minutes", drive.slot_minutes)
    if (on, zone, starts_at, ends_at, minutes) == (
        drive.date,
        drive.zone,
        drive.starts_at,
        drive.ends_at,
        drive.slot_minutes,
    ):
        return _untimed(drive, slots)
    starts = slot_starts(starts_at, ends_at, minutes)
    length = timedelta(minutes=minutes)
    return Replan(
        date=on,
        zone=zone,
        starts_at=starts_at,
        ends_at=ends_at,
        slot_minutes=minutes,
        places_per_slot=drive.places_per_slot,
        slots=[
            SlotPlan(
                slot=slot,
                starts_at=start,
                ends_at=start + length,
                capacity=slot.capacity if slot else drive.places_per_slot,
                is_open=slot.is_open if slot else True,
            )
            for start, slot in zip(
                starts, [*slots, *[None] * (len(starts) - len(slots))], strict=False
            )
        ],
        vanishing=list(slots[len(starts) :]),
    )


def _resized(plan: Replan, places: int) -> Replan:
    """Give every slot the new number, but those that had been given one of their own."""
    slots = [
        replace(s, capacity=places) if s.capacity == plan.places_per_slot else s for s in plan.slots
    ]
    return replace(plan, places_per_slot=places, slots=slots)


def _single_changes(plans: list[SlotPlan], wanted: Sequence[SlotChange]) -> list[SlotPlan]:
    by_id = {change.id: change for change in wanted}
    known = {plan.slot.public_id for plan in plans if plan.slot}
    if unknown := by_id.keys() - known:
        raise DriveRefused(
            "unknown_slot",
            _("There is no such time in this donation day."),
            field="slots",
            slots=sorted(unknown),
        )
    return [
        _changed(plan, by_id[plan.slot.public_id])
        if plan.slot and plan.slot.public_id in by_id
        else plan
        for plan in plans
    ]


def _changed(plan: SlotPlan, change: SlotChange) -> SlotPlan:
    return replace(
        plan,
        capacity=plan.capacity if change.capacity is None else change.capacity,
        is_open=plan.is_open if change.is_open is None else change.is_open,
    )


def _refuse_taken(plan: Replan) -> None:
    """Raise where a slot with people in it would vanish, or hold fewer than it has."""
    vanishing = [slot for slot in plan.vanishing if slot.taken or slot.waiting]
    # Somebody may have been given a place beyond the number before; that alone refuses nothing.
    too_small = [
        p.slot
        for p in plan.slots
        if p.slot and p.capacity < p.slot.capacity and p.capacity < p.slot.taken
    ]
    if taken := [*vanishing, *too_small]:
        raise DriveRefused(
            "slots_taken",
            _("People have places in times that would go or become too small."),
            slots=[
                {"slot": s.public_id, "starts_at": s.starts_at, "taken": s.taken} for s in taken
            ],
        )
