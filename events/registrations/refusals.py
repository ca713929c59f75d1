"""What registering, moving and giving up may be refused for: codes and sentences."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext as _

from accounts.models import User
from backend.errors import DomainError
from donors.identity import certainly_too_old, certainly_too_young
from donors.people import Person
from events.drives.models import Drive, DriveStatus, Slot
from events.registrations.models import Registration
from events.registrations.queries import nearest_free_slots


class RegistrationRefused(DomainError):
    """Codes: ``slot_full``, ``already_registered``, ``registration_closed``,
    ``registration_not_open``, ``drive_cancelled``, ``cancelled``, ``waitlisted``, ``too_late``;
    with ``field``: ``too_young``, ``too_old``, ``unknown_slot``.
    """


def slot_full(slot: Slot, *, now: datetime) -> RegistrationRefused:
    """Return the refusal with the nearest free times of the same drive."""
    return RegistrationRefused(
        "slot_full",
        _("This time has just filled up. Please choose another."),
        alternatives=nearest_free_slots(slot, now=now),
    )


def already_registered() -> RegistrationRefused:
    return RegistrationRefused(
        "already_registered",
        _("There is already such a registration here. Lost the ticket? Have it sent again."),
    )


def too_late() -> RegistrationRefused:
    return RegistrationRefused("too_late", _("It is too late to change this place."))


def was_cancelled() -> RegistrationRefused:
    return RegistrationRefused("cancelled", _("This place was given up. Please register again."))


def unknown_slot() -> RegistrationRefused:
    return RegistrationRefused("unknown_slot", _("Choose a time."), field="slot")


def registration_closed() -> RegistrationRefused:
    return RegistrationRefused("registration_closed", _("Registration is closed."))


def drive_cancelled() -> RegistrationRefused:
    return RegistrationRefused("drive_cancelled", _("This donation day was cancelled."))


def refuse_dead_drive(drive: Drive, *, now: datetime) -> None:
    """Raise where not even an organizer may add or move somebody: draft, cancelled or past."""
    match drive.status_without_places(now):
        case DriveStatus.CANCELLED:
            raise drive_cancelled()
        case DriveStatus.DRAFT | DriveStatus.PAST:
            raise registration_closed()


def still_waiting() -> RegistrationRefused:
    return RegistrationRefused("waitlisted", _("There is no place to confirm yet."))


def refuse_settled(registration: Registration, *, now: datetime, by: User | None) -> None:
    """Raise where nothing can be changed any more: given up, arrived, or the time has come.

    Organizers may still move or cancel somebody who is late, until the drive is over.
    """
    if registration.is_cancelled:
        raise was_cancelled()
    if registration.is_in:
        raise too_late()
    ends = registration.slot.starts_at if registration.slot and by is None else None
    if now >= (ends or registration.drive.ends_at):
        raise too_late()


def refuse_closed_drive(drive: Drive, *, now: datetime) -> None:
    """Raise where the drive takes no registrations from the public at ``now``."""
    match drive.status_without_places(now):
        case None:
            return
        case DriveStatus.CANCELLED:
            raise drive_cancelled()
        case DriveStatus.NOT_OPEN:
            raise RegistrationRefused(
                "registration_not_open", _("Registration has not opened yet.")
            )
        case _other:
            raise registration_closed()


def refuse_wrong_age(person: Person, *, on: date) -> None:
    """Raise where year or date of birth make it certain that the age does not allow giving blood.

    18 and over, under 61: TT 26/2013/TT-BYT, Điều 4 khoản 1 ("đủ 18 đến 60 tuổi").
    """
    birth = person.date_of_birth or person.birth_year
    field = "date_of_birth" if person.date_of_birth else "birth_year"
    if certainly_too_young(birth, on):
        raise RegistrationRefused(
            "too_young", _("Donors must be 18 on the day of the donation."), field=field
        )
    if certainly_too_old(birth, on):
        raise RegistrationRefused("too_old", _("Donors must be 60 or younger."), field=field)
