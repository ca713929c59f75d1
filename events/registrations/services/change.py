"""Correct what a registration states, confirm it, and change what was agreed to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from accounts import audit
from accounts.models import User
from backend.errors import refuse_duplicate
from backend.transactions import in_transaction
from donors.models import Purpose
from donors.people import Person
from donors.services import match_donor, record_consents, replace_donor
from events.registrations import refusals
from events.registrations.models import Registration
from events.registrations.outbox import queue_about
from events.registrations.services.locks import lock_with_slots
from events.registrations.services.move import move_registration, slot_in


@dataclass(frozen=True, kw_only=True)
class Change:
    """What should be different; ``None`` leaves a thing as it is."""

    slot_id: str | None = None
    full_name: str | None = None
    phone: str | None = None
    email: str | None = None
    consents: Collection[str] | None = None


@in_transaction
def change_registration(
    *,
    registration: Registration,
    change: Change,
    now: datetime,
    by: User | None = None,
    spares_letter: bool = False,
) -> Registration:
    """Change slot, name, contact or consents, all or nothing.

    :param spares_letter: the address had its letters today; the change is not told by mail.
    :raises RegistrationRefused: ``cancelled``, ``too_late``, ``already_registered``, and what
        ``move_registration`` refuses.
    """
    target = slot_in(registration.drive_id, change.slot_id) if change.slot_id else None
    changing = lock_with_slots(registration.pk, and_slots=[target.pk] if target else [])
    refusals.refuse_settled(changing, now=now, by=by)
    donor_before = changing.donor_id
    fields = _stated_anew(changing, change)
    if fields & {"full_name", "phone"}:
        _match_anew(changing, now=now)
        fields.add("donor")
    if change.consents is not None:
        fields |= _consent_anew(changing, change.consents, now=now, by=by)
    if fields:
        with refuse_duplicate(refusals.already_registered()):
            changing.save(update_fields=fields)
        if changing.donor_id != donor_before:
            replace_donor(
                registration_id=changing.public_id, earlier_id=donor_before, donor=changing.donor
            )
        audit.record(
            "registration.changed", changing, by=by, at=now, unit_id=changing.drive.unit_id
        )
    if target and target.pk != changing.slot_id:
        # Tells of the new contact too: a message is rendered when it is sent.
        return move_registration(
            registration=changing,
            slot_id=target.public_id,
            now=now,
            by=by,
            spares_letter=spares_letter,
        )
    if fields & {"email", "full_name"}:
        changing.revision += 1
        changing.save(update_fields=["revision"])
        kind = "waitlisted" if changing.is_waiting else "registered"
        queue_about(changing, kind, now=now, occasion=changing.revision, spared=spares_letter)
    return changing


@in_transaction
def confirm_registration(*, registration: Registration, now: datetime) -> Registration:
    """Note that the person said to come; again changes nothing.

    :raises RegistrationRefused: ``cancelled``, ``waitlisted``, ``too_late``.
    """
    [confirming] = Registration.objects.select_related("slot", "drive").lock([registration.pk])
    if confirming.is_waiting:
        raise refusals.still_waiting()
    refusals.refuse_settled(confirming, now=now, by=None)
    if confirming.confirmed_at is None:
        confirming.confirmed_at = now
        confirming.save(update_fields=["confirmed_at"])
        audit.record(
            "registration.confirmed", confirming, by=None, at=now, unit_id=confirming.drive.unit_id
        )
    return confirming


def _stated_anew(changing: Registration, change: Change) -> set[str]:
    fields: set[str] = set()
    for name in ("full_name", "phone", "email"):
        value = getattr(change, name)
        if value is not None and value != getattr(changing, name):
            setattr(changing, name, value)
            fields.add(name)
    return fields


def _match_anew(changing: Registration, *, now: datetime) -> None:
    person = Person(
        full_name=changing.full_name,
        phone=changing.phone,
        birth_year=changing.birth_year,
        date_of_birth=changing.date_of_birth,
        sex=changing.sex,
    )
    # Who was told apart from a namesake stays so, however the name is corrected.
    changing.donor = match_donor(person, now=now, apart=bool(changing.donor.variant))


def _consent_anew(
    changing: Registration, consents: Collection[str], *, now: datetime, by: User | None
) -> set[str]:
    wanted = {*consents, Purpose.REGISTRATION.value}
    given, withdrawn = wanted - set(changing.consents), set(changing.consents) - wanted
    if not given and not withdrawn:
        return set()
    changing.consent_reminders = Purpose.REMINDERS in wanted
    changing.consent_invitations = Purpose.INVITATIONS in wanted
    record_consents(
        changing.donor,
        registration_id=changing.public_id,
        given=sorted(given),
        withdrawn=sorted(withdrawn),
        channel="web" if by is None else "organizer",
        now=now,
    )
    return {"consent_reminders", "consent_invitations"}
