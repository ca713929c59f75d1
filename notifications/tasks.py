"""Tasks of the outbox. The row, not the broker, remembers the tries."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from notifications import services


@shared_task(name="notifications.send_message")
def send_message(*, message_id: int, **_newer: object) -> None:
    """Deliver one message of the outbox; a second run finds nothing to do."""
    services.deliver_message(message_id=message_id, clock=timezone.now)


# Sweeps come each minute: what no worker could begin by then is asked for anew.
@shared_task(name="notifications.send_due", expires=55)
def send_due(**_newer: object) -> None:
    """Deliver what is due, in turns with other tasks like this one."""
    services.deliver_due(clock=timezone.now)


@shared_task(name="notifications.sweep_outbox")
def sweep_outbox(**_newer: object) -> None:
    """Start again what was lost or is due for another try; beat runs this every minute."""
    services.sweep_outbox(now=timezone.now())
