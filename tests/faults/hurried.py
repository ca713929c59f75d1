"""Settings for processes under fault: the product's own, with leases and pauses of seconds."""

from backend.settings import *  # noqa: F403
from backend.settings import CELERY_BROKER_TRANSPORT_OPTIONS, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.apps.FaultsConfig"]
OUTBOX_CLAIM_SECONDS = 2
# As in earnest longer than any answer takes: on a busy machine a second is nothing.
OUTBOX_HAND_OVER_SECONDS = 12
OUTBOX_PAUSES_SECONDS = (0.3, 0.5, 1)
EMAIL_TIMEOUT = 10
CELERY_BROKER_TRANSPORT_OPTIONS = CELERY_BROKER_TRANSPORT_OPTIONS | {"visibility_timeout": 5}
