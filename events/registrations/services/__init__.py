"""The verbs of this room. Each is one transaction: lock, count, write, audit, queue."""

from events.registrations.services.cancel import cancel_registration
from events.registrations.services.change import change_registration, confirm_registration
from events.registrations.services.drives import cancel_drive, update_drive
from events.registrations.services.looks import record_look
from events.registrations.services.move import move_registration
from events.registrations.services.register import register_donor
from events.registrations.services.retry import retry_messages
from events.registrations.services.waitlist import promote_waiting

__all__ = [
    "cancel_drive",
    "cancel_registration",
    "change_registration",
    "confirm_registration",
    "move_registration",
    "promote_waiting",
    "record_look",
    "register_donor",
    "retry_messages",
    "update_drive",
]
