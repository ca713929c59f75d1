"""What this room's messages say: for each kind its letter as of now, or why it is not wanted.

No subject, sender, file name or calendar entry has a health word: mail is read over shoulders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from events.registrations.letters import Place
from events.registrations.models import Registration
from events.registrations.queries import waitlist_position
from notifications.kinds import Facts, NotWanted, register_kind
from notifications.letters import Letter
from notifications.models import Message


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
    say: Callable[[Place, Message], Letter],
    *,
    quiet: bool = False,
    superseded_by: Sequence[str] = (),
) -> None:
    def context(registration: Registration, message: Message, now: datetime) -> Letter:
        place = Place(registration=registration, now=now)
        place.refuse_erased()
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


def _registered(place: Place, message: Message) -> Letter:
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


def _promoted(place: Place, _message: Message) -> Letter:
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


def _waitlisted(place: Place, _message: Message) -> Letter:
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


def _reminder(place: Place, message: Message) -> Letter:
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


def _drive_changed(place: Place, message: Message) -> Letter:
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


def _drive_cancelled(place: Place, _message: Message) -> Letter:
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


def _cancelled(place: Place, message: Message) -> Letter:
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
