"""A drive from 23:30 to 00:10 is on its own day, whatever the zone of server and database (I18)."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from events.registrations.models import Registration
from events.registrations.services.reminders import queue_due
from events.registrations.signing import ticket_of
from events.registrations.tickets import read_ticket
from events.registrations.tokens import manage_path
from notifications.models import Message
from tests.api import Caller
from tests.checkin.conftest import a_scan, make_device
from tests.factories import HANOI, NOW, DriveFactory, MembershipFactory, RegistrationFactory
from tests.registrations.calls import register

pytestmark = pytest.mark.django_db
DAY = date(2026, 12, 5)
STARTS = datetime(2026, 12, 5, 23, 30, tzinfo=HANOI)


@pytest.fixture
def drive():
    """Two slots of twenty minutes: the second begins ten minutes before midnight."""
    drive = DriveFactory(
        starts_at=STARTS.astimezone(UTC),
        ends_at=(STARTS + timedelta(minutes=40)).astimezone(UTC),
        date=DAY,
        slot_minutes=20,
    )
    for n in range(2):
        starts_at = drive.starts_at + timedelta(minutes=20 * n)
        drive.slots.create(
            starts_at=starts_at, ends_at=starts_at + timedelta(minutes=20), capacity=5
        )
    return drive


def test_pages_api_and_calendar_say_the_drives_own_day(drive):
    first, second = drive.slots.all()
    client = Client()
    with time_machine.travel(NOW, tick=False):
        an = RegistrationFactory(slot=second)
        page = client.get(f"/d/{drive.slug}/").content.decode()
        own = client.get(manage_path(an)).content.decode()
        calendar = client.get(f"{manage_path(an)}ticket.ics").content.decode()
        told = Caller().get(f"drives/{drive.slug}/").json()

    assert "5/12/2026" in page
    assert "6/12/2026" not in page
    assert "23:50" in own
    assert "5/12" in own
    assert "6/12" not in own
    assert "DTSTART:20261205T165000Z" in calendar or "20261205T235000" in calendar
    assert told["date"] == "2026-12-05"
    assert datetime.fromisoformat(told["starts_at"]) == STARTS
    starts = [datetime.fromisoformat(slot["starts_at"]) for slot in told["slots"]]
    assert starts == [first.starts_at, second.starts_at]


def test_a_ticket_counts_its_minutes_from_the_first_days_midnight_and_is_good_after_the_next(drive):
    _first, second = drive.slots.all()
    an = RegistrationFactory(slot=second, full_name="Phùng Xuân Ánh")
    ticket = read_ticket(ticket_of(an))
    after_midnight = datetime(2026, 12, 6, 0, 5, tzinfo=HANOI)
    with time_machine.travel(after_midnight, tick=False):
        phone = make_device(drive, last_contact_at=after_midnight)
        [result] = phone.scan(
            a_scan(an, scanned_at=after_midnight.isoformat()), sent_at=after_midnight
        )
        walked = phone.client.post(
            "/api/v1/checkin/walk-ins/",
            {
                "id": "6e0f5a34-2f0e-4ce0-9d0a-6a0f6f1b6b10",
                "full_name": "Lò Thị Pành",
                "phone": "0912 000 778",
                "birth_year": 1991,
                "at": after_midnight.isoformat(),
                "consents": ["registration"],
            },
            format="json",
        ).json()

    assert ticket is not None
    assert ticket.claims.slot_minutes == 23 * 60 + 50
    assert result["verdict"] == "accepted"
    late = read_ticket(walked["ticket"])
    assert late is not None
    assert late.claims.slot_minutes == 24 * 60 + 5


def test_reminders_are_counted_from_the_drives_own_day(drive):
    with time_machine.travel(NOW, tick=False):
        register(drive.slots.first(), consents=["registration", "reminders"])
    Message.objects.all().delete()
    moments = [datetime(2026, 12, day, hour, tzinfo=HANOI) for day in (2, 4) for hour in (17, 18)]

    queued = [sum(queue_due(at=at, now=at).values()) for at in moments]

    assert queued == [0, 1, 0, 1]


def test_lists_and_files_of_the_organizer_say_the_drives_own_times(drive):
    first, second = drive.slots.all()
    for slot in (first, second):
        RegistrationFactory(slot=slot)
    member = MembershipFactory(unit=drive.unit, role=Role.ORGANIZER)
    client = Client()
    with time_machine.travel(STARTS + timedelta(minutes=35), tick=False):
        client.force_login(member.user)
        overview = client.get(reverse("drive_overview", args=[drive.slug])).content.decode()
        roster = client.get(reverse("drive_roster", args=[drive.slug])).content.decode()
        file = client.get(reverse("drive_export", args=[drive.slug, "roster", "xlsx"]))
        today = client.get("/manage/").context["drives"].today
    with zipfile.ZipFile(io.BytesIO(file.content)) as book:
        cells = "\n".join(book.read(name).decode() for name in book.namelist())

    assert [row.drive for row in today] == [drive]
    for text in (overview, roster, cells):
        assert "23:50" in text
        assert "16:50" not in text
        assert "11:50" not in text
    assert Registration.objects.filter(drive=drive).count() == 2
