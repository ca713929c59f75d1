"""Organizers' pages that plan a drive: make, repeat, publish, pause, share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import FormView, TemplateView, View

from accounts.models import Unit
from accounts.pages import ManagePage
from accounts.rules import MANAGES_DRIVES, unit_ids
from backend import formats
from backend.pdf import MEDIA_TYPE
from events.drives.forms import CopyForm, DriveForm, add_refusal, new_drive_values
from events.drives.models import Drive
from events.drives.pages import DrivePage
from events.drives.plans import DriveRefused
from events.drives.poster import poster_pdf
from events.drives.services import (
    copy_drive,
    create_drive,
    pause_registration,
    publish_drive,
    resume_registration,
)


class DriveCreatePage(ManagePage, FormView):  # type: ignore[type-arg]
    """Make a drive in eight fields; it is a draft until it is published."""

    form_class = DriveForm
    template_name = "drives/drive_create.html"

    def load(self) -> None:
        today = timezone.localdate(self.now)
        mine = Unit.objects.filter(pk__in=unit_ids(self.user, MANAGES_DRIVES))
        self.units = list(mine.existing_on(today).order_by("name_search"))
        if not self.units:
            raise Http404

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"units": self.units}

    def get_initial(self) -> dict[str, Any]:
        return new_drive_values(self.units, today=timezone.localdate(self.now))

    def form_valid(self, form: DriveForm) -> HttpResponse:
        try:
            drive = create_drive(plan=form.plan(), by=self.user, now=self.now)
        except DriveRefused as refusal:
            add_refusal(form, refusal)
            return self.form_invalid(form)
        return redirect("drive_preview", slug=drive.slug)

    def form_invalid(self, form: DriveForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=400)


class DriveCopyPage(DrivePage, FormView):  # type: ignore[type-arg]
    """Repeat an earlier drive in three fields; people and messages stay where they are."""

    form_class = CopyForm
    template_name = "drives/drive_copy.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"drive": self.drive}

    def get_initial(self) -> dict[str, Any]:
        return {"places_per_slot": self.drive.places_per_slot, "venue": str(self.drive.venue_id)}

    def form_valid(self, form: CopyForm) -> HttpResponse:
        try:
            copy = copy_drive(
                drive=self.drive,
                date=form.cleaned_data["date"],
                venue=form.place(),
                places_per_slot=form.cleaned_data["places_per_slot"],
                by=self.user,
                now=self.now,
            )
        except DriveRefused as refusal:
            add_refusal(form, refusal)
            return self.form_invalid(form)
        return redirect("drive_preview", slug=copy.slug)

    def form_invalid(self, form: CopyForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=400)


class DrivePreviewPage(DrivePage, TemplateView):
    """What donors will see, with what is left to do: publish, or change something first."""

    template_name = "drives/drive_preview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        slots = list(self.drive.slots.all())
        hours: dict[int, int] = {}
        for slot in slots:
            hour = slot.starts_at.astimezone(self.drive.tzinfo).hour
            hours[hour] = hours.get(hour, 0) + (slot.capacity if slot.is_open else 0)
        return super().get_context_data(
            slot_count=len(slots), capacity=sum(hours.values()), hours=list(hours.items()), **kwargs
        )


class DriveAction(DrivePage, ABC):
    """A change by one button. A refusal is said on the page that follows."""

    http_method_names = ["post"]

    @abstractmethod
    def act(self) -> str:
        """Call one service; return what is said afterwards."""

    def next_url(self) -> str:
        return reverse("drive_overview", kwargs={"slug": self.drive.slug})

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        try:
            messages.success(request, self.act())
        except DriveRefused as refusal:
            messages.error(request, str(refusal))
            return redirect("drive_overview", slug=slug)
        return redirect(self.next_url())


class PublishDrive(DriveAction):
    def act(self) -> str:
        publish_drive(drive=self.drive, by=self.user, now=self.now)
        return _("Published. Now pass the link on.")

    def next_url(self) -> str:
        return reverse("drive_share", kwargs={"slug": self.drive.slug})


class PauseDrive(DriveAction):
    def act(self) -> str:
        pause_registration(drive=self.drive, by=self.user, now=self.now)
        return _("Registration is paused. You can still add people.")


class ResumeDrive(DriveAction):
    def act(self) -> str:
        resume_registration(drive=self.drive, by=self.user, now=self.now)
        return _("Registration goes on.")


class DriveSharePage(DrivePage, TemplateView):
    """The link, one for each unit, the poster, and a text to paste into a chat."""

    template_name = "drives/drive_share.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        link = f"{settings.BASE_URL}{self.drive.get_absolute_url()}"
        root = self.drive.unit
        below = Unit.objects.descendants(root).existing_on(timezone.localdate(self.now))
        return super().get_context_data(
            link=link,
            unit_links=[
                (unit.name, f"{link}?unit={unit.slug}", unit.slug)
                for unit in below.order_by("name_search")
            ],
            text=chat_text(self.drive, link),
            **kwargs,
        )


class DrivePoster(DrivePage, View):
    """The poster as a file to print."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        response = HttpResponse(poster_pdf(self.drive), content_type=MEDIA_TYPE)
        response.headers["Content-Disposition"] = f'inline; filename="{self.drive.slug}.pdf"'
        return response


def chat_text(drive: Drive, link: str) -> str:
    """Return the lines that an organizer pastes into Zalo."""
    here = drive.tzinfo
    hours = formats.hours(drive.starts_at.astimezone(here), drive.ends_at.astimezone(here))
    lines = [
        drive.name,
        f"{formats.full_date(drive.date)}, {hours}",
        f"{drive.venue.name}, {drive.venue.address}",
        "",
        _("Choose a time and have your ticket in a minute:"),
        link,
    ]
    if drive.contact:
        lines += ["", _("Questions: %(contact)s") % {"contact": drive.contact}]
    return "\n".join(lines)
