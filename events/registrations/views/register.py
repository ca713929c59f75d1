"""Take a place: first the time, then four fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.attempts import Attempt, KeyReused
from accounts.models import Unit
from backend.formats import clock
from backend.limits import hit
from backend.proxies import limit_key
from events.drives.models import Drive, Slot
from events.drives.queries import find_drive, find_slot, places_of
from events.registrations.forms import RegistrationForm
from events.registrations.input import Asked, Problem, Wrong, read_unit
from events.registrations.letter_limits import count_letter, count_registering
from events.registrations.queries import nearest_free_slots
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import register_donor
from events.registrations.services.waitlist import takes_promotions
from events.registrations.tokens import manage_path
from events.registrations.views.guard import private, when_again

ROUTE = "pages.register"


@private
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a person choose a time, then state who they are; the next page is theirs."""
    now = timezone.now()
    drive = find_drive(slug, asker=request.user)
    page = RegisterPage(request, drive, now)
    with timezone.override(drive.tzinfo):
        if request.method == "POST":
            return page.post()
        return page.get()


class RegisterPage:
    """One request for the two steps: the time, and the details."""

    def __init__(self, request: HttpRequest, drive: Drive, now: datetime) -> None:
        self.request, self.drive, self.now = request, drive, now
        typed = request.POST.getlist("slot") or request.GET.getlist("slot")
        self.slot_id = typed[-1].strip()[:64].replace("\0", "") if typed else ""
        self.linked_unit = self._linked_unit()

    def get(self) -> HttpResponse:
        if not self.drive.takes_registrations(self.now):
            return redirect(self.drive)
        if not self.slot_id:
            return self.show_slots()
        slot = self._slot()
        if slot is None or not slot.open_at(self.now):
            return self.show_slots(gone=True)
        waits = bool(self.request.GET.get("waitlist"))
        if slot.places_left_now == 0 and not waits:
            return self.show_full(slot)
        initial = {"join_waitlist": "1"} if waits and slot.places_left_now == 0 else {}
        return self.show_details(self._form(initial=initial), slot)

    def post(self) -> HttpResponse:
        form = self._form(self.request.POST)
        step = self.request.POST.get("step")
        if step == "details" and (slot := self._slot()):
            return self.show_details(self._form(initial=form.typed), slot)
        if step:
            return self.show_slots(form)
        caller = limit_key(self.request)
        if not form.is_valid() or (asked := form.asked) is None:
            if wait := hit("REGISTRATIONS_ADDRESS", caller):
                return self.refuse_too_often(form, wait)
            return self.show_problems(form)
        waits = count_registering(caller, phone=asked.person.phone, address=asked.wishes.email)
        if waits.caller is not None:
            return self.refuse_too_often(form, waits.caller)
        attempt = asked.attempt(route=ROUTE, key=form.key)
        # A repeat of what went well before passes: it writes nothing.
        if waits.phone is not None and not attempt.is_known():
            return self.refuse_too_often(form, waits.phone, field="phone")
        asked = asked.sparing_letter() if waits.is_spared else asked
        return self.take_place(form, asked, attempt)

    def take_place(self, form: RegistrationForm, asked: Asked, attempt: Attempt) -> HttpResponse:
        try:
            registration, is_repeat = register_donor(
                drive=self.drive,
                slot_id=asked.slot_id,
                person=asked.person,
                wishes=asked.wishes,
                attempt=attempt,
                now=self.now,
            )
        except KeyReused:
            form.with_new_key()
            return self.show_refusal(form, "key_reused")
        except RegistrationRefused as refusal:
            if field := refusal.extra.get("field"):
                form.add_problems([Problem(field, refusal.code, str(refusal))])
                return self.show_problems(form)
            # Who asks again and again for one phone looks for whether somebody is registered.
            hit("REGISTRATIONS_PHONE", asked.person.phone)
            if refusal.code == "slot_full" and (slot := self._slot()):
                return self.show_full(slot, form, status=409)
            return self.show_refusal(form, refusal.code)
        if not is_repeat and not asked.wishes.spares_letter:
            count_letter(registration.email)
        return redirect(manage_path(registration))

    # --- The pages ---------------------------------------------------------------------------

    def show_slots(
        self, form: RegistrationForm | None = None, *, gone: bool = False, status: int = 200
    ) -> HttpResponse:
        places = places_of(self.drive, now=self.now, with_waiting=True)
        context = {"places": places, "gone": gone, "kept": form}
        return self._render("registrations/registration_slots.html", context, status)

    def show_full(
        self, slot: Slot, form: RegistrationForm | None = None, *, status: int = 200
    ) -> HttpResponse:
        context = {
            "slot": slot,
            "near": [
                (free, self._address(slot=free.slot))
                for free in nearest_free_slots(slot, now=self.now)
            ],
            "kept": form,
            "takes_promotions": takes_promotions(slot, now=self.now),
        }
        return self._render("registrations/registration_full.html", context, status)

    def show_details(
        self,
        form: RegistrationForm,
        slot: Slot | None,
        *,
        refusal: str = "",
        again: str = "",
        status: int = 200,
    ) -> HttpResponse:
        form.offer_units()
        context = {"form": form, "slot": slot, "refusal": refusal, "again": again}
        return self._render("registrations/registration_form.html", context, status)

    def show_problems(self, form: RegistrationForm) -> HttpResponse:
        slot = self._slot()
        if slot is None:
            return self.show_slots(form, gone=bool(self.slot_id), status=400)
        return self.show_details(form, slot, status=400)

    def show_refusal(self, form: RegistrationForm, code: str) -> HttpResponse:
        return self.show_details(form, self._slot(), refusal=code, status=409)

    def refuse_too_often(
        self, form: RegistrationForm, wait_seconds: int, *, field: str = ""
    ) -> HttpResponse:
        again = when_again(wait_seconds, now=self.now)
        if field:
            sentence = _("This number was tried too often.")
            form.add_problems([Problem(field, "too_often", f"{sentence} {again}")])
        response = self.show_details(form, self._slot(), again="" if field else again, status=429)
        response.headers["Retry-After"] = str(wait_seconds)
        return response

    def _render(self, template: str, context: dict[str, Any], status: int) -> HttpResponse:
        context |= {
            "drive": self.drive,
            "linked_unit": self.linked_unit,
            "here": self._address(),
            "slot_url": self._address(slot=self.slot_id),
            "takes_registrations": self.drive.takes_registrations(self.now),
            "slot_time": clock(timezone.localtime(context["slot"].starts_at))
            if context.get("slot")
            else "",
        }
        return render(self.request, template, context, status=status)

    def _address(self, **query: str) -> str:
        if self.linked_unit is not None:
            query["unit"] = self.linked_unit.slug
        address = f"{self.drive.get_absolute_url()}register/"
        return f"{address}?{urlencode(query)}" if query else address

    # --- What they need ----------------------------------------------------------------------

    def _form(self, data: Any = None, initial: dict[str, str] | None = None) -> RegistrationForm:
        return RegistrationForm(
            data,
            drive=self.drive,
            slot_id=self.slot_id,
            linked_unit=self.linked_unit,
            initial=initial,
        )

    def _slot(self) -> Slot | None:
        return find_slot(self.drive, self.slot_id)

    def _linked_unit(self) -> Unit | None:
        """Return the unit that came with the link; a wrong one is as good as none."""
        try:
            return read_unit(self.request.GET.get("unit"), drive=self.drive)
        except Wrong:
            return None
