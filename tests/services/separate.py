"""The product in its parts, as a server runs it: the Procfile's commands over real services."""

import os
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

from backend.keys import new_key
from backend.management.commands.run import read_procfile
from tests.services.environment import clean_environment
from tests.services.http import get
from tests.services.mail import MailServer
from tests.services.postgresql import PostgreSQL
from tests.services.processes import start, stop, wait_until
from tests.services.product import ROOT, free_port
from tests.services.valkey import Valkey


class Separate:
    """PostgreSQL, Valkey, a mail server, and web, worker and beat, each a process of its own.

    :param folder: short, and open to PostgreSQL's user; see ``service_folder``.
    """

    def __init__(self, folder: Path, mail: MailServer) -> None:
        if not (ROOT / "staticfiles" / "staticfiles.json").exists():
            raise FileNotFoundError("The bundles are missing; this makes them: make setup")
        self.folder, self.mail = folder, mail
        self.postgresql = PostgreSQL(folder / "pg")
        self.valkey = Valkey(folder / "valkey")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        programs = Path(sys.executable).parent
        self.env = clean_environment(
            DATABASE_URL=self.postgresql.url(),
            REDIS_URL=self.valkey.url,
            EMAIL_URL=mail.url,
            EMAIL_FROM="Giọt Hồng <ve@giothong.example>",
            SECRET_KEY=new_key(),
            FIELD_KEY=new_key(),
            DATA_DIR=folder / "data",
            BASE_URL=self.url,
            PORT=self.port,
            WEB_WORKERS=1,
            WORKER_CONCURRENCY=1,
            PATH=f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        )
        self.commands = read_procfile(ROOT / "Procfile")
        self.processes: list[subprocess.Popen[bytes]] = []

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def start(self) -> None:
        self.postgresql.start()
        self.valkey.start()
        if self._start("release").wait(240) != 0:
            raise RuntimeError(self.log("release").read_text(errors="replace")[-3000:])
        for name in ("web", "worker", "beat"):
            self.processes.append(self._start(name))
        wait_until(self._is_ready, what="readyz", seconds=120, log=self.log("web"))

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        return start(self.commands[name], log=self.log(name), env=self.env, cwd=ROOT)

    def _is_ready(self) -> bool:
        answer = get(f"{self.url}/readyz")
        return answer is not None and answer.status == 200

    def manage(self, *arguments: str) -> str:
        """Run a command of ``manage.py`` over the same data."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def mails(self) -> list[EmailMessage]:
        return list(self.mail.messages)

    def stop(self) -> None:
        for process in reversed(self.processes):
            stop(process, wait=20)
        self.valkey.remove()
        self.postgresql.remove()
