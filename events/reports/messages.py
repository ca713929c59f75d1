"""What became of a drive's messages, as the organizer's page lists it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from events.drives.models import Drive
from events.registrations.models import Registration
from notifications.models import Message
from notifications.queries import message_counts, message_troubles, reason_counts
from notifications.words import kind_words, reason_words

CHANNELS = {"email": _("mail")}


@dataclass(frozen=True, kw_only=True)
class KindRow:
    label: str
    channel: str
    delivered: int
    accepted: int
    queued: int
    failed: int
    dropped: int


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A message that did not go; ``registration`` is whom it is about, if still there."""

    label: str
    why: str
    registration: Registration | None
    at: datetime
    gave_up: bool


@dataclass(frozen=True, kw_only=True)
class MessageList:
    kinds: list[KindRow]
    troubles: list[Trouble]
    reasons: list[tuple[str, int]]

    @property
    def failed(self) -> int:
        return sum(number for _reason, number in self.reasons)

    @property
    def queued(self) -> int:
        return sum(row.queued for row in self.kinds)


def message_list(drive: Drive) -> MessageList:
    """Return the counts by kind and why some did not go, in four queries."""
    group = f"drive:{drive.pk}"
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in message_counts(group):
        counts.setdefault((row.kind, row.channel), {})[row.status] = row.count
    troubles = message_troubles(group)
    people = {
        r.public_id: r
        for r in Registration.objects.filter(
            drive=drive, public_id__in={trouble.about_id for trouble in troubles}
        )
    }
    return MessageList(
        kinds=[
            KindRow(
                label=kind_words(kind),
                channel=str(CHANNELS.get(channel, channel)),
                delivered=by.get(Message.Status.DELIVERED, 0),
                accepted=by.get(Message.Status.ACCEPTED, 0),
                queued=by.get(Message.Status.QUEUED, 0),
                failed=by.get(Message.Status.FAILED, 0),
                dropped=by.get(Message.Status.DROPPED, 0),
            )
            for (kind, channel), by in counts.items()
        ],
        troubles=[
            Trouble(
                label=kind_words(trouble.kind),
                why=reason_words(trouble.reason),
                registration=people.get(trouble.about_id),
                at=trouble.at,
                gave_up=trouble.next_try_at is None,
            )
            for trouble in troubles
        ],
        reasons=[(reason_words(r), number) for r, number in reason_counts(group).items()],
    )
