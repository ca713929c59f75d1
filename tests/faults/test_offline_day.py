"""A whole drive without a dependable network ends reconciled, and nothing that was shown is lost.

Phones in threads speak the real API to a real web process on PostgreSQL. Networks go up and down,
requests are cut off and answers lost, the web process is killed and started again, one phone is
lost for good, one is revoked with scans still on it, one has its clock three hours off and one set
to 2019, and people cancel meanwhile. At the end the database is compared with what the phones had
shown (RELIABILITY.md I5, I7, I8, I16).
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from django.utils import timezone

from events.checkin.missing import missing_scans
from events.checkin.models import Device, LateWalkIn, Scan
from events.checkin.queries import drive_conflicts
from events.checkin.services import take_late_scans
from events.registrations.models import Registration
from events.reports.figures import drive_figures
from tests.faults.day import Day
from tests.faults.phones import SentScan, SimulatedPhone
from tests.services.web import Server

pytestmark = [
    pytest.mark.processes,
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def server(tmp_path: Path, transactional_db: None) -> Iterator[Server]:
    """The web process over the database of the test."""
    url = urlsplit(os.environ["DATABASE_URL"])
    name = str(connection.settings_dict["NAME"])
    server = Server(
        tmp_path / "data",
        DATABASE_URL=urlunsplit(url._replace(path=f"/{name}")),
        REDIS_URL=os.environ["REDIS_URL"],
        SECRET_KEY=os.environ["SECRET_KEY"],
        FIELD_KEY=os.environ["FIELD_KEY"],
    )
    server.start()
    yield server
    server.stop()


# --- What must be true at the end ----------------------------------------------------------------


def check(day: Day) -> Counter[str]:
    """Compare the database with what the phones have shown; count what there was."""
    seen: Counter[str] = Counter()
    kept = {str(scan.pk): scan for scan in Scan.objects.filter(drive=day.drive)}
    check_kept_once(day, kept, seen)
    check_no_false_accept(day, kept)
    counting = check_fold(day, kept)
    check_conflicts(day, counting, seen)
    check_figures(day, counting, seen)
    return seen


def check_kept_once(day: Day, kept: dict[str, Scan], seen: Counter[str]) -> None:
    """I5: what was shown is there once, as it was shown; its verdict was the same each time."""
    made: set[str] = set()
    for phone in day.phones:
        for id, sent in phone.store.items():
            made.add(id)
            if id not in kept:
                assert phone is day.lost
                assert not sent.is_sent
                seen["lost with the phone"] += 1
                continue
            scan = kept[id]
            assert scan.shown == (sent.wire["shown"] or "")
            assert {answer["verdict"] for answer in sent.answers} <= {scan.verdict}
            assert abs(scan.corrected_at - sent.really_at) < timedelta(seconds=3), phone.label
            assert scan.scanned_at == datetime.fromisoformat(sent.wire["scanned_at"])
            seen[f"shown {scan.shown}, {scan.verdict}"] += 1
            seen["repeated"] += len(sent.answers) > 1
        made |= phone.walk_ins.keys()
        assert phone.walk_ins.keys() == phone.registered.keys()
        seen["answers lost"] += phone.network.lost
    assert kept.keys() <= made


def check_no_false_accept(day: Day, kept: dict[str, Scan]) -> None:
    """I8: accepted is only who was registered, as far as the phone could know."""
    genuine = {v.ticket for queue in day.queues for v in queue if v and v.is_genuine}
    for phone in day.phones:
        for id, sent in phone.store.items():
            verdicts = {sent.wire["shown"], kept[id].verdict if id in kept else None}
            if "accepted" not in verdicts:
                continue
            assert sent.wire["ticket"] in genuine
            person = day.people[sent.person or ""]
            assert person.status == "registered", "waited, or had given up before"
            gave_up = day.cancelled_by.get(person.public_id)
            assert gave_up is None or sent.roster_at < gave_up


def check_fold(day: Day, kept: dict[str, Scan]) -> dict[str, list[Scan]]:
    """I6: who is in is what the scans come to, by a reckoning of our own."""
    undone = {
        str(scan.undoes)
        for scan in kept.values()
        if scan.undoes and kept[str(scan.undoes)].device_id == scan.device_id and _is_taken(scan)
    }
    counting: dict[str, list[Scan]] = defaultdict(list)
    ids = dict(Registration.objects.filter(drive=day.drive).values_list("pk", "public_id"))
    for scan in sorted(kept.values(), key=lambda scan: (scan.corrected_at, scan.pk)):
        let_in = scan.verdict == "accepted" or (
            scan.shown == "accepted" and scan.verdict in ("already_scanned", "revoked")
        )
        counts = scan.kind == "pass" and let_in and str(scan.pk) not in undone and _is_taken(scan)
        assert scan.counts == counts
        if counts:
            assert scan.registration_id is not None
            counting[ids[scan.registration_id]].append(scan)
    rows = Registration.objects.filter(drive=day.drive)
    assert set(rows.filter(status="checked_in").values_list("public_id", flat=True)) == set(
        counting
    )
    for id, at in rows.filter(checked_in_at__isnull=False).values_list(
        "public_id", "checked_in_at"
    ):
        assert at == counting[id][0].corrected_at
    numbers = [n for n in rows.values_list("queue_number", flat=True) if n is not None]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert not rows.filter(status="checked_in", queue_number=None).exists()
    return counting


def _is_taken(scan: Scan) -> bool:
    return not scan.set_apart or scan.taken_at is not None


def check_conflicts(day: Day, counting: dict[str, list[Scan]], seen: Counter[str]) -> None:
    """I7: one conflict for each who was let in twice or after giving up, with all who did it."""
    expected = {}
    for id, scans in counting.items():
        ids = tuple(str(scan.pk) for scan in scans)
        if len(scans) > 1:
            expected[id, "double"] = ids
        if any(scan.verdict == "revoked" for scan in scans):
            expected[id, "cancelled"] = ids
    found = drive_conflicts(day.drive)
    assert {(c.registration, c.kind): tuple(s.id for s in c.scans) for c in found} == expected
    for phone in day.phones[:-2]:
        phone.exchange()
        told = {
            (c["registration"], c["kind"]): tuple(scan["id"] for scan in c["scans"])
            for c in phone.conflicts
        }
        assert told == expected
    seen.update(kind for _id, kind in expected)


def check_figures(day: Day, counting: dict[str, list[Scan]], seen: Counter[str]) -> None:
    """I16, and every roster is the database."""
    figures = drive_figures(day.drive, now=timezone.now(), small_cells=True)
    c = figures.counts
    waiting = LateWalkIn.objects.filter(drive=day.drive).count()
    walk_ins = sum(len(phone.registered) for phone in day.phones) - waiting
    assert c.placed - c.cancelled == c.registered == c.came + c.no_show + c.expected
    assert c.came + c.walk_ins == c.arrived == figures.inside == len(counting)
    assert c.walk_ins == walk_ins
    gave_up = Registration.objects.filter(drive=day.drive, status="cancelled").count()
    assert c.placed + c.waitlisted + walk_ins == len(day.people) + walk_ins
    assert c.cancelled == gave_up
    living = {
        row.public_id: (row.status, row.queue_number)
        for row in Registration.objects.filter(drive=day.drive).exclude(status="cancelled")
    }
    # The lost phone had scans that nobody will see: the figures say so, and wait for nobody.
    missing = missing_scans(day.drive, now=day.drive.ends_at)
    assert {*missing.unsent, *missing.silent} >= {int(day.lost.label[1:])}
    assert not {*missing.unsent} - {int(day.lost.label[1:])}
    for phone in day.phones[:-2]:
        held = {id: (row["status"], row["number"]) for id, row in phone.people.items()}
        assert held == living
        assert len(phone.revoked) == gave_up
    seen["arrived"] = c.arrived


def play(day: Day) -> Counter[str]:
    day.run()
    day.end()
    before = check(day)
    late = Scan.objects.filter(drive=day.drive, set_apart=True)
    assert late.exists()
    assert not late.filter(counts=True).exists()
    assert all(a["registration"] is None for a in _late_answers(day.revoked, late))
    apart = {str(pk) for pk in LateWalkIn.objects.values_list("pk", flat=True)}
    told = {id for id, a in day.revoked.registered.items() if a["registration"] is None}
    assert len(apart) >= 2
    assert apart <= told
    device = Device.objects.get(drive=day.drive, number=int(day.revoked.label[1:]))
    taken = take_late_scans(device=device, by=day.organizer, now=timezone.now())
    after = check(day)
    assert taken == late.count()
    assert not LateWalkIn.objects.exists()
    after["came late"] = after["arrived"] - before["arrived"]
    return after


def _late_answers(phone: SimulatedPhone, late: Any) -> list[dict[str, Any]]:
    ids = {str(pk) for pk in late.values_list("pk", flat=True)}
    sent: list[SentScan] = [sent for id, sent in phone.store.items() if id in ids]
    return [answer for one in sent for answer in one.answers]


def test_a_small_drive_without_a_dependable_network_ends_reconciled(server: Server):
    seen = play(Day(server, donors=60, devices=4, seconds=6, seed=1))

    assert seen["arrived"] > 20


@pytest.mark.soak
def test_a_drive_of_600_at_six_devices_ends_reconciled(server: Server):
    seen = play(Day(server, donors=600, devices=6, seconds=150, seed=2026))

    print(dict(sorted(seen.items())))
    assert seen["arrived"] > 350
    # All of it happened, or this has shown nothing.
    for what in ("double", "cancelled", "lost with the phone", "repeated", "answers lost"):
        assert seen[what] >= 3, (what, seen)
    assert seen["came late"] >= 1
