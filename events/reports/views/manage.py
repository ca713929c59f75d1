"""The organizer's first page, how a drive stands, and what became of its messages."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.generic import TemplateView

from accounts.pages import ManagePage
from accounts.rules import MANAGES_DRIVES, unit_ids
from events.checkin.missing import missing_scans, missing_words
from events.checkin.queries import DriveConflict
from events.drives.models import Drive, DriveQuerySet
from events.drives.pages import DrivePage
from events.registrations.services import record_look, retry_messages
from events.reports.arrivals import arrivals, arrivals_chart
from events.reports.attention import MOST_CONFLICTS, attention_for, open_conflicts
from events.reports.downloads import list_file
from events.reports.drives import drive_list
from events.reports.figures import drive_figures
from events.reports.messages import message_list
from events.reports.overview import funnel, slot_rows


class DriveListPage(ManagePage, TemplateView):
    """Today's drives first, then those to come, then past ones, which can be repeated."""

    template_name = "reports/drive_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        search = self.request.GET.get("search", "")[:100]
        return super().get_context_data(
            drives=drive_list(self.user, search=search, now=self.now),
            may_create=bool(unit_ids(self.user, MANAGES_DRIVES)),
            search=search,
            **kwargs,
        )


class OverviewPage(DrivePage, TemplateView):
    """How the drive stands: figures, each with the list behind it, and what needs somebody."""

    tab = "overview"
    template_name = "reports/drive_overview.html"
    is_refresh = False

    def drives(self) -> DriveQuerySet:
        return Drive.objects.showing_figures_to(self.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        figures = drive_figures(self.drive, now=self.now, small_cells=self.may_manage)
        people = (
            reverse("drive_registrations", kwargs={"slug": self.drive.slug})
            if self.may_manage
            else ""
        )
        conflicts = open_conflicts(self.drive) if self.may_manage else []
        self._note_look(conflicts[:MOST_CONFLICTS])
        missing = missing_scans(self.drive, now=self.now)
        return super().get_context_data(
            figures=figures,
            missing=missing_words(missing) if missing else None,
            units=sorted(figures.by_unit, key=lambda unit: -(unit.registered or 0)),
            funnel=funnel(self.drive, figures, people_url=people, now=self.now),
            chart=arrivals_chart(self.drive, figures.by_slot, arrivals(self.drive), now=self.now),
            slots=slot_rows(self.drive, figures, people_url=people, now=self.now),
            widest=max((max(s.capacity, s.counts.registered) for s in figures.by_slot), default=0),
            attention=attention_for(self.drive, figures, conflicts, now=self.now)
            if self.may_manage
            else [],
            status=self.drive.status_without_places(self.now),
            is_over=self.drive.is_over(self.now),
            **kwargs,
        )

    def _note_look(self, conflicts: list[DriveConflict]) -> None:
        """Write that people were shown: all at each opening, then only who was not before."""
        shown = {conflict.registration for conflict in conflicts}
        key = f"shown on the overview {self.drive.pk}"
        known = set(self.request.session.get(key, [])) if self.is_refresh else set()
        if new := shown - known:
            record_look(drive=self.drive, count=len(new), by=self.user, now=self.now)
            self.request.session[key] = sorted(shown | known)


class OverviewNews(OverviewPage):
    """The part of the overview that changes, for the page that refreshes itself."""

    template_name = "reports/drive_overview_news.html"
    is_refresh = True


class MessageListPage(DrivePage, TemplateView):
    """What was sent, what waits, what failed and why, by kind of message."""

    tab = "messages"
    template_name = "reports/message_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        figures = drive_figures(self.drive, now=self.now, small_cells=True)
        kind, status = (self.request.GET.get(name, "")[:24] for name in ("kind", "status"))
        found = message_list(self.drive, kind=kind, status=status, now=self.now)
        if people := sum(row.registration is not None for row in found.rows):
            record_look(drive=self.drive, count=people, by=self.user, now=self.now)
        return super().get_context_data(
            figures=figures,
            unanswered=figures.counts.registered - figures.counts.confirmed,
            found=found,
            **kwargs,
        )


class RetryMessages(DrivePage):
    """Send again what failed through no fault of the addresses."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        count = retry_messages(drive=self.drive, by=self.user, now=self.now)
        words = ngettext(
            "%(count)s message is sent again.", "%(count)s messages are sent again.", count
        )
        messages.success(request, words % {"count": count})
        return redirect("drive_messages", self.drive.slug)


class ExportPage(DrivePage):
    """A list as a file: the same as the API gives, and noted alike."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, slug: str, list: str, ending: str) -> HttpResponse:
        return list_file(self.drive, list, ending, user=self.user, now=self.now)
