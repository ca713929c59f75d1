"""Shapes of the day's API, as ``INTERFACES.md`` §4 has them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, TypeVar

from rest_framework import serializers

from accounts.models import Unit
from donors.models import Sex
from events.checkin.models import Answer, Device, ScanKind, StationKind
from events.checkin.queries import DriveConflict
from events.checkin.services.codes import NewCode, stations_of
from events.checkin.services.enrol import NAME_LENGTH
from events.checkin.services.readings import ScanResult
from events.checkin.services.walk_ins import WalkInResult
from events.drives.models import Drive
from events.registrations.input import (
    Wrong,
    problem,
    read_birth_year,
    read_consents,
    read_name,
    read_phone,
    read_unit,
)
from events.registrations.signing import public_keys, ticket_of
from events.registrations.tickets import Verdict, format_code
from events.registrations.tokens import manage_url

T = TypeVar("T")

# Verdicts that only the server gives are not shown by devices, but an older one may.
_SHOWN = [verdict.value for verdict in Verdict]


class EnrolmentSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=200, help_text="From the link's fragment.")
    name = serializers.CharField(
        max_length=NAME_LENGTH, help_text="Whose phone it is, for staff and organizer."
    )


class StationSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    kind = serializers.ChoiceField(StationKind.choices)
    name = serializers.CharField(source="__str__")
    order = serializers.IntegerField()


class KeySerializer(serializers.Serializer[Any]):
    key_id = serializers.IntegerField()
    public_key = serializers.CharField(help_text="65-byte uncompressed point, base64.")


class DeviceDriveSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    date = serializers.DateField()
    zone = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    tolerance_minutes = serializers.IntegerField()
    rehearsal = serializers.BooleanField(help_text="Nothing of it counts.")
    cancelled = serializers.BooleanField(help_text="Nobody is let in any more.")


class EnrolledSerializer(serializers.Serializer[Any]):
    """What a phone needs to scan for its drive."""

    token = serializers.CharField()
    device = serializers.CharField(help_text="Names it within the drive: M2.")
    drive = DeviceDriveSerializer()
    stations = StationSerializer(many=True)
    keys = KeySerializer(many=True)
    server_time = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class RosterEntrySerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    code = serializers.CharField()
    name = serializers.CharField()
    slot_starts_at = serializers.DateTimeField(allow_null=True)
    slot_ends_at = serializers.DateTimeField(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    phone_last4 = serializers.CharField()
    status = serializers.ChoiceField(["waitlisted", "registered", "checked_in", "ended"])
    number = serializers.IntegerField(allow_null=True)
    scans = serializers.DictField(
        child=serializers.DateTimeField(), help_text="When first let in, by kind of station."
    )


class ConflictScanSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    device = serializers.CharField(allow_null=True)
    station = serializers.CharField()
    at = serializers.DateTimeField()


class ConflictSerializer(serializers.Serializer[Any]):
    registration = serializers.CharField()
    kind = serializers.ChoiceField(["double", "cancelled"])
    scans = ConflictScanSerializer(many=True)


class RosterSerializer(serializers.Serializer[Any]):
    registrations = RosterEntrySerializer(many=True)
    revoked = serializers.ListField(child=serializers.CharField())
    conflicts = ConflictSerializer(many=True, help_text="All of the drive, in every answer.")
    keys = KeySerializer(many=True)
    more = serializers.BooleanField()
    cursor = serializers.CharField()
    total = serializers.IntegerField()
    drive = DeviceDriveSerializer(help_text="As it is now: it may have changed since enrolment.")
    server_time = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="When the device ends; moves with the drive.")


class ScanSerializer(serializers.Serializer[Any]):
    """One reading as a device reports it, for the description; see ``reading.py``.

    A wrong one becomes the verdict ``malformed`` and never spoils the rest of the batch.
    """

    id = serializers.UUIDField(help_text="Made by the device, so that a repeat counts once.")
    ticket = serializers.CharField(required=False, allow_null=True)
    code = serializers.CharField(required=False, allow_null=True, help_text="The same, typed.")
    registration = serializers.CharField(required=False, allow_null=True)
    walk_in = serializers.UUIDField(required=False, allow_null=True)
    station = serializers.CharField()
    scanned_at = serializers.DateTimeField(help_text="The device's clock, uncorrected.")
    clock_offset_ms = serializers.IntegerField(allow_null=True, help_text="Server minus device.")
    offline = serializers.BooleanField(default=False)
    shown = serializers.ChoiceField(_SHOWN, allow_null=True, help_text="What staff saw.")
    kind = serializers.ChoiceField(ScanKind.choices, default=ScanKind.PASS)
    undoes = serializers.UUIDField(required=False, allow_null=True)
    admit = serializers.BooleanField(default=False)


class DeviceStatusSerializer(serializers.Serializer[Any]):
    """What a device says about itself; wrong values are passed over."""

    unsent = serializers.IntegerField(required=False, allow_null=True)
    roster_cursor = serializers.CharField(required=False, allow_null=True)
    version = serializers.CharField(required=False, allow_null=True)


class ScansSerializer(serializers.Serializer[Any]):
    sent_at = serializers.DateTimeField()
    status = DeviceStatusSerializer(required=False, allow_null=True)
    scans = ScanSerializer(many=True)


class ScannedPersonSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    slot_starts_at = serializers.DateTimeField(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    status = serializers.CharField()
    number = serializers.IntegerField(allow_null=True)


class FirstScanSerializer(serializers.Serializer[Any]):
    device = serializers.CharField(allow_null=True)
    station = serializers.CharField()
    scanned_at = serializers.DateTimeField()
    number = serializers.IntegerField(allow_null=True)


class OtherScanSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["double", "cancelled"])
    device = serializers.CharField(allow_null=True)
    scanned_at = serializers.DateTimeField()


class ScanResultSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True)
    verdict = serializers.ChoiceField(Answer.choices)
    registration = ScannedPersonSerializer(allow_null=True)
    first = FirstScanSerializer(allow_null=True)
    conflict = OtherScanSerializer(allow_null=True)


class ScanResultsSerializer(serializers.Serializer[Any]):
    results = ScanResultSerializer(many=True)
    server_time = serializers.DateTimeField()


class WalkInSerializer(serializers.Serializer[Any]):
    """Somebody who stands before the desk. Nothing of a citizen card but what is named here.

    Values are read by ``events.registrations.input``, as on every other way in; asks for the
    ``drive`` in its context.
    """

    id = serializers.UUIDField()
    full_name = serializers.CharField(allow_blank=True, trim_whitespace=False)
    phone = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    birth_year = serializers.IntegerField()
    sex = serializers.ChoiceField(Sex.choices, required=False, allow_null=True, allow_blank=True)
    at = serializers.DateTimeField(help_text="By the device's clock.")
    unit = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, help_text="Slug."
    )
    consents = serializers.ListField(child=serializers.CharField(), max_length=10)
    clock_offset_ms = serializers.IntegerField(required=False, allow_null=True)
    offline = serializers.BooleanField(default=False)
    sent_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="By the device's clock too; see the scans."
    )
    status = serializers.JSONField(
        required=False,
        allow_null=True,
        help_text="As with the scans; what is wrong is passed over.",
    )

    def validate_full_name(self, text: str) -> str:
        return _read("full_name", read_name, text)

    def validate_phone(self, text: str | None) -> str:
        return _read("phone", read_phone, text) if text and text.strip() else ""

    def validate_birth_year(self, year: int) -> int:
        return _read("birth_year", read_birth_year, year)

    def validate_unit(self, slug: str | None) -> Unit | None:
        drive = self.context["drive"]
        return _read("unit", lambda value: read_unit(value, drive=drive), slug)

    def validate_consents(self, purposes: list[str]) -> tuple[str, ...]:
        return _read("consents", read_consents, purposes)


def _read(field: str, read: Callable[[object], T], value: object) -> T:
    try:
        return read(value)
    except Wrong as wrong:
        sentence = str(problem(field, wrong.code).message)
        raise serializers.ValidationError(sentence, code=wrong.code) from None


class WalkInResultSerializer(serializers.Serializer[Any]):
    """All null to a device that has ended: it is told nothing, until the organizer decides."""

    registration = serializers.CharField(allow_null=True)
    code = serializers.CharField(allow_null=True)
    ticket = serializers.CharField(allow_null=True)
    number = serializers.IntegerField(allow_null=True)
    manage_url = serializers.CharField(allow_null=True)
    merged = serializers.BooleanField()


class NewCodeSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    enroll_url = serializers.CharField()
    expires_at = serializers.DateTimeField()


class StationsSerializer(serializers.Serializer[Any]):
    stations = serializers.ListField(
        child=serializers.ChoiceField(StationKind.choices), required=False, max_length=7
    )


class DeviceSerializer(serializers.Serializer[Any]):
    device = serializers.CharField(source="label", help_text="Names it within the drive: M2.")
    name = serializers.CharField()
    stations = serializers.ListField(child=serializers.ChoiceField(StationKind.choices))
    last_contact_at = serializers.DateTimeField()
    unsent = serializers.IntegerField(help_text="As it last said.")
    revoked_at = serializers.DateTimeField(allow_null=True)


class TakenSerializer(serializers.Serializer[Any]):
    taken = serializers.IntegerField(help_text="Scans, walk-ins among them.")
    not_taken = serializers.IntegerField(help_text="Walk-ins that cannot be registered.")


# --- Answers, put together by hand: they are on the busiest path --------------------------------


def keys_as_sent(drive: Drive) -> list[dict[str, Any]]:
    return [
        {"key_id": key_id, "public_key": base64.b64encode(point).decode()}
        for key_id, point in sorted(public_keys(drive).items())
    ]


def drive_as_sent(drive: Drive) -> dict[str, Any]:
    """Return what a device judges by, besides keys and roster."""
    return {
        "number": drive.number,
        "slug": drive.slug,
        "name": drive.name,
        "date": drive.date,
        "zone": drive.zone,
        "starts_at": drive.starts_at,
        "ends_at": drive.ends_at,
        "tolerance_minutes": drive.tolerance_minutes,
        "rehearsal": drive.is_rehearsal,
        "cancelled": drive.cancelled_at is not None,
    }


def enrolled_as_sent(device: Device, token: str, now: Any) -> dict[str, Any]:
    drive = device.drive
    stations = [station for station in stations_of(drive) if station.kind in device.stations]
    return {
        "token": token,
        "device": device.label,
        "drive": drive_as_sent(drive),
        "stations": StationSerializer(stations, many=True).data,
        "keys": keys_as_sent(drive),
        "server_time": now,
        "expires_at": device.expires_at,
    }


def conflict_as_sent(conflict: DriveConflict) -> dict[str, Any]:
    return {
        "registration": conflict.registration,
        "kind": conflict.kind,
        "scans": [
            {"id": scan.id, "device": scan.device, "station": scan.station, "at": scan.at}
            for scan in conflict.scans
        ],
    }


def result_as_sent(result: ScanResult) -> dict[str, Any]:
    registration, first, conflict = result.registration, result.first, result.conflict
    return {
        "id": None if result.id is None else str(result.id),
        "verdict": result.verdict,
        "registration": registration
        and {
            "id": registration.public_id,
            "name": registration.name,
            "slot_starts_at": registration.slot_starts_at,
            "unit": registration.unit,
            "status": registration.status,
            "number": registration.number,
        },
        "first": first
        and {
            "device": first.device,
            "station": first.station,
            "scanned_at": first.scanned_at,
            "number": first.number,
        },
        "conflict": conflict
        and {
            "kind": conflict.kind,
            "device": conflict.device,
            "scanned_at": conflict.scanned_at,
        },
    }


def walk_in_as_sent(result: WalkInResult) -> dict[str, Any]:
    registration = result.registration
    if registration is None:
        nothing = dict.fromkeys(("registration", "code", "ticket", "number", "manage_url"))
        return {**nothing, "merged": False}
    return {
        "registration": registration.public_id,
        "code": format_code(registration.code),
        "ticket": ticket_of(registration),
        "number": registration.queue_number,
        "manage_url": manage_url(registration),
        "merged": result.merged,
    }


def code_as_sent(made: NewCode) -> dict[str, Any]:
    return {"code": made.code, "enroll_url": made.url, "expires_at": made.row.expires_at}
