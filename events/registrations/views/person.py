"""Organizers' and secretaries' page about one person, and what they do with that place."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts import audit
from donors.identity import format_phone
from events.registrations.history import history_of, messages_about
from events.registrations.lists import status_of
from events.registrations.manage_forms import DetailsForm, MoveForm, ReasonForm, details_of
from events.registrations.models import Registration
from events.registrations.outbox import MANY_LETTERS
from events.registrations.queries import waitlist_position
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import (
    cancel_registration,
    change_registration,
    move_registration,
)
from events.registrations.services.resend import resend_ticket
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_url
from events.registrations.views.people import PeoplePage
from notifications.queries import is_spared


class PersonPage(PeoplePage, TemplateView):
    """What somebody stated, what was sent, what happened; the only place with the whole phone."""

    template_name = "registrations/registration_person.html"
    registration: Registration

    def load(self) -> None:
        super().load()
        people = self.seen().select_related("slot", "unit", "drive__venue", "donor")
        self.registration = get_object_or_404(people, public_id=self.kwargs["public_id"])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.record_look()
        return super().get(request, *args, **kwargs)

    def record_look(self) -> None:
        audit.record(
            "registration.viewed",
            self.registration,
            by=self.user,
            at=self.now,
            unit_id=self.drive.unit_id,
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        registration = self.registration
        context: dict[str, Any] = {
            "registration": registration,
            "status": status_of(
                registration, full=self.may_manage, is_over=self.drive.is_over(self.now)
            ),
            "phone": format_phone(registration.phone) if registration.phone else "",
            "code": format_code(registration.code) if registration.has_ticket else "",
            "position": waitlist_position(registration),
        }
        if self.may_manage:
            settled = registration.is_cancelled or registration.is_in
            context |= {
                "own_page": manage_url(registration),
                "history": history_of(registration),
                "sent": messages_about(registration),
                "spared": not settled and is_spared(registration.public_id, MANY_LETTERS),
                "may_change": not settled and self.now < self.drive.ends_at,
                "move_form": MoveForm(
                    slots=[s for s in self.coming_slots() if s.pk != registration.slot_id],
                    prefix="move",
                ),
                "reason_form": ReasonForm(prefix="cancel"),
                "details_form": DetailsForm(initial=details_of(registration), prefix="details"),
            }
        return super().get_context_data(**(context | kwargs))


class PersonAction(PersonPage):
    """A change to one registration by an organizer; a refusal is the person's page again."""

    http_method_names = ["post"]

    def load(self) -> None:
        super().load()
        if not self.may_manage:
            raise Http404

    def done(self, sentence: str) -> HttpResponse:
        messages.success(self.request, sentence)
        return redirect("registration", slug=self.drive.slug, public_id=self.registration.public_id)

    def refused(self, status: int = 400, **context: Any) -> HttpResponse:
        self.record_look()
        response = self.render_to_response(self.get_context_data(**context))
        response.status_code = status
        return response


class MovePerson(PersonAction):
    def post(self, request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
        form = MoveForm(request.POST, slots=self.slots, prefix="move")
        if form.is_valid():
            try:
                move_registration(
                    registration=self.registration,
                    slot_id=form.cleaned_data["slot"],
                    now=self.now,
                    by=self.user,
                )
            except RegistrationRefused as refusal:
                form.add_error("slot", str(refusal))
                return self.refused(409, move_form=form, form=form)
            return self.done(_("Moved. The new ticket goes out by mail."))
        return self.refused(move_form=form, form=form)


class CancelPerson(PersonAction):
    def post(self, request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
        form = ReasonForm(request.POST, prefix="cancel")
        if form.is_valid():
            try:
                cancel_registration(
                    registration=self.registration,
                    now=self.now,
                    by=self.user,
                    reason=form.cleaned_data["reason"],
                )
            except RegistrationRefused as refusal:
                form.add_error(None, str(refusal))
                return self.refused(409, reason_form=form, form=form)
            return self.done(_("Cancelled. The place is free again."))
        return self.refused(reason_form=form, form=form)


class ChangePerson(PersonAction):
    def post(self, request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
        form = DetailsForm(request.POST, prefix="details")
        if form.is_valid() and form.change is not None:
            try:
                change_registration(
                    registration=self.registration, change=form.change, now=self.now, by=self.user
                )
            except RegistrationRefused as refusal:
                form.add_error(None, str(refusal))
                return self.refused(409, details_form=form, form=form)
            return self.done(_("Saved."))
        return self.refused(details_form=form, form=form)


class ResendTicket(PersonAction):
    def post(self, request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
        try:
            queued = resend_ticket(registration=self.registration, by=self.user, now=self.now)
        except RegistrationRefused as refusal:
            messages.error(request, str(refusal))
            return redirect("registration", slug=slug, public_id=public_id)
        if not queued:
            messages.warning(request, _("There is no e-mail address to send to."))
            return redirect("registration", slug=slug, public_id=public_id)
        return self.done(_("The ticket goes out again."))
