"""How many letters an address gets a day, whoever causes them: pages and API alike."""

from __future__ import annotations

from backend.limits import exhausted, hit, waits
from events.registrations.models import Registration
from events.registrations.services.change import Change


def spares(address: str) -> bool:
    """Tell whether this address had its letters today: what happens now is not written to it."""
    return bool(address) and exhausted("REGISTRATIONS_EMAIL", address.lower()) is not None


def waits_to_register(phone: str, address: str) -> tuple[int | None, bool]:
    """Return for how many seconds a phone must wait, and whether the address is spared a letter.

    A family or an office shares one address: it holds up letters, never a place.
    """
    for_phone, for_letters = waits(
        ("REGISTRATIONS_PHONE", phone), ("REGISTRATIONS_EMAIL", address.lower())
    )
    return for_phone, for_letters is not None


def count_letter(address: str) -> bool:
    """Count a letter to this address; tell whether it may still be sent."""
    return bool(address) and hit("REGISTRATIONS_EMAIL", address.lower()) is None


def address_told(registration: Registration, change: Change) -> str:
    """Return to which address a change sends a letter; ``""`` where it sends none.

    A new time, name or address is told; a new phone or consent is not.
    """
    address = registration.email if change.email is None else change.email
    here = registration.slot.public_id if registration.slot else None
    tells = (
        address != registration.email
        or change.full_name not in (None, registration.full_name)
        or change.slot_id not in (None, here)
    )
    return address if tells else ""
