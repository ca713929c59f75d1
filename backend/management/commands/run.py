import contextlib
import fcntl
import os
import shlex
import signal
import socket
import sqlite3
import sys
import time
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.core.management import get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from backend.embedded import broker_program, make_socket_folder
from backend.processes import tie_to_parent
from backend.supervisor import GiveUp, Stopped, Supervisor


class Command(BaseCommand):
    """What ``make run`` starts: broker, migrations, demonstration, the Procfile's processes."""

    help = "Runs the whole product on this machine until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--tied", action="store_true", help="end when the process that started this one ends"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["tied"]:
            tie_to_parent(signal.SIGTERM)
        settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.only_one(), self.supervisor() as supervisor:
            try:
                self.refuse_taken_port()
                self.start_all(supervisor)
                supervisor.watch()
            except Stopped:
                self.say("Stopping …")
            except GiveUp as reason:
                raise CommandError(str(reason)) from None

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    @contextlib.contextmanager
    def only_one(self) -> Iterator[None]:
        """Two of these over one folder would be two brokers over one file."""
        with (settings.DATA_DIR / "run.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CommandError(f"It runs already, over {settings.DATA_DIR}.") from None
            yield

    def supervisor(self) -> Supervisor:
        programs = str(Path(sys.executable).parent)
        env = os.environ | {
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "DJANGO_SETTINGS_MODULE": "backend.settings",
            "PYTHONUNBUFFERED": "1",
        }
        return Supervisor(cwd=settings.BASE_DIR, env=env, say=self.say)

    def refuse_taken_port(self) -> None:
        with socket.socket(socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.HOST, settings.PORT))
            except OSError as error:
                raise CommandError(
                    f"Cannot listen on {settings.HOST}:{settings.PORT} ({error.strerror}). "
                    f"Another port: PORT={settings.PORT + 1} make run"
                ) from None

    def start_all(self, supervisor: Supervisor) -> None:
        if not settings.REDIS_URL:
            supervisor.start("broker", broker_command(), is_broker=True)
            supervisor.wait_until(broker_answers, what="The broker did not answer", seconds=20)
        processes = read_procfile(settings.BASE_DIR / "Procfile")
        self.migrate(supervisor, processes["release"])
        supervisor.start("web", processes["web"])
        # Only the first start waits for it.
        about_demonstration = self.demonstrate(supervisor) if self.new.exists() else None
        address = local_address()
        supervisor.wait_until(
            lambda: succeeds(f"{address}/readyz") and succeeds(f"{address}/"),
            what="The web server did not answer",
            seconds=180,
        )
        # After the first answer: on a small machine they would only slow it down.
        for name in ("worker", "beat"):
            supervisor.start(name, processes[name])
        self.say(f"READY {address}")
        if about_demonstration is None:
            about_demonstration = self.demonstrate(supervisor)
        self.say(f"\n{about_demonstration}".rstrip())
        self.say("Ctrl-C ends everything; what was done stays.")

    def migrate(self, supervisor: Supervisor, command: list[str]) -> None:
        """Bring the database up to date, after a copy of SQLite's file."""
        path = Path(str(settings.DATABASES["default"]["NAME"]))
        is_new = connection.vendor == "sqlite" and not path.exists()
        if is_new:
            # Kept until the demonstration is complete, in case the first start is interrupted.
            self.new.touch()
        if migrations_are_due():
            if connection.vendor == "sqlite" and not self.new.exists():
                self.say(f"Copied the database to {copy_database(path)}")
            self.say("Bringing the database up to date …")
            said = supervisor.run("release", command)
            if not self.new.exists():
                self.say(said.rstrip())

    @property
    def new(self) -> Path:
        return Path(settings.DATA_DIR / "new")

    def demonstrate(self, supervisor: Supervisor) -> str:
        """Fill a new database with the demonstration union, or bring it to today.

        Gives what the command says of how to use it; it knows itself whether there is work.
        """
        kept = settings.DATA_DIR / "demo.json"
        if settings.IS_HTTPS or "demo" not in get_commands():
            self.new.unlink(missing_ok=True)
            return ""
        if not self.new.exists() and not kept.exists():
            return ""
        if self.new.exists():
            self.say("Making the demonstration union …")
        try:
            said = supervisor.run("demo", ["python", "manage.py", "demo"])
        except GiveUp as reason:
            return str(reason)  # the product itself can be used
        self.new.unlink(missing_ok=True)
        return said


def read_procfile(path: Path) -> dict[str, list[str]]:
    """Give the Procfile's plain commands by name."""
    lines = [line.partition(":") for line in path.read_text().splitlines() if line.strip()]
    return {name: shlex.split(command) for name, _colon, command in lines}


def broker_command() -> list[str]:
    make_socket_folder(settings.BROKER_SOCKET)
    folder = settings.DATA_DIR / "broker"
    folder.mkdir(mode=0o700, exist_ok=True)
    return [
        *(str(broker_program()), "--port", "0", "--dir", str(folder)),
        *("--unixsocket", str(settings.BROKER_SOCKET), "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "yes", "--appendfsync", "everysec"),
        *("--loglevel", "warning", "--logfile", str(folder / "valkey.log")),
    ]


def broker_answers() -> bool:
    try:
        with redis.Redis(unix_socket_path=str(settings.BROKER_SOCKET)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def migrations_are_due() -> bool:
    executor = MigrationExecutor(connection)
    due = bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    connections.close_all()
    return due


def copy_database(path: Path) -> Path:
    """Copy the file as one moment of it, by SQLite itself."""
    folder = settings.DATA_DIR / "before-migrations"
    folder.mkdir(mode=0o700, exist_ok=True)
    copy = folder / f"{time.strftime('%Y%m%d-%H%M%S')}.sqlite3"
    with (
        contextlib.closing(sqlite3.connect(path)) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    copy.chmod(0o600)
    return copy


def local_address() -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)  # noqa: S104
    return f"http://[{host}]:{settings.PORT}" if ":" in host else f"http://{host}:{settings.PORT}"


def succeeds(url: str) -> bool:
    """Whether a request is answered, if need be with a redirect to https."""
    try:
        with _no_redirects.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as answer:
        return answer.code < 500
    except OSError:
        return False


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


# Without the proxies of the environment: the server is on this machine.
_no_redirects = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)
