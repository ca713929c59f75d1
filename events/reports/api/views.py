"""What came of a drive: figures, and lists as files."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.views import ManageView
from accounts.rules import MANAGES_DRIVES, unit_ids
from events.checkin.missing import missing_scans
from events.drives.api.views import ManageDriveActionView
from events.drives.models import Drive
from events.reports.api.serializers import DriveFiguresSerializer, FiguresSerializer
from events.reports.downloads import WRITERS, list_file
from events.reports.figures import drive_figures
from events.reports.lists import LISTS


class FiguresView(ManageView):
    @extend_schema(
        operation_id="manage_figures",
        summary="The figures of a donation day as of now.",
        description="`registered` = `placed` - `cancelled` = `came` + `no_show` + `expected`;"
        " `arrived` = `came` + `walk_ins` = `donated` + `deferred` + `left` + `inside`.",
        responses=DriveFiguresSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        drive = Drive.objects.showing_figures_to(self.user).filter(slug=slug).first()
        if drive is None:
            raise Http404
        figures = drive_figures(
            drive,
            now=self.now,
            small_cells=drive.unit_id in unit_ids(self.user, MANAGES_DRIVES),
        )
        missing = missing_scans(drive, now=self.now)
        told = {"scans": missing.scans, "silent_devices": len(missing.silent)}
        return Response({**FiguresSerializer(figures).data, "missing": told})


class ExportView(ManageDriveActionView):
    @extend_schema(
        operation_id="manage_exports",
        summary="A list as a file.",
        description="Each export is noted.",
        parameters=[
            OpenApiParameter("list", str, OpenApiParameter.PATH, enum=sorted(LISTS)),
            OpenApiParameter("ending", str, OpenApiParameter.PATH, enum=sorted(WRITERS)),
        ],
        responses={(200, media_type): OpenApiTypes.BINARY for media_type, _ in WRITERS.values()},
    )
    def get(self, request: Request, slug: str, list: str, ending: str) -> HttpResponse:
        drive = self.find_drive(slug)
        return list_file(drive, list, ending, user=self.user, now=self.now)
