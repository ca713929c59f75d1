"""What anybody may see: the drives to come, and one of them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from backend.drawn import Drawn, values_of
from events.drives.contact import split_contact
from events.drives.models import DriveStatus
from events.drives.queries import find_drive, places_of, upcoming_drives

_WITH_PLACES = (DriveStatus.OPEN, DriveStatus.FULL, DriveStatus.NOT_OPEN, DriveStatus.DRAFT)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the drives to come, the soonest first."""
    drives = upcoming_drives(now=timezone.now())
    return render(request, "drives/home.html", {"drives": drives})


@require_safe
def drive_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a drive: when, where, what is left by the hour, what to bring, who is behind it."""
    now = timezone.now()
    drive = find_drive(slug, asker=request.user)
    places = places_of(drive, now=now)
    status = drive.status(now, places_left=places.left)

    def draw() -> bytes:
        contact, contact_phone = split_contact(drive.contact)
        context = {
            "drive": drive,
            "status": status.value,
            "shows_places": status in _WITH_PLACES and bool(places.hours),
            "places": places,
            "contact": contact,
            "contact_phone": contact_phone,
            "unit_slug": request.GET.get("unit", ""),
        }
        with timezone.override(drive.tzinfo):
            return render(request, "drives/drive_detail.html", context).content

    # All that the page is made from, so that it is drawn anew as soon as any of it changes.
    facts = (
        request.GET.urlencode(),
        get_language(),
        status.value,
        *(values_of(row) for row in (drive, drive.unit, drive.venue)),
        *((slot.starts_at, slot.capacity, slot.places_left_now) for slot in places.slots),
    )
    return HttpResponse(_drawn.get(facts, draw))


_drawn = Drawn(most=200)
