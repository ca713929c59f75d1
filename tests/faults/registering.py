"""Volunteers who register through whatever happens to the server, and what is left of them."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

Rows = dict[str, Any]
PATIENCE = 240  # seconds, for a machine that has much else to do
WAITS = 0.1  # seconds before the same again

# Every row that belongs to a registration, by the column that names it.
BELONGINGS = {
    "messages": ("notifications_message", "about_id"),
    "audit": ("accounts_auditentry", "target_id"),
    "consents": ("donors_consent", "registration_id"),
    "keys": ("accounts_attemptrecord", "object_id"),
}


class Volunteers:
    """So many people, each with a key of their own, who ask until they are told yes.

    :param url: where the server is.
    :param slots: public ids, taken in turn.
    :param name: what all their names begin with, and nobody else's.
    """

    def __init__(
        self, url: str, *, drive: str, slots: Sequence[str], count: int, name: str = "Người Thử"
    ) -> None:
        self.address = f"{url}/api/v1/drives/{drive}/registrations/"
        self.slots, self.count, self.name = slots, count, name
        self.keys = [str(uuid.uuid4()) for _ in range(count)]
        self.told: dict[int, dict[str, Any]] = {}
        # What was answered, 0 where nobody did; and the headers of the last answer of each.
        self.answers: Counter[int] = Counter()
        self.headers: dict[int, Any] = {}
        self.bodies: dict[int, bytes] = {}

    def ask(self, n: int) -> tuple[int, Any]:
        """Register person ``n``; 0 stands for no answer."""
        body = {
            "slot": self.slots[n % len(self.slots)],
            "full_name": f"{self.name} {'ABCDEFGHIJ'[n // 10 % 10]}{'abcdefghij'[n % 10]}",
            "phone": f"0938 111 {n:03}",
            "birth_year": 1990,
            "email": f"nguoi{n}@vidu.invalid",
            "consents": ["registration"],
            "join_waitlist": True,
        }
        request = urllib.request.Request(
            self.address,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Idempotency-Key": self.keys[n]},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, headers, said = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, said = error.code, error.headers, error.read()
        except (OSError, ValueError):
            status, headers, said = 0, {}, b""
        self.answers[status] += 1
        self.headers[status], self.bodies[status] = headers, said
        return status, json.loads(said) if status == 201 else None

    def ask_again(self) -> list[dict[str, Any]]:
        """Ask the same once more, each under the key of the first time."""
        return [self.ask(n)[1] for n in range(self.count)]

    def ask_meanwhile(self, faults: Callable[[], object], *, threads: int = 4) -> None:
        """Let all of them ask until they are told yes, while ``faults`` happens."""
        deadline = time.monotonic() + PATIENCE

        def ask_until_told(mine: range) -> None:
            for n in mine:
                while n not in self.told and time.monotonic() < deadline:
                    status, told = self.ask(n)
                    if status == 201:
                        self.told[n] = told
                    else:
                        time.sleep(WAITS)

        askers = [
            threading.Thread(target=ask_until_told, args=(range(start, self.count, threads),))
            for start in range(threads)
        ]
        for asker in askers:
            asker.start()
        faults()
        for asker in askers:
            asker.join(PATIENCE)


def rows_of(volunteers: Volunteers, fetch: Callable[[str], list[tuple[Any, ...]]]) -> Rows:
    """Read what there is of these people, straight from the database.

    :param fetch: runs a statement and returns its rows.
    """
    named = f"full_name LIKE '{volunteers.name} _%'"
    mine = f"SELECT public_id FROM registrations_registration WHERE {named}"  # noqa: S608
    found: Rows = {
        "ids": sorted(row[0] for row in fetch(mine)),
        "donors": fetch(f"SELECT COUNT(*) FROM donors_donor WHERE {named}")[0][0],  # noqa: S608
    }
    for what, (table, column) in BELONGINGS.items():
        rows = fetch(f"SELECT {column} FROM {table} WHERE {column} IN ({mine})")  # noqa: S608
        found[what] = sorted(row[0] for row in rows)
    return found


def check_all_or_nothing(volunteers: Volunteers, found: Rows) -> None:
    """Everybody was told yes, is there once with everything that belongs to it; nothing else is."""
    assert sorted(volunteers.told) == list(range(volunteers.count))
    assert found["ids"] == sorted(told["id"] for told in volunteers.told.values())
    for what in BELONGINGS:
        assert found[what] == found["ids"], what
    assert found["donors"] == volunteers.count
