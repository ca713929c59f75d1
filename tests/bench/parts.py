"""The parts of a run: one cluster with both databases, a broker, two web servers, a worker."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psycopg

from tests.bench.bare import sql as bare_sql
from tests.services.environment import clean_environment
from tests.services.postgresql import PostgreSQL
from tests.services.processes import start, stop, wait_until
from tests.services.product import ROOT, free_port
from tests.services.valkey import Valkey

WEB_WORKERS = WORKER_CONCURRENCY = 2
OURS, GROWN, BARE = "giothong", "giothong_grown", "bare"
_KEY = "YmVuY2gtb25seS1rZXktb2YtMzItYnl0ZXMtbG9uZyE="
_POSTGRESQL = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track_utility": "off",  # no BEGIN, COMMIT, savepoint
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
}


class Server:
    """A web server on a port of its own; ``pids`` are its workers and what holds them."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self.port = int(env["PORT"])
        self.process = _procfile("web", env, log)
        wait_until(self._answers, what=f"port {self.port} answers", seconds=60, log=log)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            return True
        try:
            urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2).close()
        except URLError as error:
            return hasattr(error, "code")  # 404 is an answer too
        return True


class Parts:
    """Started as they are first asked for; ``running`` ends them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "processes.log"
        self.postgresql = PostgreSQL(folder / "postgresql", durable=True, settings=_POSTGRESQL)
        self.valkey = Valkey(folder / "valkey")
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self.postgresql.start()
        self.valkey.start()
        with psycopg.connect(self.postgresql.url(), autocommit=True) as connection:
            for name in (OURS, BARE):
                connection.execute(f"CREATE DATABASE {name}")
            connection.execute("CREATE EXTENSION pg_stat_statements")
        with psycopg.connect(self.postgresql.url(BARE)) as connection:
            connection.execute(bare_sql.TABLES)
        # This process makes people and tickets with the product's own code.
        given = self.environment(OURS)
        os.environ.clear()
        os.environ.update(given)
        os.environ["DJANGO_SETTINGS_MODULE"] = "backend.settings"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)

    def environment(self, database: str, **variables: object) -> dict[str, str]:
        """Give what the product's processes read; limits count, but let one address through."""
        many = "100000000/m"
        return clean_environment(
            DATA_DIR=self.folder / "data",
            DATABASE_URL=self.postgresql.url(OURS if database == BARE else database),
            BARE_DATABASE_URL=self.postgresql.url(BARE),
            REDIS_URL=self.valkey.url,
            SECRET_KEY=_KEY,
            FIELD_KEY=_KEY,
            WEB_WORKERS=WEB_WORKERS,
            WORKER_CONCURRENCY=WORKER_CONCURRENCY,
            LIMIT_REGISTRATIONS_ADDRESS=many,
            LIMIT_API=many,
            LIMIT_ENROLMENTS=many,
            PYTHONPATH=ROOT / "tests/bench/in_use",
            BENCH_HIDDEN=",".join(development_only()),
            **variables,
        )

    def serve(self, database: str) -> Server:
        """Start the web server over a database; over ``BARE``, the bare views."""
        more = {"DJANGO_SETTINGS_MODULE": "tests.bench.bare.settings"} if database == BARE else {}
        env = self.environment(database, PORT=free_port(), **more)
        server = Server(env, self.log)
        self.processes.append(server.process)
        return server

    def work(self, email_url: str) -> subprocess.Popen[bytes]:
        env = self.environment(OURS, EMAIL_URL=email_url, EMAIL_FROM="Bench <bench@example.com>")
        process = _procfile("worker", env, self.log)
        self.processes.append(process)
        return process

    def copy(self, name: str) -> None:
        """Make a database like ours; nobody may be connected to it meanwhile."""
        use_database(name)
        with psycopg.connect(self.postgresql.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {OURS}")

    def end(self, process: subprocess.Popen[bytes]) -> None:
        stop(process)
        self.processes.remove(process)

    def close(self) -> None:
        for process in self.processes:
            stop(process)
        self.valkey.remove()
        self.postgresql.remove()


def development_only() -> list[str]:
    """Name the modules of packages that ``requirements.txt`` does not have."""
    text = (ROOT / "requirements.txt").read_text()
    in_use = {"pip", "setuptools", *re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)}
    return [
        module
        for module, packages in packages_distributions().items()
        if not in_use & {re.sub("[-_.]+", "-", package).lower() for package in packages}
    ]


def use_database(name: str) -> None:
    """Let this process make people in another database."""
    from django.db import connection

    if connection.settings_dict["NAME"] != name:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        connection.settings_dict["NAME"] = name


@contextlib.contextmanager
def running() -> Iterator[Parts]:
    # Short, because the path of a socket is bounded; open, because PostgreSQL is nobody.
    with tempfile.TemporaryDirectory(prefix="gh-bench-") as folder:
        Path(folder).chmod(0o711)
        parts = Parts(Path(folder))
        try:
            parts.start()
            yield parts
        except BaseException:
            if parts.log.exists():
                print(parts.log.read_text(errors="replace")[-6000:], file=sys.stderr)
            raise
        finally:
            parts.close()


def _procfile(name: str, env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    programs = Path(sys.executable).parent
    env["PATH"] = f"{programs}{os.pathsep}{env['PATH']}"
    program, *arguments = shlex.split(lines[name])
    return start([programs / program, *arguments], log=log, env=env, cwd=ROOT)
