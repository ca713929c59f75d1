"""Put messages into the outbox, and send what is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet

from backend.celery import start_task
from backend.rows import insert
from notifications import claims
from notifications.delivery import Clock, deliver
from notifications.kinds import kind_named
from notifications.models import Message
from notifications.queries import to_retry

AT_ONCE: Final = 100
# A task that sends goes on for so long, then lets others have their turn.
SECONDS_A_TASK: Final = 25.0
MOST_TASKS_A_SWEEP: Final = 8


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
    spared_for: str = "",
) -> None:
    """Owe somebody a message, in the caller's transaction; a second call with the key does nothing.

    Its task starts when the transaction is committed; the row is what counts, not the task.

    :param about_id: the id of what it is about; the kind's ``load`` finds person and address.
    :param group: what an organizer sees it under, for example ``drive:12``.
    :param due_at: when it should leave; now, if not given.
    :param expires_at: from when on it is pointless and given up.
    :param spared_for: why it is not sent after all. The row says that there was something to say,
        and stands in the way of no other message.
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
        may_wait=_may_wait(kind),
    )
    if spared_for:
        message.status, message.reason = Message.Status.DROPPED, spared_for
        message.finished_at = now
    insert(message, on_conflict="(dedupe_key) DO NOTHING")
    if message.due_at <= now and not spared_for:
        transaction.on_commit(partial(_start_sending, message), robust=True)


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
            may_wait=_may_wait(kind),
        )
        for about_id, dedupe_key in about.items()
    ]
    Message.objects.bulk_create(messages, ignore_conflicts=True, batch_size=1000)
    if messages and (due_at or now) <= now:
        transaction.on_commit(partial(start_sending, len(messages)), robust=True)


def queue_from_rows(
    kind: str,
    owed: QuerySet[Any, Any],
    *,
    now: datetime,
    due_at: datetime | None = None,
    details: Mapping[str, Any] | None = None,
) -> int:
    """Owe many people the same kind of message by one statement; return how many are new.

    :param owed: rows annotated with ``owed_about_id``, ``owed_group``, ``owed_dedupe_key`` and
        ``owed_expires_at``, each as in ``queue_message``; keys that were used are passed over.
    """
    same = Message(
        kind=kind,
        created_at=now,
        due_at=due_at or now,
        details=dict(details or {}),
        may_wait=_may_wait(kind),
    )
    constants = {
        column: value for column, value in _columns(same).items() if column not in _FROM_ROWS
    }
    rows, params = owed.order_by().values_list(*_FROM_ROWS.values()).query.sql_with_params()
    quote = connection.ops.quote_name
    columns = ", ".join(quote(column) for column in [*_FROM_ROWS, *constants])
    picked = ", ".join(f"owed.{quote(f'owed_{column}')}" for column in _FROM_ROWS)
    places = ", ".join(["%s"] * len(constants))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(Message._meta.db_table)} ({columns})"  # noqa: S608 - names of ours
            f" SELECT {picked}, {places} FROM ({rows}) owed WHERE true"
            " ON CONFLICT (dedupe_key) DO NOTHING",
            [*constants.values(), *params],
        )
        count: int = max(cursor.rowcount, 0)
    if count and same.due_at <= now:
        transaction.on_commit(partial(start_sending, count), robust=True)
    return count


def retry_failed(group: str, *, now: datetime) -> int:
    """Owe again what a group's messages were given up for, where a try may help; return how many.

    Each keeps its Message-ID, so that one that did arrive is seen to be the same.
    """
    count: int = to_retry(group, now=now).update(
        status=Message.Status.QUEUED, due_at=now, finished_at=None, tries=0, reason=""
    )
    if count:
        transaction.on_commit(partial(start_sending, count), robust=True)
    return count


def deliver_message(*, message_id: int, clock: Clock) -> None:
    """Send one message, unless somebody else does or did, and what else is due with it."""
    claimed = claims.claim_one(message_id, now=clock())
    if claimed:
        # In a rush the next ones wait already, and one connection carries them all.
        claimed += claims.claim_due(now=clock(), most=AT_ONCE - 1)
        deliver(claimed, clock=clock, stop_at=time.monotonic() + SECONDS_A_TASK)


def deliver_due(*, clock: Clock, seconds: float = SECONDS_A_TASK) -> None:
    """Send what is due, 100 at a time, until nothing is left or the time is up."""
    stop_at = time.monotonic() + seconds
    while time.monotonic() < stop_at:
        claimed = claims.claim_due(now=clock(), most=AT_ONCE)
        if not claimed:
            return
        deliver(claimed, clock=clock, stop_at=stop_at)


def sweep_outbox(*, now: datetime) -> None:
    """Start sending what is due and nobody has: lost, tried before, or held back at night."""
    start_sending(Message.objects.due(now)[: AT_ONCE * MOST_TASKS_A_SWEEP].count())


def start_sending(count: int) -> None:
    """Start as many tasks as so many messages can use; they share the work by claims."""
    from notifications.tasks import send_due

    for _task in range(min(-(-count // AT_ONCE), MOST_TASKS_A_SWEEP)):
        if not start_task(send_due):
            return


class _Starts:
    """Starts tasks for single messages, ten times a second at most.

    To start one takes longer than to write the row. In a rush one task sends for all who came
    since the last; a timer starts it, and if its process ends before, the sweep does.
    """

    pause_seconds: Final = 0.1

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = float("-inf")
        self._timer: threading.Timer | None = None

    def start(self, message_id: int) -> None:
        from notifications.tasks import send_message

        with self._lock:
            wait = self._last + self.pause_seconds - time.monotonic()
            if wait > 0:
                if self._timer is None:
                    timer = threading.Timer(min(wait, self.pause_seconds), self._start_later)
                    timer.start()  # if no thread can be had, the next one tries
                    self._timer = timer
                return
            self._last = time.monotonic()
        start_task(send_message, message_id=message_id)

    def _start_later(self) -> None:
        with self._lock:
            self._timer, self._last = None, time.monotonic()
        start_sending(1)


_starts = _Starts()


def _start_sending(message: Message) -> None:
    if message.pk is not None:  # else its key was there already
        _starts.start(message.pk)


def _may_wait(kind: str) -> bool:
    try:
        return kind_named(kind).quiet
    except LookupError:
        return False


# Columns of a message that ``queue_from_rows`` takes from its rows, and their names there.
_FROM_ROWS: Final = {
    column: f"owed_{column}" for column in ("about_id", "group", "dedupe_key", "expires_at")
}


def _columns(message: Message) -> dict[str, Any]:
    """Return what is written for a new message, by column, as the database takes it."""
    return {
        str(field.column): field.get_db_prep_save(field.pre_save(message, add=True), connection)
        for field in Message._meta.concrete_fields
        if not field.primary_key
    }
