"""The ``web`` line of the Procfile: the server, set by our variables instead of its own."""

import os
import sys
from pathlib import Path

from django.conf import settings


def main() -> None:
    """Become the server, so that signals reach it itself."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
    granian = Path(sys.executable).with_name("granian")
    arguments = {
        "--interface": "wsgi",
        "--host": settings.HOST,
        "--port": settings.PORT,
        "--workers": settings.WEB_WORKERS,
        "--blocking-threads": settings.WEB_THREADS,
        "--http": "1",
        "--log-level": "error",
        "--workers-kill-timeout": 8,
    }
    os.chdir(settings.BASE_DIR)
    # Else glibc gives each thread memory of its own, and after a large request little of it back.
    for name, value in {
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_TRIM_THRESHOLD_": "131072",
        "MALLOC_MMAP_THRESHOLD_": "131072",
    }.items():
        os.environ.setdefault(name, value)
    os.execv(  # noqa: S606 - no shell is wanted
        granian,
        [
            str(granian),
            *(str(part) for pair in arguments.items() for part in pair),
            *("--no-ws", "--respawn-failed-workers", "--respawn-interval", "0.5"),
            ":".join(settings.WSGI_APPLICATION.rsplit(".", 1)),
        ],
    )


if __name__ == "__main__":
    main()
