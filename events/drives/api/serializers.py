"""Drives as the API says and hears them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from events.drives.models import Drive, DriveStatus, Slot
from events.drives.plans import FIRST_DAY, FIRST_MOMENT, LAST_DAY, LAST_MOMENT, Place
from events.drives.replan import DriveChanges, SlotChange


class UnitSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()


class VenueSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    address = serializers.CharField(max_length=200)
    map_url = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="Empty where there is none.",
    )


class DriveSerializer(serializers.Serializer[Drive]):
    """A drive in a list; asks ``with_places``, and ``now`` in the context."""

    slug = serializers.SlugField()
    name = serializers.CharField()
    unit = UnitSerializer()
    venue = VenueSerializer()
    date = serializers.DateField()
    zone = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    registration_opens_at = serializers.DateTimeField(allow_null=True)
    registration_closes_at = serializers.DateTimeField(allow_null=True)
    status = serializers.SerializerMethodField()
    places_left = serializers.IntegerField(help_text="Over the slots with `open: true`.")
    url = serializers.SerializerMethodField()

    def get_status(self, drive: Drive) -> DriveStatus:
        return drive.status(self.context["now"], places_left=drive.places_left)

    def get_url(self, drive: Drive) -> str:
        return f"{settings.BASE_URL}{drive.get_absolute_url()}"


class SlotSerializer(serializers.Serializer[Slot]):
    """A slot ``with_places``."""

    id = serializers.CharField(source="public_id", help_text="Opaque; give it back as it came.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    capacity = serializers.IntegerField()
    places_left = serializers.IntegerField(source="places_left_now")
    waitlist_length = serializers.IntegerField(source="waiting")
    open = serializers.SerializerMethodField()

    def get_open(self, slot: Slot) -> bool:
        return slot.open_at(self.context["now"])


class DriveDetailSerializer(DriveSerializer):
    """A drive with its texts and slots; ``drive.all_slots`` are ``with_places``."""

    description = serializers.CharField()
    bring = serializers.CharField()
    contact = serializers.CharField()
    blood_centre = serializers.CharField()
    slots = SlotSerializer(source="all_slots", many=True)


class DriveFilterSerializer(serializers.Serializer[Any]):
    """What the list of drives may be narrowed by."""

    search = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="Words of name, venue or unit, with or without accents.",
    )
    unit = serializers.CharField(
        required=False, allow_blank=True, max_length=60, help_text="Slug of the unit that holds it."
    )
    status = serializers.ChoiceField(DriveStatus.choices, required=False, allow_blank=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add ``from`` and ``to``, which no class body can name."""
        on: dict[str, Any] = {"required": False, "input_formats": ["%Y-%m-%d"]}
        return {
            **super().get_fields(),
            "from": serializers.DateField(help_text="On this date or later.", **on),
            "to": serializers.DateField(help_text="On this date or earlier.", **on),
        }


# --- What organizers write -------------------------------------------------------------------


def _moment(**options: Any) -> serializers.DateTimeField:
    return serializers.DateTimeField(
        required=False,
        allow_null=True,
        validators=[MinValueValidator(FIRST_MOMENT), MaxValueValidator(LAST_MOMENT)],
        **options,
    )


class PlanSerializer(serializers.Serializer[Any]):
    """What an organizer decides about a drive. Shape only; services judge."""

    name = serializers.CharField(max_length=120)
    unit = serializers.CharField(max_length=60, help_text="Slug of the unit that holds it.")
    venue = VenueSerializer()
    date = serializers.DateField(
        input_formats=["%Y-%m-%d"],
        validators=[MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)],
    )
    zone = serializers.CharField(max_length=40, required=False, help_text="Asia/Ho_Chi_Minh")
    starts_at = serializers.TimeField(
        input_formats=["%H:%M", "%H:%M:%S"], help_text="Wall clock at the venue, 07:30."
    )
    ends_at = serializers.TimeField(
        input_formats=["%H:%M", "%H:%M:%S"], help_text="Not after `starts_at`: the next day."
    )
    slot_minutes = serializers.IntegerField(min_value=5, max_value=240)
    places_per_slot = serializers.IntegerField(min_value=1, max_value=500)
    registration_opens_at = _moment(help_text="From publishing on, if not given.")
    registration_closes_at = _moment(help_text="Each slot until it starts, if not given.")
    tolerance_minutes = serializers.IntegerField(min_value=0, max_value=720, required=False)
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    bring = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    contact = serializers.CharField(max_length=200, required=False, allow_blank=True)
    blood_centre = serializers.CharField(max_length=200, required=False, allow_blank=True)


class SlotChangeSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(max_length=64)
    capacity = serializers.IntegerField(min_value=0, max_value=500, required=False)
    open = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for the id, which the parts of a partial change else need not have."""
        if "id" not in attrs:
            raise serializers.ValidationError({"id": _("Which one?")}, code="required")
        return attrs


class DriveChangesSerializer(PlanSerializer):
    """Any of the plan's fields, and single slots."""

    slots = SlotChangeSerializer(many=True, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, partial=True, **options)


class CopySerializer(serializers.Serializer[Any]):
    """Three fields; the rest is the earlier drive's."""

    date = serializers.DateField(
        input_formats=["%Y-%m-%d"],
        validators=[MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)],
    )
    venue = VenueSerializer(required=False, allow_null=True)
    places_per_slot = serializers.IntegerField(
        min_value=1, max_value=500, required=False, allow_null=True
    )


class CancelSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(
        max_length=300, help_text=_("A sentence or two for the people who hold a place.")
    )


def place_of(venue: dict[str, str]) -> Place:
    return Place(name=venue["name"], address=venue["address"], map_url=venue.get("map_url", ""))


def changes_of(data: dict[str, Any], drive: Drive) -> DriveChanges:
    """Turn valid data, but for ``unit``, into what services take."""
    changes = DriveChanges()
    names = {"starts_at": "starts", "ends_at": "ends"}
    for name, value in data.items():
        match name:
            case "unit":
                continue
            case "venue":
                venue = drive.venue
                known = {"name": venue.name, "address": venue.address, "map_url": venue.map_url}
                changes["place"] = place_of(known | value)
            case "slots":
                changes["slots"] = [
                    SlotChange(id=s["id"], capacity=s.get("capacity"), is_open=s.get("open"))
                    for s in value
                ]
            case _:
                changes[names.get(name, name)] = value  # type: ignore[literal-required]
    return changes
