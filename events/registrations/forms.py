"""The forms of volunteers. They keep what was typed; ``input`` says what it means."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit
from donors.models import Purpose
from events.drives.models import Drive
from events.registrations.input import (
    Asked,
    InvalidInput,
    Problem,
    read_change,
    read_registration,
    read_request_key,
)
from events.registrations.services.change import Change

ONE_UNIT = 1


class Typed(forms.CharField):
    """A field that takes anything: the form as a whole is read by ``input``."""

    def clean(self, value: Any) -> Any:
        return value


class TypedSeveral(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> Any:
        return value


def _text_box(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs=attrs)


class TypedForm(forms.Form):
    """Shows problems that ``input`` found beside their fields, or above all where there is none."""

    use_required_attribute = False

    @property
    def agreed(self) -> dict[str, bool]:
        """Return the purposes that are ticked, for boxes that are drawn one by one."""
        return dict.fromkeys(self["consents"].value() or (), True)

    def add_problems(self, problems: Iterable[Problem]) -> None:
        for field, _code, message in problems:
            self.add_error(field if field in self.fields else None, str(message))


class RegistrationForm(TypedForm):
    """Name, phone, birth year, e-mail, unit and consents, under the API's names.

    :param linked_unit: the unit that came with the link; then there is no picker.
    """

    full_name = Typed(
        label=_("Full name"),
        help_text=_("As on the identity card"),
        widget=_text_box(autocomplete="name", autocapitalize="words", spellcheck="false"),
    )
    phone = Typed(
        label=_("Mobile number"),
        help_text=_("So that the organizers can reach you on the day"),
        widget=_text_box(type="tel", inputmode="tel", autocomplete="tel"),
    )
    birth_year = Typed(
        label=_("Year of birth"),
        help_text=_("18 to 60 years old on the day"),
        widget=_text_box(inputmode="numeric", autocomplete="bday-year", **{"class": "input-year"}),
    )
    email = Typed(
        label=_("E-mail"),
        help_text=_("For ticket and reminders"),
        required=False,
        widget=_text_box(
            type="email", inputmode="email", autocomplete="email", autocapitalize="none"
        ),
    )
    unit = Typed(
        label=_("Unit"),
        help_text=_("Type a few letters to search"),
        required=False,
        widget=forms.Select(attrs={"data-picker": True}),
    )
    consents = TypedSeveral(label=_("Your consent"), choices=Purpose.choices)
    request_key = Typed(required=False, widget=forms.HiddenInput)
    join_waitlist = Typed(required=False, widget=forms.HiddenInput)
    different_person = Typed(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        drive: Drive,
        slot_id: str,
        linked_unit: Unit | None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={"request_key": str(uuid.uuid4())} | dict(initial or {}))
        self.drive, self.slot_id = drive, slot_id
        self.posted = data if data is not None else QueryDict(mutable=True)
        self.asked: Asked | None = None
        self.linked_unit = linked_unit
        self.hides_unit = linked_unit is not None
        if linked_unit is not None:
            self.fields["unit"].widget = forms.HiddenInput()
            self.initial["unit"] = linked_unit.slug

    def offer_units(self) -> None:
        """Fill the picker with the union's units; a form that leads elsewhere needs none."""
        if self.hides_unit:
            return
        units = Unit.objects.in_union_of(self.drive.unit_id).existing_on(self.drive.date)
        choices = list(units.values_list("slug", "name"))
        if len(choices) <= ONE_UNIT:
            self.fields["unit"].widget = forms.HiddenInput()
            self.hides_unit = True
        else:
            select = self.fields["unit"].widget
            assert isinstance(select, forms.Select)
            select.choices = [("", ""), *choices]

    def clean(self) -> dict[str, Any]:
        typed = {name: self.cleaned_data[name] for name in self.fields if name in self.data}
        typed |= {name: self.data[name] for name in ("language", "sex") if name in self.data}
        typed["slot"] = self.slot_id
        if self.linked_unit is not None and typed.get("unit") == self.linked_unit.slug:
            typed["unit"] = self.linked_unit  # found already
        language = (get_language() or "vi")[:2]
        try:
            self.asked = read_registration(typed, drive=self.drive, language=language)
        except InvalidInput as invalid:
            self.add_problems(invalid.problems)
        return self.cleaned_data

    @property
    def key(self) -> uuid.UUID | None:
        return read_request_key(self.data.get("request_key"))

    def with_new_key(self) -> None:
        """Give the form another key: the one that it came with belongs to another body."""
        self.posted = self.posted.copy()
        self.posted["request_key"] = str(uuid.uuid4())
        self.data = self.posted

    @property
    def typed(self) -> dict[str, Any]:
        """Return what was typed, for a form that shows it again without judging it."""
        return {
            name: self.posted.getlist(name) if name == "consents" else self.posted[name]
            for name in self.fields
            if name in self.posted and name != "join_waitlist"
        }

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Return what was typed, as hidden fields carry it over another page."""
        return [
            (name, str(value))
            for name in self.fields
            if name != "join_waitlist"
            for value in self.posted.getlist(name)
        ]


class ChangeForm(TypedForm):
    """Name, contact and consents of a registration that is already there."""

    full_name = Typed(
        label=_("Full name"),
        help_text=_("As on the identity card"),
        widget=_text_box(autocomplete="name", autocapitalize="words", spellcheck="false"),
    )
    phone = Typed(
        label=_("Mobile number"), widget=_text_box(type="tel", inputmode="tel", autocomplete="tel")
    )
    email = Typed(
        label=_("E-mail"),
        help_text=_("For ticket and reminders"),
        required=False,
        widget=_text_box(
            type="email", inputmode="email", autocomplete="email", autocapitalize="none"
        ),
    )
    consents = TypedSeveral(
        label=_("Your consent"), choices=Purpose.choices, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.change: Change | None = None

    def clean(self) -> dict[str, Any]:
        typed = {name: self.cleaned_data[name] for name in self.fields if name in self.data}
        try:
            self.change = read_change(typed)
        except InvalidInput as invalid:
            self.add_problems(invalid.problems)
        return self.cleaned_data


class LostTicketForm(TypedForm):
    """One box: the phone number or the e-mail address of the registration."""

    contact = Typed(
        label=_("Mobile number or e-mail"),
        help_text=_("As you wrote it when you registered"),
        widget=_text_box(autocomplete="email", autocapitalize="none", spellcheck="false"),
    )
