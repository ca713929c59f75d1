"""Organizers plan drives over the API."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from accounts.models import AuditEntry, Role
from events.drives.models import Drive
from events.registrations.models import Registration
from notifications.models import Message
from tests.api import Caller, a_key, field_errors, member, organizer, told
from tests.factories import DriveFactory, RegistrationFactory, UnitFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def planning(unit: Any, **other: Any) -> dict[str, Any]:
    return {
        "name": "Ngày hội Giọt hồng",
        "unit": unit.slug,
        "venue": {"name": "Hội trường", "address": "54 Hai Bà Trưng, Hà Nội"},
        "date": "2026-12-20",
        "starts_at": "07:30",
        "ends_at": "11:00",
        "slot_minutes": 30,
        "places_per_slot": 12,
    } | other


def test_planning_makes_a_draft():
    unit = UnitFactory()
    caller = organizer(unit)

    response = caller.post("manage/drives/", planning(unit, anything="is ignored"))

    sent = response.json()
    assert response.status_code == 201
    assert (sent["status"], sent["places_left"], len(sent["slots"])) == ("draft", 84, 7)
    assert sent["venue"] == {
        "name": "Hội trường",
        "address": "54 Hai Bà Trưng, Hà Nội",
        "map_url": "",
    }
    assert (sent["starts_at"], sent["ends_at"]) == (
        "2026-12-20T07:30:00+07:00",
        "2026-12-20T11:00:00+07:00",
    )
    drive = Drive.objects.get()
    assert (drive.slug, drive.tolerance_minutes) == (sent["slug"], 30)
    assert AuditEntry.objects.get(action="drive.created").by_user_id == caller.user.pk


def test_planning_takes_everything_and_goes_over_midnight():
    unit = UnitFactory()
    body = planning(
        unit,
        starts_at="22:00",
        ends_at="02:15",
        zone="Asia/Bangkok",
        slot_minutes=60,
        registration_opens_at="2026-12-10T08:00:00+07:00",
        registration_closes_at="2026-12-20T12:00:00Z",
        tolerance_minutes=15,
        description="",
        bring="CCCD",
        contact="0912 000 486",
        blood_centre="Viện",
    )

    sent = organizer(unit).post("manage/drives/", body).json()

    assert sent["ends_at"] == "2026-12-21T02:15:00+07:00"
    assert len(sent["slots"]) == 4  # a rest that a slot does not fill belongs to none
    assert sent["registration_opens_at"] == "2026-12-10T08:00:00+07:00"
    assert sent["registration_closes_at"] == "2026-12-20T19:00:00+07:00"
    assert (sent["zone"], sent["bring"]) == ("Asia/Bangkok", "CCCD")


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"name": ""}, {"name": "blank"}),
        ({"name": "x" * 121}, {"name": "max_length"}),
        ({"venue": "Hội trường"}, {"venue": "invalid"}),
        ({"venue": {}}, {"venue.name": "required", "venue.address": "required"}),
        (
            {"venue": {"name": "A", "address": "B", "map_url": "javascript:alert(1)"}},
            {"venue.map_url": "invalid"},
        ),
        ({"date": "20/12/2026"}, {"date": "invalid"}),
        ({"date": "0001-01-01"}, {"date": "min_value"}),
        ({"starts_at": "7h30"}, {"starts_at": "invalid"}),
        ({"starts_at": "11:00"}, {"ends_at": "too_long"}),
        ({"slot_minutes": 4}, {"slot_minutes": "min_value"}),
        ({"slot_minutes": 240}, {"slot_minutes": "no_slot"}),
        ({"places_per_slot": 501}, {"places_per_slot": "max_value"}),
        ({"places_per_slot": "many"}, {"places_per_slot": "invalid"}),
        ({"zone": "Asia/Nowhere"}, {"zone": "invalid_zone"}),
        ({"zone": "Asia"}, {"zone": "invalid_zone"}),
        ({"registration_opens_at": "soon"}, {"registration_opens_at": "invalid"}),
        ({"registration_opens_at": "0001-01-01T00:00:00Z"}, {"registration_opens_at": "min_value"}),
        (
            {"registration_opens_at": "2026-12-20T00:00:00Z"}
            | {"registration_closes_at": "2026-12-19T00:00:00Z"},
            {"registration_closes_at": "closes_too_early"},
        ),
        ({"unit": "nowhere"}, {"unit": "invalid"}),
        ({"description": "x" * 4001}, {"description": "max_length"}),
    ],
)
def test_planning_names_each_wrong_field(wrong, errors):
    unit = UnitFactory()

    response = organizer(unit).post("manage/drives/", planning(unit) | wrong)

    assert field_errors(response) == errors
    assert not Drive.objects.exists()


def test_planning_again_with_the_same_key_makes_one_draft():
    unit, key = UnitFactory(), a_key()
    caller, colleague = organizer(unit), organizer(unit)

    first = caller.post("manage/drives/", planning(unit), key=key)
    again = caller.post("manage/drives/", planning(unit), key=key)
    other = caller.post("manage/drives/", planning(unit, name="Khác"), key=key)
    theirs = colleague.post("manage/drives/", planning(unit), key=key)

    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.json() == first.json()
    assert told(other) == (422, "idempotency_key_reused")
    assert theirs.status_code == 201
    assert Drive.objects.count() == 2


def test_publish_and_cancel_again_change_nothing():
    drive = DriveFactory(slots=1, published_at=None)
    caller = organizer(drive.unit)
    path = f"manage/drives/{drive.slug}/"

    published = [caller.post(f"{path}publish/") for _ in range(2)]
    registration = RegistrationFactory(slot=drive.slots.get())
    cancelled = [caller.post(f"{path}cancel/", {"reason": "Bão"}) for _ in range(2)]
    too_late = caller.post(f"{path}publish/")

    assert [(r.status_code, r.json()["status"]) for r in published] == [(200, "open")] * 2
    assert [(r.status_code, r.json()["status"]) for r in cancelled] == [(200, "cancelled")] * 2
    assert told(too_late) == (409, "drive_cancelled")
    assert [(m.kind, m.about_id) for m in Message.objects.all()] == [
        ("drive_cancelled", registration.public_id)
    ]
    assert field_errors(caller.post(f"{path}cancel/", {})) == {"reason": "required"}


def test_patch_moves_a_drive_and_its_slots():
    drive = DriveFactory(slots=8)
    slot = drive.slots.first()
    held = RegistrationFactory(slot=slot)
    caller = organizer(drive.unit)
    key = a_key()

    body = {
        "date": "2026-12-06",
        "starts_at": "08:00",
        "ends_at": "12:00",
        "venue": {"name": "Sảnh B"},
        "slots": [{"id": slot.public_id, "capacity": 3, "open": False}],
    }
    response = caller.patch(f"manage/drives/{drive.slug}/", body, key=key)
    again = caller.patch(f"manage/drives/{drive.slug}/", body, key=key)

    sent = response.json()
    assert response.status_code == 200
    assert sent["slots"][0] == {
        "id": slot.public_id,
        "starts_at": "2026-12-06T08:00:00+07:00",
        "ends_at": "2026-12-06T08:30:00+07:00",
        "capacity": 3,
        "places_left": 2,
        "waitlist_length": 0,
        "open": False,
    }
    assert sent["venue"]["name"] == "Sảnh B"
    assert sent["venue"]["address"] == drive.venue.address
    assert [(m.kind, m.about_id) for m in Message.objects.all()] == [
        ("drive_changed", held.public_id)
    ]
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (sent, "true")


def test_patch_refuses_what_would_take_places_away():
    drive = DriveFactory(slots=8)
    first, last = drive.slots.first(), drive.slots.last()
    RegistrationFactory.create_batch(2, slot=first)
    RegistrationFactory(slot=last)
    caller = organizer(drive.unit)
    path = f"manage/drives/{drive.slug}/"

    vanish = caller.patch(path, {"ends_at": "10:30"})
    shrink = caller.patch(path, {"slots": [{"id": first.public_id, "capacity": 1}]})
    unknown = caller.patch(path, {"slots": [{"id": "nobody's", "capacity": 1}]})
    shape = caller.patch(path, {"slots": [{"capacity": 1}]})

    assert told(vanish) == (409, "slots_taken")
    assert vanish.json()["slots"] == [
        {"slot": last.public_id, "starts_at": "2026-12-05T03:30:00Z", "taken": 1}
    ]
    assert told(shrink) == (409, "slots_taken")
    assert field_errors(unknown) == {"slots": "unknown_slot"}
    assert field_errors(shape) == {"slots.0.id": "required"}
    assert not Message.objects.exists()


def test_copy_makes_a_draft_without_people():
    drive = DriveFactory(slots=2)
    RegistrationFactory(slot=drive.slots.first())
    caller = organizer(drive.unit)
    path, key = f"manage/drives/{drive.slug}/copy/", a_key()
    body = {"date": "2027-01-16", "places_per_slot": 4, "venue": None}

    first = caller.post(path, body, key=key)
    again = caller.post(path, body, key=key)

    sent = first.json()
    assert (first.status_code, sent["status"], sent["date"]) == (201, "draft", "2027-01-16")
    assert sent["slug"] != drive.slug
    assert {slot["capacity"] for slot in sent["slots"]} == {4}
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (sent, "true")
    assert Registration.objects.filter(drive__slug=sent["slug"]).count() == 0
    assert field_errors(caller.post(path, {})) == {"date": "required"}


def test_a_unit_that_others_plan_for_is_not_allowed():
    own, public, hidden = UnitFactory(), UnitFactory(), UnitFactory()
    DriveFactory(unit=public)
    DriveFactory(unit=hidden, published_at=None)
    caller = organizer(own)
    drive = DriveFactory(unit=own, slots=1)

    for send in (
        lambda unit: caller.post("manage/drives/", planning(unit)),
        lambda unit: caller.patch(f"manage/drives/{drive.slug}/", {"unit": unit.slug}),
    ):
        assert told(send(public)) == (403, "not_allowed")
        # Nobody outside knows of this one: it is as if it were not there.
        assert field_errors(send(hidden)) == {"unit": "invalid"}


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.SUPERVISOR])
def test_who_does_not_plan_makes_no_drive(role):
    unit = UnitFactory()
    DriveFactory(unit=unit)

    response = Caller(member(unit, role)).post("manage/drives/", planning(unit))

    assert told(response) == (403, "not_allowed")


def test_an_organizer_plans_for_units_below():
    unit = UnitFactory()
    below = UnitFactory(parent=unit)

    response = organizer(unit).post("manage/drives/", planning(below, date=str(date(2027, 1, 2))))

    assert response.status_code == 201
    assert UserFactory().memberships.count() == 0
