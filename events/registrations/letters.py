"""A registration as its letters see it, and what all of them share: place, code, files, advice.

No subject, sender, file name or calendar entry has a health word: mail is read over shoulders.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from django.utils.translation import gettext as _

from backend import formats
from backend.qr import qr_png
from backend.text import fold
from events.registrations.calendar import FILE_NAME, content_type, ticket_calendar
from events.registrations.models import Registration
from events.registrations.signing import ticket_of
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_url
from notifications.kinds import NotWanted
from notifications.letters import File, Letter, Picture

# Twice as many as are shown, so that fine screens have whole pixels too.
_MODULE_PX: Final = 6
_SHOWN_MODULE_PX: Final = 3

_NIGHT_ENDS: Final = 4  # o'clock

_HEALTH_WORDS: Final = re.compile(
    r"\b(mau|benh|thuoc|xet nghiem|suc khoe|kham|huyet|blood|donor|donat\w*|health|medic\w*)\b"
)
_ADDRESS: Final = re.compile(r"[^\s,;<>()]+@[^\s,;<>()]+\.[^\s,;<>().]+")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A registration as its letters see it, at ``now``."""

    registration: Registration
    now: datetime

    def refuse_erased(self) -> None:
        if self.registration.erased_at is not None:
            raise NotWanted("erased")
        if self.registration.drive.is_rehearsal:
            raise NotWanted("rehearsal")

    def refuse_unless_held(self) -> None:
        """Raise where there is no place to come to any more."""
        self.refuse_gone()
        if self.registration.is_waiting:
            raise NotWanted("waitlisted")

    def refuse_gone(self) -> None:
        registration = self.registration
        if registration.drive.cancelled_at is not None:
            raise NotWanted("drive_cancelled")
        if registration.is_cancelled:
            raise NotWanted("cancelled")
        if registration.is_in:
            raise NotWanted("arrived")
        if registration.slot is None or self.now >= registration.slot.ends_at:
            raise NotWanted("over")

    @cached_property
    def starts_at(self) -> datetime:
        registration = self.registration
        return registration.ticket_starts_at().astimezone(registration.drive.tzinfo)

    @cached_property
    def clock(self) -> str:
        return formats.clock(self.starts_at)

    @cached_property
    def day(self) -> str:
        return formats.near_date(self.starts_at)

    @cached_property
    def when(self) -> str:
        """Time and day, as they stand in a sentence: "08:30, thứ Bảy 05/12"."""
        return f"{self.clock}, {self.day}"

    @cached_property
    def days_until(self) -> int:
        today = self.now.astimezone(self.registration.drive.tzinfo).date()
        return (self.starts_at.date() - today).days

    @cached_property
    def near_part_of_day(self) -> str:
        """Return "sáng mai" and the like; ``""`` where the day is further away."""
        match self.days_until, _part_of_day(self.starts_at.hour):
            case 0, "morning":
                return _("this morning")
            case 0, "noon":
                return _("at noon today")
            case 0, "afternoon":
                return _("this afternoon")
            case 0, "evening":
                return _("this evening")
            case 1, "morning":
                return _("tomorrow morning")
            case 1, "noon":
                return _("at noon tomorrow")
            case 1, "afternoon":
                return _("tomorrow afternoon")
            case 1, "evening":
                return _("tomorrow evening")
        return ""

    @cached_property
    def url(self) -> str:
        return manage_url(self.registration)

    @cached_property
    def where(self) -> str:
        venue = self.registration.drive.venue
        return f"{venue.name}, {venue.address}"

    def letter(
        self,
        subject: str,
        *,
        lead: str,
        button: str,
        links: Sequence[tuple[str, str]] = (),
        reason: str = "",
        with_place: bool = True,
        with_ticket: bool = False,
        with_calendar: bool = False,
        stoppable: bool = False,
    ) -> Letter:
        """Put together what all letters share.

        :param links: words, and pages below the own one; a link opens them, a button there does it.
        :param stoppable: offers to stop such messages.
        """
        registration, drive = self.registration, self.registration.drive
        contact = "" if _has_health_word(drive.contact) else drive.contact
        pictures: list[Picture] = []
        code = picture_px = None
        if with_ticket:
            png = qr_png(ticket_of(registration), module_px=_MODULE_PX)
            pictures.append(Picture(name="ticket", png=png))
            code, picture_px = format_code(registration.code), _width_of(png)
        files: list[File] = []
        if with_calendar and registration.slot is not None:
            calendar = ticket_calendar(registration, now=self.now)
            files.append(
                File(name=FILE_NAME, content_type=content_type(registration), content=calendar)
            )
        return Letter(
            to=registration.email,
            subject=subject,
            template="registrations/mail/place",
            sender=drive.unit.name,
            reply_to=_address_in(contact),
            own_page=self.url if stoppable else "",
            pictures=pictures,
            files=files,
            context={
                "unit": drive.unit.name,
                "name": _called(registration.full_name, registration.language),
                "lead": lead,
                "reason": reason,
                "button": button,
                "url": self.url,
                "links": [{"label": label, "url": f"{self.url}{page}/"} for label, page in links],
                "clock": self.clock if with_place else "",
                "date": formats.full_date(self.starts_at),
                "short_date": formats.short_date(self.starts_at),
                "venue": drive.venue,
                "place": self.where,
                "code": code,
                "picture": "ticket" if pictures else "",
                "picture_px": picture_px,
                "advice": self._advice() if with_ticket else [],
                "contact": contact,
                "stop_url": f"{self.url}details/" if stoppable else "",
            },
        )

    def _advice(self) -> list[tuple[str, str]]:
        """What to bring, and the evening and hours before, each as a bold word and the rest."""
        bring = self.registration.drive.bring.strip()
        if not bring or _has_health_word(bring):
            bring = _("an identity card or another paper with a photo.")
        before, on_the_day = _("The evening before"), _("Before you come")
        # Who is to come in the small hours has no night's sleep before, and no morning.
        has_night = self.starts_at.hour >= _NIGHT_ENDS
        if self.days_until == 1 and has_night:
            before = _("Tonight")
            if self.starts_at.hour < 11:
                on_the_day = _("Tomorrow morning")
        advice = [(_("Bring"), bring)]
        if self.days_until > 0 and has_night:
            advice.append((before, _("go to bed early, no alcohol.")))
        return [*advice, (on_the_day, _("eat something light and drink enough water."))]


def _part_of_day(hour: int) -> str:
    if hour < 11:
        return "morning"
    if hour < 13:
        return "noon"
    return "afternoon" if hour < 18 else "evening"


def _called(full_name: str, language: str) -> str:
    """Return how somebody is greeted: by given name, which comes last in Vietnamese names."""
    words = full_name.split()
    if language != "vi" or len(words) < 2:
        return full_name
    return " ".join(words[-2:] if len(words) > 3 else words[-1:])


def _has_health_word(text: str) -> bool:
    return _HEALTH_WORDS.search(fold(text)) is not None


def _address_in(contact: str) -> str:
    found = _ADDRESS.search(contact)
    return found[0] if found and found[0].isascii() else ""


def _width_of(png: bytes) -> int:
    """Return how wide to show a code: the picture's own width (in its header) at half size."""
    return int.from_bytes(png[16:20]) * _SHOWN_MODULE_PX // _MODULE_PX
