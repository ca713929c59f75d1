"""kill -9 of the web processes in the middle of registrations: all or nothing, and once.

I4 of RELIABILITY: who was told yes is there, with everything that belongs to it; who was not told
may ask again under the same key, and ends with one place. Here on the embedded default;
``test_postgresql.py`` has the same on PostgreSQL.
"""

import random
import sqlite3
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.registering import Volunteers, check_all_or_nothing, rows_of
from tests.services.web import Web

pytestmark = pytest.mark.processes

PEOPLE = 60
KILLS = 3


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    web = Web(tmp_path_factory.mktemp("killed"), LIMIT_REGISTRATIONS_ADDRESS="off")
    web.start()
    yield web
    web.stop()


def test_killed_in_the_middle_of_registrations_nothing_is_half_done_or_lost(web: Web):
    drive = web.demo["drives"]["next_week"]["slug"]
    slots = [slot["id"] for slot in web.call("GET", f"drives/{drive}/", token="")["slots"]]
    volunteers = Volunteers(web.url, drive=drive, slots=slots, count=PEOPLE)
    chance = random.Random(4)

    def kill_again_and_again() -> None:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 0.4))
            web.kill()
            web.start()

    volunteers.ask_meanwhile(kill_again_and_again)

    with sqlite3.connect(f"file:{web.database}?mode=ro", uri=True) as database:

        def fetch(sql: str) -> list[tuple[Any, ...]]:
            return database.execute(sql).fetchall()

        check_all_or_nothing(volunteers, rows_of(volunteers, fetch))
