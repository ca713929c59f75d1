"""Send messages that were claimed: one after another, over one connection, each written down."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from email.utils import parseaddr
from itertools import groupby
from typing import Final

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db.models import Max
from django.utils import timezone, translation

from notifications.channels import Channel, Outgoing, Permanent, Temporary, channel_named
from notifications.claims import Outcome, release, step
from notifications.kinds import Facts, NotWanted, kind_named
from notifications.models import Message
from notifications.quiet import after_quiet_hours

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]

# A server that is away meets everybody, and is worth asking for more often.
LONGEST_SERVER_PAUSE: Final = timedelta(minutes=15)
GIVE_UP_AFTER: Final = timedelta(days=5)
# Facts are read for many messages at once, and used while they are this fresh.
FACTS_AT_ONCE: Final = 25
FACTS_LAST_SECONDS: Final = 1.0


def message_id_of(message: Message) -> str:
    """Return the Message-ID: the same in every try, and it tells nothing."""
    what = f"{message.pk} {message.dedupe_key} {message.created_at.timestamp()}"
    host = parseaddr(settings.EMAIL_FROM)[1].rpartition("@")[2] or "localhost"
    return f"<{hashlib.sha256(what.encode()).hexdigest()[:32]}@{host}>"


def pause_after(tries: int, *, server: bool) -> timedelta:
    """Return how long to wait after so many tries."""
    pauses = settings.OUTBOX_PAUSES_SECONDS
    pause = timedelta(seconds=pauses[min(max(tries, 1), len(pauses)) - 1])
    return min(pause, LONGEST_SERVER_PAUSE) if server else pause


def deliver(messages: Sequence[Message], *, clock: Clock, stop_at: float) -> None:
    """Send what was claimed.

    :param clock: read anew for each message.
    :param stop_at: on ``time.monotonic()``; what is left then is given back.
    """
    for name, group in groupby(messages, key=lambda message: message.channel):
        try:
            channel = channel_named(name)
        except LookupError:
            release(list(group), due_at=clock() + pause_after(3, server=True), reason="no_channel")
            continue
        try:
            _Run(channel, list(group), clock, stop_at).go()
        finally:
            channel.close()


class _Run:
    """One claim on its way through one channel.

    What came of a message and the hand-over of the next are one commit, made before the provider
    is asked. So a process that dies leaves one message, at most, of which nobody knows.
    """

    def __init__(
        self, channel: Channel, messages: Sequence[Message], clock: Clock, stop_at: float
    ) -> None:
        self.channel, self.messages, self.clock, self.stop_at = channel, messages, clock, stop_at
        self.unwritten: Outcome | None = None
        self._facts: dict[str, dict[str, Facts]] = {}
        self._newest: dict[tuple[str, str], int] = {}
        self._read_at = float("-inf")
        self._read: frozenset[int] = frozenset()

    def go(self) -> None:
        try:
            self.channel.open()
        except Temporary as trouble:
            self._put_off(self.messages, trouble)
            return
        for index, message in enumerate(self.messages):
            rest = self.messages[index:]
            if time.monotonic() >= self.stop_at:
                self._write()
                release(rest)
                return
            if not self._step(message):
                continue
            self._read_facts(rest)
            met = self._send(message)
            if met is not None and met.server:
                self._write()
                self._put_off(rest[1:], met)
                return
        self._write()

    def _write(self) -> None:
        if self.unwritten is not None:
            self._step(None)

    def _step(self, following: Message | None) -> bool:
        """Write what came of the last one and hand the following over; is that one still ours?"""
        done, self.unwritten = self.unwritten, None
        taken = step(done, following, now=self.clock())
        if done is not None and not taken.was_written:
            log.warning("message_lease_lost", message=done.message.pk)
        return taken.is_ours

    def _send(self, message: Message) -> Temporary | None:
        """Try one message and remember the outcome; return what was in the way."""
        now = self.clock()
        outgoing = None
        try:
            self._check(message, now)
            outgoing = self._form(message, now)
            self.channel.send(outgoing)
        except NotWanted as unwanted:
            self._finish(message, Message.Status.DROPPED, unwanted.reason)
        except Permanent as refusal:
            self._finish(message, Message.Status.FAILED, refusal.reason)
        except _Wait as wait:
            self._remember(
                Outcome(
                    message=message,
                    status=Message.Status.QUEUED,
                    due_at=wait.until,
                    counts=False,
                )
            )
        except Temporary as trouble:
            self._try_later(message, trouble, now)
            return trouble
        except LookupError as unknown:
            # A newer version queued it, or a template is missing: later, or by another worker.
            log.warning("message_unknown", message=message.pk, error=str(unknown))
            self._try_later(message, Temporary("unknown_kind"), now)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            # A fault of ours in one message must not hold up the others.
            log.exception("message_broken", message=message.pk, kind=message.kind)
            self._try_later(message, Temporary("broken", unsure=outgoing is not None), now)
        else:
            self._finish(message, Message.Status.ACCEPTED)
        return None

    def _check(self, message: Message, now: datetime) -> None:
        if message.expires_at is not None and now >= message.expires_at:
            raise Permanent("expired")
        kind = kind_named(message.kind)
        facts = self._facts[kind.name].get(message.about_id)
        if facts is None:
            raise NotWanted("gone")
        newest = max(
            (self._newest.get((message.about_id, k), 0) for k in kind.superseded_by), default=0
        )
        if newest > message.pk:
            raise NotWanted("superseded")
        if kind.quiet and (until := after_quiet_hours(now, facts.zone)) > now:
            raise _Wait(until)

    def _form(self, message: Message, now: datetime) -> Outgoing:
        kind = kind_named(message.kind)
        facts = self._facts[kind.name][message.about_id]
        with translation.override(facts.language), timezone.override(facts.zone):
            letter = kind.context(facts.subject, message, now)
            if letter is None:
                raise NotWanted("not_wanted")
            # Rendered here, where language and zone are the person's.
            return Outgoing(
                message_id=message_id_of(message),
                kind=message.kind,
                language=facts.language,
                at=now,
                letter=letter,
                text=letter.text(),
                html=letter.html(),
            )

    def _finish(
        self, message: Message, status: str, reason: str = "", *, unsure: bool = False
    ) -> None:
        self._remember(
            Outcome(
                message=message,
                status=status,
                reason=reason,
                finished_at=self.clock(),
                unsure=unsure,
            )
        )

    def _try_later(self, message: Message, trouble: Temporary, now: datetime) -> None:
        if now - message.created_at >= GIVE_UP_AFTER:
            self._finish(message, Message.Status.FAILED, trouble.reason, unsure=trouble.unsure)
            return
        self._remember(
            Outcome(
                message=message,
                status=Message.Status.QUEUED,
                reason=trouble.reason,
                due_at=now + pause_after(message.tries, server=trouble.server),
                unsure=trouble.unsure,
            )
        )

    def _remember(self, outcome: Outcome) -> None:
        self.unwritten = outcome
        message = outcome.message
        log.info(
            "message_tried",
            message=message.pk,
            kind=message.kind,
            status=str(outcome.status),
            reason=outcome.reason,
            tries=message.tries,
            maybe_twice=message.maybe_twice,
        )

    def _put_off(self, messages: Sequence[Message], trouble: Temporary) -> None:
        """Try all of them later, and count that as a try; those that tried more wait longer."""
        now = self.clock()
        for pause, group in _by_pause(messages):
            release(group, due_at=now + pause, reason=trouble.reason)
        if messages:
            log.warning("messages_put_off", count=len(messages), reason=trouble.reason)

    def _read_facts(self, rest: Sequence[Message]) -> None:
        """Read the facts for the next few messages, unless those at hand are fresh."""
        fresh = time.monotonic() - self._read_at < FACTS_LAST_SECONDS
        if fresh and rest[0].pk in self._read:
            return
        soon = rest[:FACTS_AT_ONCE]
        self._read_at, self._read = time.monotonic(), frozenset(m.pk for m in soon)
        self._facts, rivals = {}, set[str]()
        about: set[str] = set()
        for name in {message.kind for message in soon}:
            try:
                kind = kind_named(name)
            except LookupError:
                continue
            ids = [message.about_id for message in soon if message.kind == name]
            self._facts[name] = dict(kind.load(ids))
            if kind.superseded_by:
                rivals |= kind.superseded_by
                about.update(ids)
        self._newest = _newest(about, rivals)


class _Wait(Exception):
    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


def _by_pause(messages: Sequence[Message]) -> list[tuple[timedelta, list[Message]]]:
    groups: dict[timedelta, list[Message]] = {}
    for message in messages:
        groups.setdefault(pause_after(message.tries + 1, server=True), []).append(message)
    return list(groups.items())


def _newest(about: Collection[str], kinds: Collection[str]) -> dict[tuple[str, str], int]:
    """Return the number of the latest message that holds, by what it is about and its kind."""
    if not about:
        return {}
    rows = (
        Message.objects.filter(about_id__in=about, kind__in=kinds)
        .exclude(status__in=[Message.Status.DROPPED, Message.Status.FAILED])
        .values_list("about_id", "kind")
        .annotate(newest=Max("pk"))
    )
    return {(about_id, kind): newest for about_id, kind, newest in rows}
