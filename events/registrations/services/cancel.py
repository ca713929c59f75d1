"""Give up a place, or take it back with a reason."""

from __future__ import annotations

from datetime import datetime

from accounts import audit
from accounts.models import User
from backend.transactions import in_transaction
from events.registrations import refusals
from events.registrations.models import Registration
from events.registrations.outbox import queue_about
from events.registrations.services.locks import lock_with_slots
from events.registrations.services.waitlist import promote_waiting


@in_transaction
def cancel_registration(
    *, registration: Registration, now: datetime, by: User | None = None, reason: str = ""
) -> Registration:
    """Cancel a registration and give its place to the first in line; again changes nothing.

    :param reason: what the organizer writes to the person; kept in the message alone.
    :raises RegistrationRefused: ``too_late`` once the slot has started or the person is in.
    """
    cancelling = lock_with_slots(registration.pk)
    if cancelling.is_cancelled:
        return cancelling
    refusals.refuse_settled(cancelling, now=now, by=by)
    freed = cancelling.slot_id if cancelling.holds_place else None
    cancelling.status = Registration.Status.CANCELLED
    cancelling.cancelled_at = now
    cancelling.revision += 1
    cancelling.save(update_fields=["status", "cancelled_at", "revision"])
    audit.record(
        "registration.cancelled", cancelling, by=by, at=now, unit_id=cancelling.drive.unit_id
    )
    queue_about(
        cancelling,
        "cancelled",
        now=now,
        details={"reason": reason, "by_organizer": by is not None},
    )
    if freed is not None:
        promote_waiting(freed, now=now)
    return cancelling
