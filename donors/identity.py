"""Names, phones and ages: read, normalize, mask, compare. Citizen cards are read on devices only.

Pure: no Django, no clock, nothing kept. `frontend/shared/identity.ts` is its twin for what a device
needs; both run `tests/vectors/identity.json`.
"""

import re
import unicodedata
from datetime import date
from typing import Final, NamedTuple

import phonenumbers

from backend.text import fold

NAME_LENGTH: Final = 100
NAME_KEY_LENGTH: Final = 255  # of name_search and name_sort; what is longer is cut
MINIMUM_AGE: Final = 18  # TT 26/2013/TT-BYT, Đ3: from 18 …
REFUSED_FROM_AGE: Final = 61  # … to 60: read as through the whole year in which one is 60

Birth = int | date
"""A birth year, or the whole date where it is known."""


class InvalidIdentity(ValueError):
    """A name or phone that cannot be taken. ``code`` is for machines and never changes.

    Codes: ``blank``, ``too_long``, ``no_letter``, ``bad_character`` (names);
    ``blank``, ``invalid_phone`` (phones).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# --- Names -----------------------------------------------------------------------------------

_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u200c\u200d")  # part of real names in Persian and in Indic scripts
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")  # letters by category that show nothing


def clean_name(text: str) -> str:
    """Give the name as it is kept: trimmed, NFC, single spaces, without invisible characters.

    What a chat app pastes along unseen (zero-width spaces, a byte-order mark) is dropped, not held
    against the person; joiners stay where they stand between letters.

    :raises InvalidIdentity: ``blank``, ``too_long``, ``no_letter``, ``bad_character``.
    """
    if len(text) > 20 * NAME_LENGTH:
        raise InvalidIdentity("too_long")
    text = text.strip()
    if any(unicodedata.category(c) in ("Cc", "Cs") or c in _DIRECTION for c in text):
        raise InvalidIdentity("bad_character")
    text = "".join(c for c in text if c in _JOINERS or not _is_invisible(c))
    visible = "".join(c for i, c in enumerate(text) if c not in _JOINERS or _joins_a_word(text, i))
    name = " ".join(unicodedata.normalize("NFC", visible).split())
    if not name:
        raise InvalidIdentity("blank")
    if len(name) > NAME_LENGTH:
        raise InvalidIdentity("too_long")
    if not any(c.isalpha() for c in name):
        raise InvalidIdentity("no_letter")
    return name


def _is_invisible(c: str) -> bool:
    return c in _BLANK_LETTERS or unicodedata.category(c) == "Cf"


def _joins_a_word(text: str, i: int) -> bool:
    around = text[i - 1 : i] + text[i + 1 : i + 2]
    return len(around) == 2 and all(unicodedata.category(c)[0] in "LM" for c in around)


def name_search(name: str) -> str:
    """Give the name as it is searched and compared: no accents, no case, single spaces."""
    return fold(name)[:NAME_KEY_LENGTH]


_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_DIGITS = "0123456789"
# Two digits each, so that no letter's code begins another's: digits 01–10, letters 11–43.
_ORDER = {c: f"{n:02}" for n, c in enumerate(_DIGITS + _ALPHABET, start=1)}
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
_SHAPES = frozenset("\u0302\u0306\u031b")  # circumflex, breve, horn: they make another letter


def name_sort(name: str) -> str:
    """Give a key that orders names as in Vietnam: given name, then family name, then the middle.

    Within a syllable the letters count before the tone (ngang, huyền, hỏi, ngã, sắc, nặng). The key
    is digits only: every collation of every database orders those in the same way.
    """
    words = unicodedata.normalize("NFD", name.translate(_ETH).casefold()).split()
    given_family_middle = [*words[-1:], *words[:1], *words[1:-1]] if len(words) > 1 else words
    return "".join(_syllable_sort(word) for word in given_family_middle)[:NAME_KEY_LENGTH]


_ETH = str.maketrans("Ðð", "Đđ")


def _syllable_sort(word: str) -> str:
    codes: list[str] = []
    tone = "0"
    for c in _letters_with_shape(word):
        if c in _TONES:
            tone = _TONES[c]
        elif c in _ORDER:
            codes.append(_ORDER[c])
        elif c.isalnum():  # another script: after all Latin letters, by code point
            codes.append(f"9{ord(c):07}")
    return "".join(codes) + "00" + tone  # 00 ends a word: a shorter one comes first


def _letters_with_shape(word: str) -> list[str]:
    """Split decomposed text into letters, with ă â ê ô ơ ư put together again, and marks."""
    letters: list[str] = []
    last = -1  # where the last letter lies: a tone may stand between it and its shape
    for c in word:
        if c in _SHAPES and letters:
            composed = unicodedata.normalize("NFC", letters[last] + c)
            if len(composed) == 1:
                letters[last] = composed
                continue
        letters.append(c)
        if unicodedata.category(c)[0] != "M":
            last = len(letters) - 1
    return letters


# --- Phones ----------------------------------------------------------------------------------

# The allocated mobile ranges, without the 0. Not left to phonenumbers: it refuses whole ranges that
# are allocated but were empty when its data was made (052x, 055x, 0890–0895), and people get them.
_VN_MOBILE = re.compile(r"(3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-46-9])[0-9]{7}")
_VN_PREFIX = re.compile(r"\+84(?:0)?|0084(?:0)?|84|0")
_PHONE_SEPARATORS = re.compile(r"[\s.,()/\\\-_·•‐‑‒–—−]+")
_PHONE_LENGTH: Final = 40


def parse_phone(text: str) -> str:
    """Give the number as E.164: a Vietnamese mobile in any usual spelling, or one with ``+``.

    :raises InvalidIdentity: ``blank``, ``invalid_phone``.
    """
    # Phones put direction marks around a number that is copied from the contacts.
    text = "".join(c for c in text[: 2 * _PHONE_LENGTH] if unicodedata.category(c) != "Cf")
    text = _PHONE_SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    if not text:
        raise InvalidIdentity("blank")
    if not re.fullmatch(r"\+?[0-9]{6,20}", text):
        raise InvalidIdentity("invalid_phone")
    prefix = _VN_PREFIX.match(text)
    if prefix and _VN_MOBILE.fullmatch(text, prefix.end()):
        return "+84" + text[prefix.end() :]
    if not text.startswith("+"):
        raise InvalidIdentity("invalid_phone")
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise InvalidIdentity("invalid_phone") from None
    if number.country_code == 84 or not phonenumbers.is_valid_number(number):
        raise InvalidIdentity("invalid_phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def format_phone(phone: str, *, space: str = " ") -> str:
    """Give an E.164 number as people write it: ``0912 345 678``, others with ``+`` and country.

    :param space: what stands between the groups, for example a no-break space.
    """
    if phone.startswith("+84") and len(phone) == 12:
        return space.join(("0" + phone[3:6], phone[6:9], phone[9:]))
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL).replace(
        " ", space
    )


def phone_last4(phone: str) -> str:
    """Give the last four digits; less where there are not so many."""
    return re.sub(r"[^0-9]", "", phone)[-4:]


def mask_phone(phone: str) -> str:
    """Give ``•••• 0483``: enough to tell two people apart, too little to call one of them."""
    last4 = phone_last4(phone)
    return f"•••• {last4}" if last4 else ""


# --- Ages ------------------------------------------------------------------------------------


def certainly_too_young(birth: Birth, on: date) -> bool:
    """Whether the person is under 18 on that day whatever the day of birth within the year."""
    born = birth if isinstance(birth, date) else (birth, 1, 1)
    return _full_years(born, on) < MINIMUM_AGE


def certainly_too_old(birth: Birth, on: date) -> bool:
    """Whether the person is 61 or over on that day whatever the day of birth within the year."""
    born = birth if isinstance(birth, date) else (birth, 12, 31)
    return _full_years(born, on) >= REFUSED_FROM_AGE


def _full_years(born: date | tuple[int, int, int], on: date) -> int:
    year, month, day = (born.year, born.month, born.day) if isinstance(born, date) else born
    return on.year - year - ((on.month, on.day) < (month, day))


# --- The same person -------------------------------------------------------------------------


class SamePerson(NamedTuple):
    """What two registrations of the same person have in common; equal means the same."""

    phone: str
    name: str
    birth_year: int


def name_key(name: str) -> str:
    """Give the name for comparing people: without accents, case and spaces."""
    return name_search(name).replace(" ", "")


def same_person_key(phone: str, name: str, birth_year: int) -> SamePerson:
    """Give what is compared to find the same person at a drive; ``phone`` is E.164.

    Two people may share all of it and differ in their accents: see ``same_spelling``.
    """
    return SamePerson(phone, name_key(name), birth_year)


def same_spelling(one: str, other: str) -> bool:
    """Whether two names are the same with their accents; case and spaces do not count."""
    return _spelling(one) == _spelling(other)


def _spelling(name: str) -> tuple[str, frozenset[tuple[int, str]]]:
    """The letters, and each other mark with the group of vowels it is on: "Hòa" is "Hoà"."""
    text = "".join(unicodedata.normalize("NFD", name.translate(_ETH).casefold()).split())
    letters = ""
    marks: set[tuple[int, str]] = set()
    group = 0
    for c in _letters_with_shape(text):
        if unicodedata.category(c)[0] == "M":
            marks.add((group, c))
            continue
        if not (letters and _is_vowel(letters[-1]) and _is_vowel(c)):
            group = len(letters)
        letters += c
    return letters, frozenset(marks)


def _is_vowel(letter: str) -> bool:
    return letter in "aăâeêioôơuưy"
