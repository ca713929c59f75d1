"""Whose turn a message is. Every change is conditional on a claim, and counts the rows it changed.

A claim is a lease: whoever claims writes its end into the row, and that moment is the proof of it.
What a process held that died is free again after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, Case, F, Q, Value, When

from notifications.models import Message

_MAYBE_TWICE = Case(
    # It was handed over before, and what came of it was never written.
    When(handed_over_at__isnull=False, then=Value(True)),
    default=F("maybe_twice"),
    output_field=BooleanField(),
)


def claim_due(*, now: datetime, most: int) -> list[Message]:
    """Claim up to ``most`` messages that are due: first what cannot wait, then the longest due."""
    rows = Message.objects.due(now).order_by("may_wait", "due_at")
    with transaction.atomic():
        # Others skip what is locked here (PostgreSQL); SQLite lets one in at a time.
        pks = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:most])
        return _lease(pks, now=now)


def claim_one(pk: int, *, now: datetime) -> list[Message]:
    """Claim one message if it is due and nobody has it."""
    with transaction.atomic():
        return _lease([pk], now=now)


def _lease(pks: Sequence[int], *, now: datetime) -> list[Message]:
    if not pks:
        return []
    lease_until = now + timedelta(seconds=settings.OUTBOX_CLAIM_SECONDS)
    Message.objects.due(now).filter(pk__in=pks).update(lease_until=lease_until)
    ours = Message.objects.filter(pk__in=pks, lease_until=lease_until)
    return sorted(ours, key=lambda message: (message.may_wait, message.due_at, message.pk))


def _claimed(message: Message) -> Q:
    return Q(pk=message.pk, status=Message.Status.QUEUED, lease_until=message.lease_until)


def write_outcome(message: Message, values: dict[str, Any]) -> bool:
    """Write what came of a message; ``False`` where another process holds it by now."""
    changed = Message.objects.filter(_claimed(message)).update(**{"lease_until": None, **values})
    return changed == 1


def hand_over(message: Message, *, now: datetime) -> bool:
    """Note that the provider is about to be asked, and keep everybody else away meanwhile.

    ``False``: another process holds it by now, so hands off.
    """
    lease_until = now + timedelta(seconds=settings.OUTBOX_HAND_OVER_SECONDS)
    changed = Message.objects.filter(_claimed(message)).update(
        maybe_twice=_MAYBE_TWICE,
        handed_over_at=now,
        tries=F("tries") + 1,
        lease_until=lease_until,
    )
    if changed != 1:
        return False
    message.maybe_twice |= message.handed_over_at is not None
    message.handed_over_at, message.lease_until = now, lease_until
    message.tries += 1
    return True


def release(
    messages: Sequence[Message], *, due_at: datetime | None = None, reason: str = ""
) -> None:
    """Give claims back that were not used; with ``due_at``, for a later try."""
    if not messages:
        return
    values: dict[str, Any] = {"lease_until": None}
    if due_at is not None:
        values |= {"due_at": due_at, "reason": reason, "tries": F("tries") + 1}
    Message.objects.filter(
        pk__in=[message.pk for message in messages],
        status=Message.Status.QUEUED,
        lease_until__in={message.lease_until for message in messages},
    ).update(**values)
