"""What organizers, health checks and measurements ask of the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from django.db.models import Count, Exists, Min, Model, OuterRef, Q, QuerySet

from notifications.models import Message

# Why a message was given up for good: another try would meet the same.
HOPELESS: Final = ("address_refused", "no_address", "expired")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, kw_only=True)
class MessageCount:
    kind: str
    channel: str
    status: str
    count: int


@dataclass(frozen=True, kw_only=True)
class MessageTrouble:
    """A message, above all one that did not go, or not yet, and why.

    :param about_id: the registration (or what else) that it is about.
    :param next_try_at: ``None`` once it is given up.
    """

    about_id: str
    kind: str
    channel: str
    status: str
    reason: str
    at: datetime
    next_try_at: datetime | None


def message_counts(group: str) -> list[MessageCount]:
    """Return how many messages of a group there are, by kind, channel and status."""
    rows = (
        Message.objects.filter(group=group)
        .values_list("kind", "channel", "status")
        .annotate(count=Count("pk"))
        .order_by("kind", "channel", "status")
    )
    return [
        MessageCount(kind=kind, channel=channel, status=status, count=count)
        for kind, channel, status, count in rows
    ]


def reason_counts(group: str) -> dict[str, int]:
    """Return how many messages of a group were given up, by the reason."""
    failed = Message.objects.filter(group=group, status=Message.Status.FAILED)
    rows = failed.values_list("reason").annotate(count=Count("pk")).order_by("-count", "reason")
    return dict(rows)


def message_troubles(group: str, *, most: int = 200) -> list[MessageTrouble]:
    """Return what was given up, and what waits for another try; the latest first."""
    of_group = Message.objects.filter(group=group)
    return _told(
        of_group.filter(
            Q(status=Message.Status.FAILED) | (Q(status=Message.Status.QUEUED) & ~Q(reason=""))
        ),
        most,
    )


def messages_of(group: str, *, kind: str, status: str, most: int = 200) -> list[MessageTrouble]:
    """Return the messages of one kind that have this status; the latest first."""
    return _told(Message.objects.filter(group=group, kind=kind, status=status), most)


def _told(messages: QuerySet[Message], most: int) -> list[MessageTrouble]:
    rows = messages.order_by("-pk")[:most]
    return [
        MessageTrouble(
            about_id=message.about_id,
            kind=message.kind,
            channel=message.channel,
            status=message.status,
            reason=message.reason,
            at=message.finished_at or message.created_at,
            next_try_at=None if message.finished_at else message.due_at,
        )
        for message in rows
    ]


def to_retry(group: str, *, now: datetime) -> QuerySet[Message]:
    """Keep what was given up for a reason that may be mended, and is still of use.

    A mailbox that does not exist is none of them: who corrects it has a new letter sent.
    """
    return Message.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=now),
        group=group,
        status=Message.Status.FAILED,
    ).exclude(reason__in=HOPELESS)


def outbox_oldest_seconds(now: datetime) -> int:
    """Return for how long the oldest message that should have left has been waiting.

    What quiet hours hold back does not count.
    """
    late = Message.objects.filter(status=Message.Status.QUEUED).filter(
        Q(due_at__lte=now) | ~Q(reason="")
    )
    oldest = late.aggregate(oldest=Min("created_at"))["oldest"]
    return max(int((now - oldest).total_seconds()), 0) if oldest else 0


def never_written_to(reason: str) -> Q:
    """Say who was spared a message for this reason and got none since; by ``public_id``."""
    about = Message.objects.filter(about_id=OuterRef("public_id"))
    unsent = [Message.Status.DROPPED, Message.Status.FAILED]
    return Q(Exists(about.filter(reason=reason))) & ~Q(Exists(about.exclude(status__in=unsent)))


def is_spared(about_id: str, reason: str) -> bool:
    """Tell whether the last that there was to say was kept from an address, for this reason."""
    latest = Message.objects.filter(about_id=about_id).order_by("-pk")
    return latest.values_list("reason", flat=True).first() == reason


def without_message(owed: QuerySet[M]) -> QuerySet[M]:
    """Keep rows whose ``owed_dedupe_key`` no message has yet."""
    known = Message.objects.filter(dedupe_key=OuterRef("owed_dedupe_key"))
    return owed.exclude(Exists(known))
