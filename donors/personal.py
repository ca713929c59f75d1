"""Which columns here tell of a person, and how long each is kept.

``tests/test_project.py`` fails on a column that stands in neither list, and erases somebody to see
that each that is kept ``WITH_NAMES`` is blank then. Sensitive ones (health): there are none.
"""

from __future__ import annotations

from typing import Final

WITH_NAMES: Final = "24 months after the drive, then blanked"
# What somebody agreed to can be shown as long as it explains a count; its person has no name then.
PROOF: Final = "as long as the registration's row, which is nameless after 24 months"

PERSONAL: Final = {
    "Donor": {
        "full_name": WITH_NAMES,
        "name_key": WITH_NAMES,
        "phone": WITH_NAMES,
        "birth_year": WITH_NAMES,
        "date_of_birth": WITH_NAMES,
        "sex": WITH_NAMES,
        "variant": WITH_NAMES,
    },
    "Consent": {"registration_id": PROOF, "purpose": PROOF, "given": PROOF},
}
PLAIN: Final = {
    "Donor": "created_at erased_at",
    "Consent": "text_version channel at",
}
