"""Which columns here tell of a person, and how long each is kept; see ``donors.personal``."""

from __future__ import annotations

from typing import Final

NINETY_DAYS: Final = "90 days after it was sent or given up"

PERSONAL: Final = {
    "Message": {
        "about_id": NINETY_DAYS,
        "dedupe_key": NINETY_DAYS,  # holds the id
        "details": NINETY_DAYS,  # a reason in words, for example
    }
}
PLAIN: Final = {
    "Message": (
        "kind channel group status reason created_at due_at expires_at tries lease_until"
        " handed_over_at finished_at maybe_twice may_wait"
    )
}
