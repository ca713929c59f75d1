"""Register people one after the other, each by a process that dies one step later than the last.

A program: ``python -m tests.faults.dying ADDRESS < bodies``, one JSON object a line with ``key``
and ``body``. Every statement is a step, the commit too, and what comes after it. It prints one JSON
object a line: the status that was answered, 0 for death before that; and whether it was committed.
"""

import json
import os
import signal
import sys
from typing import Any

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

database: Any = connection


class Steps:
    """Kills this process before the step after so many."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.is_committed = False

    def take(self) -> None:
        self.left -= 1
        if self.left < 0:
            say(0, is_committed=self.is_committed)
            os.kill(os.getpid(), signal.SIGKILL)

    def around_statement(self, execute: Any, *args: Any) -> Any:
        self.take()
        return execute(*args)

    def watch(self) -> None:
        connection.execute_wrappers.append(self.around_statement)
        commit = database._commit

        def commit_step() -> None:
            self.take()
            commit()
            self.is_committed = True
            self.take()

        database._commit = commit_step


def say(status: int, *, is_committed: bool) -> None:
    sys.stdout.write(json.dumps({"status": status, "is_committed": is_committed}) + "\n")
    sys.stdout.flush()


def register(address: str, asked: dict[str, Any]) -> int:
    answer = Client().post(
        address,
        json.dumps(asked["body"]),
        content_type="application/json",
        headers={"Idempotency-Key": asked["key"]},
    )
    return int(answer.status_code)


def main() -> None:
    [address] = sys.argv[1:]
    # The first one lives, and imports once what all of them need; no connection is inherited.
    say(register(address, json.loads(sys.stdin.readline())), is_committed=True)
    connection.close()
    database.close_pool()
    for count, line in enumerate(sys.stdin):
        child = os.fork()
        if child == 0:
            steps = Steps(count)
            steps.watch()
            say(register(address, json.loads(line)), is_committed=steps.is_committed)
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
