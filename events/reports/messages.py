"""What became of a drive's messages, as the organizer's page lists it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from events.drives.models import Drive
from events.registrations.models import Registration
from notifications.models import Message
from notifications.queries import (
    message_counts,
    message_troubles,
    messages_of,
    reason_counts,
    to_retry,
)
from notifications.words import kind_words, reason_words, status_words

CHANNELS = {"email": _("mail")}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """How many messages have one status; ``query`` is the address of their list."""

    number: int
    query: str


@dataclass(frozen=True, kw_only=True)
class KindRow:
    label: str
    channel: str
    delivered: Cell
    accepted: Cell
    queued: Cell
    failed: Cell
    dropped: Cell


@dataclass(frozen=True, kw_only=True)
class Row:
    """One message; ``registration`` is whom it is about, if still there."""

    label: str
    status: str
    why: str
    registration: Registration | None
    at: datetime
    gave_up: bool


@dataclass(frozen=True, kw_only=True)
class MessageList:
    """What the page shows: counts by kind, and the messages of one cell, or those in trouble.

    :param chosen: what the rows are, in words; ``""`` where they are those in trouble.
    :param retryable: how many of those that failed may go at another try.
    """

    kinds: list[KindRow]
    chosen: str
    rows: list[Row]
    reasons: list[tuple[str, int]]
    retryable: int

    @property
    def failed(self) -> int:
        return sum(number for _reason, number in self.reasons)


def message_list(drive: Drive, *, kind: str = "", status: str = "", now: datetime) -> MessageList:
    """Return the counts by kind and why some did not go, in five queries.

    :param kind, status: list these messages instead of those in trouble.
    """
    group = f"drive:{drive.pk}"
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in message_counts(group):
        counts.setdefault((row.kind, row.channel), {})[row.status] = row.count
    is_chosen = status in Message.Status.values and any(kind == known for known, _by in counts)
    found = messages_of(group, kind=kind, status=status) if is_chosen else message_troubles(group)
    people = {
        r.public_id: r
        for r in Registration.objects.filter(
            drive=drive, public_id__in={message.about_id for message in found}
        )
    }
    return MessageList(
        kinds=[_kind_row(kind, channel, by) for (kind, channel), by in counts.items()],
        chosen=f"{kind_words(kind)}: {status_words(status)}" if is_chosen else "",
        rows=[
            Row(
                label=kind_words(message.kind),
                status=message.status,
                why=reason_words(message.reason) if message.reason else "",
                registration=people.get(message.about_id),
                at=message.at,
                gave_up=message.status == Message.Status.FAILED,
            )
            for message in found
        ],
        reasons=[(reason_words(r), number) for r, number in reason_counts(group).items()],
        retryable=to_retry(group, now=now).count(),
    )


def _kind_row(kind: str, channel: str, counts: Mapping[str, int]) -> KindRow:
    def cell(status: Message.Status) -> Cell:
        query = urlencode({"kind": kind, "status": status.value})
        return Cell(number=counts.get(status, 0), query=f"?{query}#list")

    return KindRow(
        label=kind_words(kind),
        channel=str(CHANNELS.get(channel, channel)),
        delivered=cell(Message.Status.DELIVERED),
        accepted=cell(Message.Status.ACCEPTED),
        queued=cell(Message.Status.QUEUED),
        failed=cell(Message.Status.FAILED),
        dropped=cell(Message.Status.DROPPED),
    )
