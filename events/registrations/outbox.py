"""What this room owes people: its kinds of messages, and under which keys they are queued."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from events.registrations.models import Registration
from notifications.services import queue_message, queue_messages

# Why a message is not sent whose address had its letters of the day.
MANY_LETTERS: Final = "many_letters"


def queue_about(
    registration: Registration,
    kind: str,
    *,
    now: datetime,
    occasion: str | int = "",
    details: dict[str, Any] | None = None,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    spared: bool = False,
) -> None:
    """Queue a message to the person behind a registration, where there is an address for it.

    :param occasion: tells apart two messages of one kind, for example the revision told of.
    :param spared: the address had its letters today. The row says that there was something to say.
    """
    if not registration.email or registration.is_demonstration:
        return
    queue_message(
        kind,
        about_id=registration.public_id,
        group=f"drive:{registration.drive_id}",
        dedupe_key=f"{kind}:{registration.public_id}:{occasion}",
        now=now,
        due_at=due_at,
        expires_at=expires_at,
        details=details,
        spared_for=MANY_LETTERS if spared else "",
    )


def queue_about_all(
    registrations: Iterable[Registration],
    kind: str,
    *,
    drive_id: int,
    now: datetime,
    occasion: str | int = "",
    details: dict[str, Any] | None = None,
) -> None:
    """Queue a message to the people behind many registrations of one drive, in few statements."""
    queue_messages(
        kind,
        about={
            r.public_id: f"{kind}:{r.public_id}:{occasion}"
            for r in registrations
            if r.email and not r.is_demonstration
        },
        group=f"drive:{drive_id}",
        now=now,
        details=details,
    )
