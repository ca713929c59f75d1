"""Send somebody's ticket again, because an organizer was asked to."""

from __future__ import annotations

from datetime import datetime

from accounts import audit
from accounts.models import User
from backend.transactions import in_transaction
from events.registrations import refusals
from events.registrations.models import Registration
from events.registrations.outbox import queue_about


@in_transaction
def resend_ticket(*, registration: Registration, by: User, now: datetime) -> bool:
    """Queue the ticket (or the word of the waiting list) again; twice within a minute sends once.

    :returns: false where there is no address to send to.
    :raises RegistrationRefused: ``cancelled``.
    """
    if registration.is_cancelled:
        raise refusals.was_cancelled()
    if not registration.email:
        return False
    kind = "waitlisted" if registration.is_waiting else "registered"
    queue_about(registration, kind, now=now, occasion=f"again-{now:%Y%m%d%H%M}")
    audit.record(
        "registration.resent", registration, by=by, at=now, unit_id=registration.drive.unit_id
    )
    return True
