"""The whole product as somebody starts it: `manage.py run` in a folder and port of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from backend.embedded import broker_socket
from tests.services.environment import clean_environment
from tests.services.processes import start, stop, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Product:
    """Started by ``start`` and ready when that returns; ``processes`` finds all that belong to it.

    :param variables: what the README's variables are set to, beside DATA_DIR and PORT.
    """

    def __init__(self, data_dir: Path, **variables: object) -> None:
        self.data_dir = data_dir
        self.port = int(str(variables.pop("PORT", 0))) or free_port()
        self.env = clean_environment(
            DATA_DIR=data_dir,
            PORT=self.port,
            WEB_WORKERS=variables.pop("WEB_WORKERS", 1),
            WORKER_CONCURRENCY=variables.pop("WORKER_CONCURRENCY", 1),
            **variables,
        )
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_dir.with_name(f"{data_dir.name}.log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 240) -> None:
        if not (ROOT / "staticfiles" / "staticfiles.json").exists():
            raise FileNotFoundError("The bundles are missing; this makes them: make setup")
        self.log.unlink(missing_ok=True)
        command = [sys.executable, "manage.py", "run"]
        self.process = start(command, log=self.log, env=self.env, cwd=ROOT)
        wait_until(self._is_ready_or_over, what="READY", seconds=seconds, log=self.log)
        if self.process.poll() is not None:
            raise RuntimeError(self.said)

    def _is_ready_or_over(self) -> bool:
        assert self.process is not None
        return f"READY {self.url}" in self.said.splitlines() or self.process.poll() is not None

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def manage(self, *arguments: str) -> str:
        """Run a command of ``manage.py`` over the same data."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return done.stdout

    def mails(self) -> list[EmailMessage]:
        """Read the mails that lie in its folder, as no mail server is named."""
        files = sorted((self.data_dir / "mail").glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    def processes(self) -> dict[int, str]:
        """Find every living process of it, children of children too, by what it was given."""
        # The broker writes its title over its environment; its socket may lie elsewhere.
        named = (f"{self.data_dir}/".encode(), os.fsencode(broker_socket(self.data_dir)))
        given_it = f"DATA_DIR={self.data_dir}\0".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes()
                given = (folder / "environ").read_bytes() + b"\0"
            except OSError:  # it ended meanwhile
                continue
            is_it = given_it in given or any(name in command for name in named)
            if is_it and int(folder.name) != os.getpid():
                found[int(folder.name)] = command.replace(b"\0", b" ").decode(errors="replace")
        return found

    def pids(self, word: str) -> list[int]:
        return sorted(pid for pid, command in self.processes().items() if word in command)

    def stop(self, signum: int = signal.SIGINT, wait: float = 30) -> int:
        """End it and give its exit code."""
        assert self.process is not None
        stop(self.process, signum, wait)
        return int(self.process.returncode)

    def wait_until_gone(self, seconds: float = 15) -> dict[int, str]:
        """Give what is left of it after ``seconds``: nothing, if all is well."""
        deadline = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def kill_everything(self) -> None:
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
