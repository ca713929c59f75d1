"""People who offer blood, and what they agreed to. Nothing medical."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import UniqueConstraint
from django.utils.translation import gettext_lazy as _


class Sex(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")


class Donor(models.Model):
    """The same person over several drives, as far as phone, name and birth year tell.

    What somebody stated for one drive (name as typed, phone, e-mail, language) belongs to the
    registration; a public form never changes a row here.
    """

    full_name = models.CharField(max_length=100)
    name_key = models.CharField(max_length=255)  # without accents, case and spaces
    phone = models.CharField(max_length=16, null=True)  # null is "none", and distinct
    birth_year = models.PositiveSmallIntegerField()
    date_of_birth = models.DateField(null=True)
    sex = models.CharField(max_length=6, choices=Sex, blank=True)
    # Tells two people apart whose names differ only in accents ("different_person").
    variant = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["phone", "name_key", "birth_year", "variant"], name="one_donor_once"
            )
        ]

    def __str__(self) -> str:
        return f"donor {self.pk}"


class Purpose(models.TextChoices):
    REGISTRATION = "registration", _("keep my place and pass the list to the blood centre")
    REMINDERS = "reminders", _("remind me before the day")
    INVITATIONS = "invitations", _("tell me when I may give again")


class Consent(models.Model):
    """One purpose agreed to or withdrawn, at a moment, for a text; never changed afterwards."""

    donor = models.ForeignKey(Donor, models.CASCADE, related_name="consents")
    registration_id = models.CharField(max_length=16)
    purpose = models.CharField(max_length=12, choices=Purpose)
    given = models.BooleanField()
    text_version = models.CharField(max_length=20)
    channel = models.CharField(max_length=10)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"consent {self.pk}"
