"""Register somebody who comes without a registration, and check the person in."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts import audit
from accounts.attempts import Attempt
from accounts.models import Unit
from backend.errors import DomainError
from donors.identity import name_key
from donors.models import Purpose
from donors.people import Person
from donors.services import match_donor, record_consents
from events.checkin.models import Device, ScanKind, StationKind, WalkIn
from events.checkin.services.anew import in_fresh_transactions
from events.checkin.services.batch import Batch
from events.checkin.services.ledger import lock_device
from events.checkin.services.readings import Reading
from events.checkin.visit import corrected_time
from events.drives.models import Drive, random_id
from events.registrations import refusals
from events.registrations.models import Registration
from events.registrations.tickets import DAY_MARGIN, Verdict, make_code


class WalkInRefused(DomainError):
    """Codes: ``wrong_day``, ``drive_cancelled``, ``id_taken``."""


class WrongStation(DomainError):
    """Code: ``not_allowed``; the device is not one of the welcome desk."""

    status = 403


@dataclass(frozen=True, kw_only=True)
class WalkInForm:
    """What a device sends of somebody who stands before the desk.

    :param id: made on the device; the check-in is a scan under the same id.
    :param at: when it was, by the device's clock.
    :param clock_offset_ms: server minus device, where the device knows it.
    :param offline: the device has let the person in by itself, before it could ask.
    """

    id: UUID
    at: datetime
    person: Person
    consents: Collection[str] = (Purpose.REGISTRATION,)
    unit: Unit | None = None
    language: str = "vi"
    clock_offset_ms: int | None = None
    offline: bool = False


@dataclass(frozen=True, kw_only=True)
class WalkInResult:
    """:param made_now: whether this call wrote it; an earlier one did otherwise."""

    registration: Registration
    merged: bool
    made_now: bool


@in_fresh_transactions
def register_walk_in(
    *, device: Device, form: WalkInForm, now: datetime, attempt: Attempt | None = None
) -> WalkInResult:
    """Register and check in; a person who is registered already is only checked in.

    A walk-in has no slot and holds no place: nobody is refused for capacity. Who was on a waiting
    list becomes one. The same id again gives the same result.

    :raises WalkInRefused: see there.
    :raises RegistrationRefused: ``too_young``, ``too_old``.
    :raises WrongStation: the device does not welcome people.
    :raises KeyReused: the attempt's key came before with another body.
    """
    drive = device.drive
    lock_device(device.pk)
    if attempt:
        attempt.claim(str(form.id), now=now)  # a repeat has the same id, and is found by it
    if first := _made_before(form.id, drive):
        return first
    if StationKind.WELCOME not in device.stations:
        raise WrongStation("not_allowed", _("This device does not welcome people."))
    if drive.cancelled_at is not None:
        raise WalkInRefused("drive_cancelled", _("This donation day was cancelled."))
    at = _moment(form, drive, now=now)
    refusals.refuse_wrong_age(form.person, on=drive.date)

    registration = _registered_already(drive, form.person)
    merged = registration is not None
    if registration is None:
        registration = _create(drive, form, at=at, now=now)
    WalkIn.objects.create(
        id=form.id,
        drive=drive,
        device=device,
        registration=registration,
        merged=merged,
        received_at=now,
    )
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


def _made_before(id: UUID, drive: Drive) -> WalkInResult | None:
    walk_in = WalkIn.objects.filter(pk=id).first()
    if walk_in is None:
        return None
    if walk_in.drive_id != drive.pk:
        raise WalkInRefused("id_taken", _("This id has been used for something else."))
    return WalkInResult(
        registration=_with_drive(walk_in.registration_id), merged=walk_in.merged, made_now=False
    )


def _moment(form: WalkInForm, drive: Drive, *, now: datetime) -> datetime:
    """Return when the person came: by the device's clock where that can be, else now.

    :raises WalkInRefused: ``wrong_day``, whatever the clock.
    """
    said = corrected_time(
        scanned_at=form.at,
        clock_offset_ms=form.clock_offset_ms or 0,
        sent_at=now,
        received_at=now,
    )
    for moment in (said, now):
        if drive.starts_at - DAY_MARGIN <= moment <= drive.ends_at + DAY_MARGIN:
            return moment
    raise WalkInRefused("wrong_day", _("This is not the day of the donation."))


def _registered_already(drive: Drive, person: Person) -> Registration | None:
    """Return the living registration of the same person, locked."""
    if not person.phone:
        return None
    rows = Registration.objects.living().filter(
        drive=drive, phone=person.phone, birth_year=person.birth_year
    )
    key = name_key(person.full_name)
    same = [pk for pk, name in rows.values_list("pk", "full_name") if name_key(name) == key]
    locked = Registration.objects.living().lock(same[:1])
    return locked[0] if locked else None


def _create(drive: Drive, form: WalkInForm, *, at: datetime, now: datetime) -> Registration:
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


def _check_in(
    registration: Registration, device: Device, form: WalkInForm, *, at: datetime, now: datetime
) -> None:
    """Add the pass at the welcome desk. Staff have the person before them: no slot's time holds.

    Who was on a waiting list leaves it for as long as the pass counts.
    """
    reading = Reading(
        id=form.id,
        station=StationKind.WELCOME.value,
        scanned_at=at,
        clock_offset_ms=0,
        registration=registration.public_id,
        kind=ScanKind.PASS.value,
        shown=Verdict.ACCEPTED.value if form.offline else None,
        offline=form.offline,
        admit=True,
    )
    batch = Batch(device=device, drive=device.drive, sent_at=now, now=now, seats_waiting=True)
    batch.load([reading])
    batch.take(reading)
    batch.settle()


def _with_drive(pk: int) -> Registration:
    return Registration.objects.select_related("slot", "drive", "unit").get(pk=pk)
