from django.apps import AppConfig
from django.utils import timezone

from backend.health import TOLD


class NotificationsConfig(AppConfig):
    name = "notifications"
    label = "notifications"

    def ready(self) -> None:
        from notifications.queries import outbox_oldest_seconds

        TOLD["outbox_oldest_seconds"] = lambda: outbox_oldest_seconds(timezone.now())
