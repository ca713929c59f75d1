"""What is planned: where and when blood is given, and how many can come at each time."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import models
from django.db.models import Case, Count, F, Q, Sum, UniqueConstraint, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Unit
from accounts.rules import MANAGES_DRIVES, SEES_FIGURES, Asker, lineage_ids, unit_ids
from backend.text import fold


def random_id() -> str:
    """Return 64 random bits as 16 lower-case hex digits, for ids that nobody can guess."""
    return secrets.token_hex(8)


def random_drive_number() -> int:
    """Return a number of three bytes, as tickets carry it (1 to 2**24 - 1)."""
    return secrets.randbelow(2**24 - 1) + 1


class Venue(models.Model):
    """A place where drives are held; known to the unit that first used it."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="venues")
    name = models.CharField(_("name"), max_length=120)
    address = models.CharField(_("address"), max_length=200)
    map_url = models.URLField(_("map link"), max_length=500, blank=True)

    def __str__(self) -> str:
        return self.name


class DriveStatus(models.TextChoices):
    """What a visitor is told; the first that holds, in this order."""

    DRAFT = "draft", _("Draft")
    CANCELLED = "cancelled", _("Cancelled")
    PAST = "past", _("Past")
    CLOSED = "closed", _("Registration closed")
    NOT_OPEN = "not_open", _("Not open yet")
    FULL = "full", _("Full")
    OPEN = "open", _("Open")


class DriveQuerySet(models.QuerySet["Drive"]):
    def published(self) -> Self:
        return self.filter(published_at__isnull=False)

    def of_units(self, unit_ids: Iterable[int]) -> Self:
        return self.filter(unit__in=list(unit_ids))

    def manageable_by(self, user: Asker) -> Self:
        """Keep the drives that the user plans and steers, drafts among them."""
        return self.of_units(unit_ids(user, MANAGES_DRIVES))

    def visible_to(self, user: Asker) -> Self:
        """Keep what a visitor may know of: published ones, and the drafts that the user plans."""
        return self.filter(
            Q(published_at__isnull=False) | Q(unit__in=unit_ids(user, MANAGES_DRIVES))
        )

    def showing_people_to(self, user: Asker) -> Self:
        """Keep drives in which the user may register people and see some of them.

        All that the user plans; for a secretary the published ones of the own unit, of those below
        it and of those above it.
        """
        return self.filter(
            Q(unit__in=unit_ids(user, MANAGES_DRIVES))
            | Q(unit__in=lineage_ids(user, [Role.SECRETARY]), published_at__isnull=False)
        )

    def showing_figures_to(self, user: Asker) -> Self:
        return self.of_units(unit_ids(user, SEES_FIGURES))

    def search(self, text: str) -> Self:
        """Keep those in whose name, venue and unit each word stands, accents or not."""
        rows = self
        for word in fold(text).split():
            rows = rows.filter(search_text__contains=word)
        return rows

    def in_status(self, status: str, now: datetime) -> Self:
        """Keep those of which a visitor is told ``status`` at ``now``; after ``with_places``."""
        # As `Drive.status`, which decides the same for one drive.
        is_draft, is_cancelled = Q(published_at__isnull=True), Q(cancelled_at__isnull=False)
        is_closed = Q(paused_at__isnull=False) | Q(registration_closes_at__lte=now)
        told = Case(
            When(is_draft, then=Value(DriveStatus.DRAFT.value)),
            When(is_cancelled, then=Value(DriveStatus.CANCELLED.value)),
            When(ends_at__lte=now, then=Value(DriveStatus.PAST.value)),
            When(is_closed, then=Value(DriveStatus.CLOSED.value)),
            When(registration_opens_at__gt=now, then=Value(DriveStatus.NOT_OPEN.value)),
            When(places_left__lte=0, then=Value(DriveStatus.FULL.value)),
            default=Value(DriveStatus.OPEN.value),
        )
        return self.annotate(told=told).filter(told=status)

    def with_places(self, now: datetime) -> Self:
        """Add ``places_left`` over the slots open at ``now``, and ``capacity`` over all."""
        slots = (
            Slot.objects.filter(drive=models.OuterRef("pk"))
            .open_at(now)
            .with_taken()
            .order_by()
            .values("drive")
        )
        left = slots.annotate(n=Sum(Greatest(F("capacity") - F("taken"), 0))).values("n")
        capacity = (
            Slot.objects.filter(drive=models.OuterRef("pk"))
            .order_by()
            .values("drive")
            .annotate(n=Sum("capacity"))
            .values("n")
        )
        return self.annotate(
            places_left=Coalesce(models.Subquery(left, output_field=models.IntegerField()), 0),
            capacity=Coalesce(models.Subquery(capacity, output_field=models.IntegerField()), 0),
        )


class Drive(models.Model):
    """One occasion of collecting blood at a venue. Written only by services."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="drives")
    venue = models.ForeignKey(Venue, models.PROTECT, related_name="drives")
    number = models.PositiveIntegerField(unique=True, default=random_drive_number)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120)
    zone = models.CharField(max_length=40, default="Asia/Ho_Chi_Minh")
    date = models.DateField(_("date"))
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    slot_minutes = models.PositiveSmallIntegerField(default=30)
    places_per_slot = models.PositiveSmallIntegerField(default=10)
    registration_opens_at = models.DateTimeField(null=True, blank=True)
    registration_closes_at = models.DateTimeField(null=True, blank=True)
    tolerance_minutes = models.PositiveSmallIntegerField(default=30)
    description = models.TextField(blank=True, max_length=4000)
    bring = models.TextField(blank=True, max_length=1000)
    contact = models.CharField(blank=True, max_length=200)
    blood_centre = models.CharField(blank=True, max_length=200)
    published_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=300, blank=True)
    # Grows with each change that people are told; the SEQUENCE of calendar files.
    revision = models.PositiveIntegerField(default=0)
    # Not in backups, so it is another one after a restore: cursors made before start anew.
    roster_epoch = models.CharField(max_length=16, default=random_id)
    is_rehearsal = models.BooleanField(default=False)
    is_demonstration = models.BooleanField(default=False)
    copied_from = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    # Name, venue and unit without accents and case, as they are searched.
    search_text = models.CharField(max_length=700, default="", db_default="", editable=False)

    not_in_backups = ("roster_epoch",)

    # Filled by `with_places`.
    places_left: int
    capacity: int

    objects = DriveQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["starts_at", "pk"]
        indexes: ClassVar = [models.Index(fields=["ends_at"], name="drive_ends")]

    def __str__(self) -> str:
        return self.name

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Keep the search text in step with what it is made of."""
        fields = None if update_fields is None else set(update_fields)
        if fields is None or fields & {"name", "venue", "unit"}:
            words = (self.name, self.venue.name, self.venue.address, self.unit.name)
            self.search_text = fold(" ".join(words))[:700]
            if fields is not None:
                fields.add("search_text")
        super().save(update_fields=fields, **kwargs)

    def get_absolute_url(self) -> str:
        return f"/d/{self.slug}/"

    @property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def tolerance(self) -> timedelta:
        return timedelta(minutes=self.tolerance_minutes)

    def is_over(self, now: datetime) -> bool:
        """Tell whether nobody is expected any more: past the end and the tolerance."""
        return now > self.ends_at + self.tolerance

    def takes_registrations(self, now: datetime) -> bool:
        """Tell whether the public may register at all; each slot decides for itself besides."""
        return self.status_without_places(now) is None

    def status_without_places(self, now: datetime) -> DriveStatus | None:
        """Return the status as far as it does not depend on places left, else ``None``."""
        if self.published_at is None:
            return DriveStatus.DRAFT
        if self.cancelled_at is not None:
            return DriveStatus.CANCELLED
        if now >= self.ends_at:
            return DriveStatus.PAST
        if self.paused_at is not None or (
            self.registration_closes_at is not None and now >= self.registration_closes_at
        ):
            return DriveStatus.CLOSED
        if self.registration_opens_at is not None and now < self.registration_opens_at:
            return DriveStatus.NOT_OPEN
        return None

    def status(self, now: datetime, *, places_left: int) -> DriveStatus:
        """Return what a visitor is told, in the order of ``INTERFACES.md`` §4."""
        return self.status_without_places(now) or (
            DriveStatus.OPEN if places_left > 0 else DriveStatus.FULL
        )


class DriveKey(models.Model):
    """A key pair that signs the tickets of one drive; the private half lies encrypted."""

    drive = models.ForeignKey(Drive, models.CASCADE, related_name="keys")
    key_id = models.PositiveSmallIntegerField()
    public_key = models.BinaryField(max_length=65)  # uncompressed point
    private_key = models.BinaryField()  # encrypted with FIELD_KEY
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            UniqueConstraint(fields=["drive", "key_id"], name="key_id_once_per_drive")
        ]

    def __str__(self) -> str:
        return f"key {self.key_id} of drive {self.drive_id}"


class SlotQuerySet(models.QuerySet["Slot"]):
    def lock(self, pks: Iterable[int]) -> None:
        """Lock these slots until the transaction ends, in the order that everybody keeps."""
        rows = self.filter(pk__in=set(pks)).order_by("pk").select_for_update(no_key=True)
        list(rows.values_list("pk", flat=True))

    def open_at(self, now: datetime) -> Self:
        """Keep slots that take registrations as far as they decide it: open, and not started."""
        return self.filter(is_open=True, starts_at__gt=now)

    def with_taken(self) -> Self:
        """Add ``taken``, how many hold a place, counted now."""
        return self.annotate(taken=_count_registrations(holds_place=True))

    def with_places(self) -> Self:
        """Add ``taken`` and ``waiting``, counted now."""
        return self.with_taken().annotate(waiting=_count_registrations(status="waitlisted"))


def _count_registrations(**which: Any) -> Coalesce:
    """Count a slot's registrations in the database; this room does not know that one."""
    registrations = apps.get_model("registrations", "Registration")._default_manager
    rows = registrations.filter(slot=models.OuterRef("pk"), **which).order_by().values("slot")
    counted = rows.annotate(n=Count("*")).values("n")
    return Coalesce(models.Subquery(counted, output_field=models.IntegerField()), 0)


class Slot(models.Model):
    """A start time in a drive with a capacity in donors."""

    drive = models.ForeignKey(Drive, models.CASCADE, related_name="slots")
    public_id = models.CharField(max_length=16, unique=True, default=random_id)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    capacity = models.PositiveSmallIntegerField()
    is_open = models.BooleanField(default=True)

    # Filled by `with_taken` and `with_places`.
    taken: int
    waiting: int

    objects = SlotQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["starts_at"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["drive", "starts_at"], name="slot_once_per_start")
        ]

    def __str__(self) -> str:
        return f"slot {self.public_id}"

    @property
    def booking_limit(self) -> int:
        """Return how many donors may hold a place here."""
        return self.capacity

    @property
    def places_left_now(self) -> int:
        """Return how many may still come, as counted by `with_taken`."""
        return max(self.capacity - self.taken, 0)

    def has_started(self, now: datetime) -> bool:
        return now >= self.starts_at

    def open_at(self, now: datetime) -> bool:
        """Tell whether the slot takes registrations as far as it decides it."""
        return self.is_open and not self.has_started(now)
