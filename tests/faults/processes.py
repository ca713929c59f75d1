"""The product's worker and beat as processes, to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from tests.services.environment import clean_environment
from tests.services.mail import MailServer
from tests.services.processes import start, stop, wait_until
from tests.services.valkey import Valkey

_CELERY = [sys.executable, "-m", "celery", "--quiet", "--app", "backend"]


class Workshop:
    """Broker, workers and beats over the database of the test; ``close`` ends them all."""

    def __init__(self, folder: Path, mail: MailServer) -> None:
        self.folder = folder
        self.broker = Valkey(folder / "valkey")
        self.broker.start()
        self.log = folder / "processes.log"
        self.processes: list[subprocess.Popen[bytes]] = []
        url = urlsplit(os.environ["DATABASE_URL"])
        name = str(connection.settings_dict["NAME"])
        self.environment = clean_environment(
            DJANGO_SETTINGS_MODULE="tests.faults.hurried",
            DATABASE_URL=urlunsplit(url._replace(path=f"/{name}")),
            REDIS_URL=self.broker.url,
            DATA_DIR=folder,
            EMAIL_URL=mail.url,
            EMAIL_FROM=settings.EMAIL_FROM,
            SECRET_KEY=os.environ["SECRET_KEY"],
            FIELD_KEY=os.environ["FIELD_KEY"],
            BASE_URL=settings.BASE_URL,
            WORKER_CONCURRENCY=2,
        )

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self._start("worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle")

    def start_beat(self) -> subprocess.Popen[bytes]:
        return self._start("beat", "--loglevel", "WARNING", "--pidfile=")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a process and its children at once, as a machine that loses power does."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        self.processes.remove(process)

    def close(self) -> None:
        for process in self.processes:
            stop(process, signal.SIGKILL)
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.broker.remove()

    def wait_until(self, ready, *, what: str, seconds: float = 60) -> None:
        wait_until(ready, what=what, seconds=seconds, log=self.log)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        process = start([*_CELERY, *arguments], log=self.log, env=self.environment)
        self.processes.append(process)
        return process


def process_connected_from(port: int) -> int | None:
    """Find the process whose TCP connection leaves from this port of loopback (Linux)."""
    sockets = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].rpartition(":")[2], 16) == port:
            sockets.add(f"socket:[{fields[9]}]")
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            held = {os.readlink(fd) for fd in (folder / "fd").iterdir()}
        except OSError:
            continue
        if held & sockets and int(folder.name) != os.getpid():
            return int(folder.name)
    return None
