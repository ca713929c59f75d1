"""Claims, tries, outcomes: over a real mail server that accepts, refuses, stalls or hangs up."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.checks import run_checks
from django.db import transaction

from backend.celery import start_task
from notifications import claims, delivery
from notifications.channels.mail import SmtpChannel
from notifications.delivery import GIVE_UP_AFTER, message_id_of
from notifications.models import Message
from notifications.queries import (
    message_counts,
    message_troubles,
    outbox_oldest_seconds,
    reason_counts,
)
from notifications.services import (
    _Starts,
    deliver_due,
    deliver_message,
    queue_message,
    queue_messages,
)
from notifications.tasks import send_due
from tests.notifications.kinds import name_kinds
from tests.services.processes import wait_until

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)  # 10:00 in Hà Nội
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def smtp(settings, mail_server):
    name_kinds()
    settings.EMAIL_URL = mail_server.url
    settings.EMAIL_FROM = "Giọt Hồng <ve@giothong.example>"
    settings.EMAIL_TIMEOUT = 5
    return mail_server


def owe(*about: str, kind: str = "plain", at: datetime = NOW, **fields) -> list[Message]:
    for one in about:
        queue_message(
            kind, about_id=one, group="drive:1", dedupe_key=f"{kind}:{one}", now=at, **fields
        )
    return list(Message.objects.filter(about_id__in=about).order_by("pk"))


def deliver(at: datetime = NOW) -> None:
    deliver_due(clock=lambda: at)


def states() -> list[tuple[str, str, str, int]]:
    rows = Message.objects.order_by("pk").values_list("about_id", "status", "reason", "tries")
    return [(about, str(status), reason, tries) for about, status, reason, tries in rows]


def test_queue_message_owes_each_key_once(smtp):
    owe("an", details={"reason": "x"})
    owe("an", details={"reason": "y"})

    assert [m.details for m in Message.objects.all()] == [{"reason": "x"}]


def test_queue_messages_owes_many_and_each_key_once(smtp):
    owe("an")
    for _ in range(2):
        queue_messages(
            "plain", about={"an": "plain:an", "binh": "plain:binh"}, group="drive:1", now=NOW
        )

    assert states() == [("an", "queued", "", 0), ("binh", "queued", "", 0)]


def test_messages_go_over_one_connection_with_their_own_ids(smtp):
    messages = owe("an", "binh", "chi")

    deliver()

    assert [m["Message-ID"] for m in smtp.messages] == [message_id_of(m) for m in messages]
    assert len(set(smtp.peers)) == 1
    assert {s[1:] for s in states()} == {("accepted", "", 1)}
    done = Message.objects.first()
    assert done is not None
    assert (done.finished_at, done.lease_until, done.maybe_twice) == (NOW, None, False)


def test_a_connection_carries_a_hundred_messages(smtp):
    owe(*[f"a{n}" for n in range(101)])

    deliver()

    assert len(smtp.messages) == 101
    assert sorted(smtp.peers.count(peer) for peer in set(smtp.peers)) == [1, 100]


def test_deliver_message_twice_sends_once(smtp):
    [message] = owe("an")

    for _ in range(2):
        deliver_message(message_id=message.pk, clock=lambda: NOW)

    assert len(smtp.messages) == 1


def test_what_is_not_due_stays(smtp):
    owe("an", due_at=NOW + MINUTE)

    deliver()

    assert states() == [("an", "queued", "", 0)]
    deliver(NOW + MINUTE)
    assert states() == [("an", "accepted", "", 1)]


def test_a_refused_address_fails_for_good_and_the_others_go(smtp):
    smtp.answers["an@example.com"] = "550 5.1.1 no such user"
    owe("an", "binh")

    deliver()

    assert states() == [("an", "failed", "address_refused", 1), ("binh", "accepted", "", 1)]


def test_a_deferred_address_is_tried_again_with_growing_pauses(smtp):
    smtp.answers["an@example.com"] = "450 4.2.1 try later"
    [message] = owe("an")
    at, pauses = NOW, []
    for _ in range(4):
        deliver(at)
        message.refresh_from_db()
        pauses.append((message.due_at - at) / MINUTE)
        at = message.due_at

    assert pauses == [1, 5, 15, 60]
    assert (message.status, message.reason) == ("queued", "address_deferred")
    assert (message.handed_over_at, message.maybe_twice) == (None, False)
    smtp.answers.clear()
    deliver(at)
    assert states() == [("an", "accepted", "", 5)]
    assert smtp.messages[0]["Message-ID"] == message_id_of(message)


def test_a_message_that_never_gets_through_is_given_up(smtp):
    smtp.answers["an@example.com"] = "450 4.2.1 try later"
    owe("an")

    deliver(NOW + GIVE_UP_AFTER)

    assert states() == [("an", "failed", "address_deferred", 1)]


def test_refused_content_fails_and_deferred_content_is_tried_again(smtp):
    owe("an")
    smtp.after_data = "451 4.7.1 greylisted"
    deliver()
    assert states() == [("an", "queued", "deferred", 1)]
    smtp.after_data = "554 5.7.1 spam"
    deliver(NOW + MINUTE)

    assert states() == [("an", "failed", "content_refused", 2)]
    assert Message.objects.get().maybe_twice is False


def test_a_server_that_is_away_puts_all_off_and_loses_none(settings, smtp, free_tcp_port):
    settings.EMAIL_URL = f"smtp://127.0.0.1:{free_tcp_port}"
    owe("an", "binh")

    deliver()

    assert states() == [("an", "queued", "server_away", 1), ("binh", "queued", "server_away", 1)]
    assert {m.due_at for m in Message.objects.all()} == {NOW + MINUTE}
    assert {m.maybe_twice for m in Message.objects.all()} == {False}
    settings.EMAIL_URL = smtp.url
    deliver(NOW + MINUTE)
    assert {s[1:] for s in states()} == {("accepted", "", 2)}


def test_a_server_that_takes_the_mail_and_hangs_up_gets_it_again_under_the_same_id(smtp):
    async def keep_and_hang_up(protocol, _session, mail):
        smtp.messages.append(mail)
        protocol.transport.close()
        return "250 OK"

    smtp.during_data = keep_and_hang_up
    owe("an", "binh")
    deliver()
    assert states() == [("an", "queued", "no_answer", 1), ("binh", "queued", "no_answer", 1)]
    smtp.during_data = None
    deliver(NOW + MINUTE)

    ids = sorted(m["Message-ID"] for m in smtp.messages)
    assert (len(ids), ids[0::2]) == (4, ids[1::2])
    assert {(m.status, m.maybe_twice) for m in Message.objects.all()} == {("accepted", True)}


def test_a_server_that_never_answers_holds_up_nobody_for_long(settings, smtp):
    async def say_nothing(_protocol, _session, _mail):
        await asyncio.sleep(3)
        return "250 OK"

    settings.EMAIL_TIMEOUT = 0.3
    smtp.during_data = say_nothing
    owe("an", "binh")
    started = time.monotonic()
    deliver()

    assert time.monotonic() - started < 2
    assert states() == [("an", "queued", "no_answer", 1), ("binh", "queued", "no_answer", 1)]
    # Of the second nobody is unsure: it was never handed over.
    assert [m.handed_over_at is None for m in Message.objects.order_by("pk")] == [False, True]


def test_a_server_that_ends_the_connection_between_two_messages_marks_nothing(smtp):
    async def hang_up_afterwards(protocol, _session, _mail):
        # Once the answer is written, and before the next command can be read.
        asyncio.get_running_loop().call_soon(protocol.transport.close)

    smtp.during_data = hang_up_afterwards
    owe("an", "binh", "chi")
    deliver()
    time.sleep(0.05)
    deliver(NOW + MINUTE)

    assert {(m.status, m.maybe_twice) for m in Message.objects.all()} == {("accepted", False)}
    assert len(smtp.messages) == 3


def test_wrong_password_puts_all_off(settings, smtp):
    settings.EMAIL_URL = smtp.url.replace("//", "//user:wrong@")
    owe("an")

    deliver()

    assert states()[0][1:3] in [("queued", "login_refused"), ("queued", "server_away")]


def test_a_server_without_the_encryption_asked_for_gets_no_mail_and_no_password(settings, smtp):
    settings.EMAIL_URL = smtp.url.replace("smtp://", "smtp+tls://user:secret@")
    owe("an")

    deliver()  # the server offers no TLS at all, as one in between would have it

    assert (states(), smtp.messages) == ([("an", "queued", "server_away", 1)], [])


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("smtp://mail.example", ("smtp", "mail.example", 25, "", "")),
        ("smtp+tls://u%40x:p%2Fw@mail.example", ("smtp+tls", "mail.example", 587, "u@x", "p/w")),
        ("smtp+ssl://u:p@mail.example:4650", ("smtp+ssl", "mail.example", 4650, "u", "p")),
    ],
)
def test_email_url_is_read(url, found):
    channel = SmtpChannel(url, timeout=1)

    assert (
        channel.scheme,
        channel.host,
        channel.port,
        channel.user,
        channel.password,
    ) == found


def test_a_wrong_email_url_stops_the_start(settings):
    settings.EMAIL_URL = "http://mail.example"

    [error] = run_checks()

    assert error.id == "notifications.E001"


def test_an_unwanted_a_gone_and_a_broken_message_hold_up_nobody(smtp, caplog):
    owe("unwanted", "gone", "broken", "an")

    deliver()

    assert states() == [
        ("unwanted", "dropped", "not_wanted", 1),
        ("gone", "dropped", "gone", 1),
        ("broken", "queued", "broken", 1),
        ("an", "accepted", "", 1),
    ]


def test_an_expired_message_is_not_sent(smtp):
    owe("an", expires_at=NOW)

    deliver()

    assert (states(), smtp.messages) == ([("an", "failed", "expired", 1)], [])


def test_a_kind_of_a_newer_version_waits_for_it(smtp):
    owe("an", kind="of_tomorrow")

    deliver()

    assert states() == [("an", "queued", "unknown_kind", 1)]


def test_a_hand_over_without_an_answer_is_repeated_under_the_same_id_and_marked(smtp):
    [message] = owe("an")
    [claimed] = claims.claim_due(now=NOW, most=1)
    assert claims.step(None, claimed, now=NOW).is_ours  # and then the process dies

    deliver(NOW + 4 * MINUTE)
    assert smtp.messages == []  # its lease still holds
    deliver(NOW + 6 * MINUTE)

    assert [m["Message-ID"] for m in smtp.messages] == [message_id_of(message)]
    message.refresh_from_db()
    assert (message.status, message.maybe_twice, message.tries) == ("accepted", True, 2)


def test_a_claim_that_was_not_used_is_free_after_a_minute_and_not_marked(smtp):
    owe("an")
    claims.claim_due(now=NOW, most=1)

    deliver(NOW)
    assert smtp.messages == []
    deliver(NOW + MINUTE)

    assert (states(), Message.objects.get().maybe_twice) == ([("an", "accepted", "", 1)], False)


def failed(message: Message) -> claims.Outcome:
    return claims.Outcome(message=message, status=Message.Status.FAILED, finished_at=NOW)


def test_who_lost_the_lease_neither_sends_nor_writes(smtp):
    owe("an")
    [slow] = claims.claim_due(now=NOW, most=1)
    [quick] = claims.claim_due(now=NOW + 2 * MINUTE, most=1)

    assert not claims.step(None, slow, now=NOW + 2 * MINUTE).is_ours
    assert not claims.step(failed(slow), None, now=NOW + 2 * MINUTE).was_written
    assert claims.step(None, quick, now=NOW + 2 * MINUTE).is_ours
    assert claims.step(failed(quick), None, now=NOW + 2 * MINUTE).was_written
    assert states() == [("an", "failed", "", 1)]


def test_what_cannot_wait_goes_first(smtp):
    owe("calm", kind="calm", at=NOW - MINUTE)
    owe("an")

    assert [m.about_id for m in claims.claim_due(now=NOW, most=2)] == ["an", "calm"]


def test_time_that_is_up_gives_the_rest_back(smtp):
    owe("an", "binh")
    claimed = claims.claim_due(now=NOW, most=2)

    delivery.deliver(claimed, clock=lambda: NOW, stop_at=time.monotonic())

    assert smtp.messages == []
    assert {m.lease_until for m in Message.objects.all()} == {None}
    assert {s[1:] for s in states()} == {("queued", "", 0)}


def test_embedded_default_writes_one_file_a_message(settings, tmp_path):
    settings.EMAIL_URL, settings.MAIL_DIR = "", tmp_path / "mail"
    [message] = owe("an")

    deliver()

    [file] = (tmp_path / "mail").iterdir()
    local = message_id_of(message).strip("<>").partition("@")[0]
    assert file.name == f"plain-{local}.eml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"Subject: an\r\n" in file.read_bytes()


def test_queries_tell_what_became_of_a_group(smtp):
    smtp.answers["an@example.com"] = "550 no"
    smtp.answers["binh@example.com"] = "450 later"
    owe("an", "binh", "chi")
    owe("dung", due_at=NOW + 60 * MINUTE)
    deliver()

    assert [(c.kind, c.channel, c.status, c.count) for c in message_counts("drive:1")] == [
        ("plain", "email", "accepted", 1),
        ("plain", "email", "failed", 1),
        ("plain", "email", "queued", 2),
    ]
    assert reason_counts("drive:1") == {"address_refused": 1}
    assert [(t.about_id, t.reason, t.next_try_at) for t in message_troubles("drive:1")] == [
        ("binh", "address_deferred", NOW + MINUTE),
        ("an", "address_refused", None),
    ]
    assert outbox_oldest_seconds(NOW + 30 * timedelta(seconds=1)) == 30
    assert message_counts("drive:2") == []


def test_sending_takes_a_fixed_number_of_statements_a_message(smtp, django_assert_max_num_queries):
    owe(*[f"a{n}" for n in range(20)])

    with django_assert_max_num_queries(20 + 9):  # one a message, the last outcome, two claims
        deliver()


@pytest.mark.django_db(transaction=True)
def test_queueing_starts_the_task_on_commit_and_not_before(smtp, broker):
    import redis

    client = redis.Redis.from_url(broker.url)
    client.delete("celery")
    with transaction.atomic():
        owe("an")
        assert client.llen("celery") == 0

    # At once, or a moment later where another one was started just before.
    wait_until(lambda: client.llen("celery") == 1, what="the task waits")
    client.delete("celery")
    client.close()


def test_a_rush_starts_one_task_for_itself_and_one_for_all_who_came_since(broker):
    import redis

    client = redis.Redis.from_url(broker.url)
    start_task(send_due)  # what is made once is not what is counted
    client.delete("celery")
    starts = _Starts()
    starts.pause_seconds = 0.4  # on a busy machine too, the whole rush is over by then

    for rush in (1, 2):
        for number in range(50):
            starts.start(number)
        wait_until(lambda: client.llen("celery") == 2 * rush, what="both tasks wait")  # noqa: B023
        time.sleep(starts.pause_seconds)

    tasks = [json.loads(task)["headers"]["task"] for task in client.lrange("celery", 0, -1)]
    assert tasks[::-1] == ["notifications.send_message", "notifications.send_due"] * 2
    client.delete("celery")
    client.close()
