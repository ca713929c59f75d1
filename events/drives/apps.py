from django.apps import AppConfig


class DrivesConfig(AppConfig):
    name = "events.drives"
    label = "drives"
