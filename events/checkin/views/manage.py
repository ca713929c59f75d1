"""The organizer's page of devices: show a code, see who scans, revoke with one tap."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from backend.qr import qr_svg
from events.checkin.devices import code_state, device_rows
from events.checkin.services.enrol import (
    EnrolmentRefused,
    create_enrolment_code,
    revoke_device,
)
from events.checkin.services.late import take_late_scans
from events.drives.pages import DrivePage


class DeviceListPage(DrivePage, TemplateView):
    """A drive's devices. A code is made and shown by a press, never by opening the page."""

    tab = "devices"
    template_name = "checkin/device_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = device_rows(self.drive, now=self.now)
        return super().get_context_data(
            rows=rows,
            living=sum(row.is_living for row in rows),
            is_over=self.drive.is_over(self.now),
            **kwargs,
        )

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Make a code for one phone; the answer alone shows it."""
        kinds = request.POST.getlist("stations")
        try:
            made = create_enrolment_code(
                drive=self.drive, by=self.user, now=self.now, stations=kinds
            )
        except EnrolmentRefused as refusal:
            messages.error(request, str(refusal))
            return redirect("drive_devices", slug=slug)
        return self.render_to_response(
            self.get_context_data(
                code=code_state(self.drive, str(made.row.pk), now=self.now),
                url=made.url,
                qr=qr_svg(made.url, label=_("QR code for one device"), module_px=6),
            )
        )


class DeviceNews(DeviceListPage):
    """The same list and the state of the code, for the page that refreshes itself."""

    http_method_names = ["get"]
    template_name = "checkin/device_news.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        code = code_state(self.drive, self.request.GET.get("code", ""), now=self.now)
        return super().get_context_data(code=code, **kwargs)


class RevokeDevice(DrivePage):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, slug: str, number: int) -> HttpResponse:
        device = get_object_or_404(self.drive.devices, number=number)
        revoke_device(device=device, by=self.user, now=self.now)
        messages.success(request, _("Revoked. What it had sent stays."))
        return redirect("drive_devices", slug=slug)


class TakeLateScans(DrivePage):
    """Let the scans count that a revoked device still handed in."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, slug: str, number: int) -> HttpResponse:
        device = get_object_or_404(self.drive.devices.select_related("drive"), number=number)
        take_late_scans(device=device, by=self.user, now=self.now)
        messages.success(request, _("Taken."))
        return redirect("drive_devices", slug=slug)
