from django.apps import AppConfig


class CheckinConfig(AppConfig):
    name = "events.checkin"
    label = "checkin"
