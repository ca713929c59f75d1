"""The day itself: devices that scan, what they read, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.tickets import Verdict


class StationKind(models.TextChoices):
    WELCOME = "welcome", _("Welcome")
    IDENTITY = "identity", _("Identity")
    MEDICAL_CHECK = "medical_check", _("Medical check")
    BLOOD_TEST = "blood_test", _("Blood test")
    DONATION = "donation", _("Donation")
    REST = "rest", _("Rest")
    CERTIFICATE = "certificate", _("Certificate")


class Station(models.Model):
    """A place that donors pass at one drive. Until stations are built, `welcome` alone."""

    drive = models.ForeignKey(Drive, models.CASCADE, related_name="stations")
    kind = models.CharField(max_length=14, choices=StationKind)
    name = models.CharField(max_length=60)
    order = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["order"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["drive", "kind"], name="station_kind_once_per_drive")
        ]

    def __str__(self) -> str:
        return self.name


class DeviceQuerySet(models.QuerySet["Device"]):
    def living(self, now: datetime) -> Self:
        return self.filter(revoked_at__isnull=True, signed_off_at__isnull=True, expires_at__gt=now)


class Device(models.Model):
    """A phone or tablet that may scan for one drive. Its token is kept as a hash."""

    drive = models.ForeignKey(Drive, models.CASCADE, related_name="devices")
    number = models.PositiveSmallIntegerField()  # "Máy 2", and M2-08 in temporary numbers
    name = models.CharField(max_length=60)
    stations = models.JSONField(default=list)  # kinds
    token_hash = models.CharField(max_length=64, unique=True)
    enrolled_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_contact_at = models.DateTimeField()
    unsent = models.PositiveIntegerField(default=0)  # as it last said
    roster_synced_at = models.DateTimeField(null=True)
    version = models.CharField(max_length=40, blank=True)
    revoked_at = models.DateTimeField(null=True)
    signed_off_at = models.DateTimeField(null=True)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            UniqueConstraint(fields=["drive", "number"], name="device_number_once_per_drive")
        ]

    def __str__(self) -> str:
        return f"device {self.pk}"


class EnrolmentCode(models.Model):
    """A one-use code that makes a phone a device of a drive. Kept as a hash."""

    drive = models.ForeignKey(Drive, models.CASCADE, related_name="enrolment_codes")
    code_hash = models.CharField(max_length=64, unique=True)
    stations = models.JSONField(default=list)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    device = models.OneToOneField(Device, models.CASCADE, null=True, related_name="enrolment")

    def __str__(self) -> str:
        return f"enrolment code {self.pk}"


class ScanKind(models.TextChoices):
    PASS = "pass"  # noqa: S105 - a kind of scan
    UNDO = "undo"


class ConflictKind(models.TextChoices):
    """Why a counted scan is not the check-in; see the fold in ``INTERFACES.md`` §3."""

    DOUBLE = "double", _("let in twice")
    CANCELLED = "cancelled", _("let in after giving up")


class Scan(models.Model):
    """One reading at a station, as its device reported it. Its verdict is never rewritten."""

    id = models.UUIDField(primary_key=True)  # made by the device
    drive = models.ForeignKey(Drive, models.CASCADE, related_name="scans")
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="scans")
    registration = models.ForeignKey(Registration, models.PROTECT, null=True, related_name="scans")
    station = models.CharField(max_length=14, choices=StationKind)
    kind = models.CharField(max_length=4, choices=ScanKind, default=ScanKind.PASS)
    undoes = models.UUIDField(null=True)
    verdict = models.CharField(max_length=16, choices=[(v.value, v.value) for v in Verdict])
    shown = models.CharField(max_length=16, blank=True)  # what staff saw
    admit = models.BooleanField(default=False)
    offline = models.BooleanField(default=False)
    scanned_at = models.DateTimeField()  # the device's clock, uncorrected
    clock_offset_ms = models.BigIntegerField(null=True)  # server minus device, as last measured
    corrected_at = models.DateTimeField()  # computed once, at the first receipt
    received_at = models.DateTimeField()
    # From a device that was revoked before it sent them; counts only once an organizer takes it.
    set_apart = models.BooleanField(default=False)
    taken_at = models.DateTimeField(null=True)
    # What the fold makes of it; renewed with every scan of the registration.
    counts = models.BooleanField(default=False)
    conflict = models.CharField(max_length=9, choices=ConflictKind, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["registration", "station"], name="scan_registration"),
            models.Index(fields=["drive", "received_at"], name="scan_drive"),
            models.Index(fields=["drive"], condition=~Q(conflict=""), name="scan_conflicts"),
        ]

    def __str__(self) -> str:
        return f"scan {self.id}"
