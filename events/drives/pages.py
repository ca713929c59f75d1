"""What every organizer page about one drive shares: who may see it, its zone, its tabs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.pages import ManagePage
from accounts.rules import MANAGES_DRIVES, has_role, unit_ids
from backend import formats
from events.drives.models import Drive, DriveQuerySet


@dataclass(frozen=True, kw_only=True)
class Tab:
    label: str
    url: str
    current: bool


class DrivePage(ManagePage):
    """A page about one drive. What the user may not see is a 404.

    Times are read and written in the drive's own zone.
    """

    roles: Collection[str] = MANAGES_DRIVES
    tab = ""
    drive: Drive
    may_manage: bool

    def drives(self) -> DriveQuerySet:
        """Return the drives that the page may be about, for this user."""
        return Drive.objects.of_units(unit_ids(self.user, self.roles))

    def load(self) -> None:
        drives = self.drives().select_related("unit", "venue")
        self.drive = get_object_or_404(drives, slug=self.kwargs["slug"])
        self.may_manage = has_role(self.user, self.drive.unit_id, MANAGES_DRIVES)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not hasattr(self, "drive"):
            return super().dispatch(request, *args, **kwargs)
        with timezone.override(self.drive.tzinfo):
            response = super().dispatch(request, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse):
                response.render()
        return response

    def tabs(self) -> list[Tab]:
        if not self.may_manage:
            return []
        places = [
            ("overview", _("Overview"), "drive_overview"),
            ("registrations", _("Registrations"), "drive_registrations"),
            ("slots", _("Times"), "drive_slots"),
            ("devices", _("Devices"), "drive_devices"),
            ("messages", _("Messages"), "drive_messages"),
        ]
        return [
            Tab(
                label=label,
                url=reverse(name, kwargs={"slug": self.drive.slug}),
                current=key == self.tab,
            )
            for key, label, name in places
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            drive=self.drive,
            drive_line=drive_line(self.drive),
            may_manage=self.may_manage,
            tabs=self.tabs(),
            **kwargs,
        )


def drive_line(drive: Drive) -> str:
    """Spell when and where: "Thứ Bảy, 05/12/2026, 07:00–11:30, 54 Hai Bà Trưng"."""
    starts, ends = drive.starts_at.astimezone(drive.tzinfo), drive.ends_at.astimezone(drive.tzinfo)
    when = f"{formats.full_date(drive.date)}, {formats.hours(starts, ends)}"
    return f"{when}, {drive.venue.name}"
