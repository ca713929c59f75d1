"""Drives over the API: what anybody reads, and what organizers plan."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiToken, AuditEntry, Role
from accounts.tokens import revoke_token
from backend.limits import Limit
from events.drives.models import Drive, DriveStatus
from events.registrations.models import Registration
from notifications.models import Message
from tests.api import Caller, a_key, field_errors, member, organizer, told
from tests.factories import (
    DRIVE_STARTS,
    NOW,
    DriveFactory,
    RegistrationFactory,
    SlotFactory,
    UnitFactory,
    UserFactory,
    VenueFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def anybody():
    return Caller()


def slugs(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    assert set(response.json()) == {"results", "next", "previous"}
    return [drive["slug"] for drive in response.json()["results"]]


# --- Reading ---------------------------------------------------------------------------------


def test_a_drive_is_told_with_its_slots(anybody):
    drive = DriveFactory(
        slots=2, description="Đến sớm 10 phút", bring="CCCD", blood_centre="Viện Huyết học"
    )
    first, second = drive.slots.all()
    RegistrationFactory.create_batch(3, slot=first)
    RegistrationFactory(slot=first, status="waitlisted")
    second.is_open = False
    second.save()

    sent = anybody.get(f"drives/{drive.slug}/").json()

    assert sent == {
        "slug": drive.slug,
        "name": drive.name,
        "unit": {"slug": drive.unit.slug, "name": drive.unit.name},
        "venue": {
            "name": drive.venue.name,
            "address": drive.venue.address,
            "map_url": drive.venue.map_url,
        },
        "date": "2026-12-05",
        "zone": "Asia/Ho_Chi_Minh",
        "starts_at": "2026-12-05T07:00:00+07:00",
        "ends_at": "2026-12-05T11:00:00+07:00",
        "registration_opens_at": None,
        "registration_closes_at": None,
        "status": "open",
        "places_left": 7,
        "url": f"http://testserver/d/{drive.slug}/",
        "description": "Đến sớm 10 phút",
        "bring": "CCCD",
        "contact": drive.contact,
        "blood_centre": "Viện Huyết học",
        "slots": [
            {
                "id": first.public_id,
                "starts_at": "2026-12-05T07:00:00+07:00",
                "ends_at": "2026-12-05T07:30:00+07:00",
                "capacity": 10,
                "places_left": 7,
                "waitlist_length": 1,
                "open": True,
            },
            {
                "id": second.public_id,
                "starts_at": "2026-12-05T07:30:00+07:00",
                "ends_at": "2026-12-05T08:00:00+07:00",
                "capacity": 10,
                "places_left": 10,
                "waitlist_length": 0,
                "open": False,
            },
        ],
    }


STATES: dict[str, dict[str, Any]] = {
    "cancelled": {"cancelled_at": NOW, "paused_at": NOW},
    "past": {"starts_at": NOW - timedelta(hours=4), "paused_at": NOW},
    "closed": {"paused_at": NOW, "registration_opens_at": NOW + timedelta(days=1)},
    "not_open": {"registration_opens_at": NOW + timedelta(days=1)},
    "full": {},
    "open": {},
}


def test_status_is_the_first_that_holds_and_the_list_finds_it(anybody):
    drives = {
        status: DriveFactory(slug=status.replace("_", "-"), **facts)
        for status, facts in STATES.items()
    }
    DriveFactory(slug="closes", registration_closes_at=NOW)
    SlotFactory(drive=drives["open"])
    RegistrationFactory(slot=SlotFactory(drive=drives["full"], capacity=1))

    for status, drive in drives.items():
        assert anybody.get(f"drives/{drive.slug}/").json()["status"] == status
        expected = {drive.slug} | ({"closes"} if status == "closed" else set())
        assert set(slugs(anybody.get("drives/", status=status))) == expected
    for status in DriveStatus.values:
        for sent in anybody.get("drives/", status=status).json()["results"]:
            assert sent["status"] == status


def test_the_list_is_narrowed_by_words_dates_and_unit(anybody):
    unit = UnitFactory(name="Công đoàn Điện lực", slug="dien-luc")
    one = DriveFactory(name="Giọt hồng mùa xuân", unit=unit, slug="one")
    venue = VenueFactory(unit=one.unit, name="Nhà máy Đạm Phú Mỹ")
    later = one.starts_at + timedelta(days=10)
    DriveFactory(name="Lễ hội xuân hồng", slug="two", venue=venue, starts_at=later)
    DriveFactory(slug="draft", published_at=None)
    DriveFactory(slug="rehearsal", is_rehearsal=True)

    def found(**query: str) -> list[str]:
        return slugs(anybody.get("drives/", **query))

    assert found() == ["one", "two"]
    assert found(search="XUAN hong") == ["one", "two"]
    assert found(search="dam phu my") == ["two"]
    assert found(search="điện lực") == ["one"]
    assert found(search="%") == []
    assert found(unit="dien-luc") == ["one"]
    assert found(unit="nowhere") == []
    assert found(**{"from": "2026-12-06"}) == ["two"]
    assert found(to="2026-12-05") == ["one"]
    assert found(**{"from": "2026-12-05", "to": "2026-12-15", "search": "", "status": ""}) == [
        "one",
        "two",
    ]


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ({"from": "yesterday"}, {"from": "invalid"}),
        ({"to": "2026-13-01"}, {"to": "invalid"}),
        ({"status": "good"}, {"status": "invalid_choice"}),
        ({"search": "a\0b"}, {"search": "null_characters_not_allowed"}),
        ({"unit": "x" * 61}, {"unit": "max_length"}),
        ({"cursor": "nonsense"}, {"cursor": "invalid"}),
        ({"cursor": "cD1ub25zZW5zZQ=="}, {"cursor": "invalid"}),  # p=nonsense
        ({"cursor": "cD0lMDA="}, {"cursor": "invalid"}),  # p=%00
    ],
)
def test_the_list_refuses_what_it_cannot_narrow_by(anybody, query, errors):
    DriveFactory.create_batch(2)

    assert field_errors(anybody.get("drives/", **query)) == errors


def test_the_list_comes_in_pages(anybody):
    for n, hours in enumerate((0, 0, 0, 1, 2)):
        DriveFactory(slug=f"d{n}", starts_at=DRIVE_STARTS + timedelta(hours=hours))

    seen: list[str] = []
    url, backwards = "drives/?page_size=2", ""
    while url:
        page = anybody.get(url).json()
        seen += [drive["slug"] for drive in page["results"]]
        backwards = page["previous"]
        url = page["next"] and page["next"].removeprefix("http://testserver/api/v1/")

    assert seen == [f"d{n}" for n in range(5)]
    before = anybody.get(backwards.removeprefix("http://testserver/api/v1/")).json()
    assert [drive["slug"] for drive in before["results"]] == ["d2", "d3"]


def test_reading_takes_the_same_queries_for_one_and_for_three(anybody):
    counts = []
    anybody.get("drives/")  # a process looks once whether the migrations were made
    for size in (1, 2):
        drives = [DriveFactory(slots=size + n) for n in range(size)]
        with CaptureQueriesContext(connection) as of_list:
            anybody.get("drives/")
        with CaptureQueriesContext(connection) as of_one:
            anybody.get(f"drives/{drives[-1].slug}/")
        counts.append((len(of_list), len(of_one)))

    assert counts == [(1, 2), (1, 2)]


def test_a_draft_is_its_organizers_alone(anybody):
    draft = DriveFactory(published_at=None, slots=1)
    own, stranger = organizer(draft.unit), organizer(UnitFactory())

    assert told(anybody.get(f"drives/{draft.slug}/")) == (404, "not_found")
    assert told(stranger.get(f"drives/{draft.slug}/")) == (404, "not_found")
    assert own.get(f"drives/{draft.slug}/").json()["status"] == "draft"
    assert slugs(own.get("drives/")) == [draft.slug]
    assert slugs(stranger.get("drives/")) == []


# --- Tokens ----------------------------------------------------------------------------------


def test_a_token_that_nobody_has_is_not_let_in(anybody):
    revoked, left = organizer(UnitFactory()), organizer(UnitFactory())
    revoke_token(token=revoked.user.api_tokens.get(), by=revoked.user, now=NOW)
    left.user.is_active = False
    left.user.save()
    anybody.client.credentials(HTTP_AUTHORIZATION="Bearer nobodys")

    for caller in (Caller(), anybody, revoked, left):
        response = caller.post("manage/drives/", {})
        assert told(response) == (401, "not_authenticated")
        assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer ệ", "Bearer " + "x" * 5000])
def test_a_broken_header_is_not_let_in(header):
    caller = Caller()
    caller.client.credentials(HTTP_AUTHORIZATION=header.encode().decode("latin-1"))

    assert told(caller.post("manage/drives/", {})) == (401, "not_authenticated")


def test_a_token_notes_its_use_once_a_minute():
    caller = organizer(UnitFactory())
    seen = []
    for seconds in (0, 59, 60):
        with time_machine.travel(NOW + timedelta(seconds=seconds), tick=False):
            caller.get("drives/")
        used_at = ApiToken.objects.get().last_used_at
        seen.append(used_at and used_at - NOW)

    assert seen == [timedelta(0), timedelta(0), timedelta(seconds=60)]


def test_calls_of_a_token_and_guesses_of_an_address_are_limited(anybody, settings):
    settings.LIMITS = settings.LIMITS | {"API": Limit(2, 60), "MISSES": Limit(1, 3600)}
    caller = organizer(UnitFactory())
    anybody.client.credentials(HTTP_AUTHORIZATION="Bearer nobodys")

    assert [caller.get("drives/").status_code for _ in range(3)] == [200, 200, 429]
    assert [anybody.get("drives/").status_code for _ in range(2)] == [401, 429]


# --- Planning --------------------------------------------------------------------------------


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
