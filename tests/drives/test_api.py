"""Drives over the API: what anybody reads, and who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiToken
from accounts.tokens import revoke_token
from backend.limits import Limit
from events.drives.models import DriveStatus
from tests.api import Caller, field_errors, organizer, told
from tests.factories import (
    DRIVE_STARTS,
    NOW,
    DriveFactory,
    RegistrationFactory,
    SlotFactory,
    UnitFactory,
    VenueFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


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
