"""Starting a process that never outlives its starter."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.processes import tied_to_this_process

NOBODY = 65534


def start(
    command: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    unprivileged: bool = False,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start ``command`` with its output in ``log``; root may ask for it as nobody."""
    if unprivileged:
        options |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            preexec_fn=tied_to_this_process(),  # noqa: PLW1509 - one system call, takes no lock
            start_new_session=True,
            **options,
        )


def wait_until(
    ready: Callable[[], object], *, what: str, seconds: float = 20, log: Path | None = None
) -> None:
    """Ask ``ready`` until it says yes; fail with the end of ``log`` where it never does."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            said = log.read_text(errors="replace")[-3000:] if log and log.exists() else ""
            raise TimeoutError(f"{what} not after {seconds} s\n{said}")
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], signum: int = signal.SIGTERM, wait: float = 10) -> None:
    if process.poll() is None:
        process.send_signal(signum)
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(wait)
