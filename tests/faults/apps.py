"""Names the tests' kinds of messages in the processes too, and makes beat's minutes short."""

from django.apps import AppConfig


class FaultsConfig(AppConfig):
    name = "tests.faults"
    label = "faults"

    def ready(self) -> None:
        from backend.celery import app
        from tests.notifications.kinds import name_kinds

        name_kinds()
        for entry in app.conf.beat_schedule.values():
            entry["schedule"] = 0.5
