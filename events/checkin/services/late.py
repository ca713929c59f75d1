"""Take, or leave, what a device still handed in after it was ended."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count

from accounts import audit
from accounts.models import User
from backend.errors import DomainError
from backend.transactions import in_transaction
from donors.people import Person
from events.checkin.models import Device, LateWalkIn, Scan
from events.checkin.services.anew import StartAnew, in_fresh_transactions
from events.checkin.services.batch import Batch
from events.checkin.services.ledger import lock_device
from events.checkin.services.walk_ins import (
    WalkInForm,
    create_walk_in,
    early_passes,
    keep_walk_in,
    refuse_walk_in,
    registered_already,
    same_person,
)
from events.drives.models import Drive
from events.registrations.models import Registration

# Who was never taken is no registration, and of no use to anybody once the day is settled. Longer
# than anything can still be handed in.
LATE_WALK_INS_KEPT_FOR: Final = timedelta(days=30)


@in_transaction
def leave_late_scans(*, device: Device, by: User, now: datetime) -> None:
    """Leave out what a device handed in after it was revoked; it may still be taken later.

    Whatever comes from it from now on has to be decided anew.
    """
    Device.objects.filter(pk=device.pk).update(late_left_at=now)
    audit.record("device.late_scans_left", device, by=by, at=now, unit_id=device.drive.unit_id)


@in_fresh_transactions
def take_late_scans(*, device: Device, by: User, now: datetime) -> int:
    """Let what was set apart count: scans with their verdicts, walk-ins as if they came in time.

    Walk-ins that cannot be registered stay as they are, with the scans that depend on them. Again
    changes nothing.

    :returns: how many scans were taken now; a walk-in is one.
    """
    # Another who takes them, or the device itself, waits here.
    lock_device(device.pk)
    handed_in = waiting_walk_ins(device)
    takeable = [late for late in handed_in if why_not(late) is None]
    waiting = Scan.objects.filter(device=device, set_apart=True, taken_at__isnull=True)
    held = {late.pk for late in handed_in} - {late.pk for late in takeable}
    scans = list(waiting.only("registration", "undoes", "walk_in").order_by("pk"))
    depend_on_held = walk_ins_named(held, scans)
    scans = [scan for scan in scans if scan.pk not in depend_on_held]
    if not scans:
        return 0
    batch = Batch(device=None, drive=device.drive, sent_at=now, now=now)
    ids = {scan.pk for scan in scans}
    registered = {scan.registration_id for scan in scans if scan.registration_id is not None}
    owners = _register(takeable, device, batch, also=registered, by=by, now=now)
    taken = waiting.filter(pk__in=ids).update(taken_at=now)
    batch.visits.read(ids, early_passes(device, owners))
    for walk_in, pk in owners.items():
        batch.attach(walk_in, pk)
    batch.renew()
    batch.settle()
    audit.record(
        "device.late_scans_taken",
        device,
        by=by,
        at=now,
        unit_id=device.drive.unit_id,
        count=taken,
    )
    return taken


def waiting_walk_ins(device: Device) -> list[LateWalkIn]:
    """Return whom a device handed in late and nobody has taken, by when they came."""
    rows = device.late_walk_ins.select_related("unit").order_by("came_at", "id")
    for late in rows:
        late.drive = device.drive
    return list(rows)


def walk_ins_named(walk_ins: set[UUID], apart: Iterable[Scan]) -> dict[UUID, UUID]:
    """Return by scan which walk-in it is about: its own pass, what named it, and their undos."""
    about = {pk: pk for pk in walk_ins}
    about |= {scan.pk: scan.walk_in for scan in apart if scan.walk_in in walk_ins}
    undos = {scan.pk: about[scan.undoes] for scan in apart if scan.undoes in about}
    return about | undos


def why_not(late: LateWalkIn) -> DomainError | None:
    """Return why somebody cannot be registered, by what is known by now."""
    try:
        refuse_walk_in(late.drive, person_of(late), at=late.came_at)
    except DomainError as refusal:
        return refusal
    return None


def person_of(late: LateWalkIn) -> Person:
    return Person(
        full_name=late.full_name, phone=late.phone, birth_year=late.birth_year, sex=late.sex
    )


def _register(
    people: Collection[LateWalkIn],
    device: Device,
    batch: Batch,
    *,
    also: set[int],
    by: User,
    now: datetime,
) -> dict[UUID, int]:
    """Register those who are not yet, and lock all registrations that are concerned, and ``also``.

    :returns: whose registration each walk-in is.
    :raises StartAnew: one of them was cancelled just now.
    """
    drive = device.drive
    there = registered_already(drive, map(person_of, people))
    # Those that exist first, all at once and in everybody's order; nobody else sees the new ones.
    batch.visits.load_registrations({*there.values(), *also})
    if any(batch.visits.known[pk].status == "cancelled" for pk in there.values()):
        raise StartAnew
    rows = Registration.objects.in_bulk(there.values())
    by_person: dict[Hashable, Registration] = {key: rows[pk] for key, pk in there.items()}
    made: set[int] = set()
    owners: dict[UUID, int] = {}
    for late in people:
        person = person_of(late)
        key = same_person(person) or late.pk
        merged = key in by_person
        if not merged:
            by_person[key] = _make(late, person, drive, now=now)
            made.add(by_person[key].pk)
        registration = by_person[key]
        keep_walk_in(late.pk, device, registration, merged=merged, now=now)
        audit.record(
            "registration.walked_in",
            registration,
            by=by,
            at=now,
            unit_id=drive.unit_id,
            device_id=device.pk,
        )
        owners[late.pk] = registration.pk
    batch.visits.load_registrations(made)
    LateWalkIn.objects.filter(pk__in=owners).delete()
    return owners


def _make(late: LateWalkIn, person: Person, drive: Drive, *, now: datetime) -> Registration:
    form = WalkInForm(
        id=late.pk,
        at=late.came_at,
        person=person,
        consents=late.consents,
        unit=late.unit,
        language=late.language,
    )
    return create_walk_in(drive, form, at=late.came_at, now=now)


@in_transaction
def drop_late_walk_ins(*, now: datetime) -> int:
    """Delete who was never taken, long after the drive; return how many."""
    old = LateWalkIn.objects.filter(drive__ends_at__lt=now - LATE_WALK_INS_KEPT_FOR)
    counts = dict(old.order_by().values_list("drive").annotate(n=Count("pk")))
    for drive in Drive.objects.in_bulk(counts).values():
        audit.record(
            "drive.late_walk_ins_erased",
            drive,
            by=None,
            at=now,
            unit_id=drive.unit_id,
            count=counts[drive.pk],
        )
    old.delete()
    return sum(counts.values())
