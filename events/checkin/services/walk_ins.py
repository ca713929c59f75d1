"""Register somebody who comes without a registration, and check the person in.

Of a device that has ended nothing is registered: it is set apart, for an organizer to decide
(``late.py``), and the device is told nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import BigIntegerField, Value
from django.utils.translation import gettext as _

from accounts import audit
from accounts.attempts import Attempt
from accounts.models import Unit
from backend.errors import DomainError
from donors.identity import name_key
from donors.models import Purpose
from donors.people import Person
from donors.services import match_donor, record_consents
from events.checkin.models import (
    Device,
    LateWalkIn,
    Scan,
    ScanKind,
    StationKind,
    WalkIn,
)
from events.checkin.services.anew import in_fresh_transactions
from events.checkin.services.batch import Batch
from events.checkin.services.ledger import lock_device
from events.checkin.services.readings import Reading
from events.checkin.visit import corrected_time
from events.drives.models import Drive, random_id
from events.registrations import refusals
from events.registrations.models import Registration
from events.registrations.tickets import DAY_MARGIN, Verdict, make_code

# So many may wait for a decision, of one device: more than a desk registers in a day. What a stolen
# phone sends beyond is refused.
MOST_LATE: Final = 500


class WalkInRefused(DomainError):
    """Codes: ``wrong_day``, ``drive_cancelled``, ``id_taken``, ``too_many_late``."""


class WrongStation(DomainError):
    """Code: ``not_allowed``; the device is not one of the welcome desk."""

    status = 403


@dataclass(frozen=True, kw_only=True)
class WalkInForm:
    """What a device sends of somebody who stands before the desk.

    :param id: made on the device; the check-in is a scan under the same id.
    :param at: when it was, by the device's clock.
    :param clock_offset_ms: server minus device, where the device knows it.
    :param sent_at: by the device's clock too; none, and that clock is taken to be right.
    :param offline: the device has let the person in by itself, before it could ask.
    """

    id: UUID
    at: datetime
    person: Person
    consents: Collection[str] = (Purpose.REGISTRATION,)
    unit: Unit | None = None
    language: str = "vi"
    clock_offset_ms: int | None = None
    sent_at: datetime | None = None
    offline: bool = False


@dataclass(frozen=True, kw_only=True)
class WalkInResult:
    """What came of it.

    :param registration: none where it was set apart, or where the device has ended since.
    :param made_now: whether this call wrote it; an earlier one did otherwise.
    """

    registration: Registration | None
    merged: bool
    made_now: bool


@in_fresh_transactions
def register_walk_in(
    *, device: Device, form: WalkInForm, now: datetime, attempt: Attempt | None = None
) -> WalkInResult:
    """Register and check in; a person who is registered already is only checked in.

    A walk-in has no slot and holds no place: nobody is refused for capacity. Who was on a waiting
    list becomes one. The same id again gives the same result. From a device that has ended it is
    set apart, whatever age and day: these are for the organizer to hear of.

    :raises WalkInRefused: see there.
    :raises RegistrationRefused: ``too_young``, ``too_old``.
    :raises WrongStation: the device does not welcome people.
    :raises KeyReused: the attempt's key came before with another body.
    """
    drive = device.drive
    lock_device(device.pk)
    if attempt:
        attempt.claim(str(form.id), now=now)  # a repeat has the same id, and is found by it
    if first := _made_before(form.id, device, now=now):
        return first
    if StationKind.WELCOME not in device.stations:
        raise WrongStation("not_allowed", _("This device does not welcome people."))
    at, is_known = _moment(form, device, now=now)
    if device.ended_at <= now:
        return _set_apart(device, form, at=at, is_known=is_known, now=now)
    refuse_walk_in(drive, form.person, at=at)

    registration = _registered_already(drive, form.person)
    merged = registration is not None
    if registration is None:
        registration = create_walk_in(drive, form, at=at, now=now)
    keep_walk_in(form.id, device, registration, merged=merged, now=now)
    _check_in(registration, device, form, at=at, now=now)
    audit.record(
        "registration.walked_in",
        registration,
        by=None,
        at=now,
        unit_id=drive.unit_id,
        device_id=device.pk,
    )
    return WalkInResult(registration=_with_drive(registration.pk), merged=merged, made_now=True)


def _made_before(id: UUID, device: Device, *, now: datetime) -> WalkInResult | None:
    # Both in one statement: this is asked for each, and there is one for hardly any.
    late = LateWalkIn.objects.filter(pk=id).values_list(
        "drive_id", Value(None, BigIntegerField()), Value(value=False)
    )
    rows = WalkIn.objects.filter(pk=id).values_list("drive_id", "registration_id", "merged")
    made = next(iter(rows.union(late, all=True)), None)
    if made is None:
        return None
    drive_pk, registration_pk, merged = made
    if drive_pk != device.drive_id:
        raise _id_taken()
    if registration_pk is None or device.ended_at <= now:
        return WalkInResult(registration=None, merged=False, made_now=False)
    return WalkInResult(registration=_with_drive(registration_pk), merged=merged, made_now=False)


def _id_taken() -> WalkInRefused:
    return WalkInRefused("id_taken", _("This id has been used for something else."))


def _moment(form: WalkInForm, device: Device, *, now: datetime) -> tuple[datetime, bool]:
    """Return when the person came: by the device's clock where that can be, else at the latest.

    That is now, or the end of the device if it has ended. Where neither is of the day it is what
    the clock said, to be refused.

    :returns: with it, whether that is what the clock said.
    """
    said = corrected_time(
        scanned_at=form.at,
        clock_offset_ms=form.clock_offset_ms,
        sent_at=form.sent_at or now,
        received_at=now,
    )
    latest = now if now < device.ended_at else min(device.ended_at, device.drive.ends_at)
    at = next((at for at in (said, latest) if _is_of_the_day(at, device.drive)), said)
    return at, at == said


def _is_of_the_day(moment: datetime, drive: Drive) -> bool:
    return drive.starts_at - DAY_MARGIN <= moment <= drive.ends_at + DAY_MARGIN


def refuse_walk_in(drive: Drive, person: Person, *, at: datetime) -> None:
    """Raise where somebody who came at ``at`` cannot be registered.

    :raises WalkInRefused: ``drive_cancelled``, ``wrong_day``.
    :raises RegistrationRefused: ``too_young``, ``too_old``.
    """
    if drive.cancelled_at is not None:
        raise WalkInRefused("drive_cancelled", _("This donation day was cancelled."))
    if not _is_of_the_day(at, drive):
        raise WalkInRefused("wrong_day", _("This is not the day of the donation."))
    refusals.refuse_wrong_age(person, on=drive.date)


def registered_already(drive: Drive, people: Iterable[Person]) -> dict[Hashable, int]:
    """Return the living registrations of these people, by ``same_person``. No lock."""
    wanted = {key for person in people if (key := same_person(person))}
    phones = {phone for phone, _year, _name in wanted}
    rows = Registration.objects.living().filter(drive=drive, phone__in=phones).order_by("-pk")
    there = {
        (phone, year, name_key(name)): pk
        for pk, phone, year, name in rows.values_list("pk", "phone", "birth_year", "full_name")
    }
    return {key: there[key] for key in wanted & there.keys()}


def same_person(person: Person) -> tuple[str, int, str] | None:
    """Return what two walk-ins of the same person share; nothing for who left no phone."""
    if not person.phone:
        return None
    return person.phone, person.birth_year, name_key(person.full_name)


def _registered_already(drive: Drive, person: Person) -> Registration | None:
    """Return the living registration of the same person, locked."""
    if not person.phone:
        return None
    locked = Registration.objects.living().lock(registered_already(drive, [person]).values())
    return locked[0] if locked else None


def create_walk_in(drive: Drive, form: WalkInForm, *, at: datetime, now: datetime) -> Registration:
    """Write the registration of somebody who has none here, with what was agreed to."""
    person = form.person
    donor = match_donor(person, now=now)
    registration = Registration(
        public_id=random_id(),
        drive=drive,
        donor=donor,
        unit=form.unit,
        status=Registration.Status.REGISTERED,
        source=Registration.Source.WALK_IN,
        code=make_code(secrets.SystemRandom()),
        full_name=person.full_name,
        birth_year=person.birth_year,
        date_of_birth=person.date_of_birth,
        sex=person.sex,
        phone=person.phone,
        language=form.language,
        consent_reminders=Purpose.REMINDERS in form.consents,
        consent_invitations=Purpose.INVITATIONS in form.consents,
        walk_in_at=at,
        created_at=now,
    )
    # The same person twice at once: the constraint refuses one, which then finds the other.
    registration.save(force_insert=True)
    record_consents(
        donor,
        registration_id=registration.public_id,
        given=form.consents,
        channel="device",
        now=now,
    )
    return registration


def keep_walk_in(
    id: UUID, device: Device, registration: Registration, *, merged: bool, now: datetime
) -> None:
    """Write whom the device's id stands for."""
    WalkIn.objects.create(
        id=id,
        drive=device.drive,
        device=device,
        registration=registration,
        merged=merged,
        received_at=now,
    )


def _check_in(
    registration: Registration, device: Device, form: WalkInForm, *, at: datetime, now: datetime
) -> None:
    """Add the pass at the welcome desk. Staff have the person before them: no slot's time holds.

    Who was on a waiting list leaves it for as long as the pass counts.
    """
    reading = _pass(form, at=at, registration=registration.public_id)
    batch = Batch(device=device, drive=device.drive, sent_at=now, now=now, seats_waiting=True)
    batch.load([reading], early=early_passes(device, [form.id]))
    batch.take(reading)
    batch.settle()


def _pass(form: WalkInForm, *, at: datetime, registration: str | None = None) -> Reading:
    return Reading(
        id=form.id,
        station=StationKind.WELCOME.value,
        scanned_at=at,
        clock_offset_ms=0,
        registration=registration,
        kind=ScanKind.PASS.value,
        shown=Verdict.ACCEPTED.value if form.offline else None,
        offline=form.offline,
        admit=True,
    )


def early_passes(device: Device, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the device's passes that named these walk-ins before they came, each with its one."""
    rows = Scan.objects.filter(walk_in__in=ids, device=device, registration__isnull=True)
    return dict(rows.exclude(walk_in=None).values_list("pk", "walk_in"))  # type: ignore[arg-type]


def _set_apart(
    device: Device, form: WalkInForm, *, at: datetime, is_known: bool, now: datetime
) -> WalkInResult:
    """Keep what an ended device hands in, beside its scans: nobody is registered or let in.

    :raises WalkInRefused: ``too_many_late``, ``id_taken``.
    """
    if device.late_walk_ins.count() >= MOST_LATE:
        raise WalkInRefused(
            "too_many_late", _("Too many late registrations of this device wait for a decision.")
        )
    batch = Batch(device=device, drive=device.drive, sent_at=now, now=now)
    reading = _pass(form, at=at)
    batch.load([reading])
    if form.id in batch.visits.scans:
        raise _id_taken()
    batch.set_apart(reading, _late_verdict(device.drive, form.person))
    batch.settle()
    person = form.person
    late = LateWalkIn.objects.create(
        id=form.id,
        drive=device.drive,
        device=device,
        unit=form.unit,
        full_name=person.full_name,
        phone=person.phone,
        birth_year=person.birth_year,
        sex=person.sex,
        language=form.language,
        consents=list(form.consents),
        came_at=at,
        is_at_latest=not is_known,
    )
    audit.record(
        "walk_in.set_apart",
        late,
        by=None,
        at=now,
        unit_id=device.drive.unit_id,
        device_id=device.pk,
    )
    return WalkInResult(registration=None, merged=False, made_now=True)


def _late_verdict(drive: Drive, person: Person) -> str:
    """Judge the pass as of now, as any other: it is not judged again when it is taken."""
    same = registered_already(drive, [person]).values()
    is_in = Scan.objects.filter(registration__in=same, station=StationKind.WELCOME, counts=True)
    return (Verdict.ALREADY_SCANNED if is_in.exists() else Verdict.ACCEPTED).value


def _with_drive(pk: int) -> Registration:
    return Registration.objects.select_related("slot", "drive", "unit").get(pk=pk)
