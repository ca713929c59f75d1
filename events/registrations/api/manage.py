"""Drives with people in them, as organizers and unit secretaries run them."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.views import ManageView, written
from accounts.models import Role, Unit, User
from accounts.rules import MANAGES_DRIVES, unit_ids
from backend.paging import Pages
from events.drives.api.reading import drive_anew
from events.drives.api.serializers import (
    CancelSerializer,
    DriveChangesSerializer,
    DriveDetailSerializer,
    changes_of,
)
from events.drives.api.views import WRITE_KEY, ManageDriveActionView, planned_unit
from events.drives.models import Drive
from events.registrations.api.serializers import (
    MessageCountSerializer,
    RegistrationInput,
    RegistrationSerializer,
    RowFilterSerializer,
    RowSerializer,
)
from events.registrations.api.views import asked_attempt, read_asked, registration_as_sent
from events.registrations.input import problem
from events.registrations.models import Registration, RegistrationQuerySet
from events.registrations.services import cancel_drive, record_look, register_donor, update_drive
from notifications.queries import message_counts


class ManageDriveView(ManageDriveActionView):
    @extend_schema(
        operation_id="manage_drives_read",
        summary="A donation day of one's own, drafts too.",
        responses=DriveDetailSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        return Response(drive_anew(self.find_drive(slug), now=self.now))

    @extend_schema(
        operation_id="manage_drives_change",
        summary="Change a donation day; date and times move the slots with the people in them.",
        description="A new date, time or venue is told to all who hold a place. 409:"
        " `slots_taken` where a booked slot would go or fall under its bookings,"
        " `drive_cancelled`, `too_late`.",
        parameters=[WRITE_KEY],
        request=DriveChangesSerializer,
        responses=DriveDetailSerializer,
    )
    def patch(self, request: Request, slug: str) -> Response:
        drive = self.find_drive(slug)
        asked = DriveChangesSerializer(data=self.body())
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        changes = changes_of(data, drive)
        if "unit" in data:
            changes["unit"] = planned_unit(self.user, data["unit"])

        def write() -> None:
            update_drive(drive=drive, changes=changes, by=self.user, now=self.now)

        _id, replayed = self.once(data, str(drive.number), write)
        return written(drive_anew(drive, now=self.now), replayed)


class CancelView(ManageDriveActionView):
    @extend_schema(
        operation_id="manage_drives_cancel",
        summary="Cancel a donation day and tell everybody; again changes nothing.",
        description="409: `too_late`.",
        parameters=[WRITE_KEY],
        request=CancelSerializer,
        responses=DriveDetailSerializer,
    )
    def post(self, request: Request, slug: str) -> Response:
        drive = self.find_drive(slug)
        asked = CancelSerializer(data=self.body())
        asked.is_valid(raise_exception=True)
        reason = asked.validated_data["reason"]

        def write() -> None:
            cancel_drive(drive=drive, reason=reason, by=self.user, now=self.now)

        _id, replayed = self.once(asked.validated_data, str(drive.number), write)
        return written(drive_anew(drive, now=self.now), replayed)


class MessagesView(ManageDriveActionView):
    pagination_class = Pages

    @extend_schema(
        operation_id="manage_messages",
        summary="How many messages of each kind are queued, sent and given up.",
        responses=MessageCountSerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        drive = self.find_drive(slug)
        counts = MessageCountSerializer(message_counts(f"drive:{drive.pk}"), many=True).data
        return Response({"results": counts, "next": None, "previous": None})


class RowPages(Pages):
    ordering = ("name_sort", "pk")


class ManageRegistrationsView(ManageView):
    """The people of a drive, to its organizers; to a unit secretary those of the own units."""

    pagination_class = RowPages

    def find_drive(self, slug: str) -> Drive:
        drive = Drive.objects.showing_people_to(self.user).filter(slug=slug).first()
        if drive is None:
            raise Http404
        return drive

    @extend_schema(
        operation_id="manage_registrations_list",
        summary="Who is registered, by given name.",
        description="A unit secretary sees the own units' people: `registered`, `waitlisted` or"
        " `cancelled`, nothing of the day. Each look is noted.",
        parameters=[
            RowFilterSerializer,
            OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int),
        ],
        responses=RowSerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        drive = self.find_drive(slug)
        asked = RowFilterSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        sees_day = drive.unit_id in unit_ids(self.user, MANAGES_DRIVES)
        is_over = drive.is_over(self.now)
        rows = Registration.objects.visible_to(self.user).filter(drive=drive)
        rows = _narrowed(rows, asked.validated_data, sees_day=sees_day, is_over=is_over)
        pages = RowPages()
        page = pages.paginate_queryset(rows.select_related("slot", "unit"), request, view=self)
        record_look(drive=drive, count=len(page), by=self.user, now=self.now)
        context = {"sees_day": sees_day, "is_over": is_over}
        return pages.get_paginated_response(RowSerializer(page, many=True, context=context).data)

    @extend_schema(
        operation_id="manage_registrations_create",
        summary="Register somebody, also after closing.",
        description="A unit secretary registers people of the own units. 409 as for the public.",
        parameters=[WRITE_KEY],
        request=RegistrationInput,
        responses={201: RegistrationSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        drive = self.find_drive(slug)
        body = self.body()
        if drive.unit_id not in unit_ids(self.user, MANAGES_DRIVES):
            body = _with_own_unit(body, self.user)
        asked = read_asked(body, drive=drive)
        registration, replayed = register_donor(
            drive=drive,
            slot_id=asked.slot_id,
            person=asked.person,
            wishes=asked.wishes,
            attempt=asked_attempt(self, asked),
            now=self.now,
            by=self.user,
            source=Registration.Source.UNIT,
        )
        return written(registration_as_sent(self, registration), replayed, status=201)


def _narrowed(
    rows: RegistrationQuerySet, by: dict[str, Any], *, sees_day: bool, is_over: bool
) -> RegistrationQuerySet:
    if by.get("search"):
        rows = rows.search(by["search"])
    if by.get("slot"):
        rows = rows.filter(slot__public_id=by["slot"])
    if by.get("unit"):
        rows = rows.filter(unit__slug=by["unit"])
    if status := by.get("status"):
        rows = rows.filter(status__in=_stored(status, sees_day=sees_day, is_over=is_over))
    return rows


def _stored(status: str, *, sees_day: bool, is_over: bool) -> list[str]:
    """Return the stored statuses that the reader is told as ``status``."""
    kept = Registration.Status
    if not sees_day:
        told = {"registered": [kept.REGISTERED, kept.CHECKED_IN], "checked_in": [], "no_show": []}
    else:
        awaited = {"no_show" if is_over else "registered": [kept.REGISTERED]}
        told = {"registered": [], "no_show": [], **awaited}
    return [str(s) for s in told.get(status, [status])]


def _with_own_unit(body: Any, user: User) -> dict[str, Any]:
    """Return the body with a unit of the secretary's: the one named, or the only one there is.

    :raises exceptions.ValidationError: it is another's, or not clear which.
    """
    own = unit_ids(user, [Role.SECRETARY])
    named = body.get("unit")
    if named in (None, ""):
        held = set(user.memberships.filter(role=Role.SECRETARY).values_list("unit", flat=True))
        if len(held) == 1:
            return {**body, "unit": Unit.objects.get(pk=held.pop()).slug}
    elif named in Unit.objects.filter(pk__in=own).values_list("slug", flat=True):
        return dict(body)
    wrong = problem("unit", "unknown_unit")
    raise exceptions.ValidationError(
        {wrong.field: [exceptions.ErrorDetail(str(wrong.message), code=wrong.code)]}
    )
