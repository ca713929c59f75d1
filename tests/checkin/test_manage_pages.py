"""The page of devices: a code is made by a press, a new device shows up, one tap ends it."""

import re
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID, uuid5

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.attempts import Attempt
from accounts.models import AuditEntry
from events.checkin.devices import ago
from events.checkin.missing import missing_scans
from events.checkin.models import Device, EnrolmentCode, Scan
from events.checkin.queries import drive_conflicts
from events.checkin.roster import Cursor
from events.checkin.scanner import scanner_version
from events.checkin.services import enrol_device, revoke_device
from tests.checkin.conftest import DURING, a_scan, make_device
from tests.factories import DriveFactory, RegistrationFactory

pytestmark = pytest.mark.django_db
END_OF_CALENDAR = 253_402_300_799  # seconds; no zone east of Greenwich has that moment


@pytest.fixture
def during(client, member):
    """Ten minutes into the drives of the factories, signed in then."""
    with time_machine.travel(DURING, tick=False) as clock:
        client.force_login(member.user)
        yield clock


@pytest.fixture
def drive(member):
    return DriveFactory(unit=member.unit, slots=2, starts_at=timezone.now())


def made(client, drive):
    response = client.post(reverse("drive_devices", args=[drive.slug]))
    [code] = re.findall(r"/scan/enroll/#([\w-]+)", response.content.decode())
    return response, code


def enrol(code):
    return enrol_device(
        code=code, name="Hồng Nhung", attempt=Attempt.unnamed(), now=timezone.now()
    )[0]


def test_opening_the_page_makes_no_code(client, drive):
    client.get(reverse("drive_devices", args=[drive.slug]))

    assert not EnrolmentCode.objects.exists()


def test_a_press_shows_one_code_with_its_minutes(client, drive):
    response, code = made(client, drive)

    assert response.context["code"].minutes_left == 15
    assert "<svg" in response.context["qr"]
    assert code not in client.get(reverse("drive_devices", args=[drive.slug])).content.decode()


def test_a_new_device_shows_up_where_the_page_refreshes_itself(client, drive):
    response, code = made(client, drive)
    news = f"{reverse('device_news', args=[drive.slug])}?code={response.context['code'].code.pk}"
    assert client.get(news).context["code"].is_waiting

    device = enrol(code)

    after = client.get(news)
    assert after.context["code"].device == device
    assert "Hồng Nhung" in after.content.decode()
    assert "<html" not in after.content.decode()


def test_a_code_of_another_drive_is_not_told_of(client, drive):
    other = DriveFactory(slots=1, starts_at=timezone.now())
    response, _code = made(client, drive)
    code = EnrolmentCode.objects.get(pk=response.context["code"].code.pk)
    code.drive = other
    code.save(update_fields=["drive"])

    news = f"{reverse('device_news', args=[drive.slug])}?code="
    assert client.get(f"{news}{code.pk}").context["code"] is None
    assert client.get(f"{news}x").context["code"] is None


def test_revoking_takes_one_press(client, drive):
    device = enrol(made(client, drive)[1])

    client.post(reverse("device_revoke", args=[drive.slug, device.number]))

    assert Device.objects.get().revoked_at is not None
    [row] = client.get(reverse("drive_devices", args=[drive.slug])).context["rows"]
    assert (row.is_living, row.badge) == (False, "gave-up")


# --- What each device is said to hold ------------------------------------------------------------


def rows_of(client, drive):
    return client.get(reverse("drive_devices", args=[drive.slug])).context["rows"]


def test_a_device_is_shown_with_contact_unsent_list_and_version(client, member, during):
    drive = DriveFactory(unit=member.unit, slots=2)
    phone = make_device(drive, last_contact_at=DURING - timedelta(hours=1))
    [before] = rows_of(client, drive)
    cursor = phone.roster()["cursor"]
    during.shift(timedelta(minutes=7))
    # Its network came back, and with it what it says; the answer with a newer list got lost.
    phone.roster(cursor)
    said = {"unsent": 9, "roster_cursor": cursor, "version": "0ld"}
    phone.send(a_scan(), status=said, sent_at=DURING)
    [after] = rows_of(client, drive)
    page = client.get(reverse("drive_devices", args=[drive.slug])).content.decode()

    assert (before.state, before.contact) == (str(_("No contact")), ago_words(60))
    assert before.list_of == str(_("none yet"))
    assert (after.state, after.contact) == (str(_("Old list")), ago_words(0))
    assert (after.list_of, after.device.unsent, after.has_old_version) == ("07:10", 9, True)
    assert str(_("old version: reload its page")) in page


def ago_words(minutes):
    return ago(DURING - timedelta(minutes=minutes), now=DURING)


def test_a_device_with_the_present_version_is_not_told_to_reload(client, member, during):
    drive = DriveFactory(unit=member.unit, slots=2)
    phone = make_device(drive, last_contact_at=DURING - timedelta(hours=1))
    version = scanner_version()
    during.shift(timedelta(minutes=2))

    phone.send(a_scan(), status={"unsent": 0, "version": version})

    [row] = rows_of(client, drive)
    assert (row.device.version, row.has_old_version) == (version, False)


@pytest.mark.parametrize("cursor", ["", "x", "é", "A" * 4000, None, 7])
def test_a_cursor_that_says_nothing_changes_nothing(client, member, during, cursor):
    drive = DriveFactory(unit=member.unit, slots=2)
    phone = make_device(drive, last_contact_at=DURING - timedelta(hours=1))
    phone.send(a_scan(), status={"unsent": 0, "roster_cursor": cursor})

    [row] = rows_of(client, drive)

    assert row.list_of == str(_("none yet"))


def test_a_cursor_from_days_to_come_changes_nothing(client, member, during):
    drive = DriveFactory(unit=member.unit, slots=2)
    phone = make_device(drive, last_contact_at=DURING - timedelta(hours=1))
    made_up = Cursor(
        epoch=bytes.fromhex(drive.roster_epoch), since=None, until=0, after=0, at=END_OF_CALENDAR
    )
    phone.send(a_scan(), status={"unsent": 0, "roster_cursor": made_up.encode()})

    [row] = rows_of(client, drive)

    assert row.list_of == str(_("none yet"))


# --- Late scans ----------------------------------------------------------------------------------


@pytest.fixture
def late(client, member, during):
    """A phone that was revoked with four scans on it, of which three are of people."""
    drive = DriveFactory(unit=member.unit, slots=2)
    slot = drive.slots.first()
    fresh, inside = (RegistrationFactory(slot=slot, full_name=n) for n in ("Lê Mới", "Vũ Đã"))
    gone = RegistrationFactory(
        slot=slot, full_name="Hồ Nhường", status="cancelled", cancelled_at=DURING
    )
    lost, other = make_device(drive), make_device(drive)
    other.scan(a_scan(inside))
    revoke_device(device=lost.device, by=member.user, now=DURING)
    offline = {"shown": "accepted", "offline": True}
    lost.scan(*(a_scan(p, **offline) for p in (fresh, inside, gone)), a_scan(code="x"))
    return SimpleNamespace(
        drive=drive,
        fresh=fresh,
        device=lost.device,
        url=reverse("device_late", args=[drive.slug, lost.device.number]),
    )


def test_late_scans_are_shown_with_what_taking_them_would_do(client, late):
    response = client.get(late.url)

    shown = response.context["late"]
    assert {v.registration.full_name: v.badge for v in shown.visits} == {
        "Lê Mới": "done",
        "Vũ Đã": "twice",
        "Hồ Nhường": "look",
    }
    assert (shown.scans, shown.nameless) == (4, 1)
    assert AuditEntry.objects.filter(action="registrations.seen").latest("pk").count == 3


def test_late_scans_of_one_minute_have_no_time_span(client, late):
    words = client.get(late.url).content.decode()

    assert "lượt, quét lúc " in words
    assert "quét từ" not in words


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_late_scans_of_a_clock_gone_wild_are_shown_too(client, drive, member, moment):
    lost = make_device(drive)
    revoke_device(device=lost.device, by=member.user, now=timezone.now())
    lost.scan(a_scan(code="x", scanned_at=moment, clock_offset_ms=0))

    response = client.get(reverse("device_late", args=[drive.slug, lost.device.number]))

    assert response.context["late"].scans == 1


def test_late_scans_count_once_they_are_taken(client, late):
    late.fresh.refresh_from_db()
    assert late.fresh.status == "registered"

    client.post(late.url, {"decision": "take"})

    late.fresh.refresh_from_db()
    assert late.fresh.status == "checked_in"
    assert client.get(late.url).context["late"] is None
    kinds = {(c.name, c.kind) for c in drive_conflicts(late.drive)}
    assert kinds == {("Vũ Đã", "double"), ("Hồ Nhường", "cancelled")}


def test_late_scans_that_are_left_out_ask_no_more_and_can_still_be_taken(client, late):
    [_other, before] = rows_of(client, late.drive)
    client.post(late.url, {"decision": "leave"})
    [_other, after] = rows_of(client, late.drive)
    late.fresh.refresh_from_db()

    assert (before.late_scans, before.left_scans) == (4, 0)
    assert (after.late_scans, after.left_scans) == (0, 4)
    assert late.fresh.status == "registered"
    client.post(late.url, {"decision": "take"})
    late.fresh.refresh_from_db()
    assert late.fresh.status == "checked_in"


def test_a_device_is_heard_of_at_once_after_its_end(member, during):
    """Contact is written once a minute, and yet nothing is said to be missing that has come."""
    drive = DriveFactory(unit=member.unit, slots=1)
    phone = make_device(drive)
    during.shift(timedelta(seconds=10))
    revoke_device(device=phone.device, by=member.user, now=timezone.now())
    before = missing_scans(drive, now=drive.ends_at)
    during.shift(timedelta(seconds=10))
    phone.send(a_scan(), status={"unsent": 0})

    assert before.silent == {1: DURING}
    assert not missing_scans(drive, now=drive.ends_at)


# --- Conflicts -----------------------------------------------------------------------------------


@pytest.fixture
def conflict(client, member, during):
    """Two phones without a network let the same person in, five minutes apart."""
    drive = DriveFactory(unit=member.unit, slots=2)
    person = RegistrationFactory(slot=drive.slots.first(), full_name="Lê Thị Ngọc Ánh")
    phones = make_device(drive, "Hồng Nhung"), make_device(drive, "Mai Phương")
    scans = []
    for minutes, phone in ((5, phones[1]), (0, phones[0])):
        at = (DURING - timedelta(minutes=minutes)).isoformat()
        scans.append(a_scan(person, shown="accepted", offline=True, scanned_at=at))
        phone.scan(scans[-1])
    return SimpleNamespace(
        drive=drive,
        person=person,
        first=scans[0]["id"],
        second=scans[1]["id"],
        phones=phones,
        url=reverse("drive_conflicts", args=[drive.slug]),
    )


def test_a_scan_is_taken_back_whatever_ids_its_device_has_taken(client, conflict):
    """What the undo is called cannot be known before, and it is there once."""
    url = reverse("scan_take_back", args=[conflict.drive.slug, conflict.second])
    old_name = UUID("6f1c5a52-4f0e-4c7e-9d5b-0c6b0f6f8a11")
    for id in (uuid5(old_name, conflict.second), uuid5(old_name, conflict.first)):
        conflict.phones[0].scan(a_scan(code="x", id=str(id)))

    for _again in range(2):
        client.post(url)

    [undo] = Scan.objects.filter(kind="undo")
    assert (str(undo.undoes), undo.device) == (conflict.second, None)
    assert drive_conflicts(conflict.drive) == []
    assert AuditEntry.objects.filter(action="scan.taken_back").count() == 1


def test_a_conflict_says_who_when_and_what_to_do_and_is_noted(client, conflict):
    response = client.get(conflict.url)

    [row] = response.context["open_rows"]
    assert [(str(line.id), line.helper, line.is_first) for line in row.lines] == [
        (conflict.first, "Mai Phương", True),
        (conflict.second, "Hồng Nhung", False),
    ]
    page = response.content.decode()
    assert all(words in page for words in ("Lê Thị Ngọc Ánh", "07:05", "07:10", row.what_to_do))
    assert AuditEntry.objects.get(action="registrations.seen").count == 1
    assert (
        client.get(reverse("drive_devices", args=[conflict.drive.slug])).context["conflicts"] == 1
    )


def test_the_later_scan_can_be_taken_back(client, conflict):
    url = reverse("scan_take_back", args=[conflict.drive.slug, conflict.second])
    client.post(url)
    client.post(url)  # a double tap

    conflict.person.refresh_from_db()
    assert (conflict.person.status, drive_conflicts(conflict.drive)) == ("checked_in", [])
    assert [s.kind for s in conflict.person.scans.order_by("received_at", "kind")] == [
        *["pass"] * 2,
        "undo",
    ]
    assert AuditEntry.objects.filter(action="scan.taken_back").count() == 1
    assert conflict.phones[0].roster()["conflicts"] == []


def test_when_all_scans_are_taken_back_the_person_is_not_in(client, conflict):
    for id in (conflict.first, conflict.second):
        client.post(reverse("scan_take_back", args=[conflict.drive.slug, id]))

    conflict.person.refresh_from_db()
    assert (conflict.person.status, conflict.person.checked_in_at) == ("registered", None)


def test_a_scan_of_another_drive_is_not_taken_back(client, member, conflict):
    other = DriveFactory(unit=member.unit, slots=1)

    response = client.post(reverse("scan_take_back", args=[other.slug, conflict.second]))

    assert response.status_code == 404
    assert len(drive_conflicts(conflict.drive)) == 1


def test_a_conflict_that_is_left_stands_apart_until_there_is_another(client, conflict):
    client.post(reverse("conflict_leave", args=[conflict.drive.slug, conflict.person.public_id]))
    left = client.get(conflict.url).context
    counted = client.get(reverse("drive_devices", args=[conflict.drive.slug])).context["conflicts"]
    third = make_device(conflict.drive)
    third.scan(a_scan(conflict.person, shown="accepted", offline=True))
    again = client.get(conflict.url).context

    assert (len(left["open_rows"]), len(left["seen_rows"]), counted) == (0, 1, 0)
    assert (len(again["open_rows"]), len(again["seen_rows"])) == (1, 0)


def test_the_overview_names_the_conflict_and_notes_the_look_once(client, conflict):
    """It refreshes itself every ten seconds: that is one look, until there is somebody new."""
    overview = reverse("drive_overview", args=[conflict.drive.slug])
    news = reverse("drive_news", args=[conflict.drive.slug])

    pages = [client.get(url) for url in (overview, news, news)]

    assert all("Lê Thị Ngọc Ánh" in page.content.decode() for page in pages)
    assert AuditEntry.objects.filter(action="registrations.seen").count() == 1
    other = RegistrationFactory(slot=conflict.drive.slots.first())
    for phone in conflict.phones:
        phone.scan(a_scan(other, shown="accepted", offline=True))
    client.get(news)
    client.get(overview)
    counts = AuditEntry.objects.filter(action="registrations.seen").order_by("pk")
    assert list(counts.values_list("count", flat=True)) == [1, 1, 2]
