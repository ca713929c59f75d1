"""Which columns here tell of a person, and how long each is kept; see ``donors.personal``."""

from __future__ import annotations

from typing import Final

# Published by who plans the drive, so that people can ask somebody.
PUBLISHED: Final = "with the drive, which anybody can read"

PERSONAL: Final = {"Drive": {"contact": PUBLISHED}}
PLAIN: Final = {
    "Venue": "name address map_url",
    "Drive": (
        "number slug name zone date starts_at ends_at slot_minutes places_per_slot"
        " registration_opens_at registration_closes_at tolerance_minutes description bring"
        " blood_centre published_at paused_at cancelled_at cancel_reason revision roster_epoch"
        " is_rehearsal is_demonstration created_at search_text"
    ),
    "DriveKey": "key_id public_key private_key created_at",
    "Slot": "public_id starts_at ends_at capacity is_open",
}
