"""The web process alone, quick to stop and to start again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.services.environment import clean_environment
from tests.services.processes import start, stop, wait_until
from tests.services.product import ROOT, free_port


class Server:
    """The web process over a database of its own, which ``manage`` has yet to fill.

    :param host: the name under which browsers know it; they have to be told where that is.
    :param variables: what the README's variables are set to, beside these.
    """

    def __init__(self, data_dir: Path, *, host: str = "127.0.0.1", **variables: object) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        if not (ROOT / "staticfiles" / "staticfiles.json").exists():
            raise FileNotFoundError("The bundles are missing; this makes them: make setup")
        self.port = int(str(variables.pop("PORT", 0))) or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.base_url = f"http://{host}:{self.port}"
        self.log = data_dir / "web.log"
        off = {f"LIMIT_{name}": "off" for name in ("ENROLMENTS", "MISSES", "API")}
        self.env = clean_environment(
            DATA_DIR=data_dir,
            PORT=self.port,
            BASE_URL=self.base_url,
            WEB_WORKERS=1,
            WEB_THREADS=4,
            **off,
            **variables,
        )
        self.process: subprocess.Popen[bytes] | None = None

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=True
        ).stdout

    def start(self) -> None:
        command = [sys.executable, "-m", "backend.serve"]
        self.process = start(command, log=self.log, env=self.env, cwd=ROOT)
        wait_until(self.answers, what="web", seconds=60, log=self.log)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)
            self.process = None

    def call(self, method: str, path: str, body: object = None, *, token: str) -> Any:
        """Call the API; ``token`` with its scheme."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": token, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def kill(self) -> None:
        """Kill the server and its workers at once, as a machine that loses power does."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.process = None


class Web(Server):
    """The web process alone over an embedded database of its own: quick to stop and start again.

    With the demonstration union in it, whose drive of today is happening now.

    :param beside: another one, whose data this one serves too.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        host: str = "127.0.0.1",
        beside: Web | None = None,
        **variables: object,
    ) -> None:
        super().__init__(data_dir, host=host, **variables)
        self.database = data_dir / "db.sqlite3"
        if beside is None:
            self.manage("migrate", "--verbosity", "0")
        self.demo: dict[str, Any] = (
            beside.demo if beside else json.loads(self.manage("demo", "--json"))
        )
        self.slug = self.demo["drives"]["today"]["slug"]

    def enrolment_url(self) -> str:
        """Return the link that the organizer shows as a QR code."""
        token = f"Bearer {self.demo['api_tokens']['organizer']}"
        made = self.call("POST", f"manage/drives/{self.slug}/devices/", {}, token=token)
        return str(made["enroll_url"])
