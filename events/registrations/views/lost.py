"""A lost ticket, and what keeps what people tell us."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from backend.limits import hit
from backend.proxies import limit_key
from events.registrations.forms import LostTicketForm
from events.registrations.letter_limits import count_letter
from events.registrations.services.lost import send_tickets_again
from events.registrations.views.guard import private, too_many


@private
@require_http_methods(["GET", "HEAD", "POST"])
def lost(request: HttpRequest) -> HttpResponse:
    """Send tickets again; the answer is the same for known and unknown."""
    if request.method != "POST":
        return render(request, "registrations/lost_form.html", {"form": LostTicketForm()})
    now = timezone.now()
    wait = hit("REGISTRATIONS_ADDRESS", limit_key(request))
    if wait is not None:
        return too_many(request, wait, now=now)
    form = LostTicketForm(request.POST)
    contact = form.data.get("contact", "").strip()
    if not contact:
        form.add_error("contact", _("Write your mobile number or your e-mail address."))
        return render(request, "registrations/lost_form.html", {"form": form}, status=400)
    send_tickets_again(
        contact=contact,
        now=now,
        may_write_to=count_letter,
    )
    return render(request, "registrations/lost_sent.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Say how what people tell us is kept, and for how long."""
    return render(request, "registrations/privacy.html")
