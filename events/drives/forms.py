"""Forms with which an organizer plans a drive. Names are the API's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.models import Unit
from backend.formats import DAY_INPUT, MOMENT_INPUT, numeric_date
from backend.text import one_line
from events.drives.models import Drive, Venue
from events.drives.plans import FIRST_DAY, FIRST_MOMENT, LAST_DAY, LAST_MOMENT, Place, Plan
from events.drives.replan import DriveChanges

ANOTHER_PLACE: Final = "another"
WHOLE_BLOOD_INTERVAL_DAYS: Final = 84  # 12 weeks: TT 26/2013/TT-BYT, Đ6

_DAYS: Final = (MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY))
_MOMENTS: Final = (MinValueValidator(FIRST_MOMENT), MaxValueValidator(LAST_MOMENT))


class LineField(forms.CharField):
    """One line of text as it is kept: NFC, single spaces."""

    def to_python(self, value: Any) -> str:
        return one_line(super().to_python(value) or "")


def _date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _time_input() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time", "class": "input-short"}, format="%H:%M")


def _moment_input() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def _number_input() -> forms.NumberInput:
    return forms.NumberInput(attrs={"class": "input-short", "inputmode": "numeric"})


class DriveForm(forms.Form):
    """All that an organizer decides about a drive: eight fields in sight, the others folded."""

    ADVANCED: Final = (
        "slot_minutes",
        "map_url",
        "registration_opens_at",
        "registration_closes_at",
        "tolerance_minutes",
        "description",
        "bring",
        "contact",
        "blood_centre",
    )

    name = LineField(label=_("Name"), max_length=120)
    unit = forms.ChoiceField(
        label=_("Organizing unit"), widget=forms.Select(attrs={"data-picker": ""})
    )
    date = forms.DateField(
        label=_("Day"), widget=_date_input(), validators=_DAYS, input_formats=DAY_INPUT
    )
    starts_at = forms.TimeField(label=_("From"), widget=_time_input())
    ends_at = forms.TimeField(label=_("To"), widget=_time_input())
    venue_name = LineField(
        label=_("Place"), max_length=120, widget=forms.TextInput(attrs={"list": "venue-names"})
    )
    venue_address = LineField(
        label=_("Address"),
        max_length=200,
        widget=forms.TextInput(attrs={"list": "venue-addresses"}),
    )
    places_per_slot = forms.IntegerField(
        label=_("Places at each time"),
        min_value=1,
        max_value=500,
        help_text=_("As many as the doctors examine in one slot. Single times can differ later."),
        widget=_number_input(),
    )
    slot_minutes = forms.IntegerField(
        label=_("Minutes between two times"), min_value=5, max_value=240, widget=_number_input()
    )
    map_url = forms.URLField(
        label=_("Link to the map"),
        max_length=500,
        required=False,
        assume_scheme="https",
        help_text=_("From Google Maps, “Share”, “Copy link”."),
    )
    registration_opens_at = forms.DateTimeField(
        label=_("Registration opens"),
        required=False,
        help_text=_("Empty: as soon as the drive is published."),
        validators=_MOMENTS,
        input_formats=MOMENT_INPUT,
        widget=_moment_input(),
    )
    registration_closes_at = forms.DateTimeField(
        label=_("Registration closes"),
        required=False,
        help_text=_("Empty: each time is open until it begins."),
        validators=_MOMENTS,
        input_formats=MOMENT_INPUT,
        widget=_moment_input(),
    )
    tolerance_minutes = forms.IntegerField(
        label=_("Minutes too early or too late that are let in"),
        min_value=0,
        max_value=720,
        widget=_number_input(),
    )
    description = forms.CharField(
        label=_("Description"), max_length=4000, required=False, widget=forms.Textarea
    )
    bring = forms.CharField(
        label=_("What to bring"),
        max_length=1000,
        required=False,
        help_text=_("One thing a line. Empty: identity card, and the usual advice."),
        widget=forms.Textarea,
    )
    contact = LineField(
        label=_("Whom to ask"),
        max_length=200,
        required=False,
        help_text=_("Name and phone, shown to everybody."),
    )
    blood_centre = LineField(label=_("Blood centre"), max_length=200, required=False)

    def __init__(self, *args: Any, units: Iterable[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.units = {unit.slug: unit for unit in units}
        field = self.fields["unit"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(slug, unit.name) for slug, unit in self.units.items()]
        if len(self.units) == 1:
            [only] = self.units
            field.initial = only
            field.required = False
            field.widget = forms.HiddenInput()
        self.venues = list(Venue.objects.filter(unit__in=[u.pk for u in self.units.values()]))

    def in_sight(self) -> list[BoundField]:
        return [field for field in self.visible_fields() if field.name not in self.ADVANCED]

    def folded(self) -> list[BoundField]:
        return [self[name] for name in self.ADVANCED]

    def folded_is_wrong(self) -> bool:
        return any(name in self.errors for name in self.ADVANCED)

    def clean_unit(self) -> Unit:
        slug = self.cleaned_data["unit"] or next(iter(self.units))
        return self.units[slug]

    def place(self) -> Place:
        data = self.cleaned_data
        return Place(
            name=data["venue_name"], address=data["venue_address"], map_url=data["map_url"]
        )

    def plan(self) -> Plan:
        """Return what was decided, for ``create_drive``."""
        data = self.cleaned_data
        return Plan(
            name=data["name"],
            unit=data["unit"],
            place=self.place(),
            date=data["date"],
            starts=data["starts_at"],
            ends=data["ends_at"],
            slot_minutes=data["slot_minutes"],
            places_per_slot=data["places_per_slot"],
            registration_opens_at=data["registration_opens_at"],
            registration_closes_at=data["registration_closes_at"],
            tolerance_minutes=data["tolerance_minutes"],
            description=data["description"],
            bring=data["bring"],
            contact=data["contact"],
            blood_centre=data["blood_centre"],
        )

    def changes(self) -> DriveChanges:
        """Return what was decided, for ``update_drive``. The unit stays."""
        data = self.cleaned_data
        return DriveChanges(
            name=data["name"],
            place=self.place(),
            date=data["date"],
            starts=data["starts_at"],
            ends=data["ends_at"],
            slot_minutes=data["slot_minutes"],
            places_per_slot=data["places_per_slot"],
            registration_opens_at=data["registration_opens_at"],
            registration_closes_at=data["registration_closes_at"],
            tolerance_minutes=data["tolerance_minutes"],
            description=data["description"],
            bring=data["bring"],
            contact=data["contact"],
            blood_centre=data["blood_centre"],
        )


def new_drive_values(units: Iterable[Unit], *, today: date) -> dict[str, Any]:
    """Return sensible first values: the Saturday in three weeks, and what was said last time."""
    last = (
        Drive.objects.filter(unit__in=[unit.pk for unit in units])
        .select_related("unit", "venue")
        .order_by("-pk")
        .first()
    )
    in_three_weeks = today + timedelta(days=21)
    values: dict[str, Any] = {
        "date": in_three_weeks + timedelta(days=(5 - in_three_weeks.weekday()) % 7),
        "starts_at": "07:30",
        "ends_at": "11:00",
        "slot_minutes": 30,
        "places_per_slot": 20,
        "tolerance_minutes": 30,
    }
    if last is not None:
        values |= {
            "unit": last.unit.slug,
            "venue_name": last.venue.name,
            "venue_address": last.venue.address,
            "map_url": last.venue.map_url,
            "places_per_slot": last.places_per_slot,
            "slot_minutes": last.slot_minutes,
            "tolerance_minutes": last.tolerance_minutes,
            "bring": last.bring,
            "contact": last.contact,
            "blood_centre": last.blood_centre,
        }
    return values


def present_values(drive: Drive) -> dict[str, Any]:
    """Return a drive as its form shows it."""
    here = drive.tzinfo
    return {
        "name": drive.name,
        "unit": drive.unit.slug,
        "date": drive.date,
        "starts_at": drive.starts_at.astimezone(here).time(),
        "ends_at": drive.ends_at.astimezone(here).time(),
        "venue_name": drive.venue.name,
        "venue_address": drive.venue.address,
        "map_url": drive.venue.map_url,
        "places_per_slot": drive.places_per_slot,
        "slot_minutes": drive.slot_minutes,
        "registration_opens_at": drive.registration_opens_at,
        "registration_closes_at": drive.registration_closes_at,
        "tolerance_minutes": drive.tolerance_minutes,
        "description": drive.description,
        "bring": drive.bring,
        "contact": drive.contact,
        "blood_centre": drive.blood_centre,
    }


class CopyForm(forms.Form):
    """Repeat an earlier drive: a day, how many, where. All else is the earlier one's."""

    date = forms.DateField(
        label=_("Day"), widget=_date_input(), validators=_DAYS, input_formats=DAY_INPUT
    )
    places_per_slot = forms.IntegerField(
        label=_("Places at each time"), min_value=1, max_value=500, widget=_number_input()
    )
    venue = forms.ChoiceField(label=_("Place"))
    venue_name = LineField(label=_("Name of the new place"), max_length=120, required=False)
    venue_address = LineField(label=_("Its address"), max_length=200, required=False)

    def __init__(self, *args: Any, drive: Drive, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.drive = drive
        known = Venue.objects.filter(unit=drive.unit_id) | Venue.objects.filter(pk=drive.venue_id)
        self.venues = {str(venue.pk): venue for venue in known.order_by("name", "pk")}
        field = self.fields["venue"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            *((pk, f"{venue.name}, {venue.address}") for pk, venue in self.venues.items()),
            (ANOTHER_PLACE, _("Another place…")),
        ]
        if drive.published_at is not None:
            again = drive.date + timedelta(days=WHOLE_BLOOD_INTERVAL_DAYS)
            self.fields["date"].help_text = _(
                "Who gives on %(day)s may give again from %(again)s, after 12 weeks."
            ) % {"day": numeric_date(drive.date), "again": numeric_date(again)}
        slots = drive.slots.count()
        self.fields["places_per_slot"].help_text = ngettext_lazy(
            "%(number)d time", "%(number)d times", slots
        ) % {"number": slots}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("venue") == ANOTHER_PLACE:
            for name in ("venue_name", "venue_address"):
                if not data.get(name):
                    self.add_error(name, _("Needed for another place."))
        return data

    def place(self) -> Place:
        data = self.cleaned_data
        if data["venue"] == ANOTHER_PLACE:
            return Place(name=data["venue_name"], address=data["venue_address"])
        venue = self.venues[data["venue"]]
        return Place(name=venue.name, address=venue.address, map_url=venue.map_url)


def add_refusal(form: forms.Form, refusal: Any) -> None:
    """Show a refusal at the field that it names, else above the form."""
    field = refusal.extra.get("field")
    form.add_error(field if field in form.fields else None, str(refusal))
