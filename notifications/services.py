"""Put messages into the outbox."""

from __future__ import annotations

from collections.abc import Mapping
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
    queue_messages(
        kind,
        about={about_id: dedupe_key},
        group=group,
        now=now,
        due_at=due_at,
        expires_at=expires_at,
        details=details,
    )


def queue_messages(
    kind: str,
    *,
    about: Mapping[str, str],
    group: str,
    now: datetime,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Owe many people a message of one kind, as ``queue_message`` does, in few statements.

    :param about: the dedupe key of each message by the id of what it is about.
    """
    messages = [
        Message(
            kind=kind,
            about_id=about_id,
            group=group,
            dedupe_key=dedupe_key,
            created_at=now,
            due_at=due_at or now,
            expires_at=expires_at,
            details=details or {},
        )
        for about_id, dedupe_key in about.items()
    ]
    Message.objects.bulk_create(messages, ignore_conflicts=True, batch_size=1000)
