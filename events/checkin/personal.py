"""Which columns here tell of a person, and how long each is kept; see ``donors.personal``."""

from __future__ import annotations

from typing import Final

# The helper's name is what the organizer knows the phone by.
WITH_DRIVE: Final = "as long as the drive's scans, which it explains"
# A scan names a registration, and nobody once that is erased.
COUNTED: Final = "for good: counted, and nobody's after 24 months"
# Of no use once it is a registration, or once it is clear that it never will be.
UNTIL_TAKEN: Final = "until an organizer takes it, 30 days after the drive at most, then deleted"

PERSONAL: Final = {
    "Device": {"name": WITH_DRIVE, "last_contact_at": WITH_DRIVE},
    "Scan": {
        "verdict": COUNTED,
        "shown": COUNTED,
        "scanned_at": COUNTED,
        "corrected_at": COUNTED,
        "received_at": COUNTED,
    },
    "WalkIn": {"received_at": COUNTED, "merged": COUNTED},
    "LateWalkIn": {
        "full_name": UNTIL_TAKEN,
        "phone": UNTIL_TAKEN,
        "birth_year": UNTIL_TAKEN,
        "sex": UNTIL_TAKEN,
        "consents": UNTIL_TAKEN,
        "came_at": UNTIL_TAKEN,
    },
}
PLAIN: Final = {
    "Station": "kind name order",
    "Device": (
        "number stations token_hash enrolled_at unsent roster_synced_at version revoked_at"
        " signed_off_at late_left_at"
    ),
    "EnrolmentCode": "code_hash stations created_at expires_at used_at",
    "Scan": "station kind undoes walk_in admit offline clock_offset_ms set_apart taken_at counts"
    " conflict conflict_seen_at",
    "WalkIn": "",
    "LateWalkIn": "language is_at_latest",
    "QueueCounter": "last_number",
}
