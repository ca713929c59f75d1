"""kill -9 of the web processes in the middle of registrations: all or nothing, and once.

I4 of RELIABILITY: who was told yes is there, with everything that belongs to it; who was not told
may ask again under the same key, and ends with one place.
"""

import json
import os
import random
import signal
import sqlite3
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.services.web import Web

pytestmark = pytest.mark.processes

PEOPLE = 60
KILLS = 3
PATIENCE = 240  # seconds, for a machine that has much else to do


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    web = Web(tmp_path_factory.mktemp("killed"))
    web.env["LIMIT_REGISTRATIONS_ADDRESS"] = "off"
    web.start()
    yield web
    web.stop()


def ask(web: Web, slot: str, n: int, key: str) -> tuple[int, str | None]:
    """Register person ``n``; 0 stands for no answer."""
    body = {
        "slot": slot,
        "full_name": f"Người Thử {'ABCDEFGHIJ'[n // 10]}{'abcdefghij'[n % 10]}",
        "phone": f"0938 111 {n:03}",
        "birth_year": 1990,
        "email": f"nguoi{n}@vidu.invalid",
        "consents": ["registration"],
        "join_waitlist": True,
    }
    request = urllib.request.Request(
        f"{web.url}/api/v1/drives/{web.demo['drives']['next_week']['slug']}/registrations/",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": key},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())["id"]
    except urllib.error.HTTPError as error:
        return error.code, None
    except (OSError, ValueError):
        return 0, None


def kill(web: Web) -> None:
    """Kill the server and its workers at once, and start them again."""
    assert web.process is not None
    os.killpg(web.process.pid, signal.SIGKILL)
    web.process.wait(10)
    web.process = None
    web.start()


def rows_of(web: Web) -> dict[str, Any]:
    """Read what there is of these people, straight from the file."""
    with sqlite3.connect(f"file:{web.database}?mode=ro", uri=True) as database:
        told = database.execute(
            "SELECT public_id, donor_id FROM registrations_registration"
            " WHERE full_name LIKE 'Người Thử %'"
        ).fetchall()
        ids = [public_id for public_id, _donor in told]
        marks = ",".join("?" * len(ids))

        def about(table: str, column: str, more: str = "") -> list[str]:
            sql = f"SELECT {column} FROM {table} WHERE {column} IN ({marks}) {more}"  # noqa: S608
            return sorted(row[0] for row in database.execute(sql, ids))

        return {
            "ids": sorted(ids),
            "donors": len({donor for _id, donor in told}),
            "messages": about("notifications_message", "about_id"),
            "audit": about("accounts_auditentry", "target_id"),
            "consents": about("donors_consent", "registration_id"),
            "keys": about("accounts_attemptrecord", "object_id"),
            "lonely": database.execute(
                "SELECT COUNT(*) FROM donors_donor d WHERE d.full_name LIKE 'Người Thử %' AND NOT"
                " EXISTS (SELECT 1 FROM registrations_registration r WHERE r.donor_id = d.id)"
            ).fetchone()[0],
        }


def test_killed_in_the_middle_of_registrations_nothing_is_half_done_or_lost(web: Web):
    drive = web.demo["drives"]["next_week"]["slug"]
    slots = web.call("GET", f"drives/{drive}/", token="")["slots"]
    keys = [str(uuid.uuid4()) for _ in range(PEOPLE)]
    told: dict[int, str] = {}
    deadline = time.monotonic() + PATIENCE

    def ask_until_told(mine: range) -> None:
        for n in mine:
            while n not in told and time.monotonic() < deadline:
                status, public_id = ask(web, slots[n % len(slots)]["id"], n, keys[n])
                if status == 201 and public_id is not None:
                    told[n] = public_id
                else:
                    time.sleep(0.1)

    askers = [
        threading.Thread(target=ask_until_told, args=(range(start, PEOPLE, 4),))
        for start in range(4)
    ]
    for asker in askers:
        asker.start()
    chance = random.Random(4)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.4))
        kill(web)
    for asker in askers:
        asker.join(PATIENCE)

    found = rows_of(web)
    assert sorted(told) == list(range(PEOPLE))
    assert found["ids"] == sorted(told.values())
    for what in ("messages", "audit", "consents", "keys"):
        assert found[what] == found["ids"], what
    assert (found["donors"], found["lonely"]) == (PEOPLE, 0)
