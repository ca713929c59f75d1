"""Put messages into the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from notifications.models import Message


def queue_message(
    kind: str,
    *,
    about_id: str,
    group: str,
    dedupe_key: str,
    now: datetime,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Owe somebody a message, in the caller's transaction; a second call with the key does nothing.

    :param about_id: the id of what it is about; the kind's context finds person and address.
    :param group: what an organizer sees it under, for example ``drive:12``.
    :param due_at: when it should leave; now, if not given.
    :param expires_at: from when on it is pointless and dropped.
    """
    message = Message(
        kind=kind,
        about_id=about_id,
        group=group,
        dedupe_key=dedupe_key,
        created_at=now,
        due_at=due_at or now,
        expires_at=expires_at,
        details=details or {},
    )
    Message.objects.bulk_create([message], ignore_conflicts=True)
