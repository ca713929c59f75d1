"""How registrations are locked: slots by id, then registrations by id, everywhere."""

from __future__ import annotations

from collections.abc import Collection

from events.drives.models import Slot
from events.registrations.models import Registration


def lock_with_slots(pk: int, *, and_slots: Collection[int] = ()) -> Registration:
    """Lock a registration and the slot it is in (and others); return it as it is now.

    The slot is known only once the row is read, and slots come first in the order of locks: read,
    lock, read again, and start anew if somebody moved it in between.
    """
    known: int | None = Registration.objects.values_list("slot_id", flat=True).get(pk=pk)
    while True:
        Slot.objects.lock([*and_slots] if known is None else [*and_slots, known])
        [registration] = Registration.objects.select_related("slot", "drive").lock([pk])
        if registration.slot_id == known or registration.slot_id in and_slots:
            return registration
        known = registration.slot_id
