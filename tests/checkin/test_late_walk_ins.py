"""Walk-ins that a device hands in after it was ended: set apart, shown, and kept for a while."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from accounts.models import AuditEntry, User
from donors.models import Consent, Donor
from events.checkin.models import LateWalkIn, Scan, WalkIn
from events.checkin.services import sign_off_device
from events.checkin.services.walk_ins import MOST_LATE
from events.drives.models import Drive
from events.registrations.models import Registration
from events.reports.figures import drive_figures
from tests.checkin.conftest import DURING, Phone, a_scan, make_device
from tests.checkin.late import (
    EARLIER,
    NEW_YEAR_2019,
    NOTHING,
    UNDO,
    WALK_IN,
    late_url,
    send,
    shown_to,
)
from tests.checkin.test_walk_ins import come
from tests.factories import DriveFactory, RegistrationFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


# --- Handed in -----------------------------------------------------------------------------------


def test_late_walk_in_is_kept_and_names_and_counts_nobody(lost: Phone, drive: Drive):
    before = drive_figures(drive, now=DURING, small_cells=True)
    id = str(uuid.uuid4())

    first, again = come(lost, id=id, offline=True), come(lost, id=id, offline=True)

    assert [(a.status_code, a.json()) for a in (first, again)] == [(201, NOTHING)] * 2
    assert [m.objects.count() for m in (Registration, Donor, Consent, WalkIn)] == [0] * 4
    late = LateWalkIn.objects.get()
    assert (str(late.pk), late.full_name, late.phone) == (id, "Lò Văn Pành", "+84912000777")
    scan = Scan.objects.get()
    assert (scan.pk, scan.set_apart, scan.counts, scan.registration) == (late.pk, True, False, None)
    assert drive_figures(drive, now=DURING, small_cells=True) == before
    [entry] = AuditEntry.objects.filter(action="walk_in.set_apart")
    assert (entry.target_id, entry.by_device_id) == (id, lost.device.pk)


def test_late_walk_ins_are_taken_in_for_seven_days(lost: Phone):
    end = DURING + timedelta(days=7)

    with time_machine.travel(end - timedelta(seconds=1), tick=False):
        in_time = come(lost)
    with time_machine.travel(end, tick=False):
        too_late = come(lost)

    assert (in_time.status_code, too_late.status_code) == (201, 401)
    assert (too_late.json()["code"], LateWalkIn.objects.count()) == ("device_revoked", 1)


def test_device_that_has_ended_hears_no_more_of_whom_it_registered(phone: Phone):
    id = str(uuid.uuid4())
    known = come(phone, id=id).json()

    sign_off_device(device=phone.device, now=DURING)
    again = come(phone, id=id)

    assert known["number"] == 1
    assert (again.status_code, again.json(), LateWalkIn.objects.count()) == (201, NOTHING, 0)


def test_late_walk_in_stays_apart_when_the_drives_end_moves(phone: Phone, drive: Drive):
    """The device had died with the drive, and lives again; its answer was lost."""
    ends_at, id = drive.ends_at, str(uuid.uuid4())
    Drive.objects.update(ends_at=DURING - timedelta(hours=24))
    come(phone, id=id)

    Drive.objects.update(ends_at=ends_at)
    again = come(phone, id=id)

    assert (again.status_code, again.json()) == (201, NOTHING)
    assert (LateWalkIn.objects.count(), Registration.objects.count()) == (1, 0)


def test_a_stolen_phone_hands_in_so_many_and_no_more(lost: Phone, drive: Drive):
    kept = {"drive": drive, "device": lost.device, "birth_year": 1990, "came_at": DURING}
    rows = [LateWalkIn(id=uuid.uuid4(), full_name="A", **kept) for _ in range(MOST_LATE - 1)]
    LateWalkIn.objects.bulk_create(rows)
    id = str(uuid.uuid4())

    answers = [come(lost, id=id), come(lost), come(lost, id=id)]

    assert [a.status_code for a in answers] == [201, 409, 201]
    assert (answers[1].json()["code"], LateWalkIn.objects.count()) == ("too_many_late", MOST_LATE)


@pytest.mark.parametrize("taken_by", ["a scan", "another drive"])
def test_late_walk_in_under_an_id_of_something_else_is_refused(lost: Phone, taken_by: str):
    id = str(uuid.uuid4())
    if taken_by == "a scan":
        lost.scan(a_scan(code="x", id=id))
    else:
        come(make_device(DriveFactory()), id=id)

    refused = come(lost, id=id)

    assert (refused.status_code, refused.json()["code"]) == (409, "id_taken")
    assert not LateWalkIn.objects.exists()


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"full_name": "…"}, "no_letter"), ({"phone": "12"}, "invalid_phone")],
)
def test_late_walk_in_that_cannot_be_read_is_refused_by_field(
    lost: Phone, fields: dict[str, Any], code: str
):
    refused = come(lost, **fields)

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, code)
    assert not LateWalkIn.objects.exists()


def test_walk_in_tells_what_the_device_still_holds(phone: Phone, drive: Drive, client):
    come(phone, status={"unsent": 3, "roster_cursor": "x", "version": "7"})
    phone.device.refresh_from_db()
    held = phone.device.unsent, phone.device.version
    come(phone, status="nonsense")
    come(phone, status={"unsent": 0})
    phone.device.refresh_from_db()

    assert (held, phone.device.unsent) == ((3, "7"), 0)
    assert Registration.objects.count() == 1


# --- The page ------------------------------------------------------------------------------------


def test_page_says_what_taking_late_walk_ins_would_do(
    lost: Phone, other_phone: Phone, drive: Drive, organizer: User, client
):
    same = {"birth_year": 1999, "full_name": "Lò Văn Pành"}
    RegistrationFactory(slot=drive.slots.first(), phone="+84912000771", **same)
    come(other_phone, phone="0912 000 772")
    for digit in ("0", "1", "2"):
        come(lost, phone=f"0912 000 77{digit}", offline=True)
    come(lost, id=WALK_IN, phone="", full_name="Vừ A Dính", offline=True)
    send(lost, UNDO)
    come(lost, full_name="Bé Na", birth_year=2012, offline=True)

    late = shown_to(client, organizer, lost)

    assert [(v.name, bool(v.registration), v.badge) for v in late.visits] == [
        ("Vừ A Dính", False, "neutral"),
        ("Lò Văn Pành", False, "done"),
        ("Lò Văn Pành", True, "done"),
        ("Lò Văn Pành", True, "twice"),
    ]
    assert (late.scans, late.walk_ins, late.nameless, len(late.refused)) == (6, 5, 0, 1)
    assert [v.about for v in late.visits[:2]] == ["1999", "1999 · •••• 0770"]
    assert AuditEntry.objects.filter(action="registrations.seen").latest("pk").count == 5
    page = client.get(late_url(lost)).content.decode()
    assert "Bé Na" in page
    assert "912000770" not in page.replace(" ", "")


def test_page_says_where_the_clock_told_nothing(lost: Phone, drive: Drive, organizer: User, client):
    RegistrationFactory(
        slot=drive.slots.first(), full_name="Lò Văn Pành", birth_year=1999, phone="+84912000771"
    )
    come(lost, full_name="Vừ A Dính", phone="", at=EARLIER.isoformat(), offline=True)
    for fields in ({"phone": ""}, {"phone": "0912 000 771"}, {"birth_year": 2012}):
        sent_at = timezone.now().isoformat()
        come(lost, at=NEW_YEAR_2019.isoformat(), sent_at=sent_at, offline=True, **fields)

    late = shown_to(client, organizer, lost)

    told = [(v.at, v.name, bool(v.registration), v.is_at_latest) for v in late.visits]
    assert sorted(told) == [
        (EARLIER, "Vừ A Dính", False, False),
        (DURING, "Lò Văn Pành", False, True),
        (DURING, "Lò Văn Pành", True, True),
    ]
    assert [(v.at, v.is_at_latest) for v in late.refused] == [(DURING, True)]
    for language, words in (
        ("en", "or earlier: the phone&#x27;s clock was wrong"),
        ("vi", "hoặc sớm hơn: đồng hồ máy sai"),
    ):
        page = client.get(late_url(lost), headers={"accept-language": language}).content.decode()
        assert page.replace("&#39;", "&#x27;").replace("phone's", "phone&#x27;s").count(words) == 3


def test_late_walk_ins_that_are_left_out_can_still_be_taken(lost: Phone, organizer: User, client):
    come(lost, offline=True)
    client.force_login(organizer)

    client.post(late_url(lost), {"decision": "leave"})
    left = LateWalkIn.objects.count(), Registration.objects.count()
    client.post(late_url(lost), {"decision": "take"})

    assert (left, LateWalkIn.objects.count()) == ((1, 0), 0)
    assert Registration.objects.get().status == "checked_in"


# --- Kept no longer than needed -------------------------------------------------------------------


def test_purge_deletes_who_was_never_taken(lost: Phone, drive: Drive):
    come(lost, offline=True)
    until = drive.ends_at + timedelta(days=30)

    with time_machine.travel(until, tick=False):
        call_command("purge")
        kept = LateWalkIn.objects.count()
    with time_machine.travel(until + timedelta(seconds=1), tick=False):
        call_command("purge")

    assert (kept, LateWalkIn.objects.count()) == (1, 0)
    [entry] = AuditEntry.objects.filter(action="drive.late_walk_ins_erased")
    assert (entry.count, entry.unit_id) == (1, drive.unit_id)
    assert Scan.objects.get().registration is None
