"""A volunteer's own page: the ticket, and everything that the person may do with the place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from backend.limits import exhausted, hit
from backend.qr import qr_svg
from donors.identity import format_phone
from events.drives.queries import Places, places_of
from events.registrations.calendar import FILE_NAME, content_type, ticket_calendar
from events.registrations.forms import ChangeForm
from events.registrations.letter_limits import address_told, count_letter, spares
from events.registrations.models import Registration
from events.registrations.outbox import MANY_LETTERS
from events.registrations.page import OwnPage, State
from events.registrations.picture import ticket_picture
from events.registrations.queries import nearest_free_slots
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import (
    cancel_registration,
    change_registration,
    confirm_registration,
    move_registration,
)
from events.registrations.signing import ticket_of
from events.registrations.tokens import manage_path, registration_of
from events.registrations.views.guard import missed, private, too_many
from notifications.queries import is_spared

JUST_NOW: Final = timedelta(minutes=10)
DONE: Final = frozenset({"confirmed", "moved", "saved", "given_up"})

Page = Callable[[HttpRequest, Registration, datetime], HttpResponse]


def own(page: Page) -> Callable[..., HttpResponse]:
    """Open the page for who has the link; times are shown in the drive's zone."""

    @private
    @wraps(page)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        now = timezone.now()
        registration = registration_of(token, now=now)
        if registration is None:
            return missed(request, now=now)
        with timezone.override(registration.drive.tzinfo):
            return page(request, registration, now)

    return opened


@own
@require_safe
def show(request: HttpRequest, registration: Registration, now: datetime) -> HttpResponse:
    """Show the place as it is now; opening it changes nothing."""
    return _show(request, registration, now)


@own
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, registration: Registration, now: datetime) -> HttpResponse:
    """Say to come. A link in a message leads to the page; the button there does it."""
    if request.method != "POST":
        return redirect(manage_path(registration))
    try:
        confirm_registration(registration=registration, now=now)
    except RegistrationRefused as refusal:
        return _refuse(request, registration, refusal, now)
    return _done(registration, "confirmed")


@own
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, registration: Registration, now: datetime) -> HttpResponse:
    """Choose another time; the old one is kept until the new one is ours."""
    page = OwnPage.of(registration, now=now)
    if request.method != "POST":
        if not page.may_change:
            return redirect(manage_path(registration))
        return _choose(request, registration, now)
    slot_id = request.POST.get("slot", "").strip()[:64].replace("\0", "")
    is_spared = spares(registration.email)
    try:
        moved = move_registration(
            registration=registration, slot_id=slot_id, now=now, spares_letter=is_spared
        )
    except RegistrationRefused as refusal:
        if refusal.code in ("slot_full", "unknown_slot", "registration_closed"):
            return _choose(request, registration, now, refused=refusal, slot_id=slot_id)
        return _refuse(request, registration, refusal, now)
    if moved.revision != registration.revision and not is_spared:
        count_letter(registration.email)
    return _done(registration, "moved")


@own
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, registration: Registration, now: datetime) -> HttpResponse:
    """Ask once, then give the place up; why is nobody's business."""
    page = OwnPage.of(registration, now=now)
    if request.method != "POST":
        if not page.may_change:
            return redirect(manage_path(registration))
        others = _other_places(registration, now=now).slots
        context = {
            "page": page,
            "first": others[0] if others else None,
            "last": others[-1] if others else None,
        }
        return render(request, "registrations/registration_cancel.html", context)
    try:
        cancel_registration(registration=registration, now=now)
    except RegistrationRefused as refusal:
        return _refuse(request, registration, refusal, now)
    return _done(registration, "given_up")


@own
@require_http_methods(["GET", "HEAD", "POST"])
def details(request: HttpRequest, registration: Registration, now: datetime) -> HttpResponse:
    """Correct name and contact, agree to reminders or take that back."""
    page = OwnPage.of(registration, now=now)
    if request.method != "POST":
        if not page.may_change:
            return redirect(manage_path(registration))
        return _correct(request, page, ChangeForm(initial=_stated(registration)))
    form = ChangeForm(request.POST)
    if not form.is_valid() or form.change is None:
        return _correct(request, page, form, status=400)
    phone = form.change.phone or registration.phone
    if (wait := exhausted("REGISTRATIONS_PHONE", phone)) is not None:
        return too_many(request, wait, now=now)
    is_spared = spares(address_told(registration, form.change))
    try:
        changed = change_registration(
            registration=registration, change=form.change, now=now, spares_letter=is_spared
        )
    except RegistrationRefused as refusal:
        if refusal.code == "already_registered":
            hit("REGISTRATIONS_PHONE", phone)
            return _correct(request, page, form, refused=refusal, status=409)
        return _refuse(request, registration, refusal, now)
    if changed.revision != registration.revision and not is_spared:
        count_letter(changed.email)
    return _done(registration, "saved")


@own
@require_safe
def calendar_file(request: HttpRequest, registration: Registration, now: datetime) -> HttpResponse:
    """Give the calendar entry; once the place is given up, one that takes it out again."""
    if registration.slot is None or registration.is_waiting:
        return missed(request, now=now)
    response = HttpResponse(
        ticket_calendar(registration, now=now), content_type=content_type(registration)
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    return response


@own
@require_safe
def picture(request: HttpRequest, registration: Registration, now: datetime) -> HttpResponse:
    """Give the ticket as a picture that reads without our page and without a network."""
    if not OwnPage.of(registration, now=now).has_ticket:
        return missed(request, now=now)
    response = HttpResponse(ticket_picture(registration), content_type="image/png")
    response.headers["Content-Disposition"] = 'inline; filename="giot-hong.png"'
    return response


# --- What they share -------------------------------------------------------------------------


def _other_places(registration: Registration, *, now: datetime) -> Places:
    """Return the times into which this registration can move."""
    drive = registration.drive
    slots = places_of(drive, now=now).slots
    return Places.over(
        (slot for slot in slots if slot.places_left_now and slot.pk != registration.slot_id),
        zone=drive.tzinfo,
    )


def _done(registration: Registration, what: str) -> HttpResponse:
    return redirect(f"{manage_path(registration)}?done={what}")


def _show(
    request: HttpRequest,
    registration: Registration,
    now: datetime,
    *,
    refused: RegistrationRefused | None = None,
    status: int = 200,
) -> HttpResponse:
    page = OwnPage.of(registration, now=now)
    done = request.GET.get("done", "")
    is_new = page.state == State.REGISTERED and now - registration.created_at < JUST_NOW
    context: dict[str, Any] = {
        "page": page,
        "refused": refused,
        "spared": page.may_change
        and registration.email
        and is_spared(registration.public_id, MANY_LETTERS),
        "done": done if done in DONE else "registered" if is_new else "",
        "qr": qr_svg(ticket_of(registration), label=_qr_label()) if page.has_ticket else "",
        "near": nearest_free_slots(registration.slot, now=now)
        if page.state == State.WAITING and page.may_change and registration.slot
        else [],
    }
    return render(request, "registrations/registration_detail.html", context, status=status)


def _qr_label() -> str:
    return _("QR code of the ticket")


def _stated(registration: Registration) -> dict[str, Any]:
    return {
        "full_name": registration.full_name,
        "phone": format_phone(registration.phone) if registration.phone else "",
        "email": registration.email,
        "consents": registration.consents,
    }


def _refuse(
    request: HttpRequest, registration: Registration, refused: RegistrationRefused, now: datetime
) -> HttpResponse:
    """Show the place as it is, with what stands in the way above it."""
    registration.refresh_from_db()
    return _show(request, registration, now, refused=refused, status=409)


def _choose(
    request: HttpRequest,
    registration: Registration,
    now: datetime,
    *,
    refused: RegistrationRefused | None = None,
    slot_id: str = "",
) -> HttpResponse:
    drive = registration.drive
    wished = drive.slots.filter(public_id=slot_id).first() if slot_id else None
    context = {
        "page": OwnPage.of(registration, now=now),
        "places": _other_places(registration, now=now),
        "refused": refused,
        "wished": wished,
        "near": nearest_free_slots(wished, now=now) if wished else [],
    }
    status = 200
    if refused is not None:
        status = 400 if refused.code == "unknown_slot" else 409
    return render(request, "registrations/registration_move.html", context, status=status)


def _correct(
    request: HttpRequest,
    page: OwnPage,
    form: ChangeForm,
    *,
    refused: RegistrationRefused | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"page": page, "form": form, "refused": refused}
    return render(request, "registrations/registration_details.html", context, status=status)
