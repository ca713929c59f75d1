from celery.signals import setup_logging
from django.apps import AppConfig
from django.core.signals import got_request_exception

from backend import logs


class BackendConfig(AppConfig):
    name = "backend"
    label = "backend"

    def ready(self) -> None:
        got_request_exception.connect(logs.log_unhandled)
        setup_logging.connect(logs.keep_celery_out)
