"""Send again what was given up, because an organizer was asked to."""

from __future__ import annotations

from datetime import datetime

from accounts import audit
from accounts.models import User
from backend.transactions import in_transaction
from events.drives.models import Drive
from notifications.services import retry_failed


@in_transaction
def retry_messages(*, drive: Drive, by: User, now: datetime) -> int:
    """Queue the drive's failed messages again, where another try may help; return how many."""
    count = retry_failed(f"drive:{drive.pk}", now=now)
    if count:
        audit.record("messages.retried", drive, by=by, at=now, unit_id=drive.unit_id, count=count)
    return count
