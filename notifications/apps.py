from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.utils import timezone

from backend.health import TOLD


class NotificationsConfig(AppConfig):
    name = "notifications"
    label = "notifications"

    def ready(self) -> None:
        from notifications.queries import outbox_oldest_seconds

        checks.register(_check_mail)
        TOLD["outbox_oldest_seconds"] = lambda: outbox_oldest_seconds(timezone.now())


def _check_mail(**_options: Any) -> list[checks.CheckMessage]:
    """Stop the start on an ``EMAIL_URL`` that nothing could be sent by."""
    from notifications.channels.mail import mail_channel

    try:
        mail_channel()
    except ValueError as error:
        return [checks.Error(str(error), id="notifications.E001")]
    return []
