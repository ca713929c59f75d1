"""Who calls: a device, by ``Authorization: Device <token>``."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.api.authentication import refuse_over_limit
from backend.proxies import limit_key
from events.checkin.models import Device
from events.checkin.services.devices import device_of_token, is_living, takes_late_scans

_SCHEME = "device"
_LONGEST_TOKEN = 200


class DeviceAuthentication(BaseAuthentication):
    """Gives the device as ``request.auth``, with its drive; there is no user behind it.

    Calls are not limited: a desk must never be kept waiting, and asks no cache to go on. A device
    that does harm is revoked.
    """

    def authenticate(self, request: Request) -> tuple[None, Device] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != _SCHEME.encode():
            return None
        token = parts[1].decode("ascii", "replace") if len(parts) == 2 else ""
        device = device_of_token(token) if 0 < len(token) <= _LONGEST_TOKEN else None
        if device is None:
            refuse_over_limit("MISSES", limit_key(request))
            raise exceptions.AuthenticationFailed(_("This device is not known."))
        if not self.may_call(device):
            raise exceptions.AuthenticationFailed(
                _("This device may not scan any more."), code="device_revoked"
            )
        return None, device

    def may_call(self, device: Device) -> bool:
        return is_living(device, now=timezone.now())

    def authenticate_header(self, request: Request) -> str:
        return "Device"


class LateDeviceAuthentication(DeviceAuthentication):
    """Lets in, besides, a device that was ended lately, to hand in what it still holds."""

    def may_call(self, device: Device) -> bool:
        return takes_late_scans(device, now=timezone.now())


class IsDevice(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.auth, Device)


class DeviceScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API's description names it."""

    target_class = DeviceAuthentication
    name = "Device"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Device <token>`, as `devices/enroll/` gave it.",
        }


class LateDeviceScheme(DeviceScheme):  # type: ignore[no-untyped-call]
    """The same, for what a device may still call after it was ended."""

    target_class = LateDeviceAuthentication
    name = "LateDevice"
