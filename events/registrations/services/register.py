"""Give a person a place in a slot."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists

from accounts import audit
from accounts.attempts import Attempt
from accounts.models import Unit, User
from backend.compiled import Compiled
from backend.rows import gathered, insert
from backend.transactions import in_transaction
from donors.identity import name_key, same_spelling
from donors.models import Purpose
from donors.people import Person
from donors.services import match_donor, record_consents
from events.drives.models import Drive, Slot, random_id
from events.registrations import refusals
from events.registrations.models import Registration, RegistrationQuerySet
from events.registrations.outbox import queue_about
from events.registrations.tickets import make_code


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person asks for and agrees to, besides who they are.

    :param consents: values of ``Purpose``; ``registration`` must be among them.
    :param screening_rules: version of the rules of a pre-screen that was done, or ``""``.
    :param spares_letter: the address had its letters today; the place is not told of by mail.
    :param different_person: names differ in their accents from somebody registered: not the same.
    """

    email: str = ""
    unit: Unit | None = None
    language: str = "vi"
    consents: Collection[str] = (Purpose.REGISTRATION,)
    screening_rules: str = ""
    join_waitlist: bool = False
    different_person: bool = False
    spares_letter: bool = False


class _CameBefore(Exception):
    """The attempt's key was bound by another call while this one wrote."""


def register_donor(
    *,
    drive: Drive,
    slot_id: str,
    person: Person,
    wishes: Wishes,
    attempt: Attempt,
    now: datetime,
    by: User | None = None,
    source: Registration.Source = Registration.Source.ONLINE,
) -> tuple[Registration, bool]:
    """Give this person a place in a slot, or on its waiting list; the same attempt changes nothing.

    :param slot_id: the slot's public id.
    :param by: the organizer or secretary who acts; they may register after closing.
    :returns: the registration, and whether it was made by an earlier call of the same attempt.
    :raises RegistrationRefused: see there.
    :raises KeyReused: the attempt's key came before with another body.
    """
    try:
        registration = _register(
            drive=drive,
            slot_id=slot_id,
            person=person,
            wishes=wishes,
            attempt=attempt,
            now=now,
            by=by,
            source=source,
        )
    except (refusals.RegistrationRefused, _CameBefore):
        # Of two calls of one attempt the later one is refused: its own place is in its way.
        if (first := attempt.first()) is None:
            raise
        rows = Registration.objects.select_related("slot", "drive", "unit")
        return rows.get(public_id=first), True
    return registration, False


@in_transaction
def _register(
    *,
    drive: Drive,
    slot_id: str,
    person: Person,
    wishes: Wishes,
    attempt: Attempt,
    now: datetime,
    by: User | None,
    source: Registration.Source,
) -> Registration:
    public_id = random_id()
    slot, has_namesake = _locked_slot(drive, slot_id, person)
    drive = slot.drive
    _refuse_closed(slot, by=by, now=now)
    refusals.refuse_wrong_age(person, on=drive.date)
    if has_namesake and not (wishes.different_person and _is_another(drive, person)):
        raise refusals.already_registered()
    is_full = slot.taken >= slot.booking_limit
    if is_full and not wishes.join_waitlist:
        raise refusals.slot_full(slot, now=now)

    with gathered():
        donor = match_donor(person, now=now, apart=has_namesake)
        registration = Registration(
            public_id=public_id,
            drive=drive,
            slot=slot,
            donor=donor,
            unit=wishes.unit,
            status=Registration.Status.WAITLISTED if is_full else Registration.Status.REGISTERED,
            source=source,
            code=make_code(secrets.SystemRandom()),
            full_name=person.full_name,
            birth_year=person.birth_year,
            date_of_birth=person.date_of_birth,
            sex=person.sex,
            phone=person.phone,
            email=wishes.email,
            language=wishes.language,
            consent_reminders=Purpose.REMINDERS in wishes.consents,
            consent_invitations=Purpose.INVITATIONS in wishes.consents,
            screening_rules=wishes.screening_rules,
            screened_at=now if wishes.screening_rules else None,
            created_at=now,
            placed_at=None if is_full else now,
        )
        registration.take_name()
        insert(registration, on_conflict="DO NOTHING")
        record_consents(
            donor,
            registration_id=public_id,
            given=wishes.consents,
            channel="web" if by is None else "organizer",
            now=now,
        )
        audit.record("registration.created", registration, by=by, at=now, unit_id=drive.unit_id)
        kind = "waitlisted" if is_full else "registered"
        queue_about(registration, kind, now=now, spared=wishes.spares_letter)
        bound = attempt.bind(public_id, now=now)
    # What was left out is there already; what was written beside it is undone.
    if bound is not None and bound.pk is None:
        raise _CameBefore
    if registration.pk is None:
        raise refusals.already_registered()
    return registration


def _locked_slot(drive: Drive, slot_id: str, person: Person) -> tuple[Slot, bool]:
    """Lock, then count: two donors must not both see the last place.

    The drive is read after the lock too: cancelling it takes the same lock.

    :returns: the slot, and whether somebody with this phone, birth year and unaccented name is
        registered for the drive already.
    """
    if not (found := _lock(drive=drive.pk, public_id=slot_id)):
        raise refusals.unknown_slot()
    [slot] = _slot_now(
        pk=found[0][0],
        drive=drive.pk,
        phone=person.phone,
        name_key=name_key(person.full_name),
        birth_year=person.birth_year,
    )
    return slot, vars(slot)["has_namesake"]


def _refuse_closed(slot: Slot, *, by: User | None, now: datetime) -> None:
    if by is None:
        refusals.refuse_closed_drive(slot.drive, now=now)
        closed = not slot.open_at(now)
    else:
        refusals.refuse_dead_drive(slot.drive, now=now)
        closed = not slot.is_open or now >= slot.ends_at
    if closed:
        raise refusals.registration_closed()


def _namesakes(*, drive: int, phone: str, name_key: str, birth_year: int) -> RegistrationQuerySet:
    """Keep who is registered with the same phone, birth year and name without accents.

    Without a phone nobody is: a donor's phone is never ``""``.
    """
    return Registration.objects.living().filter(
        drive=drive, donor__phone=phone, donor__name_key=name_key, donor__birth_year=birth_year
    )


def _is_another(drive: Drive, person: Person) -> bool:
    """Tell whether the name differs in its accents from each namesake's."""
    names = _namesakes(
        drive=drive.pk,
        phone=person.phone,
        name_key=name_key(person.full_name),
        birth_year=person.birth_year,
    ).values_list("full_name", flat=True)
    return not any(same_spelling(name, person.full_name) for name in names)


# A rush meets these two.
_lock: Compiled[tuple[int]] = Compiled(
    lambda drive, public_id: (
        Slot.objects.filter(drive=drive, public_id=public_id)
        .select_for_update(no_key=True)
        .order_by()
        .values_list("pk")
    ),
    drive=1_000_001,
    public_id="0123456789abcdef",
)
_slot_now: Compiled[Slot] = Compiled(
    lambda pk, **who: (
        Slot.objects.with_taken()
        .select_related("drive")
        .annotate(has_namesake=Exists(_namesakes(**who)))
        .filter(pk=pk)
        .order_by()
    ),
    pk=1_000_001,
    drive=1_000_002,
    phone="+84912000486",
    name_key="nguyenvanan",
    birth_year=1997,
)
