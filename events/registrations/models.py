"""Who comes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Case, Q, UniqueConstraint, Value, When
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Unit
from accounts.rules import MANAGES_DRIVES, Asker, lineage_ids, unit_ids
from backend.text import fold
from donors.identity import mask_phone, name_search, name_sort
from donors.models import Donor, Purpose, Sex
from events.drives.models import Drive, Slot, random_id
from events.registrations.marks import MarkField, WritersMark


class RegistrationQuerySet(models.QuerySet["Registration"]):
    def update(self, **values: Any) -> int:
        """Update the rows and leave the writer's mark on them, so that no delta misses them."""
        return super().update(**{"changed": WritersMark(), **values})

    update.alters_data = True  # type: ignore[attr-defined]

    def lock(self, pks: Iterable[int]) -> list[Registration]:
        """Lock these registrations until the transaction ends, in everybody's order."""
        rows = self.filter(pk__in=set(pks)).order_by("pk")
        return list(rows.select_for_update(of=("self",), no_key=True))

    def visible_to(self, user: Asker) -> Self:
        """Keep who the user may see: all of the drives it plans; as a secretary its units' people.

        A secretary sees nothing of the day, so no walk-ins.
        """
        return self.filter(
            Q(drive__unit__in=unit_ids(user, MANAGES_DRIVES))
            | Q(
                ~Q(source=Registration.Source.WALK_IN),
                unit__in=unit_ids(user, [Role.SECRETARY]),
                drive__unit__in=lineage_ids(user, [Role.SECRETARY]),
                drive__published_at__isnull=False,
            )
        ).filter(erased_at__isnull=True)

    def living(self) -> Self:
        return self.exclude(status=Registration.Status.CANCELLED)

    def holding_place(self) -> Self:
        return self.filter(holds_place=True)

    def search(self, text: str) -> Self:
        """Keep those whose name (without accents), last phone digits or code match ``text``."""
        digits = "".join(c for c in text if c.isdigit())
        match = Q(name_search__contains=fold(text))
        if len(digits) >= 3 and len(digits) == len("".join(text.split())):
            match |= Q(phone__endswith=digits.removeprefix("0"))
        code = "".join(c for c in text.upper() if c.isalnum())
        if len(code) == 8:
            match |= Q(code=code)
        return self.filter(match)


class Registration(models.Model):
    """A donor's place in one slot, or a walk-in. Written only by services."""

    class Status(models.TextChoices):
        WAITLISTED = "waitlisted", _("Waiting list")
        REGISTERED = "registered", _("Registered")
        CHECKED_IN = "checked_in", _("Arrived")
        CANCELLED = "cancelled", _("Given up")

    class Source(models.TextChoices):
        ONLINE = "online", _("online")
        UNIT = "unit", _("by the unit")
        IMPORT = "import", _("imported list")
        WALK_IN = "walk_in", _("walk-in")
        PAPER = "paper", _("paper")

    public_id = models.CharField(max_length=16, unique=True, default=random_id)
    # Neither has an index of its own: those below begin with them.
    drive = models.ForeignKey(Drive, models.PROTECT, related_name="registrations", db_index=False)
    slot = models.ForeignKey(
        Slot, models.PROTECT, null=True, related_name="registrations", db_index=False
    )
    donor = models.ForeignKey(Donor, models.PROTECT, related_name="registrations")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="registrations")
    status = models.CharField(max_length=10, choices=Status)
    source = models.CharField(max_length=8, choices=Source)
    code = models.CharField(max_length=8)  # canonical, without the dash
    token_version = models.PositiveSmallIntegerField(default=1)
    # As stated for this drive; a later drive may state otherwise.
    full_name = models.CharField(max_length=100)
    name_search = models.CharField(max_length=255)
    name_sort = models.CharField(max_length=255)
    birth_year = models.PositiveSmallIntegerField()
    date_of_birth = models.DateField(null=True)
    sex = models.CharField(max_length=6, choices=Sex, blank=True)
    phone = models.CharField(max_length=16, blank=True)  # E.164
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=2, default="vi")
    consent_reminders = models.BooleanField(default=False)
    consent_invitations = models.BooleanField(default=False)
    screening_rules = models.CharField(max_length=20, blank=True)
    screened_at = models.DateTimeField(null=True)
    # Made by the demonstration: nothing is ever sent to it.
    is_demonstration = models.BooleanField(default=False, db_default=False)
    # Moments
    created_at = models.DateTimeField()
    placed_at = models.DateTimeField(null=True)  # when it first held a place
    confirmed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)
    # A walk-in's moment on the device, as its ticket carries it
    walk_in_at = models.DateTimeField(null=True)
    # Where somebody waited who was let in at the desk, as a walk-in: the line to go back to when
    # that is taken back. See checkin's batch.
    waited_in = models.ForeignKey(Slot, models.PROTECT, null=True, related_name="+", db_index=False)
    # The day
    queue_number = models.PositiveIntegerField(null=True)
    checked_in_at = models.DateTimeField(null=True)
    # Grows with what calendar files tell; see Drive.revision
    revision = models.PositiveIntegerField(default=0)
    changed = MarkField(editable=False)
    holds_place = models.GeneratedField(
        expression=Case(
            When(
                # Who gave up and was let in all the same (a device that could not know) is in,
                # and holds no place: it may have been given on.
                Q(slot__isnull=False)
                & Q(status__in=["registered", "checked_in"])
                & Q(cancelled_at__isnull=True),
                then=Value(True),
            ),
            default=Value(False),
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["drive", "donor"], condition=~Q(status="cancelled"), name="once_per_drive"
            ),
            UniqueConstraint(fields=["drive", "code"], name="code_once_per_drive"),
            UniqueConstraint(
                fields=["drive", "queue_number"],
                condition=Q(queue_number__isnull=False),
                name="queue_number_once_per_drive",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["slot", "holds_place"], name="registration_places"),
            models.Index(fields=["drive", "name_sort"], name="registration_names"),
            models.Index(fields=["changed", "drive"], name="registration_changes"),
            models.Index(
                fields=["slot", "id"],
                condition=Q(status="waitlisted"),
                name="registration_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"registration {self.public_id}"

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Keep the search and sort keys in step with the name, and leave the writer's mark."""
        fields = None if update_fields is None else {*update_fields, "changed"}
        if fields is None or "full_name" in fields:
            self.take_name()
            if fields is not None:
                fields |= {"name_search", "name_sort"}
        super().save(update_fields=fields, **kwargs)

    def take_name(self) -> None:
        """Make the search and sort keys from the name, as ``save`` does."""
        self.name_search = name_search(self.full_name)
        self.name_sort = name_sort(self.full_name)

    @property
    def is_waiting(self) -> bool:
        return self.status == self.Status.WAITLISTED

    @property
    def is_cancelled(self) -> bool:
        return self.status == self.Status.CANCELLED

    @property
    def is_in(self) -> bool:
        return self.status == self.Status.CHECKED_IN

    @property
    def status_before_the_day(self) -> str:
        """Return registered, waiting or given up: what may be told without telling of the day."""
        return self.Status.REGISTERED if self.is_in else self.status

    @property
    def has_ticket(self) -> bool:
        return not self.is_waiting and not self.is_cancelled

    @property
    def phone_masked(self) -> str:
        return mask_phone(self.phone) if self.phone else ""

    @property
    def consents(self) -> list[str]:
        """Return the purposes agreed to now; the first one is what the registration rests on."""
        given = [Purpose.REGISTRATION.value]
        if self.consent_reminders:
            given.append(Purpose.REMINDERS.value)
        if self.consent_invitations:
            given.append(Purpose.INVITATIONS.value)
        return given

    def ticket_starts_at(self) -> datetime:
        """Return the moment that the ticket carries: the slot's start, or a walk-in's own."""
        moment = self.slot.starts_at if self.slot else self.walk_in_at
        assert moment is not None
        return moment
