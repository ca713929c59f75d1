"""Drives: what anybody may read, and what organizers plan."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.views import ManageView, PublicView, written
from accounts.models import Unit, User
from accounts.rules import MANAGES_DRIVES, unit_ids
from backend.paging import Pages
from events.drives.api.reading import drive_anew, drive_as_sent
from events.drives.api.serializers import (
    CopySerializer,
    DriveDetailSerializer,
    DriveFilterSerializer,
    DriveSerializer,
    PlanSerializer,
    place_of,
)
from events.drives.models import Drive, random_drive_number
from events.drives.plans import Plan
from events.drives.services import copy_drive, create_drive, publish_drive

WRITE_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "format": "uuid"},
    OpenApiParameter.HEADER,
    description="The same key and body again change nothing and give the first answer.",
)


class DrivePages(Pages):
    ordering = ("starts_at", "pk")


class DrivesView(PublicView):
    pagination_class = DrivePages

    @extend_schema(
        operation_id="drives_list",
        summary="Donation days, by time.",
        description="All that are published; to a token's user also the drafts it plans.",
        parameters=[
            DriveFilterSerializer,
            OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int),
        ],
        responses=DriveSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        asked = DriveFilterSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        drives = (
            Drive.objects.visible_to(request.user)
            .filter(is_rehearsal=False)
            .select_related("unit", "venue")
            .with_places(self.now)
        )
        by = asked.validated_data
        if by.get("search"):
            drives = drives.search(by["search"])
        if by.get("unit"):
            drives = drives.filter(unit__slug=by["unit"])
        if by.get("from"):
            drives = drives.filter(date__gte=by["from"])
        if by.get("to"):
            drives = drives.filter(date__lte=by["to"])
        if by.get("status"):
            drives = drives.in_status(by["status"], self.now)
        pages = DrivePages()
        page = pages.paginate_queryset(drives, request, view=self)
        return pages.get_paginated_response(
            DriveSerializer(page, many=True, context={"now": self.now}).data
        )


class DriveView(PublicView):
    @extend_schema(
        operation_id="drives_read",
        summary="A donation day with its slots and what is left in them.",
        responses=DriveDetailSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        drives = Drive.objects.visible_to(request.user)
        return Response(drive_as_sent(drives, now=self.now, slug=slug))


class ManageDrivesView(ManageView):
    @extend_schema(
        operation_id="manage_drives_create",
        summary="Plan a donation day: a draft.",
        parameters=[WRITE_KEY],
        request=PlanSerializer,
        responses={201: DriveDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        asked = PlanSerializer(data=self.body())
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        unit = planned_unit(self.user, data["unit"])
        words = {"starts_at": "starts", "ends_at": "ends"}
        plan = {words.get(n, n): v for n, v in data.items() if n not in ("venue", "unit")}
        number = random_drive_number()

        def write() -> None:
            create_drive(
                plan=Plan(unit=unit, place=place_of(data["venue"]), **plan),
                number=number,
                by=self.user,
                now=self.now,
            )

        first, replayed = self.once(data, str(number), write)
        return written(_numbered(first, self), replayed, status=201)


class ManageDriveActionView(ManageView):
    """What organizers do with one drive of theirs."""

    def find_drive(self, slug: str) -> Drive:
        return find_managed(self.user, slug)


class PublishView(ManageDriveActionView):
    @extend_schema(
        operation_id="manage_drives_publish",
        summary="Show a draft to the public; again changes nothing.",
        parameters=[WRITE_KEY],
        request=None,
        responses=DriveDetailSerializer,
    )
    def post(self, request: Request, slug: str) -> Response:
        drive = self.find_drive(slug)
        _first, replayed = self.once(
            {}, slug[:40], lambda: publish_drive(drive=drive, by=self.user, now=self.now)
        )
        return written(drive_anew(drive, now=self.now), replayed)


class CopyView(ManageDriveActionView):
    @extend_schema(
        operation_id="manage_drives_copy",
        summary="Repeat a donation day on another date: a draft, without people and messages.",
        parameters=[WRITE_KEY],
        request=CopySerializer,
        responses={201: DriveDetailSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        drive = self.find_drive(slug)
        asked = CopySerializer(data=self.body())
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        number = random_drive_number()

        def write() -> None:
            copy_drive(
                drive=drive,
                date=data["date"],
                venue=place_of(data["venue"]) if data.get("venue") else None,
                places_per_slot=data.get("places_per_slot"),
                number=number,
                by=self.user,
                now=self.now,
            )

        first, replayed = self.once(data, str(number), write)
        return written(_numbered(first, self), replayed, status=201)


def find_managed(user: User, slug: str) -> Drive:
    """Return a drive that the user plans.

    :raises Http404: there is none such.
    """
    drives = Drive.objects.manageable_by(user).select_related("unit", "venue")
    drive = drives.filter(slug=slug).first()
    if drive is None:
        raise Http404
    return drive


def planned_unit(user: User, slug: str) -> Unit:
    """Return the unit for which the user may plan.

    :raises exceptions.PermissionDenied: others plan for it, and everybody knows it.
    :raises exceptions.ValidationError: there is none that the user might know.
    """
    unit: Unit | None = Unit.objects.filter(slug=slug).first()
    if unit is not None and unit.pk in unit_ids(user, MANAGES_DRIVES):
        return unit
    if unit is not None and Drive.objects.published().filter(unit=unit).exists():
        raise exceptions.PermissionDenied(_("Others plan for this unit."))
    raise exceptions.ValidationError({"unit": _("There is no such unit.")})


def _numbered(number: str, view: ManageView) -> Any:
    return drive_as_sent(Drive.objects.all(), now=view.now, number=int(number))
