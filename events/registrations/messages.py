"""What this room's messages say: for each kind its letter as of now, or why it is not wanted.

No subject, sender, file name or calendar entry has a health word: mail is read over shoulders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Final

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from backend import formats
from backend.qr import qr_png
from backend.text import fold
from events.registrations.calendar import FILE_NAME, content_type, ticket_calendar
from events.registrations.models import Registration
from events.registrations.outbox import MANY_LETTERS
from events.registrations.queries import waitlist_position
from events.registrations.signing import ticket_of
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_url
from notifications.kinds import Facts, NotWanted, register_kind
from notifications.letters import File, Letter, Picture
from notifications.models import Message

# Twice as many as are shown, so that fine screens have whole pixels too.
_MODULE_PX: Final = 6
_SHOWN_MODULE_PX: Final = 3

_HEALTH_WORDS: Final = re.compile(
    r"\b(mau|benh|thuoc|xet nghiem|suc khoe|kham|huyet|blood|donor|donat\w*|health|medic\w*)\b"
)
_ADDRESS: Final = re.compile(r"[^\s,;<>()]+@[^\s,;<>()]+\.[^\s,;<>().]+")


def register_kinds() -> None:
    """Name the kinds; the app calls this once it is ready."""
    told_since = ["registered", "cancelled", "drive_cancelled"]
    _register("registered", _registered, superseded_by=told_since)
    _register("promoted", _promoted, superseded_by=told_since)
    _register("waitlisted", _waitlisted, superseded_by=["waitlisted", "promoted", *told_since])
    _register("reminder", _reminder, quiet=True)
    _register(
        "drive_changed",
        _drive_changed,
        superseded_by=["drive_changed", "cancelled", "drive_cancelled"],
    )
    _register("drive_cancelled", _drive_cancelled)
    _register("cancelled", _cancelled)


def _register(
    name: str,
    say: Callable[[_Place, Message], Letter],
    *,
    quiet: bool = False,
    superseded_by: Sequence[str] = (),
) -> None:
    def context(registration: Registration, message: Message, now: datetime) -> Letter:
        place = _Place(registration=registration, now=now)
        place.refuse_erased()
        if message.details.get("spared"):
            raise NotWanted(MANY_LETTERS)
        return say(place, message)

    register_kind(name, load=load, context=context, quiet=quiet, superseded_by=superseded_by)


def load(public_ids: Sequence[str]) -> Mapping[str, Facts]:
    """Read registrations and what their messages name; drives and slots once each."""
    registrations = list(Registration.objects.filter(public_id__in=public_ids))
    prefetch_related_objects(registrations, "slot", "drive__venue", "drive__unit")
    return {
        registration.public_id: Facts(
            subject=registration,
            language=registration.language,
            zone=registration.drive.tzinfo,
        )
        for registration in registrations
    }


@dataclass(frozen=True, kw_only=True)
class _Place:
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
        if self.days_until == 1:
            before = _("Tonight")
            if self.starts_at.hour < 11:
                on_the_day = _("Tomorrow morning")
        advice = [(_("Bring"), bring)]
        if self.days_until > 0:
            advice.append((before, _("go to bed early, no alcohol.")))
        return [*advice, (on_the_day, _("eat something light and drink enough water."))]


def _registered(place: _Place, message: Message) -> Letter:
    place.refuse_unless_held()
    if message.details.get("moved"):
        subject = _("Your new time: %(when)s") % {"when": place.when}
        lead = _("Your place is now at %(when)s. Your new ticket is below.")
    else:
        subject = _("Your place is held: %(when)s") % {"when": place.when}
        lead = _("Your place is held: %(when)s. Your ticket is below.")
    return place.letter(
        subject,
        lead=lead % {"when": place.when},
        button=_("Open my ticket"),
        links=_change_links(),
        with_ticket=True,
        with_calendar=True,
    )


def _promoted(place: _Place, _message: Message) -> Letter:
    place.refuse_unless_held()
    return place.letter(
        _("A place is yours: %(when)s") % {"when": place.when},
        lead=_("A %(time)s place is yours. If you can't come, please give it up.")
        % {"time": place.clock},
        button=_("I will come"),
        links=_change_links(),
        with_ticket=True,
        with_calendar=True,
    )


def _waitlisted(place: _Place, _message: Message) -> Letter:
    place.refuse_gone()
    position = waitlist_position(place.registration)
    if position is None:
        raise NotWanted("promoted")
    return place.letter(
        _("On the waiting list: %(when)s") % {"when": place.when},
        lead=_(
            "You are number %(position)s on the %(time)s waiting list."
            " We will write as soon as a place opens."
        )
        % {"position": position, "time": place.clock},
        button=_("Open my page"),
        links=[(_("Take another time"), "move"), (_("Stop waiting"), "cancel")],
    )


def _reminder(place: _Place, message: Message) -> Letter:
    place.refuse_unless_held()
    registration = place.registration
    if not registration.consent_reminders:
        raise NotWanted("no_consent")
    if place.now >= place.starts_at:
        raise NotWanted("over")
    on = message.details.get("on")
    if on is not None and date.fromisoformat(on) != registration.drive.date:
        raise NotWanted("moved")  # it is reminded of anew before its new date
    near = place.near_part_of_day
    if near:
        subject = _("See you at %(time)s %(near)s, %(day)s") % {
            "time": place.clock,
            "near": near,
            "day": place.day,
        }
        lead = _("We are ready for you %(near)s.") % {"near": near}
    else:
        subject = _("See you at %(when)s") % {"when": place.when}
        lead = _("We keep a place for you at %(when)s.") % {"when": place.when}
    confirmed = registration.confirmed_at is not None
    ask = _("Thank you for saying that you come.") if confirmed else _("Please tell us:")
    return place.letter(
        subject,
        lead=f"{lead} {ask}",
        button=_("Open my ticket") if confirmed else _("I will come"),
        links=_change_links(),
        with_ticket=True,
        stoppable=True,
    )


def _drive_changed(place: _Place, message: Message) -> Letter:
    place.refuse_unless_held()
    if message.details.get("changed") == ["venue"]:
        subject = _("New place for %(when)s")
        lead = _("You are expected at another place: %(where)s. The time stays: %(when)s.")
    else:
        subject = _("New time: %(when)s")
        lead = _("The organizers moved your time. It is now %(when)s, at %(where)s.")
    words = {"when": place.when, "where": place.where}
    return place.letter(
        subject % {"when": place.when},
        lead=lead % words,
        button=_("I will come"),
        links=_change_links(),
        with_ticket=True,
        with_calendar=True,
    )


def _drive_cancelled(place: _Place, _message: Message) -> Letter:
    drive = place.registration.drive
    if drive.cancelled_at is None:
        raise NotWanted("not_cancelled")
    return place.letter(
        _("Called off: %(when)s") % {"when": place.when},
        lead=_("%(when)s does not take place. We are sorry.") % {"when": place.when},
        reason=drive.cancel_reason,
        button=_("Open my page"),
        with_place=False,
        with_calendar=True,
    )


def _cancelled(place: _Place, message: Message) -> Letter:
    registration = place.registration
    if not registration.is_cancelled:
        raise NotWanted("not_cancelled")
    waited = registration.placed_at is None
    if message.details.get("by_organizer"):
        subject = _("Your place was taken back: %(when)s")
        lead = _("The organizers took back your place at %(when)s.")
        if waited:
            subject = _("No place this time: %(when)s")
            lead = _("The waiting list for %(when)s was closed.")
    elif waited:
        subject = _("Off the waiting list: %(when)s")
        lead = _("You are no longer on the waiting list. Thank you for telling us early.")
    else:
        subject = _("Your place is released: %(when)s")
        lead = _("Your place is released. Thank you for telling us early.")
    return place.letter(
        subject % {"when": place.when},
        lead=lead % {"when": place.when} if "%(" in lead else lead,
        reason=str(message.details.get("reason") or ""),
        button=_("Open my page"),
        with_place=False,
        with_calendar=not waited,
    )


def _change_links() -> list[tuple[str, str]]:
    return [(_("Change the time"), "move"), (_("Give up the place"), "cancel")]


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
