"""What falls due by the calendar, and ``manage.py due``."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from events.drives.models import Drive, Slot
from events.registrations.models import Registration
from events.registrations.outbox import queue_about
from events.registrations.services.reminders import queue_due
from notifications.models import Message
from tests.factories import HANOI, NOW, DriveFactory, RegistrationFactory, SlotFactory

pytestmark = pytest.mark.django_db


def hanoi(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HANOI)


LONG_AGO = hanoi("2026-11-20T10:00")
D_3, D_1 = hanoi("2026-12-02T18:00"), hanoi("2026-12-04T18:00")  # of Saturday 5 December


@pytest.fixture
def registration() -> Registration:
    drive = DriveFactory(slots=2)
    return RegistrationFactory(
        slot=drive.slots.first(), consent_reminders=True, created_at=LONG_AGO
    )


def queued(at: datetime) -> int:
    return queue_due(at=at, now=at)["reminder"]


def test_an_address_spared_a_letter_gets_no_reminder_until_it_was_written_to(registration):
    queue_about(registration, "registered", now=LONG_AGO, spared=True)
    dropped = Message.objects.get()

    assert (dropped.status, dropped.reason) == ("dropped", "many_letters")
    assert queued(D_3) == 0
    queue_about(registration, "registered", now=D_3, occasion="again")
    assert queued(D_1) == 1


def test_reminders_fall_due_at_six_in_the_evening_three_days_and_one_day_before(registration):
    assert queued(D_3 - timedelta(seconds=1)) == 0
    assert queued(D_3) == 1
    assert queued(D_3 + timedelta(minutes=1)) == 0
    assert queued(D_1 - timedelta(seconds=1)) == 0
    assert queued(D_1) == 1
    assert queued(D_1 + timedelta(hours=2)) == 0
    keys = list(Message.objects.order_by("pk").values_list("dedupe_key", "details"))
    assert keys == [
        (f"reminder:{registration.public_id}:3:2026-12-05", {"days": 3, "on": "2026-12-05"}),
        (f"reminder:{registration.public_id}:1:2026-12-05", {"days": 1, "on": "2026-12-05"}),
    ]
    assert [m.may_wait for m in Message.objects.all()] == [True, True]
    assert [m.expires_at for m in Message.objects.order_by("pk")] == [
        D_1,
        registration.slot.starts_at,
    ]


def test_beat_that_was_down_catches_up_and_sends_the_later_reminder_alone(registration):
    assert queued(D_1 + timedelta(hours=1)) == 1
    assert Message.objects.get().details["days"] == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"consent_reminders": False},
        {"email": ""},
        {"status": "waitlisted", "placed_at": None},
        {"status": "cancelled"},
        {"status": "checked_in"},
        {"is_demonstration": True},
        {"created_at": D_1, "placed_at": D_1},
        {"placed_at": D_1 + timedelta(minutes=5)},
    ],
)
def test_who_gave_no_consent_or_has_no_place_since_before_is_not_reminded(registration, fields):
    Registration.objects.update(**fields)

    assert queued(D_1 + timedelta(minutes=10)) == 0


@pytest.mark.parametrize(
    "fields",
    [{"cancelled_at": NOW}, {"published_at": None}, {"is_rehearsal": True}],
)
def test_a_drive_that_does_not_take_place_reminds_nobody(registration, fields):
    Drive.objects.update(**fields)

    assert queued(D_1) == 0


def test_a_drive_that_moved_is_reminded_of_anew_and_a_person_who_moved_is_not(registration):
    assert queued(D_1) == 1
    later = SlotFactory(drive=registration.drive, nth=3)
    Registration.objects.update(slot=later)
    assert queued(D_1 + timedelta(hours=1)) == 0

    week = timedelta(days=7)
    Drive.objects.update(
        date="2026-12-12",
        starts_at=registration.drive.starts_at + week,
        ends_at=registration.drive.ends_at + week,
    )
    Slot.objects.filter(pk=later.pk).update(
        starts_at=later.starts_at + week, ends_at=later.ends_at + week
    )

    assert queued(D_3 + week) == 1
    assert queued(D_1 + week) == 1


def test_reminders_of_a_drive_at_midnight_go_by_the_drives_date_and_zone(settings):
    starts = hanoi("2026-12-05T23:30")
    drive = DriveFactory(starts_at=starts, slots=3)
    for slot in drive.slots.all():
        RegistrationFactory(slot=slot, consent_reminders=True, created_at=LONG_AGO)

    assert drive.date.isoformat() == "2026-12-05"
    assert queued(D_1 - timedelta(minutes=1)) == 3  # those of three days before
    assert queued(D_1) == 3


def test_reminders_found_at_night_are_due_in_the_morning(registration):
    night = hanoi("2026-12-04T22:00")

    assert queued(night) == 1
    assert Message.objects.get().due_at == hanoi("2026-12-05T07:30")


def test_any_number_of_people_is_queued_by_the_same_queries(django_assert_num_queries):
    drive = DriveFactory(slots=1, slots__capacity=50)
    slot = drive.slots.get()
    RegistrationFactory(slot=slot, consent_reminders=True, created_at=LONG_AGO)
    with django_assert_num_queries(4):  # savepoint, drives, one insert, release
        assert queued(D_3) == 1
    for _ in range(3):
        RegistrationFactory(slot=slot, consent_reminders=True, created_at=LONG_AGO)

    with django_assert_num_queries(4):
        assert queued(D_1) == 4


def test_two_beats_queue_each_reminder_once(registration):
    total = queued(D_1) + queued(D_1)

    assert (total, Message.objects.count()) == (1, 1)


def due(**options) -> object:
    out = StringIO()
    call_command("due", stdout=out, json=True, **options)
    return json.loads(out.getvalue())


@time_machine.travel(NOW, tick=False)
def test_due_command_says_what_it_queued_and_dry_run_queues_nothing(registration):
    at = "2026-12-04T18:00:00+07:00"

    assert due(at=at, dry_run=True) == {"at": at, "queued": {"reminder": 1}}
    assert Message.objects.count() == 0
    assert due(at=at) == {"at": at, "queued": {"reminder": 1}}
    assert due(at=at) == {"at": at, "queued": {"reminder": 0}}
    # Asked for ahead of its time, it is due at once.
    assert Message.objects.get().due_at == NOW


@time_machine.travel(NOW, tick=False)
def test_due_command_without_a_time_is_what_beat_does_now(registration):
    assert due() == {"at": NOW.astimezone(HANOI).isoformat(), "queued": {"reminder": 0}}


@time_machine.travel(hanoi("2026-12-01T23:00"), tick=False)
def test_due_command_keeps_the_quiet_hours(registration):
    due(at="2026-12-02T18:00:00+07:00")

    assert Message.objects.get().due_at == hanoi("2026-12-02T07:30")


def test_due_command_refuses_what_is_no_moment():
    with pytest.raises(CommandError, match="no moment"):
        call_command("due", at="tomorrow")
