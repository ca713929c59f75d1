"""Organizers' pages that change a drive with people in it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import FormView, TemplateView

from events.drives.forms import DriveForm, add_refusal, present_values
from events.drives.pages import DrivePage
from events.drives.plans import DriveRefused
from events.registrations.manage_forms import ReasonForm, SlotForm
from events.registrations.models import Registration
from events.registrations.services import cancel_drive, update_drive


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
