from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "events.reports"
    label = "reports"
