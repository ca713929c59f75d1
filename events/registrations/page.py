"""In which state a place is for the person who holds it, and what may be done with it now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone

from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.queries import waitlist_position
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_path


class State(StrEnum):
    """What the person is told; the first that holds, in this order.

    Who arrived has arrived, whatever became of the drive; once it is over, that is said instead.
    """

    ARRIVED = "arrived"
    DRIVE_CANCELLED = "drive_cancelled"
    GIVEN_UP = "given_up"
    OVER = "over"
    WAITING = "waiting"
    STARTED = "started"
    CONFIRMED = "confirmed"
    REGISTERED = "registered"


@dataclass(frozen=True, kw_only=True)
class OwnPage:
    """A registration as its own page shows it."""

    registration: Registration
    state: State
    starts_at: datetime
    position: int | None
    may_change: bool

    @classmethod
    def of(cls, registration: Registration, *, now: datetime) -> OwnPage:
        state = _state(registration, now=now)
        return cls(
            registration=registration,
            state=state,
            starts_at=timezone.localtime(
                registration.ticket_starts_at(), registration.drive.tzinfo
            ),
            position=waitlist_position(registration) if state == State.WAITING else None,
            may_change=state in (State.WAITING, State.CONFIRMED, State.REGISTERED)
            and registration.slot is not None
            and not registration.slot.has_started(now),
        )

    @property
    def drive(self) -> Drive:
        return self.registration.drive

    @property
    def url(self) -> str:
        return manage_path(self.registration)

    @property
    def code(self) -> str:
        return format_code(self.registration.code)

    @property
    def has_ticket(self) -> bool:
        """Tell whether there is something to scan: not while waiting, not once it is dead."""
        return self.state in (State.ARRIVED, State.STARTED, State.CONFIRMED, State.REGISTERED)

    @property
    def may_confirm(self) -> bool:
        return self.state == State.REGISTERED

    @property
    def was_moved(self) -> bool:
        """Tell whether the organizer changed time or place after the ticket was made."""
        return self.drive.revision > 0


def _state(registration: Registration, *, now: datetime) -> State:
    drive, slot = registration.drive, registration.slot
    if registration.is_in:
        return State.OVER if drive.is_over(now) else State.ARRIVED
    if drive.cancelled_at is not None:
        return State.DRIVE_CANCELLED
    if registration.is_cancelled:
        return State.GIVEN_UP
    if drive.is_over(now):
        return State.OVER
    if registration.is_waiting:
        return State.WAITING
    if slot is None or slot.has_started(now):
        return State.STARTED
    return State.CONFIRMED if registration.confirmed_at else State.REGISTERED
