"""How many letters an address gets a day, whoever causes them: pages and API alike."""

from __future__ import annotations

from dataclasses import dataclass

from backend.limits import exhausted, hit, hit_and_ask
from events.registrations.models import Registration
from events.registrations.services.change import Change


def spares(address: str) -> bool:
    """Tell whether this address had its letters today: what happens now is not written to it."""
    return bool(address) and exhausted("REGISTRATIONS_EMAIL", address.lower()) is not None


@dataclass(frozen=True, kw_only=True)
class Waits:
    """What holds up somebody who registers.

    :param caller: seconds for whoever calls; ``None`` where nothing holds the call up.
    :param phone: seconds for the phone number.
    :param is_spared: the e-mail address had its letters. A family or an office shares one: it holds
        up letters, never a place.
    """

    caller: int | None
    phone: int | None
    is_spared: bool


def count_registering(caller: str, *, phone: str, address: str) -> Waits:
    """Count a try at a place for whoever calls, and tell what holds it up."""
    for_caller, for_phone, for_letters = hit_and_ask(
        "REGISTRATIONS_ADDRESS",
        caller,
        ("REGISTRATIONS_PHONE", phone),
        ("REGISTRATIONS_EMAIL", address.lower()),
    )
    return Waits(caller=for_caller, phone=for_phone, is_spared=for_letters is not None)


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
