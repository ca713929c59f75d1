"""A throw-away Valkey (or, for faults, Debian's Redis) on a Unix socket."""

import shutil
import signal
import subprocess
from pathlib import Path

import redis

from backend.embedded import broker_program
from tests.services.processes import start, stop, wait_until


class Valkey:
    """The broker; ``folder`` must be short, as a socket's address has 107 bytes.

    With ``port`` it listens on loopback as well, for what cannot use a socket.
    """

    def __init__(self, folder: Path, *, program: Path | None = None, port: int = 0) -> None:
        self.folder, self.port = folder, port
        self.program = program or broker_program()
        self.socket, self.log = folder / "valkey.sock", folder / "valkey.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0" if self.port else f"unix://{self.socket}"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = start(
            [
                *(self.program, "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--unixsocket", self.socket, "--unixsocketperm", "700", "--dir", self.folder),
                *("--save", "", "--appendonly", "yes", "--appendfsync", "everysec"),
            ],
            log=self.log,
        )
        wait_until(self.answers, what="Valkey answers", log=self.log)

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def stop(self, signum: int = signal.SIGTERM) -> None:
        if self.process is not None:
            stop(self.process, signum)
            self.process = None

    def restart(self, signum: int = signal.SIGTERM, *, empty: bool = False) -> None:
        self.stop(signum)
        if empty:
            shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)
        self.start()

    def remove(self) -> None:
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
