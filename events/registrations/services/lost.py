"""Send tickets again to the addresses that they were registered with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from accounts import audit
from backend.transactions import in_transaction
from donors.identity import InvalidIdentity, parse_phone
from events.registrations.models import Registration
from events.registrations.outbox import queue_about

# Left to the next sweep of the outbox: waking the worker from here would take measurably longer
# for somebody who is registered than for somebody who is not.
SENT_AFTER: Final = timedelta(seconds=20)
MOST_TICKETS: Final = 10


def send_tickets_again(*, contact: str, now: datetime, may_write_to: Callable[[str], bool]) -> None:
    """Queue the tickets of drives to come, for the registrations with this phone or e-mail.

    They go to the address that is stored, never to one typed here. Nothing is returned, and as
    much is read and written for an unknown contact: whoever asks learns nothing.

    :param may_write_to: whether the limit of an address allows another letter; counts it as one.
    """
    found = [r for r in _registered_with(contact, now=now) if may_write_to(r.email)]
    _queue(found, now=now)


@in_transaction
def _queue(registrations: list[Registration], *, now: datetime) -> None:
    # The one row that is written in any case is about nobody in particular.
    audit.record("ticket.asked_again", Registration(public_id=""), by=None, at=now, count=1)
    for registration in registrations:
        queue_about(
            registration,
            "waitlisted" if registration.is_waiting else "registered",
            now=now,
            occasion=f"again-{now:%Y%m%d%H%M%S}",
            due_at=now + SENT_AFTER,
        )


def _registered_with(contact: str, *, now: datetime) -> list[Registration]:
    living = (
        Registration.objects.living()
        .filter(_wanted(contact), drive__ends_at__gt=now, drive__cancelled_at__isnull=True)
        .exclude(email="")
        .select_related("drive")
    )
    return list(living.order_by("-pk")[:MOST_TICKETS])


def _wanted(contact: str) -> Q:
    text = contact.strip()[:254].replace("\0", "")
    if "@" in text:
        return Q(email__iexact=text)
    try:
        return Q(phone=parse_phone(text))
    except InvalidIdentity:
        return Q(phone="-")  # nobody's, and asked all the same
