"""The list of drives, the overview and the messages of one, and lists as files."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry, Role
from events.checkin.models import Device
from notifications.models import Message
from tests.factories import NOW, DriveFactory, MembershipFactory, RegistrationFactory, UnitFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def page(client, name, drive, **query):
    return client.get(reverse(name, args=[drive.slug]), query)


def at(days=0, hours=0):
    return NOW + timedelta(days=days, hours=hours)


def test_list_parts_drives_into_today_soon_and_past(client, member):
    today = DriveFactory(unit=member.unit, slots=2, starts_at=at(hours=-1))
    soon = DriveFactory(unit=member.unit, slots=2, starts_at=at(days=3))
    draft = DriveFactory(unit=member.unit, slots=2, starts_at=at(days=9), published_at=None)
    past = DriveFactory(unit=member.unit, slots=2, starts_at=at(days=-30))
    DriveFactory(slots=1)
    RegistrationFactory(slot=today.slots.first(), status="checked_in", checked_in_at=NOW)

    drives = client.get("/manage/").context["drives"]

    assert [row.drive for row in drives.today] == [today]
    assert [row.drive for row in drives.soon] == [soon, draft]
    assert [row.drive for row in drives.past] == [past]
    [row] = drives.today
    assert (row.registered, row.arrived, row.capacity) == (1, 1, 20)


def test_list_searches_without_accents(client, member):
    DriveFactory(unit=member.unit, name="Chủ nhật Đỏ", starts_at=at(days=3))
    DriveFactory(unit=member.unit, name="Trung thu hồng", starts_at=at(days=4))

    drives = client.get("/manage/", {"search": "nhat do"}).context["drives"]

    assert [row.drive.name for row in drives.soon] == ["Chủ nhật Đỏ"]


def test_list_asks_the_database_as_often_for_three_as_for_one(client, member):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get("/manage/")
        return len(captured)

    DriveFactory(unit=member.unit, slots=2, starts_at=at(days=3))
    one = queries()
    for days in (4, 5):
        drive = DriveFactory(unit=member.unit, slots=2, starts_at=at(days=days))
        RegistrationFactory(slot=drive.slots.first())

    assert queries() == one


def test_overview_counts_and_links_to_who_is_counted(client, member):
    drive = DriveFactory(unit=member.unit, slots=2)
    RegistrationFactory(slot=drive.slots.first(), confirmed_at=NOW)
    RegistrationFactory(slot=drive.slots.first())

    found = page(client, "drive_overview", drive).context["funnel"]

    people = reverse("drive_registrations", args=[drive.slug])
    assert [(stat.figure, stat.url) for stat in found][:2] == [
        (2, f"{people}?status=registered"),
        (1, f"{people}?status=confirmed"),
    ]


@pytest.mark.parametrize(
    ("after", "words"), [(timedelta(minutes=40), "chưa đến"), (timedelta(hours=9), "không đến")]
)
def test_overview_gives_nobody_up_before_the_drive_is_over(client, member, after, words):
    drive = DriveFactory(unit=member.unit, slots=3, starts_at=at())
    RegistrationFactory(slot=drive.slots.first())

    with time_machine.travel(NOW + after, tick=False):
        slots = page(client, "drive_overview", drive).context["slots"]

    assert slots[0].words == f"xong, 1 {words}"


def test_a_supervisor_reads_figures_without_ways_to_people(client, member):
    drive = DriveFactory(unit=member.unit, slots=2)
    RegistrationFactory(slot=drive.slots.first(), unit=UnitFactory(parent=member.unit))
    supervisor = MembershipFactory(role=Role.SUPERVISOR, unit=member.unit).user
    client.force_login(supervisor)

    response = page(client, "drive_overview", drive)

    assert "/registrations/" not in response.content.decode()
    assert {stat.url for stat in response.context["funnel"]} == {""}
    assert [unit.registered for unit in response.context["units"]] == [None]


def test_overview_says_what_needs_a_look(client, member):
    drive = DriveFactory(unit=member.unit, slots=2, starts_at=at(hours=-1))
    Device.objects.create(
        drive=drive,
        number=3,
        name="Mai Phương",
        token_hash="x",
        enrolled_at=NOW,
        last_contact_at=NOW - timedelta(minutes=18),
        unsent=9,
    )
    Message.objects.create(
        kind="registered",
        about_id="x",
        group=f"drive:{drive.pk}",
        dedupe_key="x",
        status=Message.Status.FAILED,
        reason="address_refused",
        created_at=NOW,
        due_at=NOW,
    )

    found = page(client, "drive_overview", drive).context["attention"]

    assert [item.shape for item in found] == ["unsent", "refused"]
    assert "18 phút" in found[0].title
    assert "9 lượt" in found[0].text


def test_overview_refreshes_by_a_part_of_its_own(client, member):
    drive = DriveFactory(unit=member.unit, slots=2)

    assert "<html" not in page(client, "drive_news", drive).content.decode()


def test_messages_say_how_many_of_each_kind_and_why_some_failed(client, member):
    drive = DriveFactory(unit=member.unit, slots=2)
    person = RegistrationFactory(slot=drive.slots.first())
    for number, (status, reason) in enumerate(
        [("queued", ""), ("accepted", ""), ("failed", "address_refused")]
    ):
        Message.objects.create(
            kind="registered",
            about_id=person.public_id,
            group=f"drive:{drive.pk}",
            dedupe_key=str(number),
            status=status,
            reason=reason,
            created_at=NOW,
            due_at=NOW,
            finished_at=NOW if reason else None,
        )

    response = page(client, "drive_messages", drive)

    [row] = response.context["found"].kinds
    assert (row.queued.number, row.accepted.number, row.failed.number) == (1, 1, 1)
    [trouble] = response.context["found"].rows
    assert (trouble.registration, trouble.gave_up) == (person, True)
    assert AuditEntry.objects.filter(action="registrations.seen", count=1).exists()

    behind = client.get(reverse("drive_messages", args=[drive.slug]) + row.accepted.query)

    assert [row.status for row in behind.context["found"].rows] == ["accepted"]
    assert "máy chủ thư đã nhận" in behind.context["found"].chosen


def test_messages_that_failed_are_tried_again_where_that_may_help(client, member):
    drive = DriveFactory(unit=member.unit, slots=2)
    for number, (reason, expires_at) in enumerate(
        [("address_refused", None), ("login_refused", NOW), ("login_refused", None)]
    ):
        Message.objects.create(
            kind="registered",
            about_id="x",
            group=f"drive:{drive.pk}",
            dedupe_key=str(number),
            status=Message.Status.FAILED,
            reason=reason,
            created_at=NOW,
            due_at=NOW,
            expires_at=expires_at,
            finished_at=NOW,
            tries=9,
        )
    assert page(client, "drive_messages", drive).context["found"].retryable == 1

    response = client.post(reverse("messages_retry", args=[drive.slug]), follow=True)

    assert "Đang gửi lại 1 tin." in response.content.decode()
    again = Message.objects.get(status=Message.Status.QUEUED)
    assert (again.dedupe_key, again.tries, again.reason, again.finished_at) == ("2", 0, "", None)
    [entry] = AuditEntry.objects.filter(action="messages.retried")
    assert (entry.count, entry.by_user_id) == (1, member.user.pk)


def test_lists_are_taken_as_files_and_noted(client, member):
    drive = DriveFactory(unit=member.unit, slots=2)
    RegistrationFactory(slot=drive.slots.first())

    for kind, ending, begins in (("registered", "xlsx", b"PK"), ("roster", "pdf", b"%PDF")):
        response = client.get(reverse("drive_export", args=[drive.slug, kind, ending]))
        assert response.content.startswith(begins)
        [entry] = AuditEntry.objects.filter(action=f"registrations.exported.{kind}")
        assert (entry.count, entry.by_user_id) == (1, member.user.pk)
    assert client.get(f"/manage/drives/{drive.slug}/exports/x.xlsx").status_code == 404


def test_a_cancelled_drive_offers_no_places(client, member):
    drive = DriveFactory(unit=member.unit, slots=2, starts_at=at(days=3), cancelled_at=NOW)

    rows = page(client, "drive_overview", drive).context["slots"]

    assert [row.words for row in rows] == ["đã hủy", "đã hủy"]


def test_nobody_is_asked_to_call_an_empty_list(client, member):
    drive = DriveFactory(unit=member.unit, slots=2, starts_at=at(days=3))
    link = "Gọi danh sách này"

    empty = page(client, "drive_messages", drive).content.decode()
    RegistrationFactory(slot=drive.slots.first())
    with_one = page(client, "drive_messages", drive).content.decode()

    assert (link in empty, link in with_one) == (False, True)
