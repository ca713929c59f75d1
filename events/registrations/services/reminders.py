"""Queue what falls due by the calendar: reminders three days and one day before."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from django.db.models import CharField, DateTimeField, ExpressionWrapper, F, QuerySet, Value
from django.db.models.functions import Concat

from backend.transactions import in_transaction
from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.outbox import MANY_LETTERS
from notifications.queries import never_written_to, without_message
from notifications.quiet import after_quiet_hours
from notifications.services import queue_from_rows

REMINDER_DAYS: Final = (3, 1)
REMINDER_HOUR: Final = time(18, 0)
# Longer than from the first reminder to the end of the longest drive.
_LONGEST_AHEAD: Final = timedelta(days=max(REMINDER_DAYS) + 2)


def reminder_due_at(drive: Drive, days: int) -> datetime:
    """Return when those who come to a drive are reminded of it, so many days before its date."""
    return datetime.combine(drive.date - timedelta(days=days), REMINDER_HOUR, drive.tzinfo)


def latest_reminder(drive: Drive, at: datetime) -> int | None:
    """Return which reminder, by its days, is the last that fell due up to ``at``.

    An earlier one that nobody sent by then is pointless: this one says the same, and better.
    """
    due = [days for days in REMINDER_DAYS if reminder_due_at(drive, days) <= at]
    return min(due, default=None)


@in_transaction
def queue_due(*, at: datetime, now: datetime, dry_run: bool = False) -> dict[str, int]:
    """Queue what fell due up to ``at`` and say how many of each kind; again queues nothing.

    Works on any number of people by one statement a drive. Two at once are harmless: a dedupe key
    holds each reminder to one a person, date and number of days, so that a moved drive is reminded
    of anew, and a person who moved within the day is not.

    :param at: until when; may lie ahead of ``now``, then the messages are due at once.
    """
    count = 0
    drives = Drive.objects.published().filter(
        cancelled_at__isnull=True,
        is_rehearsal=False,
        starts_at__lt=at + _LONGEST_AHEAD,
        ends_at__gt=at,
    )
    for drive in drives:
        days = latest_reminder(drive, at)
        if days is None:
            continue
        owed = _to_remind(drive, days, at=at)
        if dry_run:
            count += without_message(owed).count()
        else:
            count += queue_from_rows(
                "reminder",
                without_message(owed),
                now=now,
                # Held here too, so that nobody claims them all night long.
                due_at=after_quiet_hours(now, drive.tzinfo),
                details={"days": days, "on": drive.date.isoformat()},
            )
    return {"reminder": count}


def _to_remind(drive: Drive, days: int, *, at: datetime) -> QuerySet[Registration]:
    """Return who is to be reminded: has a place since before, agreed to it, and is not in yet.

    Whoever got the place after the reminder was due has just been told of it.
    """
    due_at = reminder_due_at(drive, days)
    fewer = [d for d in REMINDER_DAYS if d < days]
    # One that lies for so long makes way for the next.
    expires_at = Value(reminder_due_at(drive, max(fewer))) if fewer else F("slot__starts_at")
    return (
        Registration.objects.filter(
            drive=drive,
            status=Registration.Status.REGISTERED,
            consent_reminders=True,
            is_demonstration=False,
            erased_at__isnull=True,
            slot__starts_at__gt=at,
            created_at__lt=due_at,
            placed_at__lt=due_at,
        )
        .exclude(email="")
        # Whose address had too many letters to be told of the place is not reminded of it either:
        # nobody can fill another's mailbox for a later day.
        .exclude(never_written_to(MANY_LETTERS))
        .annotate(
            owed_about_id=F("public_id"),
            owed_group=Value(f"drive:{drive.pk}", output_field=CharField()),
            owed_dedupe_key=Concat(
                Value("reminder:"), F("public_id"), Value(f":{days}:{drive.date:%Y-%m-%d}")
            ),
            owed_expires_at=ExpressionWrapper(expires_at, output_field=DateTimeField()),
        )
    )
