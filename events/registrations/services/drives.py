"""Change or cancel a drive with the people in it: slots move under them, and they are told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import F
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from backend.transactions import in_transaction
from events.drives.models import Drive, Slot
from events.drives.plans import DriveRefused, Place, refuse_closing_before_opening
from events.drives.replan import PLAIN_FIELDS, DriveChanges, Replan, replan
from events.drives.services import drive_was_cancelled, lock_drive, venue_of
from events.registrations.models import Registration
from events.registrations.outbox import queue_about_all
from events.registrations.services.waitlist import promote_waiting

# Further than any drive: where slots wait while they change places.
_OUT_OF_THE_WAY = timedelta(days=365 * 1000)


@in_transaction
def update_drive(*, drive: Drive, changes: DriveChanges, by: User, now: datetime) -> Drive:
    """Change a drive; who has a place keeps the slot, wherever in time it moves.

    A published drive's new date, time or venue is told to all who hold a place. A raised capacity
    or a reopened slot goes to who waits. What is as it was changes nothing and tells nobody.

    :raises DriveRefused: ``drive_cancelled``, ``slots_taken``, ``too_late`` (times of a drive that
        is over); with ``field``: ``no_slot``, ``too_long``, ``invalid_zone``, ``unknown_slot``,
        ``closes_too_early``.
    """
    drive = lock_drive(drive)
    if drive.cancelled_at is not None:
        raise drive_was_cancelled()
    slots = _locked_slots(drive)
    plan = replan(drive, slots, changes)
    moves = plan.moves(drive)
    if moves and now >= drive.ends_at:
        raise DriveRefused("too_late", _("This donation day is over."))
    told_of = _changed_facts(drive, plan, changes)
    changed = _apply_plain(drive, changes) | _apply_plan(drive, plan)
    refuse_closing_before_opening(drive.registration_opens_at, drive.registration_closes_at)
    tells = bool(told_of) and drive.published_at is not None
    if tells:
        drive.revision += 1
        changed.add("revision")
    if changed:
        drive.save(update_fields=changed)
    slots_changed = _write_slots(drive, plan)
    if moves:
        _mark_moved(drive)
    if changed or slots_changed:
        audit.record("drive.changed", drive, by=by, at=now, unit_id=drive.unit_id)
    if tells:
        _tell_holders(drive, told_of, now=now)
    for slot_plan in plan.slots:
        if slot_plan.slot and slot_plan.frees_places:
            promote_waiting(slot_plan.slot.pk, now=now)
    return drive


@in_transaction
def cancel_drive(*, drive: Drive, reason: str, by: User, now: datetime) -> Drive:
    """Cancel a drive: every registration is cancelled and its person told; again changes nothing.

    Who has arrived already stays so: what happened is not taken back.

    :param reason: one or two sentences for the people concerned.
    :raises DriveRefused: ``too_late``, the drive is over.
    """
    drive = lock_drive(drive)
    if drive.cancelled_at is not None:
        return drive
    if now >= drive.ends_at:
        raise DriveRefused("too_late", _("This donation day is over."))
    _locked_slots(drive)
    drive.cancelled_at = now
    drive.cancel_reason = reason
    drive.revision += 1
    drive.save(update_fields=["cancelled_at", "cancel_reason", "revision"])
    concerned = _lock_registrations(
        drive, Registration.Status.REGISTERED, Registration.Status.WAITLISTED
    )
    Registration.objects.filter(pk__in=[r.pk for r in concerned]).update(
        status=Registration.Status.CANCELLED, cancelled_at=now, revision=F("revision") + 1
    )
    held = [r for r in concerned if r.holds_place]
    waited = [r for r in concerned if r.is_waiting]
    queue_about_all(held, "drive_cancelled", drive_id=drive.pk, now=now)
    queue_about_all(
        waited,
        "cancelled",
        drive_id=drive.pk,
        now=now,
        details={"reason": reason, "by_organizer": True},
    )
    audit.record(
        "drive.cancelled", drive, by=by, at=now, unit_id=drive.unit_id, count=len(concerned)
    )
    return drive


def _locked_slots(drive: Drive) -> list[Slot]:
    """Lock all slots of a drive, as whoever registers locks one, and count who is in them."""
    Slot.objects.lock(drive.slots.values_list("pk", flat=True))
    return list(drive.slots.with_places().order_by("starts_at"))


def _lock_registrations(drive: Drive, *statuses: str) -> list[Registration]:
    rows = Registration.objects.filter(drive=drive, status__in=statuses)
    # Asked again behind the lock: a scan, which locks no slot, may let somebody in meanwhile.
    return rows.lock(rows.values_list("pk", flat=True))


def _changed_facts(drive: Drive, plan: Replan, changes: DriveChanges) -> dict[str, Any]:
    """Return what people are told of: which of date, time and venue are other than they were."""
    facts: list[str] = []
    if plan.date != drive.date:
        facts.append("date")
    if plan.moves(drive):
        facts.append("time")
    if "place" in changes and changes["place"] != _place_of(drive):
        facts.append("venue")
    return {"changed": facts} if facts else {}


def _place_of(drive: Drive) -> Place:
    venue = drive.venue
    return Place(name=venue.name, address=venue.address, map_url=venue.map_url)


def _apply_plain(drive: Drive, changes: DriveChanges) -> set[str]:
    changed: set[str] = set()
    wanted = cast(dict[str, Any], changes)
    for name in PLAIN_FIELDS:
        if name in wanted and getattr(drive, name) != wanted[name]:
            setattr(drive, name, wanted[name])
            changed.add(name)
    if "place" in changes and changes["place"] != _place_of(drive):
        drive.venue = venue_of(drive.unit, changes["place"])
        changed.add("venue")
    return changed


def _apply_plan(drive: Drive, plan: Replan) -> set[str]:
    changed: set[str] = set()
    for name in ("date", "zone", "starts_at", "ends_at", "slot_minutes", "places_per_slot"):
        if getattr(drive, name) != getattr(plan, name):
            setattr(drive, name, getattr(plan, name))
            changed.add(name)
    return changed


def _write_slots(drive: Drive, plan: Replan) -> bool:
    """Write the slots as planned; tell whether any is other than it was."""
    vanishing = [slot.pk for slot in plan.vanishing]
    kept = [p.slot for p in plan.slots if p.slot]
    if vanishing:
        # Only who gave up, or waited and is in, is left in them: counted with the last slot.
        Registration.objects.filter(slot__in=vanishing).update(slot=kept[-1])
        Registration.objects.filter(waited_in__in=vanishing).update(waited_in=kept[-1])
        Slot.objects.filter(pk__in=vanishing).delete()
    if any(p.moves for p in plan.slots):
        # A start is taken once in a drive, and the database checks that row by row.
        drive.slots.update(starts_at=F("starts_at") + _OUT_OF_THE_WAY)
    changed: list[Slot] = []
    added: list[Slot] = []
    for p in plan.slots:
        planned = {
            "starts_at": p.starts_at,
            "ends_at": p.ends_at,
            "capacity": p.capacity,
            "is_open": p.is_open,
        }
        if p.slot is None:
            added.append(Slot(drive=drive, **planned))
        elif any(getattr(p.slot, name) != value for name, value in planned.items()):
            changed.append(_with(p.slot, planned))
    Slot.objects.bulk_update(changed, ["starts_at", "ends_at", "capacity", "is_open"])
    Slot.objects.bulk_create(added)
    return bool(vanishing or changed or added)


def _with(slot: Slot, values: dict[str, Any]) -> Slot:
    """Return another object for the same row; the plan goes on comparing with the old one."""
    return Slot(pk=slot.pk, drive_id=slot.drive_id, public_id=slot.public_id, **values)


def _mark_moved(drive: Drive) -> None:
    """Let rosters see the new times, and ask those who had said to come for another date again."""
    living = Registration.objects.living().filter(drive=drive)
    Registration.objects.lock(living.values_list("pk", flat=True))
    living.update()
    living.filter(status=Registration.Status.REGISTERED).update(confirmed_at=None)


def _tell_holders(drive: Drive, told_of: dict[str, Any], *, now: datetime) -> None:
    holders = Registration.objects.filter(drive=drive, status=Registration.Status.REGISTERED)
    queue_about_all(
        holders.only("public_id", "email", "is_demonstration"),
        "drive_changed",
        drive_id=drive.pk,
        now=now,
        occasion=drive.revision,
        details=told_of,
    )
