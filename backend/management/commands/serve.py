import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """The `web` line of the Procfile: the server, set by our variables instead of its own."""

    help = "Serves the product with HOST, PORT, WEB_WORKERS and WEB_THREADS."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        granian = Path(sys.executable).with_name("granian")
        arguments = {
            "--interface": "wsgi",
            "--host": settings.HOST,
            "--port": settings.PORT,
            "--workers": settings.WEB_WORKERS,
            "--blocking-threads": settings.WEB_THREADS,
            "--http": "1",
            "--log-level": "warning",
            "--workers-kill-timeout": "8",
        }
        command = [str(part) for pair in arguments.items() for part in pair]
        # Replaces this process, so that signals reach the server itself.
        os.chdir(settings.BASE_DIR)
        os.execv(  # noqa: S606
            granian,
            [
                str(granian),
                *command,
                "--no-ws",
                "--respawn-failed-workers",
                "backend.wsgi:application",
            ],
        )
