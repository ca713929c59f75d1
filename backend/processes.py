"""Children that end with their parent, however it ends (on Linux; elsewhere if it can)."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
# Loaded here: between fork and exec nothing may be imported.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def tie_to_parent(signum: int) -> None:
    """Ask Linux for ``signum`` when the process that started this one ends."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)


def tied_to_this_process(signum: int = signal.SIGKILL) -> Callable[[], None]:
    """Make a ``preexec_fn`` for a child that ends with this process."""
    parent = os.getpid()

    def before_exec() -> None:
        tie_to_parent(signum)
        if os.getppid() != parent:  # it ended in between
            os.kill(os.getpid(), signum)

    return before_exec
