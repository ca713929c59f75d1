"""SQL alone: the same statements, sent by threads that each keep a connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import psycopg

from tests.bench.client import Answers

T = TypeVar("T")


def transactions(
    url: str, work: Callable[[Any, T], object], given: Iterable[T], *, connections: int
) -> Answers:
    """Run ``work(cursor, one)`` for each one given, each in a transaction of its own."""
    answers = Answers()
    waiting, lock = iter(given), threading.Lock()
    opened = [psycopg.connect(url) for _n in range(connections)]
    failed: list[BaseException] = []

    def keep_working(connection: psycopg.Connection[Any]) -> None:
        try:
            while True:
                with lock:
                    one = next(waiting, None)
                if one is None:
                    return
                started = time.perf_counter()
                with connection.transaction(), connection.cursor() as cursor:
                    work(cursor, one)
                answers.latencies.append(time.perf_counter() - started)
        except BaseException as error:  # told by the thread that waits
            failed.append(error)

    threads = [threading.Thread(target=keep_working, args=[each]) for each in opened]
    cpu, started = time.process_time(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.seconds = time.perf_counter() - started
    answers.client_cpu_seconds = time.process_time() - cpu
    for connection in opened:
        connection.close()
    if failed:
        raise failed[0]
    return answers
