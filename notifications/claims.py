"""Whose turn a message is. Every change is conditional on a claim, and counts the rows it changed.

A claim is a lease: whoever claims writes its end into the row, and that moment is the proof of it.
What a process held that died is free again after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from notifications.models import Message
from notifications.queries import HOPELESS


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a message that was handed over.

    :param due_at: when to try again, for one that stays queued.
    :param unsure: the provider may have taken it.
    :param counts: whether this was a try; one that quiet hours held back was none.
    """

    message: Message
    status: str
    reason: str = ""
    finished_at: datetime | None = None
    due_at: datetime | None = None
    unsure: bool = False
    counts: bool = True


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


# One statement, so one commit a message: what came of the last one, and the hand-over of the next.
# Both are conditional on the claim. A hand-over whose outcome was never written marks the next.
_STEP: Final = """
    UPDATE notifications_message SET
        status = CASE WHEN id = %(done)s THEN %(status)s ELSE status END,
        reason = CASE WHEN id = %(done)s THEN %(reason)s ELSE reason END,
        finished_at = CASE WHEN id = %(done)s THEN %(finished_at)s ELSE finished_at END,
        due_at = CASE WHEN id = %(done)s THEN COALESCE(%(due_at)s, due_at) ELSE due_at END,
        details = CASE WHEN id = %(done)s AND %(over)s THEN '{}' ELSE details END,
        tries = CASE WHEN id = %(done)s THEN tries - %(uncounted)s ELSE tries + 1 END,
        maybe_twice = CASE
            WHEN id = %(done)s THEN maybe_twice
            ELSE maybe_twice OR handed_over_at IS NOT NULL
        END,
        handed_over_at = CASE
            WHEN id <> %(done)s THEN %(now)s
            WHEN %(keep)s THEN handed_over_at
        END,
        lease_until = CASE WHEN id <> %(done)s THEN %(lease)s END
    WHERE status = 'queued' AND (
        (id = %(done)s AND lease_until = %(done_lease)s)
        OR (id = %(next)s AND lease_until = %(next_lease)s)
    )
    RETURNING id, maybe_twice
"""
_NOBODY: Final = -1


def step(done: Outcome | None, following: Message | None, *, now: datetime) -> Taken:
    """Write what came of one message and hand over the following one, in one commit.

    Call it before the provider is asked. What another process holds by now is left alone.
    """
    lease = now + timedelta(seconds=settings.OUTBOX_HAND_OVER_SECONDS)
    last = done.message if done else None
    values: dict[str, Any] = {
        "done": last.pk if last else _NOBODY,
        "done_lease": _moment(last.lease_until if last else None),
        "status": done.status if done else "",
        "reason": done.reason if done else "",
        "finished_at": _moment(done.finished_at if done else None),
        # What a letter says besides facts is kept for as long as it may still be said.
        "over": done is not None and done.finished_at is not None and not _may_be_retried(done),
        "due_at": _moment(done.due_at if done else None),
        "uncounted": 0 if done is None or done.counts else 1,
        # An accepted one keeps the moment at which it left.
        "keep": done is not None and (done.unsure or done.status == Message.Status.ACCEPTED),
        "next": following.pk if following else _NOBODY,
        "next_lease": _moment(following.lease_until if following else None),
        "now": _moment(now),
        "lease": _moment(lease),
    }
    with connection.cursor() as cursor:
        cursor.execute(_STEP, values)
        changed = {pk: bool(twice) for pk, twice in cursor.fetchall()}
    if following is not None and following.pk in changed:
        following.maybe_twice = changed[following.pk]
        following.handed_over_at, following.lease_until = now, lease
        following.tries += 1
    return Taken(
        was_written=last is None or last.pk in changed,
        is_ours=following is not None and following.pk in changed,
    )


def _may_be_retried(done: Outcome) -> bool:
    return done.status == Message.Status.FAILED and done.reason not in HOPELESS


class Taken(NamedTuple):
    """Whether each half of a ``step`` found its message still claimed."""

    was_written: bool
    is_ours: bool


def _moment(value: datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


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
