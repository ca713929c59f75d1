"""Organizers' and secretaries' pages about who comes to a drive: list, add, many at once, paper."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView

from accounts.attempts import KeyReused
from accounts.models import Role, Unit
from accounts.rules import unit_ids
from donors.identity import phone_last4
from events.drives.models import Drive, DriveQuerySet, Slot
from events.drives.pages import DrivePage
from events.registrations.input import Problem
from events.registrations.lists import Wanted, registration_list
from events.registrations.manage_forms import (
    AddForm,
    MoveForm,
    ReasonForm,
)
from events.registrations.models import Registration, RegistrationQuerySet
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import (
    cancel_registration,
    move_registration,
    record_look,
    register_donor,
)
from events.registrations.services.resend import resend_ticket
from events.registrations.tickets import format_code

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
    """Who registered: searched without accents, filtered, sorted, fifty a page.

    The form above the list posts, and leads to an address in which what was typed is sealed.
    """

    template_name = "registrations/registration_list.html"

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        return redirect(f"{request.path}{Wanted.typed(request.POST.dict()).address(page='')}")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        wanted = Wanted.addressed(self.request.GET.dict())
        found = registration_list(
            self.seen(), self.drive, wanted, full=self.may_manage, now=self.now
        )
        record_look(drive=self.drive, count=len(found.rows), by=self.user, now=self.now)
        chips = [
            {
                "label": chip.label,
                "count": chip.count,
                "current": chip.current,
                "url": wanted.address(status=chip.key, page=""),
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
                ("time", _("by time"), wanted.address(sort="time", page="")),
                ("name", _("by given name"), wanted.address(sort="name", page="")),
                ("newest", _("newest first"), wanted.address(sort="newest", page="")),
            ],
            newer=wanted.address(page=str(page.number - 1)) if page.has_previous() else "",
            older=wanted.address(page=str(page.number + 1)) if page.has_next() else "",
            may_add=not self.drive.is_over(self.now) and self.drive.cancelled_at is None,
            **kwargs,
        )


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
