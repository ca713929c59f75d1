"""Registrations as the API says them, and the shapes that it hears.

What is heard is read by ``events.registrations.input``, as on the pages; the classes whose name
ends in ``Input`` tell the API's description of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from donors.models import Purpose, Sex
from events.registrations.input import LANGUAGES
from events.registrations.models import Registration
from events.registrations.queries import waitlist_position
from events.registrations.signing import ticket_of
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_token, url_of_token

STATUSES = ("registered", "waitlisted", "cancelled", "checked_in", "no_show")


def status_of(registration: Registration, *, is_over: bool) -> str:
    """Return what became of it; who did not come is known once the drive is over."""
    if registration.status == Registration.Status.REGISTERED and is_over:
        return "no_show"
    return registration.status


class TimeSerializer(serializers.Serializer[Any]):
    """The slot of a registration."""

    id = serializers.CharField(source="public_id")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class OfDriveSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()


class RegistrationSerializer(serializers.Serializer[Any]):
    """A registration as its own person sees it, for the description; ``as_sent`` makes it."""

    id = serializers.CharField(help_text="16 lower-case hex digits.")
    code = serializers.CharField(help_text="ABCD-EFGN")
    status = serializers.ChoiceField(STATUSES)
    waitlist_position = serializers.IntegerField(allow_null=True)
    slot = TimeSerializer(allow_null=True, help_text="Null for a walk-in.")
    drive = OfDriveSerializer()
    full_name = serializers.CharField()
    phone = serializers.CharField(help_text="E.164")
    email = serializers.CharField()
    consents = serializers.ListField(child=serializers.ChoiceField(Purpose.choices))
    confirmed_at = serializers.DateTimeField(allow_null=True)
    ticket = serializers.CharField(allow_null=True, help_text="Text of the QR code.")
    ticket_url = serializers.CharField(allow_null=True, help_text="The code as PNG.")
    manage_token = serializers.CharField()
    manage_url = serializers.CharField()


def as_sent(registration: Registration, *, now: datetime) -> dict[str, Any]:
    """Give what ``RegistrationSerializer`` describes; by hand, as it answers each of a rush."""
    slot, drive = registration.slot, registration.drive
    token = manage_token(registration)
    url = url_of_token(token)
    return {
        "id": registration.public_id,
        "code": format_code(registration.code),
        "status": status_of(registration, is_over=drive.is_over(now)),
        "waitlist_position": waitlist_position(registration),
        "slot": slot
        and {
            "id": slot.public_id,
            "starts_at": timezone.localtime(slot.starts_at),
            "ends_at": timezone.localtime(slot.ends_at),
        },
        "drive": {"slug": drive.slug, "name": drive.name},
        "full_name": registration.full_name,
        "phone": registration.phone,
        "email": registration.email,
        "consents": registration.consents,
        "confirmed_at": registration.confirmed_at and timezone.localtime(registration.confirmed_at),
        "ticket": ticket_of(registration) if registration.has_ticket else None,
        "ticket_url": f"{url}ticket.png" if registration.has_ticket else None,
        "manage_token": token,
        "manage_url": url,
    }


class ScreeningInput(serializers.Serializer[Any]):
    rules_version = serializers.CharField(max_length=20)


class RegistrationInput(serializers.Serializer[Any]):
    slot = serializers.CharField(help_text="The id of a slot, as it came.")
    full_name = serializers.CharField(max_length=100)
    phone = serializers.CharField(help_text="In any usual spelling.")
    birth_year = serializers.IntegerField(
        required=False, help_text="This, or `date_of_birth`, is needed."
    )
    date_of_birth = serializers.DateField(required=False)
    sex = serializers.ChoiceField(Sex.choices, required=False)
    email = serializers.EmailField(required=False, allow_blank=True)
    unit = serializers.CharField(required=False, help_text="Slug of a unit of the same union.")
    language = serializers.ChoiceField(LANGUAGES, required=False)
    consents = serializers.ListField(
        child=serializers.ChoiceField(Purpose.choices), help_text="`registration` is needed."
    )
    screening = ScreeningInput(
        required=False, help_text="That a pre-screen was done, and by which rules; nothing else."
    )
    join_waitlist = serializers.BooleanField(required=False)
    different_person = serializers.BooleanField(
        required=False, help_text="The name differs in its accents from somebody registered."
    )


class ChangeInput(serializers.Serializer[Any]):
    slot = serializers.CharField(required=False)
    full_name = serializers.CharField(max_length=100, required=False)
    phone = serializers.CharField(required=False)
    email = serializers.EmailField(required=False, allow_blank=True)
    consents = serializers.ListField(child=serializers.ChoiceField(Purpose.choices), required=False)


class CancelledSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["cancelled"])


class ConfirmedSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(STATUSES)
    confirmed_at = serializers.DateTimeField()


# --- As organizers and secretaries see them --------------------------------------------------


class SlotStartSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    starts_at = serializers.DateTimeField()


class RowSerializer(serializers.Serializer[Registration]):
    """One line of the list; asks ``is_over`` and ``sees_day`` in the context."""

    id = serializers.CharField(source="public_id")
    code = serializers.SerializerMethodField()
    name = serializers.CharField(source="full_name")
    phone_masked = serializers.CharField()
    slot = SlotStartSerializer(allow_null=True)
    unit = serializers.SerializerMethodField(help_text="The unit's slug.")
    status = serializers.SerializerMethodField()
    confirmed_at = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    source = serializers.ChoiceField(Registration.Source.choices)  # type: ignore[assignment]

    def get_code(self, registration: Registration) -> str:
        return format_code(registration.code)

    def get_unit(self, registration: Registration) -> str | None:
        return registration.unit.slug if registration.unit else None

    def get_confirmed_at(self, registration: Registration) -> datetime | None:
        return registration.confirmed_at if self.context["sees_day"] else None

    def get_status(self, registration: Registration) -> str:
        if not self.context["sees_day"]:
            return registration.status_before_the_day
        return status_of(registration, is_over=self.context["is_over"])


class RowFilterSerializer(serializers.Serializer[Any]):
    search = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="Of a name, with or without accents; last digits of a phone; a code.",
    )
    status = serializers.ChoiceField(STATUSES, required=False, allow_blank=True)
    slot = serializers.CharField(required=False, allow_blank=True, max_length=64)
    unit = serializers.CharField(required=False, allow_blank=True, max_length=60)


class MessageCountSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    channel = serializers.CharField()
    status = serializers.CharField()
    count = serializers.IntegerField()
