"""Forms with which an organizer or secretary acts for people who registered."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from accounts.models import Unit
from backend.formats import clock
from donors.models import Purpose
from events.drives.models import Drive, Slot
from events.drives.replan import SlotChange
from events.registrations.forms import Typed, TypedForm, TypedSeveral
from events.registrations.input import (
    Asked,
    InvalidInput,
    Problem,
    read_change,
    read_registration,
    read_request_key,
)
from events.registrations.models import Registration
from events.registrations.services.change import Change


def slot_words(slot: Slot) -> str:
    """Spell a slot in a list of choices: "08:30, còn 4 chỗ". Needs ``with_places``."""
    left = slot.places_left_now
    time = clock(timezone.localtime(slot.starts_at))
    if not slot.is_open:
        return _("%(time)s, closed") % {"time": time}
    if left == 0:
        return _("%(time)s, full") % {"time": time}
    words = ngettext("%(time)s, %(left)d place left", "%(time)s, %(left)d places left", left)
    return words % {"time": time, "left": left}


def slot_choices(slots: Iterable[Slot]) -> list[tuple[str, str]]:
    return [("", _("Choose a time")), *((slot.public_id, slot_words(slot)) for slot in slots)]


# What the person agreed to on the telephone; the wording of the public form is read out.
CONSENT_CHOICES = (
    (
        Purpose.REGISTRATION.value,
        gettext_lazy("agrees that the place is kept and the list goes to the blood centre"),
    ),
    (Purpose.REMINDERS.value, gettext_lazy("wants to be reminded before the day")),
    (Purpose.INVITATIONS.value, gettext_lazy("wants to hear when giving again is possible")),
)


class AddForm(TypedForm):
    """Somebody who telephoned, or a colleague whom the unit's secretary registers."""

    slot = Typed(label=gettext_lazy("Time"), widget=forms.Select)
    full_name = Typed(
        label=gettext_lazy("Full name"),
        help_text=gettext_lazy("As on the identity card"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "words"}),
    )
    phone = Typed(
        label=gettext_lazy("Mobile number"),
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )
    birth_year = Typed(
        label=gettext_lazy("Year of birth"),
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "class": "input-year"}
        ),
    )
    email = Typed(
        label=gettext_lazy("E-mail"),
        help_text=gettext_lazy(
            "For the ticket and reminders. Without it, tell the person the code."
        ),
        required=False,
        widget=forms.TextInput(
            attrs={"type": "email", "inputmode": "email", "autocomplete": "off"}
        ),
    )
    unit = Typed(
        label=gettext_lazy("Unit"),
        required=False,
        widget=forms.Select(attrs={"data-picker": ""}),
    )
    consents = TypedSeveral(label=gettext_lazy("The person"), choices=CONSENT_CHOICES)
    request_key = Typed(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        drive: Drive,
        slots: Sequence[Slot],
        units: Sequence[Unit],
        unit_needed: bool,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={"request_key": str(uuid.uuid4())} | (initial or {}))
        self.drive = drive
        self.asked: Asked | None = None
        self.unit_needed = unit_needed
        self.units = {unit.slug: unit for unit in units}
        choices = {"slot": slot_choices(slots)}
        choices["unit"] = [(slug, unit.name) for slug, unit in self.units.items()]
        if not unit_needed:
            choices["unit"].insert(0, ("", _("No unit")))
        for name, options in choices.items():
            widget = self.fields[name].widget
            assert isinstance(widget, forms.Select)
            widget.choices = options
        self.fields["unit"].required = unit_needed

    def clean(self) -> dict[str, Any]:
        typed = {name: self.cleaned_data[name] for name in self.fields if name in self.data}
        typed |= {
            name: self.data[name]
            for name in ("join_waitlist", "different_person")
            if name in self.data
        }
        unit = typed.get("unit")
        if (unit or self.unit_needed) and unit not in self.units:
            self.add_problems(
                [Problem("unit", "unknown_unit", gettext_lazy("Choose a unit from the list."))]
            )
            typed.pop("unit", None)
        elif unit:
            typed["unit"] = self.units[unit]
        try:
            self.asked = read_registration(
                typed, drive=self.drive, language=(get_language() or "vi")[:2]
            )
        except InvalidInput as invalid:
            self.add_problems(invalid.problems)
        return self.cleaned_data

    @property
    def key(self) -> uuid.UUID | None:
        return read_request_key(self.data.get("request_key"))


class DetailsForm(TypedForm):
    """Correct what somebody stated, and what was agreed to."""

    full_name = Typed(label=gettext_lazy("Full name"))
    phone = Typed(
        label=gettext_lazy("Mobile number"),
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )
    email = Typed(
        label=gettext_lazy("E-mail"),
        required=False,
        widget=forms.TextInput(
            attrs={"type": "email", "inputmode": "email", "autocomplete": "off"}
        ),
    )
    consents = TypedSeveral(label=gettext_lazy("The person"), choices=CONSENT_CHOICES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.change: Change | None = None

    def clean(self) -> dict[str, Any]:
        typed = {name: self.cleaned_data[name] for name in self.fields}
        try:
            self.change = read_change(typed)
        except InvalidInput as invalid:
            self.add_problems(invalid.problems)
        return self.cleaned_data


class MoveForm(forms.Form):
    slot = forms.ChoiceField(label=gettext_lazy("New time"))

    def __init__(self, *args: Any, slots: Iterable[Slot], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["slot"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = slot_choices(slots)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("One or two sentences. The people concerned read them."),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class SlotForm(forms.Form):
    """One time: how many, and whether it takes registrations."""

    capacity = forms.IntegerField(
        label=gettext_lazy("Capacity"),
        min_value=0,
        max_value=500,
        widget=forms.NumberInput(attrs={"class": "input-short", "inputmode": "numeric"}),
    )
    is_open = forms.BooleanField(label=gettext_lazy("Open"), required=False)

    def change(self, slot: Slot) -> SlotChange:
        data = self.cleaned_data
        return SlotChange(id=slot.public_id, capacity=data["capacity"], is_open=data["is_open"])


def details_of(registration: Registration) -> dict[str, Any]:
    """Return what somebody stated, as ``DetailsForm`` shows it."""
    return {
        "full_name": registration.full_name,
        "phone": registration.phone,
        "email": registration.email,
        "consents": registration.consents,
    }
