"""Messages through one worker of two processes, beside a bare loop in two processes."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection

from tests.bench.measure import Result, cpu_seconds, pss_mib
from tests.bench.parts import OURS, WORKER_CONCURRENCY, Parts
from tests.bench.people import our_drive
from tests.services.processes import start, wait_until
from tests.services.product import ROOT, free_port

_QUEUE = """
INSERT INTO notifications_message (
  kind, channel, about_id, "group", details, dedupe_key, status, reason, created_at, due_at,
  tries, maybe_twice, may_wait)
SELECT 'registered', 'email', public_id, 'bench', '{}', 'bench:' || public_id, 'queued', '',
       now(), now(), 0, FALSE, FALSE
FROM registrations_registration WHERE drive_id = %s"""


@dataclass(frozen=True, kw_only=True)
class Letters:
    worker: Result
    bare: Result
    worker_pss_mib: float


def letters(parts: Parts, *, count: int, rounds: int) -> Letters:
    """Send the same kind of message, count each round, first bare and then through the worker."""
    port = free_port()
    server = start([sys.executable, "-m", "tests.bench.smtp", str(port)], log=parts.log, cwd=ROOT)
    parts.processes.append(server)
    worker = parts.work(f"smtp://127.0.0.1:{port}")
    results = Result("worker"), Result("bare")
    pss = 0.0
    for turn in range(-1, rounds):
        some = count if turn >= 0 else count // 4  # a first round warms up
        for result in reversed(results):
            drive = our_drive(slots=4, capacity=some, people=some).drive
            with connection.cursor() as cursor:
                cursor.execute(_QUEUE, [drive.pk])
            if result.name == "bare":
                seconds = _bare(parts, port)
                with connection.cursor() as cursor:
                    cursor.execute("DELETE FROM notifications_message WHERE status = 'queued'")
            else:
                cpu = cpu_seconds(worker.pid)
                seconds = _through_worker(parts, some)
                if turn >= 0:
                    result.cpu_ms.append((cpu_seconds(worker.pid) - cpu) * 1000 / some)
                    pss = max(pss, pss_mib(worker.pid))
            if turn >= 0:
                result.rates.append(some / seconds)
    parts.end(worker)
    parts.end(server)
    worker_result, bare_result = results
    return Letters(worker=worker_result, bare=bare_result, worker_pss_mib=pss)


def _through_worker(parts: Parts, count: int) -> float:
    from notifications.services import start_sending

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM notifications_message WHERE status = 'accepted'")
        before = cursor.fetchone()[0]
    start_sending(count)
    started = datetime.now(UTC)

    def is_done() -> bool:
        time.sleep(0.1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM notifications_message WHERE status = 'accepted'")
            return bool(cursor.fetchone()[0] >= before + count)

    wait_until(is_done, what="all are sent", seconds=240, log=parts.log)
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(finished_at) FROM notifications_message")
        ended = cursor.fetchone()[0]
    return float((ended - started).total_seconds())


def _bare(parts: Parts, port: int) -> float:
    """Run the loop in as many processes; the slowest tells."""
    env = parts.environment(OURS, EMAIL_FROM="Bench <bench@example.com>")
    env["DJANGO_SETTINGS_MODULE"] = "backend.settings"
    of = WORKER_CONCURRENCY
    loops = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.bench.bare.letters"),
                *("127.0.0.1", str(port), str(nth), str(of)),
            ],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for nth in range(of)
    ]
    for loop in loops:
        assert loop.stdout is not None
        loop.stdout.readline()
    seconds = []
    for loop in loops:
        assert loop.stdin is not None
        loop.stdin.write("go\n")
        loop.stdin.flush()
    for loop in loops:
        said, _errors = loop.communicate()
        seconds.append(float(said.split()[1]))
    return max(seconds)
