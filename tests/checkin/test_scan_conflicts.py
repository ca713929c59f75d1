"""Somebody who was let in twice, or after giving up; and what is taken back."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from events.checkin.models import Scan
from events.drives.models import Drive, Slot
from events.registrations.models import Registration
from tests.checkin.conftest import DURING, Phone, a_scan, an_undo
from tests.factories import RegistrationFactory, SlotFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


@pytest.mark.parametrize("first_to_arrive", [0, 1])
def test_two_devices_that_let_the_same_ticket_in_both_see_the_conflict(
    phone: Phone, other_phone: Phone, an: Registration, first_to_arrive: int
):
    """Clocks hours apart; who came first is told by corrected time, not by who sent first."""
    earlier = a_scan(
        an,
        shown="accepted",
        offline=True,
        scanned_at=(DURING + timedelta(hours=3)).isoformat(),
        clock_offset_ms=-3 * 3600_000 - 120_000,
    )
    later = a_scan(an, shown="accepted", offline=True)
    sent = [(phone, earlier), (other_phone, later)]
    if first_to_arrive:
        sent.reverse()

    for sender, scan in [*sent, *sent]:
        sender.scan(scan)
    [of_earlier], [of_later] = phone.scan(earlier), other_phone.scan(later)

    verdicts = {earlier["id"]: of_earlier["verdict"], later["id"]: of_later["verdict"]}
    assert verdicts == {sent[0][1]["id"]: "accepted", sent[1][1]["id"]: "already_scanned"}
    assert (of_earlier["first"], of_earlier["conflict"]) == (
        None,
        {"kind": "double", "device": "M2", "scanned_at": "2026-12-05T00:10:00Z"},
    )
    assert (of_later["first"]["device"], of_later["conflict"]) == (
        "M1",
        {"kind": "double", "device": "M1", "scanned_at": "2026-12-05T00:08:00Z"},
    )
    for device in (phone, other_phone):
        assert device.roster()["conflicts"] == [
            {
                "registration": an.public_id,
                "kind": "double",
                "scans": [
                    {
                        "id": earlier["id"],
                        "device": "M1",
                        "station": "welcome",
                        "at": "2026-12-05T00:08:00Z",
                    },
                    {
                        "id": later["id"],
                        "device": "M2",
                        "station": "welcome",
                        "at": "2026-12-05T00:10:00Z",
                    },
                ],
            }
        ]
    an.refresh_from_db()
    assert (an.queue_number, an.checked_in_at) == (1, DURING - timedelta(minutes=2))


def test_scan_after_a_cancellation_lets_the_person_in_and_is_a_conflict(
    phone: Phone, other_phone: Phone, drive: Drive
):
    gone = RegistrationFactory(
        slot=drive.slots.first(), status="cancelled", cancelled_at=DURING - timedelta(minutes=9)
    )

    [result] = phone.scan(a_scan(gone, shown="accepted", offline=True))

    assert (result["verdict"], result["conflict"]["kind"]) == ("revoked", "cancelled")
    assert result["registration"]["status"] == "checked_in"
    assert result["registration"]["number"] == 1
    assert [c["kind"] for c in other_phone.roster()["conflicts"]] == ["cancelled"]
    gone.refresh_from_db()
    assert gone.status == "checked_in"


def test_scan_after_a_cancellation_takes_back_no_place_that_was_given_on(
    phone: Phone, drive: Drive
):
    slot = SlotFactory(drive=drive, nth=8, capacity=1)
    gone = RegistrationFactory(slot=slot, status="cancelled", cancelled_at=DURING)
    RegistrationFactory(slot=slot)

    phone.scan(a_scan(gone, shown="accepted", offline=True))

    gone.refresh_from_db()
    assert (gone.status, gone.holds_place) == ("checked_in", False)
    assert Slot.objects.with_places().get(pk=slot.pk).taken == 1


def test_scan_after_a_cancellation_of_who_registered_again_leaves_the_new_one_alone(
    phone: Phone, drive: Drive
):
    slot = drive.slots.first()
    gone = RegistrationFactory(slot=slot, status="cancelled", cancelled_at=DURING)
    again = RegistrationFactory(slot=slot, donor=gone.donor, phone=gone.phone)

    [result] = phone.scan(a_scan(gone, shown="accepted", offline=True))
    [of_new] = phone.scan(a_scan(again))

    assert (result["verdict"], result["conflict"]["kind"]) == ("revoked", "cancelled")
    assert (result["registration"]["status"], of_new["verdict"]) == ("cancelled", "accepted")


def test_scan_of_two_cancelled_registrations_of_one_donor_at_once(phone: Phone, drive: Drive):
    slot = drive.slots.first()
    one = RegistrationFactory(slot=slot, status="cancelled", cancelled_at=DURING)
    two = RegistrationFactory(slot=slot, status="cancelled", cancelled_at=DURING, donor=one.donor)

    results = phone.scan(*(a_scan(r, shown="accepted", offline=True) for r in (one, two)))

    assert [r["conflict"]["kind"] for r in results] == ["cancelled", "cancelled"]
    assert sorted(r["registration"]["status"] for r in results) == ["cancelled", "checked_in"]


def test_undo_takes_the_check_in_back_and_keeps_the_number(
    phone: Phone, an: Registration, binh: Registration
):
    scan = a_scan(an)
    phone.scan(scan)

    [undone] = phone.scan(an_undo(scan))
    [of_binh] = phone.scan(a_scan(binh))
    [again] = phone.scan(a_scan(an))

    assert (undone["verdict"], undone["registration"]["status"]) == ("recorded", "registered")
    assert undone["registration"]["number"] == 1
    assert (of_binh["registration"]["number"], again["registration"]["number"]) == (2, 1)
    assert (again["verdict"], again["first"]) == ("accepted", None)


def test_undo_within_the_batch_of_what_it_undoes(phone: Phone, an: Registration):
    scan = a_scan(an)

    results = phone.scan(scan, an_undo(scan), a_scan(an))

    assert [r["verdict"] for r in results] == ["accepted", "recorded", "accepted"]
    assert list(Scan.objects.filter(counts=True).values_list("id", flat=True)) == [
        uuid.UUID(results[2]["id"])
    ]


def test_undo_that_comes_before_what_it_undoes(phone: Phone, an: Registration):
    scan = a_scan(an)

    [undone] = phone.scan(an_undo(scan))
    [passed] = phone.scan(scan)

    assert (undone["verdict"], undone["registration"]) == ("recorded", None)
    assert (passed["verdict"], passed["registration"]["status"]) == ("accepted", "registered")
    assert set(Scan.objects.values_list("registration", flat=True)) == {an.pk}


def test_undo_by_another_device_is_not_allowed(phone: Phone, other_phone: Phone, an: Registration):
    scan = a_scan(an)
    phone.scan(scan)

    [undone] = other_phone.scan(an_undo(scan))

    assert (undone["verdict"], undone["registration"]) == ("not_allowed", None)
    an.refresh_from_db()
    assert an.status == "checked_in"


def test_undo_of_a_conflict_takes_it_from_every_roster(
    phone: Phone, other_phone: Phone, an: Registration
):
    scan, double = a_scan(an), a_scan(an, shown="accepted", offline=True)
    phone.scan(scan)
    other_phone.scan(double)

    [undone] = other_phone.scan(an_undo(double))

    assert (undone["conflict"], phone.roster()["conflicts"]) == (None, [])
    assert set(Scan.objects.values_list("conflict", flat=True)) == {""}
