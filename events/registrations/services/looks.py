"""Note who looked at people, and how many."""

from __future__ import annotations

from datetime import datetime

from accounts import audit
from accounts.models import User
from backend.transactions import in_transaction
from events.drives.models import Drive


@in_transaction
def record_look(
    *, drive: Drive, count: int, by: User, now: datetime, action: str = "registrations.seen"
) -> None:
    """Write the audit row of one look at a list of people of a drive, or of one export.

    :param count: how many people were shown.
    """
    audit.record(action, drive, by=by, at=now, unit_id=drive.unit_id, count=count)
