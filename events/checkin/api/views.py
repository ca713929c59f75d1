"""The device's side of the API: enrol, roster, scans, walk-ins, sign off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import refuse_over_limit
from accounts.api.views import written
from accounts.attempts import Attempt
from backend.api import TooLarge, idempotency_key
from backend.proxies import limit_key
from donors.people import Person
from events.checkin.api.authentication import (
    DeviceAuthentication,
    IsDevice,
    LateDeviceAuthentication,
)
from events.checkin.api.reading import read_moment, read_reading
from events.checkin.api.serializers import (
    EnrolledSerializer,
    EnrolmentSerializer,
    NewCodeSerializer,
    RosterSerializer,
    ScanResultsSerializer,
    ScansSerializer,
    WalkInResultSerializer,
    WalkInSerializer,
    code_as_sent,
    conflict_as_sent,
    drive_as_sent,
    enrolled_as_sent,
    keys_as_sent,
    result_as_sent,
    walk_in_as_sent,
)
from events.checkin.models import Device
from events.checkin.roster import list_is_of, roster_page
from events.checkin.services import (
    accept_scans,
    accept_scans_once,
    enrol_device,
    hand_over,
    record_roster_look,
    register_walk_in,
    sign_off_device,
)
from events.checkin.services.codes import CodeUnknown
from events.checkin.services.devices import DeviceNews, note_contact
from events.checkin.services.readings import Reading, ScanResult
from events.checkin.services.walk_ins import WalkInForm
from events.drives.models import Drive

MOST_SCANS = 500
_LONGEST_VERSION = 40


class EnrolView(APIView):
    """Spend an enrolment code: this phone becomes a device of the code's drive."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="devices_enroll",
        request=EnrolmentSerializer,
        responses={201: EnrolledSerializer},
    )
    def post(self, request: Request) -> Response:
        now = timezone.now()
        address = limit_key(request)
        refuse_over_limit("ENROLMENTS", address)
        asked = EnrolmentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        attempt = Attempt.of(
            asked.validated_data, route="devices/enroll", key=idempotency_key(request)
        )
        try:
            device, token, replayed = enrol_device(**asked.validated_data, attempt=attempt, now=now)
        except CodeUnknown:
            refuse_over_limit("MISSES", address)
            raise
        headers = {"Idempotent-Replayed": "true"} if replayed else {}
        return Response(enrolled_as_sent(device, token, now), status=201, headers=headers)


class DeviceView(APIView):
    """A view that a device calls; ``self.device`` is the one that does."""

    authentication_classes = [DeviceAuthentication]
    permission_classes = [IsDevice]
    device: Device
    now: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.now = timezone.now()
        assert isinstance(request.auth, Device)
        self.device = request.auth


@method_decorator(gzip_page, name="dispatch")
class RosterView(DeviceView):
    """Who is expected: everything, or what has changed since a cursor."""

    @extend_schema(
        operation_id="checkin_roster",
        parameters=[OpenApiParameter("cursor", str)],
        responses=RosterSerializer,
    )
    def get(self, request: Request) -> Response:
        drive = self.device.drive
        cursor = request.query_params.get("cursor")
        page = roster_page(drive, cursor, now=self.now)
        if cursor is None:
            record_roster_look(device=self.device, count=page.total, now=self.now)
        news = DeviceNews(list_of=None if page.more else self.now)
        note_contact(device=self.device, now=self.now, news=news)
        return Response(
            {
                "registrations": page.registrations,
                "revoked": page.revoked,
                "conflicts": [conflict_as_sent(conflict) for conflict in page.conflicts],
                "keys": keys_as_sent(drive),
                "more": page.more,
                "cursor": page.cursor,
                "total": page.total,
                "drive": drive_as_sent(drive),
                "server_time": self.now,
                "expires_at": self.device.expires_at,
            }
        )


class ScansView(DeviceView):
    """Take in up to 500 scans; each is answered by itself, and any may come again."""

    authentication_classes = [LateDeviceAuthentication]

    @extend_schema(
        operation_id="checkin_scans", request=ScansSerializer, responses=ScanResultsSerializer
    )
    def post(self, request: Request) -> Response:
        data = request.data if isinstance(request.data, dict) else {}
        scans, sent_at = data.get("scans"), read_moment(data.get("sent_at"))
        errors = {}
        if not isinstance(scans, list):
            errors["scans"] = [_("A list is needed.")]
        elif len(scans) > MOST_SCANS:
            raise TooLarge(_("These are more than %(count)d scans.") % {"count": MOST_SCANS})
        if sent_at is None:
            errors["sent_at"] = [_("A moment with its offset is needed.")]
        if not isinstance(scans, list) or sent_at is None:
            raise exceptions.ValidationError(errors)
        results, replayed = self.accept(data, [read_reading(scan) for scan in scans], sent_at)
        news = _news(data.get("status"), self.device.drive, now=self.now)
        note_contact(device=self.device, now=self.now, news=news)
        answer = {
            "results": [result_as_sent(result) for result in results],
            "server_time": self.now,
        }
        return written(answer, replayed)

    def accept(
        self, body: dict[str, Any], readings: list[Reading], sent_at: datetime
    ) -> tuple[list[ScanResult], bool]:
        """Take them in; the ids make a repeat safe, so that hardly anybody sends a key."""
        key = idempotency_key(self.request)
        if key is None:
            found = accept_scans(
                device=self.device, readings=readings, sent_at=sent_at, now=self.now
            )
            return found, False
        return accept_scans_once(
            device=self.device,
            readings=readings,
            sent_at=sent_at,
            attempt=Attempt.of(
                body, route="checkin/scans", caller=f"device:{self.device.pk}", key=key
            ),
            now=self.now,
        )


def _news(status: Any, drive: Drive, *, now: datetime) -> DeviceNews:
    """Read what a device says about itself; what is wrong is passed over."""
    if not isinstance(status, dict):
        return DeviceNews()
    unsent, version = status.get("unsent"), status.get("version")
    cursor = status.get("roster_cursor")
    return DeviceNews(
        # What the device holds, not what was last sent to it: an answer may have been lost.
        list_of=list_is_of(drive, cursor, now=now) if isinstance(cursor, str) else None,
        unsent=unsent if type(unsent) is int and 0 <= unsent < 2**31 else None,
        version=version[:_LONGEST_VERSION].replace("\0", "") if isinstance(version, str) else None,
    )


class WalkInsView(DeviceView):
    """Register somebody who came without a registration, and check the person in.

    From a device that has ended this is set apart as its scans are.
    """

    authentication_classes = [LateDeviceAuthentication]

    @extend_schema(
        operation_id="checkin_walk_ins",
        request=WalkInSerializer,
        responses={201: WalkInResultSerializer, 200: WalkInResultSerializer},
    )
    def post(self, request: Request) -> Response:
        asked = WalkInSerializer(data=request.data, context={"drive": self.device.drive})
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        status = said.pop("status", None)  # how the device is now: no part of what it asks for
        form = WalkInForm(
            id=said["id"],
            at=said["at"],
            person=Person(
                full_name=said["full_name"],
                phone=said.get("phone") or "",
                birth_year=said["birth_year"],
                sex=said.get("sex") or "",
            ),
            consents=said["consents"],
            unit=said.get("unit"),
            language=(get_language() or "vi")[:2],
            clock_offset_ms=said.get("clock_offset_ms"),
            sent_at=said.get("sent_at"),
            offline=said["offline"],
        )
        attempt = Attempt.of(
            said,
            route="checkin/walk-ins",
            caller=f"device:{self.device.pk}",
            key=idempotency_key(request),
        )
        result = register_walk_in(device=self.device, form=form, attempt=attempt, now=self.now)
        news = _news(status, self.device.drive, now=self.now)
        note_contact(device=self.device, now=self.now, news=news)
        code = 200 if result.merged else 201
        return written(walk_in_as_sent(result), not result.made_now, status=code)


class HandOverView(DeviceView):
    """Make a code for the phone of the next helper."""

    @extend_schema(
        operation_id="checkin_hand_over", request=None, responses={201: NewCodeSerializer}
    )
    def post(self, request: Request) -> Response:
        return Response(code_as_sent(hand_over(device=self.device, now=self.now)), status=201)


class SignOffView(DeviceView):
    """End this device by its own wish; its page erases itself afterwards."""

    authentication_classes = [LateDeviceAuthentication]

    @extend_schema(operation_id="checkin_sign_off", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        sign_off_device(device=self.device, now=self.now)
        return Response(status=204)
