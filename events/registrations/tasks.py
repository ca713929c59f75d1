"""What beat starts in this room."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from events.registrations.services.reminders import queue_due as queue_what_is_due


@shared_task(name="registrations.queue_due")
def queue_due(**_newer: object) -> None:
    """Queue what fell due by now; beat runs this every minute."""
    now = timezone.now()
    queue_what_is_due(at=now, now=now)
