"""kill -9 before each statement of a registration, before its commit and after: all or nothing.

I4 of RELIABILITY, as exactly as it can be tried; the rushes beside it try it by chance.
"""

import json
import os
import subprocess
import sys
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from tests.api import Caller, a_key
from tests.factories import DriveFactory
from tests.faults.registering import BELONGINGS
from tests.services.environment import clean_environment
from tests.services.product import ROOT

pytestmark = [
    pytest.mark.processes,
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
]

STEPS = 24  # more than a registration has


def run_dying(address: str, asked: list[dict[str, Any]]) -> list[tuple[int, bool]]:
    """Let the program register them over this test's database.

    :returns: what each was answered, 0 for who was killed, and whether it had been committed.
    """
    url = urlsplit(os.environ["DATABASE_URL"])
    env = clean_environment(
        DJANGO_SETTINGS_MODULE="backend.settings",
        DATABASE_URL=urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}")),
        REDIS_URL=os.environ["REDIS_URL"],
        DATA_DIR=os.environ["DATA_DIR"],
        SECRET_KEY=os.environ["SECRET_KEY"],
        FIELD_KEY=os.environ["FIELD_KEY"],
        BASE_URL=settings.BASE_URL,
    )
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults.dying", address],
        input="".join(json.dumps(one) + "\n" for one in asked),
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    said = [json.loads(line) for line in ended.stdout.splitlines()]
    return [(one["status"], one["is_committed"]) for one in said]


def rows_by_email() -> dict[str, tuple[int, ...]]:
    """Count what belongs to each registration there is: messages, audit, consents, keys."""
    counts = ", ".join(
        f"(SELECT COUNT(*) FROM {table} WHERE {column} = r.public_id)"  # noqa: S608
        for table, column in BELONGINGS.values()
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT email, {counts} FROM registrations_registration r")  # noqa: S608
        return {email: tuple(rest) for email, *rest in cursor.fetchall()}


def count_all() -> dict[str, int]:
    tables = ["donors_donor", *(table for table, _column in BELONGINGS.values())]
    with connection.cursor() as cursor:
        return {
            table: cursor.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in tables
        }


def test_killed_before_each_statement_a_registration_is_whole_or_not_there():
    now = timezone.now()
    starts_at = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=5)
    drive = DriveFactory(starts_at=starts_at, published_at=now, slots=1, slots__capacity=STEPS)
    path = f"drives/{drive.slug}/registrations/"
    asked = [
        {
            "key": a_key(),
            "body": {
                "slot": drive.slots.get().public_id,
                "full_name": f"Người Thử {'ABCDEGHIKLMNOPQRSTUVXYĐÂ'[n]}",
                "phone": f"0938 111 {n:03}",
                "birth_year": 1990,
                "email": f"nguoi{n}@vidu.invalid",
                "consents": ["registration"],
            },
        }
        for n in range(STEPS)
    ]

    ends = run_dying(f"/api/v1/{path}", asked)

    killed = ends.count((0, False))
    killed_after = ends.count((0, True))
    lived = STEPS - 1 - killed - killed_after
    alive = (201, True)
    assert ends == [alive] + [(0, False)] * killed + [(0, True)] * killed_after + [alive] * lived
    # Before each of its four statements and before the commit.
    assert killed == 4 + 1
    assert killed_after > 0
    assert lived > 0
    whole = {one["body"]["email"]: (1, 1, 1, 1) for one in asked}
    assert rows_by_email() == {
        email: rows for n, (email, rows) in enumerate(whole.items()) if n == 0 or n > killed
    }
    assert set(count_all().values()) == {STEPS - killed}

    again = [Caller().post(path, one["body"], key=one["key"]) for one in asked]

    assert {answer.status_code for answer in again} == {201}
    replayed = [answer.get("Idempotent-Replayed") == "true" for answer in again]
    assert replayed == [True] + [False] * killed + [True] * (STEPS - 1 - killed)
    assert rows_by_email() == whole
    assert set(count_all().values()) == {STEPS}
