"""What happened to one registration, from the log, and the messages about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.audit_words import words
from accounts.models import AuditEntry, User
from events.registrations.models import Registration
from notifications.models import Message
from notifications.words import kind_words, reason_words, status_words

SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class Happened:
    """:param who: a user's name; ``""`` for the person concerned or a device."""

    at: datetime
    what: str
    who: str


def history_of(registration: Registration) -> list[Happened]:
    """Return what was done to a registration, newest first; looks at it are in the log alone."""
    entries = list(
        AuditEntry.objects.filter(
            target_type="registrations.registration", target_id=registration.public_id
        )
        .exclude(action="registration.viewed")
        .order_by("-pk")[:SHOWN]
    )
    users = {e.by_user_id for e in entries if e.by_user_id}
    names = dict(User.objects.filter(pk__in=users).values_list("pk", "name"))
    return [
        Happened(
            at=e.at,
            what=words(e.action, own=e.by_user_id is None and e.by_device_id is None),
            who=names.get(e.by_user_id or 0, ""),
        )
        for e in entries
    ]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A message as the person's page lists it."""

    what: str
    status: str
    reason: str
    at: datetime


def messages_about(registration: Registration) -> list[Sent]:
    rows = Message.objects.filter(about_id=registration.public_id).order_by("-pk")[:SHOWN]
    return [
        Sent(
            what=kind_words(m.kind),
            status=status_words(m.status),
            reason=reason_words(m.reason) if m.reason else "",
            at=m.finished_at or m.created_at,
        )
        for m in rows
    ]
