"""How many statements the busy paths take (``DESIGN.md`` §10). Counted as they are sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.drives.models import Drive
from events.registrations.models import Registration
from tests.checkin.conftest import Phone, a_scan, an_undo
from tests.checkin.test_walk_ins import come
from tests.factories import RegistrationFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]

# SQLite cannot write several tables in one statement: scans, counter, registrations, earlier scans.
MOST = 4 if connection.vendor == "postgresql" else 7
WALK_IN, WALK_IN_AGAIN = (14, 4) if connection.vendor == "postgresql" else (15, 3)
_NOT_COUNTED = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "SET CONSTRAINTS")


def statements(work: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        work()
    sent = [query["sql"] for query in queries]
    return [sql for sql in sent if not sql.startswith(_NOT_COUNTED)]


def test_scan_takes_four_statements_whatever_becomes_of_it(
    phone: Phone, other_phone: Phone, drive: Drive, an: Registration, binh: Registration
):
    phone.scan(a_scan(binh))  # what a process asks once: the drive's keys
    first, double = a_scan(an), a_scan(an, shown="accepted", offline=True)
    late = RegistrationFactory(slot=drive.slots.last())

    taken = {
        "first": statements(lambda: phone.scan(first)),
        "repeated": statements(lambda: phone.scan(first)),
        "double": statements(lambda: other_phone.scan(double)),
        "typed": statements(lambda: phone.scan(a_scan(code=late.code))),
        "admitted": statements(lambda: phone.scan(a_scan(late, admit=True))),
        "forged": statements(lambda: phone.scan(a_scan(ticket=a_scan(an)["ticket"][:-4] + "AAAA"))),
        "undone": statements(lambda: other_phone.scan(an_undo(double))),
    }

    assert {name: sent for name, sent in taken.items() if len(sent) > MOST} == {}


def test_walk_in_asks_once_for_what_it_was_before_and_once_for_what_named_it(
    phone: Phone, drive: Drive
):
    come(phone)
    id = str(uuid.uuid4())

    first = statements(lambda: come(phone, id=id, phone="0912 000 778"))
    again = statements(lambda: come(phone, id=id, phone="0912 000 778"))

    # A late one is looked for along with any other: docs/decisions/late-walk-ins.md.
    late = [sql for sql in first if "checkin_latewalkin" in sql]
    named = [sql for sql in first if '"walk_in" IN' in sql]
    assert (len(late), len(named), "checkin_walkin" in late[0]) == (1, 1, True)
    assert (len(first), len(again)) == (WALK_IN, WALK_IN_AGAIN), first


@pytest.mark.parametrize("people", [2, 40])
def test_batch_takes_the_same_statements_for_any_number(phone: Phone, drive: Drive, people: int):
    everybody = RegistrationFactory.create_batch(people, slot=drive.slots.first())
    phone.scan(a_scan(everybody[0]))

    sent = statements(
        lambda: phone.scan(*(a_scan(p, shown="accepted", offline=True) for p in everybody))
    )

    assert len(sent) <= MOST, sent
