"""Give a freed place to the first in line."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts import audit
from events.drives.models import Slot
from events.registrations.models import Registration
from events.registrations.outbox import queue_about

# Later than this before its slot nobody can be counted on to read the message (INTERFACES.md §4).
PROMOTION_ENDS_BEFORE = timedelta(hours=12)


def takes_promotions(slot: Slot, *, now: datetime) -> bool:
    """Tell whether a place that is freed now still goes to the first in line."""
    return slot.is_open and now <= slot.starts_at - PROMOTION_ENDS_BEFORE


def promote_waiting(slot_pk: int, *, now: datetime) -> list[Registration]:
    """Give the free places of a slot to those who wait longest; the same rows become registered.

    Runs inside the service that freed the place, which holds the slot's lock.
    """
    slot = Slot.objects.with_places().select_related("drive").get(pk=slot_pk)
    free = slot.booking_limit - slot.taken
    if (
        free <= 0
        or slot.waiting == 0
        or slot.drive.cancelled_at is not None
        or not takes_promotions(slot, now=now)
    ):
        return []
    waiting = slot.registrations.filter(status=Registration.Status.WAITLISTED).order_by("pk")
    first = list(waiting.values_list("pk", flat=True)[:free])
    # Asked again behind the lock: the desk, which locks no slot, may seat somebody meanwhile.
    promoted = waiting.lock(first)
    for registration in promoted:
        registration.status = Registration.Status.REGISTERED
        registration.placed_at = now
        registration.revision += 1
        registration.save(update_fields=["status", "placed_at", "revision"])
        audit.record(
            "registration.promoted", registration, by=None, at=now, unit_id=slot.drive.unit_id
        )
        queue_about(registration, "promoted", now=now, occasion=registration.revision)
    return promoted
