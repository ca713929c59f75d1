"""On PostgreSQL: the web processes killed, and the database itself, in the middle of a rush.

I4 of RELIABILITY, and its "PostgreSQL restarted in the middle of a rush": a yes is kept whatever
dies right after it; meanwhile people are told to come back in a moment; nothing is half done; and
all of it goes on by itself.
"""

import json
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest

from backend.keys import new_key
from tests.faults.registering import Volunteers, check_all_or_nothing, rows_of
from tests.services.postgresql import PostgreSQL
from tests.services.processes import wait_until
from tests.services.web import Server

pytestmark = [pytest.mark.processes, pytest.mark.postgresql]

KILLS = 3
MAKE_DRIVES = """
from datetime import timedelta
from django.utils import timezone
from tests.factories import DriveFactory
now = timezone.now()
starts_at = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=5)
for drive in DriveFactory.create_batch(2, starts_at=starts_at, published_at=now, slots=4):
    print(drive.slug, *drive.slots.values_list("public_id", flat=True))
"""


class Rush:
    """A server over a durable PostgreSQL of its own, and a new drive for each test."""

    def __init__(self, folder: Path) -> None:
        # With fsync, or a power cut proves nothing.
        self.postgresql = PostgreSQL(folder / "pg", durable=True)
        self.postgresql.start()
        self.server = Server(
            folder / "data",
            DATABASE_URL=self.postgresql.url(),
            SECRET_KEY=new_key(),
            FIELD_KEY=new_key(),
            LIMIT_REGISTRATIONS_ADDRESS="off",
        )
        self.server.manage("migrate", "--verbosity", "0")
        made = self.server.manage("shell", "--verbosity", "0", "-c", MAKE_DRIVES)
        self.drives = [line.split() for line in made.splitlines()]
        self.server.start()

    def volunteers(self, count: int, *, name: str) -> Volunteers:
        drive, *slots = self.drives.pop()
        return Volunteers(self.server.url, drive=drive, slots=slots, count=count, name=name)

    def check(self, volunteers: Volunteers) -> None:
        """All or nothing, and the same again is the first result and writes nothing."""
        self._check_rows(volunteers)
        again = volunteers.ask_again()
        assert again == [volunteers.told[n] for n in range(volunteers.count)]
        assert volunteers.headers[201]["Idempotent-Replayed"] == "true"
        self._check_rows(volunteers)

    def _check_rows(self, volunteers: Volunteers) -> None:
        with psycopg.connect(self.postgresql.url()) as database:
            rows = rows_of(volunteers, lambda sql: database.execute(sql).fetchall())
        check_all_or_nothing(volunteers, rows)

    def close(self) -> None:
        self.server.stop()
        self.postgresql.remove()


@pytest.fixture(scope="module")
def rush() -> Iterator[Rush]:
    folder = Path(tempfile.mkdtemp(prefix="gh-"))  # short, for the socket
    folder.chmod(0o711)  # PostgreSQL's user passes it
    rush = Rush(folder)
    yield rush
    rush.close()
    shutil.rmtree(folder, ignore_errors=True)


def test_web_killed_in_the_middle_of_a_rush_loses_and_halves_nothing(rush: Rush):
    volunteers = rush.volunteers(60, name="Người Bị Ngắt")
    chance = random.Random(4)

    def kill_again_and_again() -> None:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 0.4))
            rush.server.kill()
            rush.server.start()

    volunteers.ask_meanwhile(kill_again_and_again)

    assert set(volunteers.answers) == {0, 201}  # some heard nothing, or this has shown nothing
    rush.check(volunteers)


def test_postgresql_restarted_in_the_middle_of_a_rush_is_a_moment_to_wait(rush: Rush):
    volunteers = rush.volunteers(90, name="Người Đợi")
    back_after: list[float] = []

    def restart() -> None:
        wait_until(lambda: len(volunteers.told) > 5, what="some are told yes")
        # In good order; as after a power cut; and away for longer than anybody waits for it.
        for signum, pause in ((signal.SIGINT, 0), (signal.SIGQUIT, 0), (signal.SIGINT, 12)):
            rush.postgresql.stop(signum)
            time.sleep(pause)
            rush.postgresql.start()
            told, started = len(volunteers.told), time.monotonic()
            goes_on = partial(lambda told: len(volunteers.told) > told, told)
            wait_until(goes_on, what="registrations go on")
            back_after.append(time.monotonic() - started)

    volunteers.ask_meanwhile(restart)

    assert set(volunteers.answers) == {201, 503}
    assert volunteers.headers[503]["Retry-After"] == "5"
    assert json.loads(volunteers.bodies[503])["code"] == "unavailable"
    assert max(back_after) < 10, back_after  # seconds
    rush.check(volunteers)
