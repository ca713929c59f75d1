"""Which columns here tell of a person, and how long each is kept; see ``donors.personal``."""

from __future__ import annotations

from typing import Final

from donors.personal import WITH_NAMES

# What is left of a registration is counted, under ids that lead to nobody any more.
COUNTED: Final = "for good: counted, and nobody's after 24 months"

PERSONAL: Final = {
    "Registration": {
        "full_name": WITH_NAMES,
        "name_search": WITH_NAMES,
        "name_sort": WITH_NAMES,
        "birth_year": WITH_NAMES,
        "date_of_birth": WITH_NAMES,
        "sex": WITH_NAMES,
        "phone": WITH_NAMES,
        "email": WITH_NAMES,
        "consent_reminders": WITH_NAMES,
        "consent_invitations": WITH_NAMES,
        "public_id": COUNTED,
        "code": COUNTED,
        "status": COUNTED,
        "queue_number": COUNTED,
        "checked_in_at": COUNTED,
        "walk_in_at": COUNTED,
        "confirmed_at": COUNTED,
        "cancelled_at": COUNTED,
    }
}
# `screening_rules` and `screened_at` say that somebody looked at rules, and of which version;
# neither answers nor what came of them are sent to the server.
PLAIN: Final = {
    "Registration": (
        "source token_version language screening_rules screened_at is_demonstration created_at"
        " placed_at erased_at revision changed holds_place"
    )
}
