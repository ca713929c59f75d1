"""How dates, hours and counts are spelled, in the language that is active.

Pages get these as filters (``{% load looks %}``), messages call them. No-break spaces stand where
a line must not break: between "thứ" and the day, between a number and what it counts.
"""

from datetime import date, datetime, time

from django.utils import translation

NBSP = "\N{NO-BREAK SPACE}"
EN_DASH = "\N{EN DASH}"
# What a browser sends, and what people type where it draws no picker: in both languages the day
# comes first. Django's own lists for them would read 05/12 as the 12th of May.
DAY_INPUT = ("%Y-%m-%d", "%d/%m/%Y")
MOMENT_INPUT = ("%Y-%m-%dT%H:%M", "%d/%m/%Y %H:%M")
_VIETNAMESE_MARKS = str.maketrans(",.", ".,")

_VIETNAMESE_DAYS = (
    "thứ Hai",
    "thứ Ba",
    "thứ Tư",
    "thứ Năm",
    "thứ Sáu",
    "thứ Bảy",
    "chủ nhật",
)
_ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ENGLISH_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _vietnamese() -> bool:
    return (translation.get_language() or "vi").startswith("vi")


def weekday(day: date) -> str:
    """Spell the day of the week as a title: ``Thứ Bảy``, ``Saturday``."""
    if _vietnamese():
        name = _VIETNAMESE_DAYS[day.weekday()].replace(" ", NBSP)
        return name[0].upper() + name[1:]
    return _ENGLISH_DAYS[day.weekday()]


def full_date(day: date) -> str:
    """Spell a date that stands alone: ``Thứ Bảy, 05/12/2026``, ``Saturday, 5 December 2026``."""
    if _vietnamese():
        return f"{weekday(day)}, {numeric_date(day)}"
    return f"{weekday(day)}, {day.day}{NBSP}{_ENGLISH_MONTHS[day.month - 1]} {day.year}"


def near_date(day: date) -> str:
    """Spell a date inside a sentence: ``thứ Bảy 05/12``, ``Saturday 5 December``."""
    if _vietnamese():
        name = _VIETNAMESE_DAYS[day.weekday()].replace(" ", NBSP)
        return f"{name} {day:%d/%m}"
    return f"{weekday(day)} {day.day}{NBSP}{_ENGLISH_MONTHS[day.month - 1]}"


def short_date(day: date) -> str:
    """Spell day and month where they are the biggest thing: ``05/12``, ``5 Dec``."""
    if _vietnamese():
        return f"{day:%d/%m}"
    return f"{day.day}{NBSP}{_ENGLISH_MONTHS[day.month - 1][:3]}"


def numeric_date(day: date) -> str:
    """Spell a date in figures: ``05/12/2026``, ``5 Dec 2026``."""
    if _vietnamese():
        return f"{day:%d/%m/%Y}"
    return f"{short_date(day)} {day.year}"


def clock(moment: datetime | time) -> str:
    """Spell an hour: ``08:30`` in both languages. The caller has set the zone."""
    return f"{moment:%H:%M}"


def hours(start: datetime | time, end: datetime | time) -> str:
    """Spell from when to when: ``07:00–11:30``."""
    return f"{clock(start)}{EN_DASH}{clock(end)}"


def count(number: float, decimals: int = 0) -> str:
    """Spell a number with its separators: ``1.124``, ``10,9``; in English ``1,124``, ``10.9``."""
    english = f"{number:,.{decimals}f}"
    return english.translate(_VIETNAMESE_MARKS) if _vietnamese() else english
