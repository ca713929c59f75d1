"""Walk-ins that a device hands in after it was ended: set apart, until an organizer takes them."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, User
from donors.models import Consent, Donor
from events.checkin.models import LateWalkIn, Scan, WalkIn
from events.checkin.queries import drive_conflicts
from events.checkin.services import revoke_device, sign_off_device, take_late_scans
from events.checkin.services.walk_ins import MOST_LATE
from events.drives.models import Drive
from events.registrations.models import Registration
from events.reports.figures import drive_figures
from tests.checkin.conftest import DURING, Phone, a_scan, an_undo, make_device
from tests.checkin.test_walk_ins import come
from tests.factories import (
    DriveFactory,
    MembershipFactory,
    RegistrationFactory,
    SlotFactory,
    UnitFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]

NOTHING = {
    "registration": None,
    "code": None,
    "ticket": None,
    "number": None,
    "manage_url": None,
    "merged": False,
}
EARLIER = DURING - timedelta(minutes=7)


@pytest.fixture
def organizer(drive: Drive) -> User:
    user: User = MembershipFactory(unit=drive.unit).user
    return user


@pytest.fixture
def lost(phone: Phone, organizer: User) -> Phone:
    """A phone that was revoked."""
    revoke_device(device=phone.device, by=organizer, now=DURING)
    return phone


def take(phone: Phone, organizer: User) -> int:
    phone.device.refresh_from_db()
    return take_late_scans(device=phone.device, by=organizer, now=timezone.now())


def late_url(phone: Phone) -> str:
    return reverse("device_late", args=[phone.device.drive.slug, phone.device.number])


def shown_to(client: Any, organizer: User, phone: Phone) -> Any:
    client.force_login(organizer)
    return client.get(late_url(phone)).context["late"]


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


# --- Taken ---------------------------------------------------------------------------------------


def test_late_walk_in_is_registered_as_any_other_once_taken(
    lost: Phone, other_phone: Phone, drive: Drive, organizer: User, an: Registration
):
    unit = UnitFactory(slug="vien-det-may", parent=drive.unit)
    id, at = str(uuid.uuid4()), EARLIER.isoformat()
    other_phone.scan(a_scan(an))
    cursor = other_phone.roster()["cursor"]
    both = ["registration", "reminders"]
    come(lost, id=id, at=at, offline=True, unit="vien-det-may", sex="female", consents=both)

    taken = [take(lost, organizer), take(lost, organizer)]

    made = Registration.objects.exclude(pk=an.pk).get()
    assert taken == [1, 0]
    assert (made.status, made.source, made.slot, made.queue_number) == (
        "checked_in",
        "walk_in",
        None,
        2,
    )
    assert (made.checked_in_at, made.walk_in_at, made.created_at) == (EARLIER, EARLIER, DURING)
    assert (made.full_name, made.phone, made.birth_year) == ("Lò Văn Pành", "+84912000777", 1999)
    assert (made.sex, made.unit, made.consent_reminders) == ("female", unit, True)
    assert set(Consent.objects.values_list("purpose", flat=True)) == set(both)
    scan = Scan.objects.get(pk=id)
    assert (scan.registration, scan.counts, scan.taken_at, scan.verdict, scan.shown) == (
        made,
        True,
        DURING,
        "accepted",
        "accepted",
    )
    assert (WalkIn.objects.get().merged, LateWalkIn.objects.count()) == (False, 0)
    rows = {row["id"]: row for row in other_phone.roster(cursor)["registrations"]}
    assert (rows[made.public_id]["status"], rows[made.public_id]["number"]) == ("checked_in", 2)
    actions = AuditEntry.objects.filter(unit_id=drive.unit_id, by_user_id=organizer.pk)
    for action in ("registration.walked_in", "device.late_scans_taken"):
        assert actions.filter(action=action).count() == 1
    assert come(lost, id=id).json() == NOTHING
    assert drive_figures(drive, now=DURING, small_cells=True).counts.walk_ins == 1


def test_late_walk_in_who_is_registered_is_let_in(lost: Phone, drive: Drive, organizer: User):
    slot = drive.slots.last()
    same = {"phone": "+84912000777", "birth_year": 1999}
    known = RegistrationFactory(slot=slot, full_name="Lo Van Panh", **same)
    RegistrationFactory(slot=slot, full_name="Lò Thị Sen", **same)
    come(lost, offline=True)

    take(lost, organizer)

    known.refresh_from_db()
    assert (known.status, known.slot, known.queue_number) == ("checked_in", slot, 1)
    assert (Registration.objects.count(), WalkIn.objects.get().merged) == (2, True)


def test_late_walk_in_who_waits_takes_no_place(lost: Phone, drive: Drive, organizer: User):
    slot = SlotFactory(drive=drive, nth=8, capacity=1)
    RegistrationFactory(slot=slot)
    waiting = RegistrationFactory(
        slot=slot,
        status="waitlisted",
        placed_at=None,
        full_name="Lò Văn Pành",
        phone="+84912000777",
        birth_year=1999,
    )
    come(lost, at=EARLIER.isoformat(), offline=True)

    take(lost, organizer)

    waiting.refresh_from_db()
    assert (waiting.status, waiting.slot, waiting.waited_in) == ("checked_in", None, slot)
    assert (waiting.holds_place, waiting.walk_in_at) == (False, EARLIER)


@pytest.mark.parametrize("offline", [False, True])
def test_late_walk_in_who_is_in_already_is_a_conflict_only_if_let_in(
    lost: Phone, other_phone: Phone, drive: Drive, organizer: User, offline: bool
):
    come(other_phone)
    come(lost, offline=offline)

    take(lost, organizer)

    assert Registration.objects.get().queue_number == 1
    assert [c.kind for c in drive_conflicts(drive)] == (["double"] if offline else [])


def test_the_same_person_twice_on_a_late_phone_is_one(lost: Phone, drive: Drive, organizer: User):
    for name in ("Lò Văn Pành", "lo van panh"):
        come(lost, full_name=name, offline=True)
    for _nameless in range(2):
        come(lost, full_name="Vừ A Dính", phone="", offline=True)

    take(lost, organizer)

    assert Registration.objects.count() == 3
    assert sorted(WalkIn.objects.values_list("merged", flat=True)) == [False, False, False, True]
    numbers = Registration.objects.order_by("queue_number").values_list("queue_number", flat=True)
    assert list(numbers) == [1, 2, 3]


def test_walk_ins_and_scans_of_a_late_phone_are_taken_together(
    lost: Phone, drive: Drive, organizer: User, an: Registration
):
    lost.scan(a_scan(an, shown="accepted", offline=True))
    come(lost, offline=True)

    taken = take(lost, organizer)

    assert (taken, drive_figures(drive, now=DURING, small_cells=True).counts.arrived) == (2, 2)
    [entry] = AuditEntry.objects.filter(action="device.late_scans_taken")
    assert entry.count == 2


WALK_IN, UNDO, AGAIN, UNDO_AGAIN = (str(uuid.UUID(int=n, version=4)) for n in range(1, 5))


def send(phone: Phone, what: str) -> None:
    """Send what a phone holds of somebody who was registered, taken back, and let in again."""
    minutes = {WALK_IN: 0, UNDO: 1, AGAIN: 2, UNDO_AGAIN: 3}
    at = (EARLIER + timedelta(minutes=minutes[what])).isoformat()
    made: dict[str, Any] = {"id": what, "scanned_at": at, "offline": True}
    if what == WALK_IN:
        assert come(phone, id=what, at=at, offline=True).status_code == 201
    elif what == AGAIN:
        phone.scan(a_scan(walk_in=WALK_IN, shown="accepted", **made))
    else:
        phone.scan(an_undo({"id": {UNDO: WALK_IN, UNDO_AGAIN: AGAIN}[what]}, **made))


@pytest.mark.parametrize("revoked_after", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("day", "counts", "since"),
    [
        ([WALK_IN], [WALK_IN], 0),
        ([WALK_IN, UNDO], [], None),
        ([WALK_IN, AGAIN], [WALK_IN, AGAIN], 0),
        ([WALK_IN, UNDO, AGAIN], [AGAIN], 2),
        ([WALK_IN, UNDO, AGAIN, UNDO_AGAIN], [], None),
    ],
)
def test_a_walk_ins_scans_come_to_the_same_in_any_order_and_however_late(
    phone: Phone,
    organizer: User,
    day: list[str],
    counts: list[str],
    since: int | None,
    revoked_after: int,
):
    """Shown is what counts, whether the walk-in had come before what speaks of it or not."""
    for order in itertools.permutations(day):
        for n, what in enumerate([*order, order[0]]):  # an answer was lost: the first comes again
            if n == revoked_after:
                revoke_device(device=phone.device, by=organizer, now=DURING)
            send(phone, what)
        take(phone, organizer)

        made = Registration.objects.get()
        scans = Scan.objects.filter(counts=True).order_by("pk").values_list("pk", flat=True)
        assert [str(pk) for pk in scans] == counts, order
        assert set(Scan.objects.values_list("registration_id", flat=True)) == {made.pk}, order
        moment = None if since is None else EARLIER + timedelta(minutes=since)
        assert (made.status, made.checked_in_at) == (
            "registered" if moment is None else "checked_in",
            moment,
        )
        for model in (WalkIn, Scan, Registration):
            model.objects.all().delete()
        phone.device.revoked_at = None
        phone.device.save()


# --- What cannot be taken ------------------------------------------------------------------------


def cancel(drive: Drive) -> None:
    Drive.objects.update(cancelled_at=DURING)


def change_age(drive: Drive) -> None:
    LateWalkIn.objects.update(birth_year=2012)


def move_the_day(drive: Drive) -> None:
    LateWalkIn.objects.update(came_at=DURING - timedelta(days=3))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (cancel, "This donation day was cancelled."),
        (change_age, "Donors must be 18 on the day of the donation."),
        (move_the_day, "This is not the day of the donation."),
    ],
)
def test_who_cannot_be_registered_stays_with_the_reason(
    lost: Phone, drive: Drive, organizer: User, client, change, why: str
):
    come(lost, id=WALK_IN, offline=True)
    send(lost, AGAIN)
    send(lost, UNDO_AGAIN)
    change(drive)
    client.force_login(organizer)

    page = client.get(late_url(lost), headers={"accept-language": "en"})
    answer = client.post(late_url(lost), {"decision": "take"}, follow=True)

    [refused] = page.context["late"].refused
    assert (refused.name, refused.effect, page.context["late"].visits) == ("Lò Văn Pành", why, [])
    assert not page.context["late"].can_be_taken
    assert 'value="take"' not in page.content.decode()
    assert answer.redirect_chain == [(late_url(lost), 302)]
    assert (LateWalkIn.objects.count(), Registration.objects.count()) == (1, 0)
    assert not AuditEntry.objects.filter(action="device.late_scans_taken").exists()
    assert not Scan.objects.filter(taken_at__isnull=False).exists()


def test_one_who_cannot_be_registered_holds_up_nobody(lost: Phone, organizer: User):
    come(lost, full_name="Bé Na", birth_year=2012, offline=True)
    come(lost, offline=True)

    assert take(lost, organizer) == 1

    assert Registration.objects.get().full_name == "Lò Văn Pành"
    assert LateWalkIn.objects.get().full_name == "Bé Na"
    LateWalkIn.objects.update(birth_year=2000)  # the day was moved, or the rules were
    assert take(lost, organizer) == 1
    assert Registration.objects.count() == 2


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
    assert "0912000770" not in page.replace(" ", "")


def test_late_walk_ins_that_are_left_out_can_still_be_taken(lost: Phone, organizer: User, client):
    come(lost, offline=True)
    client.force_login(organizer)

    client.post(late_url(lost), {"decision": "leave"})
    left = LateWalkIn.objects.count(), Registration.objects.count()
    client.post(late_url(lost), {"decision": "take"})

    assert (left, LateWalkIn.objects.count()) == ((1, 0), 0)
    assert Registration.objects.get().status == "checked_in"


# --- Clocks --------------------------------------------------------------------------------------

NEW_YEAR_2019 = datetime(2019, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("is_late", [False, True])
def test_walk_in_by_a_clock_that_was_reset_is_corrected_as_a_scan_is(
    phone: Phone, organizer: User, an: Registration, is_late: bool
):
    """Seven minutes ago by a phone that knows neither the year nor how wrong it is."""
    at, sent_at = NEW_YEAR_2019.isoformat(), NEW_YEAR_2019 + (DURING - EARLIER)
    if is_late:
        revoke_device(device=phone.device, by=organizer, now=DURING)
    known = {"clock_offset_ms": None, "offline": True}
    come(phone, at=at, sent_at=sent_at.isoformat(), **known)
    phone.scan(a_scan(an, scanned_at=at, shown="accepted", **known), sent_at=sent_at)
    if is_late:
        take(phone, organizer)

    moments = Registration.objects.values_list("checked_in_at", flat=True)
    assert list(moments) == [EARLIER, EARLIER]


def test_late_walk_in_of_a_clock_that_tells_nothing_came_before_the_devices_end(
    lost: Phone, organizer: User
):
    """Made in 2019 by the phone, whose clock was set right before it could send."""
    with time_machine.travel(DURING + timedelta(days=3), tick=False):
        sent_at = timezone.now().isoformat()
        come(lost, at=NEW_YEAR_2019.isoformat(), sent_at=sent_at, offline=True)
        take(lost, organizer)

    assert Registration.objects.get().checked_in_at == DURING


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
