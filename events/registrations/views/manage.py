"""Organizers' and secretaries' pages about who comes, and about a drive with people in it."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import FormView, TemplateView

from accounts import audit
from accounts.attempts import KeyReused
from accounts.models import Role, Unit
from accounts.rules import unit_ids
from donors.identity import format_phone, phone_last4
from events.drives.forms import DriveForm, add_refusal, present_values
from events.drives.models import Drive, DriveQuerySet, Slot
from events.drives.pages import DrivePage
from events.drives.plans import DriveRefused
from events.registrations.history import history_of, messages_about
from events.registrations.input import Problem
from events.registrations.lists import Wanted, registration_list, status_of
from events.registrations.manage_forms import (
    AddForm,
    DetailsForm,
    MoveForm,
    ReasonForm,
    SlotForm,
    details_of,
)
from events.registrations.models import Registration, RegistrationQuerySet
from events.registrations.queries import waitlist_position
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import (
    cancel_drive,
    cancel_registration,
    change_registration,
    move_registration,
    record_look,
    register_donor,
    update_drive,
)
from events.registrations.services.resend import resend_ticket
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_url

ROUTE = "manage.register"
BULK_MOST = 200


class PeoplePage(DrivePage):
    """A page with people on it: all of the drive for organizers, their units' for secretaries."""

    tab = "registrations"

    def drives(self) -> DriveQuerySet:
        return Drive.objects.showing_people_to(self.user)

    def seen(self) -> RegistrationQuerySet:
        return Registration.objects.visible_to(self.user).filter(drive=self.drive)

    @cached_property
    def slots(self) -> list[Slot]:
        return list(self.drive.slots.with_places().order_by("starts_at"))

    def coming_slots(self) -> list[Slot]:
        """Return the slots into which an organizer may still put somebody."""
        return [slot for slot in self.slots if slot.is_open and self.now < slot.ends_at]


class RegistrationListPage(PeoplePage, TemplateView):
    """Who registered: searched without accents, filtered, sorted, fifty a page."""

    template_name = "registrations/registration_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        wanted = Wanted.of({key: self.request.GET[key] for key in self.request.GET})
        found = registration_list(
            self.seen(), self.drive, wanted, full=self.may_manage, now=self.now
        )
        record_look(drive=self.drive, count=len(found.rows), by=self.user, now=self.now)
        chips = [
            {
                "label": chip.label,
                "count": chip.count,
                "current": chip.current,
                "url": self.here(wanted, status=chip.key, page=""),
            }
            for chip in found.chips
        ]
        page = found.page
        units = Unit.objects.filter(
            pk__in=self.seen().order_by().values("unit").distinct()
        ).order_by("name_search")
        return super().get_context_data(
            found=found,
            wanted=wanted,
            is_filtered=bool(wanted.search or wanted.slot or wanted.unit or wanted.status),
            chips=chips,
            slots=self.slots,
            units=units,
            sorts=[
                ("time", _("by time"), self.here(wanted, sort="time", page="")),
                ("name", _("by given name"), self.here(wanted, sort="name", page="")),
                ("newest", _("newest first"), self.here(wanted, sort="newest", page="")),
            ],
            newer=self.here(wanted, page=str(page.number - 1)) if page.has_previous() else "",
            older=self.here(wanted, page=str(page.number + 1)) if page.has_next() else "",
            may_add=not self.drive.is_over(self.now) and self.drive.cancelled_at is None,
            **kwargs,
        )

    def here(self, wanted: Wanted, **changes: str) -> str:
        values = vars(wanted) | changes
        standing = {"sort": "time", "page": "1"}
        query = {k: v for k, v in values.items() if v and standing.get(k) != v}
        return f"?{urlencode(query)}" if query else "?"


class AddPage(PeoplePage, TemplateView):
    """Register somebody who telephoned; also after registration closed for the public."""

    template_name = "registrations/registration_add.html"

    def units(self) -> list[Unit]:
        offered = Unit.objects.in_union_of(self.drive.unit_id).existing_on(self.drive.date)
        if not self.may_manage:
            offered = offered.filter(pk__in=unit_ids(self.user, [Role.SECRETARY]))
        return list(offered.order_by("name_search"))

    def form(self, data: QueryDict | None = None) -> AddForm:
        units = self.units()
        initial: dict[str, Any] = {}
        if not self.may_manage and units:
            initial["unit"] = units[0].slug
        return AddForm(
            data,
            drive=self.drive,
            slots=self.coming_slots(),
            units=units,
            unit_needed=not self.may_manage,
            initial=initial,
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**({"form": self.form()} | kwargs))

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid() or form.asked is None:
            return self.again(form)
        try:
            registration, _repeat = register_donor(
                drive=self.drive,
                slot_id=form.asked.slot_id,
                person=form.asked.person,
                wishes=form.asked.wishes,
                attempt=form.asked.attempt(route=ROUTE, caller=str(self.user.pk), key=form.key),
                now=self.now,
                by=self.user,
                source=Registration.Source.UNIT,
            )
        except KeyReused as refusal:
            form.add_error(None, str(refusal))
            return self.again(form, status=409)
        except RegistrationRefused as refusal:
            field = refusal.extra.get("field", "slot" if refusal.code == "slot_full" else "")
            form.add_problems([Problem(field, refusal.code, str(refusal))])
            return self.again(form, refusal=refusal.code, status=409)
        return redirect("registration", slug=slug, public_id=registration.public_id)

    def again(self, form: AddForm, *, refusal: str = "", status: int = 400) -> HttpResponse:
        response = self.render_to_response(self.get_context_data(form=form, refusal=refusal))
        response.status_code = status
        return response


# --- One person -------------------------------------------------------------------------


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


class BulkPage(PeoplePage, TemplateView):
    """Move, cancel or resend for those who were ticked in the list; asks before it does."""

    template_name = "registrations/registration_bulk.html"
    http_method_names = ["post"]

    def load(self) -> None:
        super().load()
        if not self.may_manage:
            raise Http404

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        # PostgreSQL refuses a zero byte; no id has one.
        ids = [id for id in request.POST.getlist("registration")[:BULK_MOST] if "\0" not in id]
        chosen = list(
            self.seen().filter(public_id__in=ids).select_related("slot", "drive").order_by("pk")
        )
        verb = request.POST.get("do", "")
        back = reverse("drive_registrations", kwargs={"slug": slug})
        if not chosen or verb not in ("move", "cancel", "resend"):
            messages.warning(request, _("Tick somebody first."))
            return redirect(back)
        sure = "sure" in request.POST
        form = self.form(verb, request.POST if sure else None)
        if not sure or (form is not None and not form.is_valid()):
            record_look(drive=self.drive, count=len(chosen), by=self.user, now=self.now)
            response = self.render_to_response(
                self.get_context_data(chosen=chosen, verb=verb, form=form)
            )
            response.status_code = 400 if sure else 200
            return response
        refused = [r for r in chosen if not self.act(verb, r, form)]
        done = len(chosen) - len(refused)
        if done:
            said = ngettext("Done for %(number)d person.", "Done for %(number)d people.", done)
            messages.success(request, said % {"number": done})
        if refused:
            names = ", ".join(r.full_name for r in refused)
            messages.warning(request, _("Not possible for: %(names)s") % {"names": names})
        return redirect(back)

    def form(self, verb: str, data: QueryDict | None) -> MoveForm | ReasonForm | None:
        match verb:
            case "move":
                return MoveForm(data, slots=self.coming_slots())
            case "cancel":
                return ReasonForm(data)
        return None

    def act(self, verb: str, registration: Registration, form: Any) -> bool:
        try:
            match verb:
                case "move":
                    move_registration(
                        registration=registration,
                        slot_id=form.cleaned_data["slot"],
                        now=self.now,
                        by=self.user,
                    )
                case "cancel":
                    cancel_registration(
                        registration=registration,
                        reason=form.cleaned_data["reason"],
                        now=self.now,
                        by=self.user,
                    )
                case _resend:
                    return resend_ticket(registration=registration, by=self.user, now=self.now)
        except RegistrationRefused:
            return False
        return True


class RosterPage(DrivePage, TemplateView):
    """The list on paper, one slot a page, for when there is no power or network."""

    template_name = "registrations/roster_print.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        people = list(
            Registration.objects.visible_to(self.user)
            .filter(drive=self.drive, holds_place=True)
            .select_related("slot", "unit")
            .order_by("slot__starts_at", "name_sort", "pk")
        )
        record_look(
            drive=self.drive,
            count=len(people),
            by=self.user,
            now=self.now,
            action="registrations.printed",
        )
        by_slot = {
            pk: [(r, phone_last4(r.phone), format_code(r.code)) for r in rows]
            for pk, rows in groupby(people, key=lambda r: r.slot_id)
        }
        sheets = [(slot, by_slot.get(slot.pk, [])) for slot in self.drive.slots.all()]
        return super().get_context_data(
            sheets=[sheet for sheet in sheets if sheet[1] or sheet[0].is_open],
            blank_rows=range(3),
            **kwargs,
        )


# --- The drive with people in it --------------------------------------------------------


class DriveEditPage(DrivePage, FormView):  # type: ignore[type-arg]
    """Change a drive. Who holds a place keeps it, and is told of a new date, time or venue."""

    form_class = DriveForm
    template_name = "registrations/drive_edit.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"units": [self.drive.unit]}

    def get_initial(self) -> dict[str, Any]:
        return present_values(self.drive)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        held = Registration.objects.filter(drive=self.drive).holding_place().count()
        return super().get_context_data(held=held, **kwargs)

    def form_valid(self, form: DriveForm) -> HttpResponse:
        try:
            update_drive(drive=self.drive, changes=form.changes(), by=self.user, now=self.now)
        except DriveRefused as refusal:
            add_refusal(form, refusal)
            return self.form_invalid(form)
        messages.success(self.request, _("Saved."))
        name = "drive_overview" if self.drive.published_at else "drive_preview"
        return redirect(name, slug=self.drive.slug)

    def form_invalid(self, form: DriveForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=400)


class DriveCancelPage(DrivePage, FormView):  # type: ignore[type-arg]
    """Cancel the whole drive, after saying how many people that concerns."""

    form_class = ReasonForm
    template_name = "registrations/drive_cancel.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        living = Registration.objects.filter(
            drive=self.drive, status__in=["registered", "waitlisted"]
        )
        return super().get_context_data(
            concerned=living.count(), unreachable=living.filter(email="").count(), **kwargs
        )

    def form_valid(self, form: ReasonForm) -> HttpResponse:
        try:
            cancel_drive(
                drive=self.drive,
                reason=form.cleaned_data["reason"],
                by=self.user,
                now=self.now,
            )
        except DriveRefused as refusal:
            form.add_error(None, str(refusal))
            return self.form_invalid(form)
        messages.success(self.request, _("The drive is cancelled. Everybody is told by mail."))
        return redirect("drive_overview", slug=self.drive.slug)

    def form_invalid(self, form: ReasonForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=400)


class SlotListPage(DrivePage, TemplateView):
    """All times of a drive: how full, and each closed, resized or opened by itself."""

    tab = "slots"
    template_name = "registrations/slot_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        wrong: SlotForm | None = kwargs.get("form")
        rows = [
            (
                slot,
                wrong
                if wrong is not None and wrong.prefix == slot.public_id
                else SlotForm(
                    initial={"capacity": slot.capacity, "is_open": slot.is_open},
                    prefix=slot.public_id,
                ),
            )
            for slot in self.drive.slots.with_places().order_by("starts_at")
        ]
        return super().get_context_data(
            rows=rows, may_change=self.drive.cancelled_at is None, **kwargs
        )


class ChangeSlot(SlotListPage):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, slug: str, slot: str) -> HttpResponse:
        row = get_object_or_404(self.drive.slots, public_id=slot)
        form = SlotForm(request.POST, prefix=row.public_id)
        if form.is_valid():
            try:
                update_drive(
                    drive=self.drive,
                    changes={"slots": [form.change(row)]},
                    by=self.user,
                    now=self.now,
                )
            except DriveRefused as refusal:
                form.add_error("capacity", str(refusal))
            else:
                messages.success(request, _("Saved."))
                return redirect("drive_slots", slug=slug)
        response = self.render_to_response(self.get_context_data(form=form))
        response.status_code = 400
        return response
