"""Which columns here tell of a person, and how long each is kept; see ``donors.personal``."""

from __future__ import annotations

from typing import Final

WITH_ACCOUNT: Final = "as long as the account"
THIRTY_DAYS: Final = "30 days after the link has ended"
# Who did what stays when the person is gone; it holds ids only.
TRACE: Final = "for good: ids only"
TWO_DAYS: Final = "two days"

PERSONAL: Final = {
    "User": {
        "email": WITH_ACCOUNT,
        "name": WITH_ACCOUNT,
        "language": WITH_ACCOUNT,
        "password": WITH_ACCOUNT,
        "last_login": WITH_ACCOUNT,
        "date_joined": WITH_ACCOUNT,
    },
    "Membership": {"role": WITH_ACCOUNT, "created_at": WITH_ACCOUNT},
    "Invitation": {"email": THIRTY_DAYS},
    "ApiToken": {"name": WITH_ACCOUNT, "last_used_at": WITH_ACCOUNT},
    "AuditEntry": {"target_id": TRACE, "by_user_id": TRACE, "by_device_id": TRACE},
    # A hash of what somebody sent, salted by nothing: it goes before it could be guessed at.
    "AttemptRecord": {"body_hash": TWO_DAYS, "object_id": TWO_DAYS, "caller": TWO_DAYS},
}
PLAIN: Final = {
    "User": "is_active is_demonstration",
    "Unit": "name name_search slug from_on until_on is_demonstration",
    "Membership": "",
    "Invitation": "role token_hash created_at expires_at used_at withdrawn_at",
    "ApiToken": "token_hash created_at revoked_at",
    "AuditEntry": "at action target_type unit_id count",
    "AttemptRecord": "route key created_at",
}
