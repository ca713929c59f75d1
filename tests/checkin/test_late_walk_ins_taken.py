"""Walk-ins that were set apart, once an organizer takes them."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import AuditEntry, User
from donors.models import Consent
from events.checkin.models import LateWalkIn, Scan, WalkIn
from events.checkin.queries import drive_conflicts
from events.checkin.services import revoke_device
from events.drives.models import Drive
from events.registrations.models import Registration
from events.reports.figures import drive_figures
from tests.checkin.conftest import DURING, Phone, a_scan
from tests.checkin.late import (
    AGAIN,
    EARLIER,
    NEW_YEAR_2019,
    NOTHING,
    UNDO,
    UNDO_AGAIN,
    WALK_IN,
    late_url,
    send,
    take,
)
from tests.checkin.test_walk_ins import come
from tests.factories import RegistrationFactory, SlotFactory, UnitFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


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


# --- Clocks --------------------------------------------------------------------------------------


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
