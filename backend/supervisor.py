"""Starts processes, starts them again when they die, and leaves none behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

from backend.processes import tied_to_this_process

SECONDS_TO_END = 10.0
# A child that dies this often within the window has a fault that starting again does not mend.
DEATHS_THAT_END_ALL, WINDOW_SECONDS = 5, 60.0
FIRST_PAUSE_SECONDS = 0.5  # doubled after each death


class GiveUp(Exception):
    """Everything has to end; the text says why."""


class Stopped(Exception):
    """Somebody asked for the end (Ctrl-C, TERM, a closed terminal)."""


@dataclass
class Child:
    name: str
    command: Sequence[str]
    is_broker: bool = False
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)
    start_at: float = 0.0

    def signal(self, signum: int) -> None:
        """Signal the child's whole session: a server has processes of its own."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signum)


class Supervisor:
    """Owns its children from ``start`` to ``stop``; use it as a context."""

    def __init__(
        self, *, cwd: Path, env: Mapping[str, str], say: Callable[[str], None] = print
    ) -> None:
        self.cwd, self.env, self.say = cwd, dict(env), say
        self.children: list[Child] = []
        self.asked_to_stop = 0

    def __enter__(self) -> "Supervisor":
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._on_signal)
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        # Only counted: an exception here could strike between fork and remembering the child.
        self.asked_to_stop += 1

    def start(self, name: str, command: Sequence[str], *, is_broker: bool = False) -> Child:
        child = Child(name, command, is_broker)
        self.children.append(child)
        self._spawn(child)
        return child

    def _spawn(self, child: Child, output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        program = shutil.which(child.command[0], path=self.env.get("PATH"))
        if program is None:
            raise GiveUp(f"{child.name}: there is no program {child.command[0]}")
        child.process = subprocess.Popen(
            [program, *child.command[1:]],
            cwd=self.cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            start_new_session=True,
            preexec_fn=tied_to_this_process(),  # noqa: PLW1509 - two system calls, no lock
        )
        return child.process

    def run(self, name: str, command: Sequence[str]) -> str:
        """Run a step to its end, the others watched meanwhile, and give what it said.

        :raises GiveUp: it failed.
        """
        child = Child(name, command)
        with tempfile.TemporaryFile() as output:
            process = self._spawn(child, output)
            try:
                while process.poll() is None:
                    self.pause(0.05)
            finally:
                child.signal(signal.SIGKILL)
                process.wait()
            output.seek(0)
            said = output.read().decode(errors="replace")
        if process.returncode:
            raise GiveUp(f"{name} failed\n{said}".rstrip())
        return said

    def wait_until(self, ready: Callable[[], bool], *, what: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise GiveUp(f"{what} not within {seconds:.0f} seconds")
            self.pause(0.05)

    def watch(self) -> NoReturn:
        """Keep the children alive until somebody asks for the end."""
        while True:
            self.pause(0.2)

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)
        if self.asked_to_stop:
            raise Stopped
        now = time.monotonic()
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, now)
            elif child.process is None and now >= child.start_at:
                self._spawn(child)

    def _bury(self, child: Child, now: float) -> None:
        assert child.process is not None
        code = child.process.returncode
        child.signal(signal.SIGKILL)  # what it had started itself
        child.deaths = [at for at in child.deaths if now - at < WINDOW_SECONDS] + [now]
        if len(child.deaths) >= DEATHS_THAT_END_ALL:
            raise GiveUp(f"{child.name} ended {len(child.deaths)} times in a minute (last: {code})")
        self.say(f"{child.name} ended ({code}); starting it again")
        child.process, child.start_at = (
            None,
            now + FIRST_PAUSE_SECONDS * 2 ** (len(child.deaths) - 1),
        )

    def stop(self) -> None:
        """TERM to all but the broker, the last first; KILL for what is left; then the broker."""
        asked = self.asked_to_stop
        workers = [child for child in reversed(self.children) if not child.is_broker]
        for group in (workers, [child for child in self.children if child.is_broker]):
            running = [child.process for child in group if child.process is not None]
            for process in running:
                # To the child alone, which knows how to end its own.
                process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + SECONDS_TO_END
            while any(process.poll() is None for process in running):
                if time.monotonic() > deadline or self.asked_to_stop > max(asked, 1):
                    break
                time.sleep(0.05)
            for child in group:
                child.signal(signal.SIGKILL)
            for process in running:
                process.wait()
