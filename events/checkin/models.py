"""The day itself: devices that scan, what they read, and what came of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from donors.models import Sex
from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.tickets import Verdict

DEVICE_OUTLIVES_DRIVE = timedelta(hours=24)


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
    name = models.CharField(max_length=60, blank=True)  # where it is not called by its kind
    order = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["order"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["drive", "kind"], name="station_kind_once_per_drive")
        ]

    def __str__(self) -> str:
        return self.name or str(StationKind(self.kind).label)


class DeviceQuerySet(models.QuerySet["Device"]):
    def living(self, now: datetime) -> Self:
        return self.filter(
            revoked_at__isnull=True,
            signed_off_at__isnull=True,
            drive__ends_at__gt=now - DEVICE_OUTLIVES_DRIVE,
        )


class Device(models.Model):
    """A phone or tablet that may scan for one drive. Its token is kept as a hash."""

    drive = models.ForeignKey(Drive, models.CASCADE, related_name="devices")
    number = models.PositiveSmallIntegerField()  # "Máy 2", and M2-08 in temporary numbers
    name = models.CharField(max_length=60)
    stations = models.JSONField(default=list)  # kinds
    token_hash = models.CharField(max_length=64, unique=True)
    enrolled_at = models.DateTimeField()
    last_contact_at = models.DateTimeField()
    unsent = models.PositiveIntegerField(default=0)  # as it last said
    roster_synced_at = models.DateTimeField(null=True)  # as of when its list is
    version = models.CharField(max_length=40, blank=True)
    revoked_at = models.DateTimeField(null=True)
    signed_off_at = models.DateTimeField(null=True)
    # Scans set apart that had come by then are left out, as the organizer decided.
    late_left_at = models.DateTimeField(null=True)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            UniqueConstraint(fields=["drive", "number"], name="device_number_once_per_drive")
        ]

    def __str__(self) -> str:
        return f"device {self.pk}"

    @property
    def label(self) -> str:
        """Return what names the device within its drive, in the API and in temporary numbers."""
        return f"M{self.number}"

    @property
    def expires_at(self) -> datetime:
        """Return when it dies by itself. With the drive: that may move."""
        return self.drive.ends_at + DEVICE_OUTLIVES_DRIVE

    @property
    def ended_at(self) -> datetime:
        """Return from when on nothing is given to it: revoked, signed off, or outlived."""
        ends = [self.revoked_at, self.signed_off_at, self.expires_at]
        return min(end for end in ends if end is not None)


class EnrolmentCode(models.Model):
    """A one-use code that makes a phone a device of a drive. Kept as a hash."""

    drive = models.ForeignKey(Drive, models.CASCADE, related_name="enrolment_codes")
    code_hash = models.CharField(max_length=64, unique=True)
    stations = models.JSONField(default=list)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    handed_over_by = models.ForeignKey(Device, models.CASCADE, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    device = models.OneToOneField(Device, models.CASCADE, null=True, related_name="enrolment")

    def __str__(self) -> str:
        return f"enrolment code {self.pk}"


class ScanKind(models.TextChoices):
    PASS = "pass"  # noqa: S105 - a kind of scan
    UNDO = "undo"


class Answer(models.TextChoices):
    """What a scan is answered with: a verdict, or what an undo or a wrong desk gets."""

    MALFORMED = Verdict.MALFORMED.value
    WRONG_DRIVE = Verdict.WRONG_DRIVE.value
    BAD_SIGNATURE = Verdict.BAD_SIGNATURE.value
    UNKNOWN = Verdict.UNKNOWN.value
    WRONG_DAY = Verdict.WRONG_DAY.value
    REVOKED = Verdict.REVOKED.value
    WAITLISTED = Verdict.WAITLISTED.value
    ALREADY_SCANNED = Verdict.ALREADY_SCANNED.value
    VISIT_ENDED = Verdict.VISIT_ENDED.value
    TOO_EARLY = Verdict.TOO_EARLY.value
    TOO_LATE = Verdict.TOO_LATE.value
    OUT_OF_ORDER = Verdict.OUT_OF_ORDER.value
    ACCEPTED = Verdict.ACCEPTED.value
    RECORDED = "recorded"
    NOT_ALLOWED = "not_allowed"


class ConflictKind(models.TextChoices):
    """Why a counted scan is not the check-in; see the fold in ``INTERFACES.md`` §3."""

    DOUBLE = "double", _("let in twice")
    CANCELLED = "cancelled", _("let in after giving up")


class Scan(models.Model):
    """One reading at a station, as its device reported it. Its verdict is never rewritten.

    What was read is not kept: it may have been somebody's identity card.
    """

    id = models.UUIDField(primary_key=True)  # made by the device
    # Drive and registration have no index of their own: those below begin with them.
    drive = models.ForeignKey(Drive, models.CASCADE, related_name="scans", db_index=False)
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="scans")
    registration = models.ForeignKey(
        Registration, models.PROTECT, null=True, related_name="scans", db_index=False
    )
    station = models.CharField(max_length=14, choices=StationKind, blank=True)
    kind = models.CharField(max_length=4, choices=ScanKind, default=ScanKind.PASS)
    undoes = models.UUIDField(null=True)
    walk_in = models.UUIDField(null=True)  # whom it named, where nobody was registered so yet
    verdict = models.CharField(max_length=16, choices=Answer)
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
    conflict_seen_at = models.DateTimeField(null=True)  # an organizer looked at it, and left it so

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["registration", "station"], name="scan_registration"),
            models.Index(fields=["drive", "received_at"], name="scan_drive"),
            models.Index(fields=["drive"], condition=~Q(conflict=""), name="scan_conflicts"),
            models.Index(fields=["undoes"], condition=Q(undoes__isnull=False), name="scan_undoes"),
            models.Index(
                fields=["walk_in"], condition=Q(walk_in__isnull=False), name="scan_walk_in"
            ),
        ]

    def __str__(self) -> str:
        return f"scan {self.id}"


class WalkIn(models.Model):
    """Somebody registered on site, under the id that the device made; it is a scan's id too."""

    id = models.UUIDField(primary_key=True)
    drive = models.ForeignKey(Drive, models.CASCADE, related_name="walk_ins")
    device = models.ForeignKey(Device, models.PROTECT, related_name="walk_ins")
    registration = models.ForeignKey(Registration, models.PROTECT, related_name="walk_ins")
    merged = models.BooleanField()  # the person was registered already
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"walk-in {self.id}"


class LateWalkIn(models.Model):
    """Somebody whom a device registered on site, and handed in after it was ended.

    Not a registration: it becomes one when an organizer takes it, and is deleted then, or by the
    purge. Its pass is the scan of the same id, set apart like any other.
    See ``docs/decisions/late-walk-ins.md``.
    """

    id = models.UUIDField(primary_key=True)  # made by the device
    drive = models.ForeignKey(Drive, models.CASCADE, related_name="late_walk_ins")
    device = models.ForeignKey(Device, models.PROTECT, related_name="late_walk_ins")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    full_name = models.CharField(max_length=100)
    phone = models.CharField(max_length=16, blank=True)  # E.164
    birth_year = models.PositiveSmallIntegerField()
    sex = models.CharField(max_length=6, choices=Sex, blank=True)
    language = models.CharField(max_length=2)
    consents = models.JSONField(default=list)  # purposes
    came_at = models.DateTimeField()  # corrected
    # The clock told nothing: the person came then or earlier.
    is_at_latest = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return f"late walk-in {self.id}"


class QueueCounter(models.Model):
    """The last queue number that a drive gave out.

    A row of its own, so that handing out numbers neither waits for nor delays whoever reads or
    plans the drive. It is locked last of all (``docs/decisions/lock-order.md``).
    """

    drive = models.OneToOneField(Drive, models.CASCADE, primary_key=True, related_name="+")
    last_number = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"queue of drive {self.drive_id}"
