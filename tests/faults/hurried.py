"""Settings for processes under fault: the product's own, with leases and pauses of seconds."""

from backend.settings import *  # noqa: F403
from backend.settings import CELERY_BROKER_TRANSPORT_OPTIONS, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.apps.FaultsConfig"]
OUTBOX_CLAIM_SECONDS = 1
OUTBOX_HAND_OVER_SECONDS = 2
OUTBOX_PAUSES_SECONDS = (0.3, 0.5, 1)
EMAIL_TIMEOUT = 1
CELERY_BROKER_TRANSPORT_OPTIONS = CELERY_BROKER_TRANSPORT_OPTIONS | {"visibility_timeout": 5}
