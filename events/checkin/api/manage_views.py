"""The organizer's side of the API: codes for new devices, the devices, and their end."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import BearerAuthentication, IsUser
from accounts.api.views import written
from accounts.attempts import Attempt
from accounts.models import User
from backend.api import idempotency_key
from backend.paging import Pages
from events.checkin.api.serializers import (
    DeviceSerializer,
    NewCodeSerializer,
    StationsSerializer,
    TakenSerializer,
    code_as_sent,
)
from events.checkin.models import Device
from events.checkin.queries import drive_devices
from events.checkin.services import create_enrolment_code, revoke_device, take_late_scans
from events.drives.models import Drive


class DevicePages(Pages):
    ordering = "number"


class OrganizersView(APIView):
    """A view of an organizer on one drive; another's drive does not exist for her."""

    authentication_classes = [BearerAuthentication]
    permission_classes = [IsUser]
    user: User
    drive: Drive

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        assert isinstance(request.user, User)
        self.user = request.user
        drives = Drive.objects.manageable_by(self.user).select_related("venue")
        self.drive = get_object_or_404(drives, slug=kwargs["slug"])


class DevicesView(OrganizersView, ListAPIView[Device]):
    """A drive's devices, and codes for new ones."""

    pagination_class = DevicePages
    serializer_class = DeviceSerializer

    def get_queryset(self) -> QuerySet[Device]:
        return drive_devices(self.drive)

    @extend_schema(
        operation_id="manage_devices_create",
        request=StationsSerializer,
        responses={201: NewCodeSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        asked = StationsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        attempt = Attempt.of(
            asked.validated_data,
            route=f"manage/devices/{self.drive.pk}",
            caller=f"user:{self.user.pk}",
            key=idempotency_key(request),
        )
        made = create_enrolment_code(
            drive=self.drive,
            by=self.user,
            now=timezone.now(),
            stations=asked.validated_data.get("stations") or (),
            attempt=attempt,
        )
        return written(code_as_sent(made), made.replayed, status=201)


class OneDeviceView(OrganizersView):
    device: Device

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        label = re.fullmatch(r"M([1-9][0-9]{0,4})", kwargs["device"], re.ASCII)
        self.device = get_object_or_404(
            self.drive.devices.select_related("drive"), number=int(label[1]) if label else 0
        )


class RevokeView(OneDeviceView):
    """End a device at once; what it has sent stays. Again changes nothing."""

    @extend_schema(operation_id="manage_devices_revoke", request=None, responses=DeviceSerializer)
    def post(self, request: Request, slug: str, device: str) -> Response:
        revoked = revoke_device(device=self.device, by=self.user, now=timezone.now())
        return Response(DeviceSerializer(revoked).data)


class TakeLateView(OneDeviceView):
    """Let count what a device still handed in after it was revoked."""

    @extend_schema(operation_id="manage_devices_take_late", request=None, responses=TakenSerializer)
    def post(self, request: Request, slug: str, device: str) -> Response:
        taken = take_late_scans(device=self.device, by=self.user, now=timezone.now())
        left = self.device.late_walk_ins.count()
        return Response({"taken": taken, "not_taken": left})
