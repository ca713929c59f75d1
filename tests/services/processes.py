"""Starting a process that never outlives its starter."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

NOBODY = 65534
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(signum: int = signal.SIGKILL) -> None:
    """Ask Linux to end this process when the one that started it ends."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)


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
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, takes no lock
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
