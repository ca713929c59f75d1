"""What a phone's own camera opens when it sees a ticket."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from events.registrations.models import Registration
from events.registrations.page import OwnPage
from events.registrations.signing import public_keys
from events.registrations.tickets import DAY_MARGIN, is_genuine, read_ticket
from events.registrations.views.guard import missed, private


@private
@require_safe
def seen_ticket(request: HttpRequest, payload: str) -> HttpResponse:
    """Show date, time, venue and code of a living ticket: nothing of the person, no way further."""
    now = timezone.now()
    registration = _living(payload, now=now)
    if registration is None:
        return missed(request, now=now)
    page = OwnPage.of(registration, now=now)
    with timezone.override(registration.drive.tzinfo):
        return render(request, "registrations/ticket_seen.html", {"page": page})


def _living(payload: str, *, now: datetime) -> Registration | None:
    ticket = read_ticket(payload)
    if ticket is None:
        return None
    registration = (
        Registration.objects.select_related("slot", "drive__venue", "drive__unit")
        .filter(
            public_id=ticket.claims.registration_id,
            drive__number=ticket.claims.drive_number,
            drive__is_rehearsal=ticket.claims.rehearsal,
            drive__cancelled_at__isnull=True,
            drive__ends_at__gte=now - DAY_MARGIN,
            erased_at__isnull=True,
        )
        .first()
    )
    if registration is None or not registration.has_ticket:
        return None
    key = public_keys(registration.drive).get(ticket.claims.key_id)
    return registration if key is not None and is_genuine(ticket, key) else None
