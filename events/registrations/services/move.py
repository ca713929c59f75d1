"""Move a registration into another slot of its drive."""

from __future__ import annotations

from datetime import datetime

from accounts import audit
from accounts.models import User
from backend.transactions import in_transaction
from events.drives.models import Slot
from events.registrations import refusals
from events.registrations.models import Registration
from events.registrations.outbox import queue_about
from events.registrations.services.locks import lock_with_slots
from events.registrations.services.waitlist import promote_waiting


@in_transaction
def move_registration(
    *,
    registration: Registration,
    slot_id: str,
    now: datetime,
    by: User | None = None,
    spares_letter: bool = False,
) -> Registration:
    """Move into another slot; one that waited gets the place. The same slot changes nothing.

    :param spares_letter: the address had its letters today; the new time is not told by mail.
    :raises RegistrationRefused: ``cancelled``, ``too_late``, ``slot_full``, ``drive_cancelled``,
        ``registration_closed``, ``unknown_slot``. The old place is kept then.
    """
    target = slot_in(registration.drive_id, slot_id)
    moving = lock_with_slots(registration.pk, and_slots=[target.pk])
    refusals.refuse_settled(moving, now=now, by=by)
    if moving.slot_id == target.pk:
        return moving
    refusals.refuse_dead_drive(moving.drive, now=now)
    target = Slot.objects.with_places().select_related("drive").get(pk=target.pk)
    if not (target.open_at(now) or (by is not None and target.is_open and now < target.ends_at)):
        raise refusals.registration_closed()
    if target.taken >= target.booking_limit:
        raise refusals.slot_full(target, now=now)

    freed = moving.slot_id if moving.holds_place else None
    moving.slot = target
    moving.status = Registration.Status.REGISTERED
    moving.placed_at = moving.placed_at or now
    moving.confirmed_at = None
    moving.revision += 1
    moving.save(update_fields=["slot", "status", "placed_at", "confirmed_at", "revision"])
    audit.record("registration.moved", moving, by=by, at=now, unit_id=moving.drive.unit_id)
    queue_about(
        moving,
        "registered",
        now=now,
        occasion=moving.revision,
        details={"moved": True},
        spared=spares_letter,
    )
    if freed is not None:
        promote_waiting(freed, now=now)
    moving.refresh_from_db(fields=["holds_place"])
    return moving


def slot_in(drive_pk: int, slot_id: str) -> Slot:
    """Return the drive's slot with this public id.

    :raises RegistrationRefused: ``unknown_slot``.
    """
    if slot := Slot.objects.filter(drive_id=drive_pk, public_id=slot_id).first():
        return slot
    raise refusals.unknown_slot()
