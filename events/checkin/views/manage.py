"""The organizer's page of devices: show a code, see who scans, revoke with one tap."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from backend.qr import qr_svg
from events.checkin.conflicts import conflict_rows
from events.checkin.devices import code_state, device_rows
from events.checkin.late import late_scans
from events.checkin.models import Device, Scan
from events.checkin.queries import drive_conflicts
from events.checkin.scanner import scanner_version
from events.checkin.services import (
    create_enrolment_code,
    leave_conflict,
    leave_late_scans,
    revoke_device,
    take_back_scan,
)
from events.checkin.services.codes import EnrolmentRefused
from events.checkin.services.late import take_late_scans
from events.drives.pages import DrivePage
from events.registrations.services import record_look


class DeviceListPage(DrivePage, TemplateView):
    """A drive's devices. A code is made and shown by a press, never by opening the page."""

    tab = "devices"
    template_name = "checkin/device_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = device_rows(self.drive, version=scanner_version(), now=self.now)
        return super().get_context_data(
            rows=rows,
            conflicts=sum(not conflict.is_seen for conflict in drive_conflicts(self.drive)),
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


class OneDevicePage(DrivePage):
    device: Device

    def load(self) -> None:
        super().load()
        devices = self.drive.devices.select_related("drive")
        self.device = get_object_or_404(devices, number=self.kwargs["number"])


class LateScansPage(OneDevicePage, TemplateView):
    """What a revoked device still handed in: whom it would bring in, to be taken or left out."""

    tab = "devices"
    template_name = "checkin/late_scans.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        late = late_scans(self.device)
        if late and late.people:
            record_look(drive=self.drive, count=late.people, by=self.user, now=self.now)
        return super().get_context_data(device=self.device, late=late, **kwargs)

    def post(self, request: HttpRequest, slug: str, number: int) -> HttpResponse:
        """Take them, or leave them out."""
        if request.POST.get("decision") == "leave":
            leave_late_scans(device=self.device, by=self.user, now=self.now)
            messages.success(request, _("Left out. They count nothing, and can still be taken."))
            return redirect("drive_devices", slug=slug)
        if take_late_scans(device=self.device, by=self.user, now=self.now):
            messages.success(request, _("Taken. They count now."))
        if self.device.late_walk_ins.exists():
            messages.warning(request, _("Not everybody could be registered; it says why below."))
            return redirect("device_late", slug=slug, number=number)
        return redirect("drive_devices", slug=slug)


class ConflictsPage(DrivePage, TemplateView):
    """People who were let in twice, or after giving up: what happened, and what to do."""

    tab = "devices"
    template_name = "checkin/conflict_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = conflict_rows(self.drive)
        if rows:
            people = {row.conflict.registration for row in rows}
            record_look(drive=self.drive, count=len(people), by=self.user, now=self.now)
        return super().get_context_data(
            open_rows=[row for row in rows if not row.conflict.is_seen],
            seen_rows=[row for row in rows if row.conflict.is_seen],
            **kwargs,
        )


class LeaveConflict(DrivePage):
    """Leave a conflict as it is: somebody has looked at it."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
        people = self.drive.registrations.select_related("drive")
        person = get_object_or_404(people, public_id=public_id)
        leave_conflict(registration=person, by=self.user, now=self.now)
        messages.success(request, _("Left as it is."))
        return redirect("drive_conflicts", slug=slug)


class TakeBackScan(DrivePage):
    """Undo a scan that should not count."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, slug: str, scan: UUID) -> HttpResponse:
        scans = Scan.objects.filter(drive=self.drive, kind="pass", registration__isnull=False)
        found = get_object_or_404(scans.select_related("drive"), pk=scan)
        take_back_scan(scan=found, by=self.user, now=self.now)
        messages.success(request, _("Taken back. The scan counts no more."))
        return redirect("drive_conflicts", slug=slug)
