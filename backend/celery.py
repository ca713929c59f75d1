"""The Celery app and the whole beat schedule."""

import gc
import os
import time
import warnings
from typing import Any

import kombu.exceptions
import redis
import structlog
from celery import Celery
from celery.signals import worker_before_create_process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")

# Root is warned because a message could be a pickle that runs anything; ours are JSON only.
warnings.filterwarnings("ignore", message="(?s).*superuser privileges")
log = structlog.get_logger(__name__)
app = Celery("giothong")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Beat only queues, each minute, and two beats are harmless; what a lost minute left undone the
# next one finds. So it keeps no file of what ran when (settings: CELERY_BEAT_SCHEDULER).
EVERY_MINUTE = 60.0
SCHEDULE: dict[str, float] = {
    # task name: seconds between two starts
    "notifications.sweep_outbox": EVERY_MINUTE,
    "registrations.queue_due": EVERY_MINUTE,
}
app.conf.beat_schedule = {
    task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for task, seconds in SCHEDULE.items()
}


@worker_before_create_process.connect
def share_memory(**_signal: Any) -> None:
    """Let children of a worker share what is there when they are made.

    A collection writes into each object that it looks at, and so copies the page it lies on.
    """
    gc.collect()
    gc.freeze()


# While the broker is away nobody waits for it more than once in this time.
_REST_SECONDS = 5.0
_away_until = 0.0


def start_task(task: Any, **arguments: Any) -> bool:
    """Start ``task`` if the broker is there, and say whether it was.

    It never raises and hardly waits: whoever calls has a row that the sweep finds later.
    """
    global _away_until
    if time.monotonic() < _away_until:
        return False
    try:
        task.apply_async(kwargs=arguments, retry=False)
    except (kombu.exceptions.OperationalError, redis.RedisError, OSError) as error:
        _away_until = time.monotonic() + _REST_SECONDS
        log.warning("broker_away", error=type(error).__name__)
        return False
    return True
