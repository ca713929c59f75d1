"""Do things from many connections at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection


def at_once(
    doings: Sequence[Callable[..., Any]], *, refused: tuple[type[Exception], ...] = ()
) -> list[Any]:
    """Start all of them at the same moment, each with a connection of its own.

    :param refused: the exceptions that some may end with; any other fails the test.
    :returns: what each gave back, or how it was refused, in their order.
    """
    start = threading.Barrier(len(doings))

    def run(do: Callable[[], Any]) -> Any:
        start.wait(timeout=30)
        try:
            return do()
        except refused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(doings)) as threads:
        return list(threads.map(run, doings))
