"""The calendar file of a place: one UID for its whole life, newer with each change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from backend.formats import clock
from events.registrations.models import Registration
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_url

FILE_NAME: Final = "giot-hong.ics"

# PUBLISH, not REQUEST: a request makes mail programs answer to the sender, and our answer is the
# person's own page. CANCEL takes the entry out again where PUBLISH put it in (RFC 5546, 3.2).
Method = Literal["PUBLISH", "CANCEL"]


def method_of(registration: Registration) -> Method:
    """Tell what the file does: ``CANCEL`` once the place is given up or the drive cancelled."""
    is_off = registration.is_cancelled or registration.drive.cancelled_at is not None
    return "CANCEL" if is_off else "PUBLISH"


def content_type(registration: Registration) -> str:
    """Return the file's type with its method, as mails and pages serve it."""
    return f"text/calendar; charset=utf-8; method={method_of(registration)}"


def ticket_calendar(registration: Registration, *, now: datetime) -> bytes:
    """Write the calendar file as of now, in the language that is active; it names no drive.

    A calendar is shared with colleagues, so no word in it tells what the appointment is.

    :param registration: with ``slot``, ``drive``, its ``venue`` and ``unit`` loaded; it has a slot.
    """
    slot, drive = registration.slot, registration.drive
    assert slot is not None
    method = method_of(registration)
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Giot Hong//giot-hong//VI")
    calendar.add("method", method)

    event = Event()
    event.add("uid", f"{registration.public_id}@giot-hong")
    event.add("sequence", drive.revision + registration.revision)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", slot.starts_at.astimezone(UTC))
    event.add("dtend", slot.ends_at.astimezone(UTC))
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event.add("summary", f"Giọt Hồng, {drive.unit.name}")
    event.add("location", f"{drive.venue.name}, {drive.venue.address}")
    event.add("class", "PRIVATE")
    event.add("organizer", _organizer(drive.unit.name))
    if method == "PUBLISH":
        url = manage_url(registration)
        event.add("url", url)
        event.add("description", _description(registration, url))
        event.add_component(_day_before(clock(slot.starts_at.astimezone(drive.tzinfo))))
    calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text


def _organizer(name: str) -> vCalAddress:
    """Both methods must name one, the same in every file."""
    organizer = vCalAddress(f"mailto:{settings.EMAIL_FROM.rpartition('<')[2].rstrip('> ')}")
    organizer.params["CN"] = vText(name)
    return organizer


def _description(registration: Registration, url: str) -> str:
    code = _("Ticket code: %(code)s") % {"code": format_code(registration.code)}
    change = _("Say that you come, change the time or give up the place: %(url)s") % {"url": url}
    return f"{code}\n{change}"


def _day_before(time: str) -> Alarm:
    """Remind also those who get no mail from us."""
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", timedelta(days=-1))
    alarm.add("description", f"Giọt Hồng, {time}")
    return alarm
