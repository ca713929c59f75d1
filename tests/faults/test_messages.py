"""No message is lost, and one that may have gone twice says so (RELIABILITY I9, I10)."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from notifications.delivery import message_id_of
from notifications.models import Message
from notifications.services import queue_message, queue_messages
from tests.faults.processes import Workshop, process_connected_from
from tests.notifications.kinds import name_kinds

pytestmark = [
    pytest.mark.processes,
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def workshop(mail_server):
    name_kinds()
    with tempfile.TemporaryDirectory(prefix="gh-f-") as folder:
        workshop = Workshop(Path(folder), mail_server)
        yield workshop
        workshop.close()


def owe(count: int) -> None:
    """Owe so many messages whose tasks were lost: only the rows are there."""
    now = timezone.now() - timedelta(seconds=1)
    about = {f"a{n}": f"plain:a{n}" for n in range(count)}
    queue_messages("plain", about=about, group="g", now=now, due_at=now + timedelta(seconds=0.5))


def all_done() -> bool:
    return not Message.objects.filter(status="queued").exists()


def arrivals(mail_server) -> Counter[str]:
    return Counter(mail["Message-ID"] for mail in mail_server.messages)


def check_nothing_lost(mail_server, *, kills: int) -> None:
    """Each message arrived; those that arrived twice are marked, and no more than the kills."""
    arrived = arrivals(mail_server)
    messages = {message_id_of(message): message for message in Message.objects.all()}
    assert {m.status for m in messages.values()} == {"accepted"}
    assert set(arrived) == set(messages)
    doubles = {which for which, times in arrived.items() if times > 1}
    assert all(messages[which].maybe_twice for which in doubles)
    assert sum(arrived.values()) - len(messages) <= kills


class Killer:
    """Kills the process that is sending, before or after it is told yes."""

    def __init__(self, mail_server, *, every: int) -> None:
        self.mail_server, self.every = mail_server, every
        self.seen = 0
        self.before = self.after = 0

    async def during_data(self, _protocol, session, mail):
        self.seen += 1
        if self.seen % self.every:
            return None
        pid = process_connected_from(session.peer[1])
        assert pid is not None
        if self.seen % (2 * self.every):
            os.kill(pid, signal.SIGKILL)
            self.before += 1
            return "451 never heard"
        # It has the yes in its hands and cannot look at it.
        os.kill(pid, signal.SIGSTOP)
        self.mail_server.messages.append(mail)
        asyncio.get_running_loop().call_later(0.1, os.kill, pid, signal.SIGKILL)
        self.after += 1
        return "250 OK"


def kill_and_count(workshop, mail_server, *, count: int, every: int, seconds: float) -> Killer:
    killer = Killer(mail_server, every=every)
    mail_server.during_data = killer.during_data
    owe(count)
    workshop.start_worker()
    workshop.start_beat()
    workshop.start_beat()
    workshop.wait_until(all_done, what="everything is sent", seconds=seconds)
    return killer


def test_workers_that_are_killed_lose_nothing_and_mark_what_may_be_double(workshop, mail_server):
    killer = kill_and_count(workshop, mail_server, count=300, every=40, seconds=90)

    assert killer.before >= 3
    assert killer.after >= 3
    check_nothing_lost(mail_server, kills=killer.after)
    # Something was double, or this has shown nothing.
    assert len(mail_server.messages) > 300


@pytest.mark.soak
def test_five_thousand_messages_through_many_kills(workshop, mail_server):
    killer = kill_and_count(workshop, mail_server, count=5000, every=125, seconds=900)

    assert killer.before + killer.after >= 40
    check_nothing_lost(mail_server, kills=killer.after)


def test_a_broker_that_comes_back_empty_costs_nothing(workshop, mail_server):
    async def slowly(_protocol, _session, _mail):
        await asyncio.sleep(0.005)

    mail_server.during_data = slowly
    owe(200)
    workshop.start_worker()
    workshop.start_beat()
    workshop.wait_until(lambda: len(mail_server.messages) > 20, what="some are sent")

    workshop.broker.restart(signal.SIGKILL, empty=True)
    owe_more = {f"b{n}": f"plain:b{n}" for n in range(20)}
    queue_messages("plain", about=owe_more, group="g", now=timezone.now())

    workshop.wait_until(all_done, what="everything is sent")
    check_nothing_lost(mail_server, kills=0)


def test_a_machine_that_loses_power_costs_nothing(workshop, mail_server):
    async def slowly(_protocol, _session, _mail):
        await asyncio.sleep(0.005)

    mail_server.during_data = slowly
    owe(150)
    worker, beat = workshop.start_worker(), workshop.start_beat()
    workshop.wait_until(lambda: len(mail_server.messages) > 20, what="some are sent")
    workshop.kill(worker)
    workshop.kill(beat)
    workshop.start_worker()
    workshop.start_beat()

    workshop.wait_until(all_done, what="everything is sent")
    check_nothing_lost(mail_server, kills=2)


def test_a_mail_server_that_is_away_gets_everything_once_it_is_back(workshop, mail_server):
    port = mail_server.port
    mail_server.stop()
    try:
        owe(50)
        workshop.start_worker()
        workshop.start_beat()
        workshop.wait_until(
            lambda: Message.objects.filter(reason="server_away").count() == 50,
            what="all are put off",
        )
    finally:
        mail_server.restart(port)

    workshop.wait_until(all_done, what="everything is sent")
    check_nothing_lost(mail_server, kills=0)


def test_two_beats_send_each_reminder_once(workshop, mail_server):
    from tests.factories import DriveFactory, RegistrationFactory

    now = timezone.now()
    drive = DriveFactory(
        starts_at=now + timedelta(hours=20),
        published_at=now - timedelta(days=30),
        slots=1,
        slots__capacity=100,
    )
    slot = drive.slots.get()
    for n in range(20):
        RegistrationFactory(
            slot=slot,
            email=f"r{n}@example.com",
            consent_reminders=True,
            created_at=now - timedelta(days=20),
        )
    for _ in range(2):
        workshop.start_worker()
        workshop.start_beat()
    workshop.wait_until(lambda: Message.objects.count() >= 20, what="reminders are queued")
    time.sleep(2)

    assert Message.objects.count() == 20
    assert set(Message.objects.values_list("kind", flat=True)) == {"reminder"}


def test_sign_up_goes_on_without_the_broker_and_its_message_is_found(workshop, mail_server, broker):
    now = timezone.now()
    broker.stop()
    try:
        started = time.monotonic()
        for n in range(20):
            with transaction.atomic():
                queue_message(
                    "plain", about_id=f"a{n}", group="g", dedupe_key=f"plain:a{n}", now=now
                )
        took = time.monotonic() - started
    finally:
        broker.start()

    assert took < 3
    workshop.start_worker()
    workshop.start_beat()
    workshop.wait_until(all_done, what="everything is sent")
    check_nothing_lost(mail_server, kills=0)
