"""Clean what a person typed: one set of rules and sentences for pages and API.

Only shape and normal form. Whether there is a place, and whether the age allows it, services say.
Each ``read_…`` gives the clean value or raises ``Wrong`` with a code of its own;
``read_registration`` and ``read_change`` gather what is wrong with every field.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final, NamedTuple, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.attempts import Attempt
from accounts.models import Unit
from donors.identity import InvalidIdentity, clean_name, parse_phone
from donors.models import Purpose, Sex
from donors.people import Person
from events.drives.models import Drive
from events.registrations.refusals import RegistrationRefused, refuse_wrong_age
from events.registrations.services.change import Change
from events.registrations.services.register import Wishes

LANGUAGES: Final = ("vi", "en")
EMAIL_LENGTH: Final = 254  # RFC 5321, 4.5.3.1.3
FIRST_BIRTH_YEAR: Final = 1900  # earlier ones are slips of the finger

T = TypeVar("T")
U = TypeVar("U")


class Wrong(ValueError):
    """One field cannot be taken. ``code`` is for machines; the sentence is the field's own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Problem(NamedTuple):
    """What is wrong with one field: for machines, and in words."""

    field: str
    code: str
    message: str | Promise


class InvalidInput(Exception):
    """Some fields cannot be taken."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__([(problem.field, problem.code) for problem in problems])
        self.problems = problems


# --- One field -------------------------------------------------------------------------------


def read_name(value: object) -> str:
    """Give a name as it is kept.

    Codes: ``required``, ``too_long``, ``no_letter``, ``bad_character``.
    """
    try:
        return clean_name(_text(value))
    except InvalidIdentity as error:
        raise Wrong("required" if error.code == "blank" else error.code) from None


def read_phone(value: object) -> str:
    """Give a phone number as E.164. Codes: ``required``, ``invalid_phone``."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"0{value}"  # a program that took the number for one, and lost its 0
    try:
        return parse_phone(_text(value))
    except InvalidIdentity as error:
        raise Wrong("required" if error.code == "blank" else error.code) from None


def read_birth_year(value: object) -> int:
    """Give a year of four digits. Codes: ``required``, ``invalid_year``."""
    if isinstance(value, int) and not isinstance(value, bool):
        year = value
    else:
        text = _text(value).strip()
        if not text:
            raise Wrong("required")
        if len(text) != 4 or not text.isdecimal():
            raise Wrong("invalid_year")
        year = int(text)
    if not FIRST_BIRTH_YEAR <= year <= 2999:
        raise Wrong("invalid_year")
    return year


def read_date_of_birth(value: object) -> date:
    """Give a date written as ``1997-03-24``. Codes: ``required``, ``invalid_date``."""
    if isinstance(value, date):
        return value
    text = _text(value).strip()
    if not text:
        raise Wrong("required")
    try:
        born_on = date.fromisoformat(text)
    except ValueError:
        raise Wrong("invalid_date") from None
    if len(text) != 10 or born_on.year < FIRST_BIRTH_YEAR:
        raise Wrong("invalid_date")
    return born_on


def read_email(value: object) -> str:
    """Give an address with its domain in lower case, or ``""``. Code: ``invalid_email``."""
    text = _text(value).strip()
    if not text:
        return ""
    if len(text) > EMAIL_LENGTH:
        raise Wrong("invalid_email")
    try:
        validate_email(text)
    except ValidationError:
        raise Wrong("invalid_email") from None
    local, _at, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


def read_unit(value: object, *, drive: Drive) -> Unit | None:
    """Give the unit with this slug in the union that holds the drive. Code: ``unknown_unit``."""
    if isinstance(value, Unit):
        return value
    slug = _text(value).strip()
    if not slug:
        return None
    if len(slug) > 60 or "\0" in slug:
        raise Wrong("unknown_unit")
    units = Unit.objects.in_union_of(drive.unit_id).existing_on(drive.date)
    unit: Unit | None = units.filter(slug=slug).first()
    if unit is not None:
        return unit
    raise Wrong("unknown_unit")


def read_consents(value: object) -> tuple[str, ...]:
    """Give the purposes agreed to, in their order. Codes: ``consent_required``, ``invalid``."""
    if value is None:
        raise Wrong("consent_required")
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise Wrong("invalid")
    if not set(value) <= set(Purpose.values):
        raise Wrong("invalid")
    if Purpose.REGISTRATION.value not in value:
        raise Wrong("consent_required")
    return tuple(purpose for purpose in Purpose.values if purpose in value)


def read_choice(value: object, choices: tuple[str, ...]) -> str:
    """Give one of ``choices``, or ``""``. Code: ``invalid``."""
    text = _text(value)
    if text and text not in choices:
        raise Wrong("invalid")
    return text


def read_flag(value: object) -> bool:
    """Give yes or no, as a form or JSON says it. Code: ``invalid``."""
    if value in (None, "", False, "false", "0"):
        return False
    if value in (True, "true", "1", "on"):
        return True
    raise Wrong("invalid")


def read_screening(value: object) -> str:
    """Give the version of the rules of a pre-screen that was done, or ``""``. Code: ``invalid``."""
    if value is None:
        return ""
    version = value.get("rules_version") if isinstance(value, Mapping) else None
    if not isinstance(version, str) or not 0 < len(version) <= 20 or not version.isprintable():
        raise Wrong("invalid")
    return version


def read_request_key(value: object) -> uuid.UUID | None:
    """Give the key of an attempt; what is no UUID counts as none."""
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


# --- All of it -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A registration as somebody asks for it, clean."""

    slot_id: str
    person: Person
    wishes: Wishes
    language: str = ""  # as stated; the wishes hold what is read in any case

    def sparing_letter(self) -> Asked:
        """Return the same, with no letter about it; it is the same attempt."""
        return replace(self, wishes=replace(self.wishes, spares_letter=True))

    def attempt(self, *, route: str, key: uuid.UUID | None, caller: str = "") -> Attempt:
        """Name this try, so that the same one again changes nothing."""
        body = {
            "slot": self.slot_id,
            **asdict(self.person),
            "email": self.wishes.email,
            "unit": self.wishes.unit.slug if self.wishes.unit else "",
            "consents": list(self.wishes.consents),
            "screening": self.wishes.screening_rules,
            "join_waitlist": self.wishes.join_waitlist,
            "different_person": self.wishes.different_person,
        }
        if self.language:
            body["language"] = self.language
        return Attempt.of(body, route=route, caller=caller, key=key)


def read_registration(data: Mapping[str, Any], *, drive: Drive, language: str) -> Asked:
    """Clean all that a registration states, under the API's names.

    :param data: ``consents`` is a list; the other values as a form or JSON has them.
    :param language: what the person reads, unless ``data`` says otherwise.
    :raises InvalidInput: with each field that cannot be taken.
    """
    fields = _Fields(data)
    slot_id = fields.take("slot", _required_text, "")
    full_name = fields.take("full_name", read_name, "")
    phone = fields.take("phone", read_phone, "")
    birth_year, born_on = _birth(fields)
    sex = fields.take("sex", lambda value: read_choice(value, tuple(Sex.values)), "")
    email = fields.take("email", read_email, "")
    unit = fields.take("unit", lambda value: read_unit(value, drive=drive), None)
    spoken = fields.take("language", lambda value: read_choice(value, LANGUAGES), "")
    consents: tuple[str, ...] = fields.take("consents", read_consents, ())
    screening = fields.take("screening", read_screening, "")
    join_waitlist = fields.take("join_waitlist", read_flag, False)
    different_person = fields.take("different_person", read_flag, False)
    person = Person(
        full_name=full_name, birth_year=birth_year, phone=phone, date_of_birth=born_on, sex=sex
    )
    if fields.problems and birth_year:
        # The service refuses the age alone; nobody should mend the rest first to be told of it.
        try:
            refuse_wrong_age(person, on=drive.date)
        except RegistrationRefused as refusal:
            fields.problems.append(Problem(refusal.extra["field"], refusal.code, str(refusal)))
    fields.raise_problems()
    return Asked(
        slot_id=slot_id,
        person=person,
        wishes=Wishes(
            email=email,
            unit=unit,
            language=spoken or (language if language in LANGUAGES else LANGUAGES[0]),
            consents=consents,
            screening_rules=screening,
            join_waitlist=join_waitlist,
            different_person=different_person,
        ),
        language=spoken,
    )


def read_change(data: Mapping[str, Any]) -> Change:
    """Clean what should be different; a name that ``data`` lacks stays as it is.

    :raises InvalidInput: with each field that cannot be taken.
    """
    fields = _Fields(data)
    change = Change(
        slot_id=fields.take_given("slot", _required_text),
        full_name=fields.take_given("full_name", read_name),
        phone=fields.take_given("phone", read_phone),
        email=fields.take_given("email", read_email),
        consents=fields.take_given("consents", read_consents),
    )
    fields.raise_problems()
    return change


def problem(field: str, code: str) -> Problem:
    """Say in words what ``code`` means in this field."""
    message = _SENTENCES.get((field, code)) or _SENTENCES.get(("", code)) or _SENTENCES["", ""]
    return Problem(field, code, message)


class _Fields:
    """Takes values one by one and remembers what was wrong."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.problems: list[Problem] = []

    def take(self, field: str, read: Callable[[object], T], otherwise: U) -> T | U:
        try:
            return read(self.data.get(field))
        except Wrong as wrong:
            self.problems.append(problem(field, wrong.code))
            return otherwise

    def take_given(self, field: str, read: Callable[[object], T]) -> T | None:
        return self.take(field, read, None) if field in self.data else None

    def raise_problems(self) -> None:
        if self.problems:
            raise InvalidInput(self.problems)


def _birth(fields: _Fields) -> tuple[int, date | None]:
    """Read the whole date where it is given, else the year."""
    if fields.data.get("date_of_birth") in (None, ""):
        return fields.take("birth_year", read_birth_year, 0), None
    born_on = fields.take("date_of_birth", read_date_of_birth, None)
    if born_on is None:
        return 0, None
    if fields.data.get("birth_year") not in (None, "", born_on.year, str(born_on.year)):
        fields.problems.append(problem("birth_year", "invalid_year"))
    return born_on.year, born_on


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Wrong("invalid")
    return value


def _required_text(value: object) -> str:
    text = _text(value).strip()
    if not text:
        raise Wrong("required")
    # No id of ours is longer; PostgreSQL refuses a zero byte.
    return text[:64].replace("\0", "")


_SENTENCES: Final[dict[tuple[str, str], str | Promise]] = {
    ("", ""): _("This cannot be taken as it is."),
    ("slot", "required"): _("Choose a time."),
    ("full_name", "required"): _("Write your name."),
    ("full_name", "too_long"): _("Write the name in at most 100 letters."),
    ("full_name", "no_letter"): _("Write the name in letters."),
    ("full_name", "bad_character"): _("Write the name on one line, without special characters."),
    ("phone", "required"): _("Write your mobile number."),
    ("phone", "invalid_phone"): _("Enter all 10 digits, for example 0912 345 678."),
    ("birth_year", "required"): _("Write the year of birth."),
    ("birth_year", "invalid_year"): _("Write the year in 4 digits, for example 1997."),
    ("date_of_birth", "required"): _("Write the date of birth."),
    ("date_of_birth", "invalid_date"): _("Write the date as in 1997-03-24."),
    ("email", "invalid_email"): _("Write the address as in ten@example.com, or leave it empty."),
    ("unit", "unknown_unit"): _("Choose a unit from the list."),
    ("consents", "consent_required"): _("This one is needed to hold a place."),
}
