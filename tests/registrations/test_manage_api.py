"""People of a drive over the API: to organizers, and to secretaries what concerns their units."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Role
from events.drives.models import Drive
from events.registrations.models import Registration
from notifications.models import Message
from notifications.services import queue_message
from tests.api import Caller, a_key, field_errors, member, organizer, told
from tests.factories import NOW, DriveFactory, MembershipFactory, RegistrationFactory, UnitFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
STATUS = Registration.Status


@pytest.fixture
def drive() -> Drive:
    return DriveFactory(slots=2)


@pytest.fixture
def caller(drive):
    return organizer(drive.unit)


@pytest.fixture
def factory(drive):
    """A unit below the drive's."""
    return UnitFactory(name="Nhà máy", slug="nha-may", parent=drive.unit)


@pytest.fixture
def secretary(factory):
    return Caller(member(factory, Role.SECRETARY))


def path_of(drive: Drive) -> str:
    return f"manage/drives/{drive.slug}/registrations/"


def rows(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.content
    assert set(response.json()) == {"results", "next", "previous"}
    return list(response.json()["results"])


def names(response: Any) -> list[str]:
    return [row["name"] for row in rows(response)]


def statuses(response: Any) -> list[str]:
    return [row["status"] for row in rows(response)]


def asking(slot: Any, **other: Any) -> dict[str, Any]:
    return {
        "slot": slot.public_id,
        "full_name": "Trần Thị Bích",
        "phone": "0912 000 321",
        "birth_year": 1990,
        "consents": ["registration"],
    } | other


def test_the_list_has_one_line_a_person_and_no_whole_phone(caller, drive, factory):
    slot = drive.slots.first()
    RegistrationFactory(
        slot=slot,
        full_name="Lê Văn Bình",
        phone="+84912000483",
        unit=factory,
        code="ABCDEFGN",
        confirmed_at=NOW,
    )

    [row] = rows(caller.get(path_of(drive)))

    assert row.pop("id") == Registration.objects.get().public_id
    assert row.pop("confirmed_at") == "2026-12-01T03:00:00Z"
    assert row == {
        "code": "ABCD-EFGN",
        "name": "Lê Văn Bình",
        "phone_masked": "•••• 0483",
        "slot": {"id": slot.public_id, "starts_at": "2026-12-05T07:00:00+07:00"},
        "unit": "nha-may",
        "status": "registered",
        "created_at": "2026-11-30T10:00:00+07:00",
        "source": "online",
    }


def test_the_list_is_by_given_name_and_narrowed(caller, drive, factory):
    first, second = drive.slots.all()
    RegistrationFactory(slot=first, full_name="Đỗ Thị Ánh", phone="+84912000111")
    RegistrationFactory(slot=second, full_name="Nguyễn Văn Ba", unit=factory)
    RegistrationFactory(slot=first, full_name="An Cường", status=STATUS.WAITLISTED)
    RegistrationFactory(
        drive=drive, slot=None, source="walk_in", full_name="Bùi Dũng", status=STATUS.CHECKED_IN
    )

    def found(**query: str) -> list[str]:
        return names(caller.get(path_of(drive), **query))

    assert found() == ["Đỗ Thị Ánh", "Nguyễn Văn Ba", "An Cường", "Bùi Dũng"]
    assert found(search="do thi anh") == ["Đỗ Thị Ánh"]
    assert found(search="0111") == ["Đỗ Thị Ánh"]
    assert found(status="waitlisted") == ["An Cường"]
    assert found(status="checked_in") == ["Bùi Dũng"]
    assert found(status="registered") == ["Đỗ Thị Ánh", "Nguyễn Văn Ba"]
    assert found(status="no_show") == []
    assert found(slot=second.public_id) == ["Nguyễn Văn Ba"]
    assert found(unit="nha-may") == ["Nguyễn Văn Ba"]
    assert found(unit="nowhere") == []
    assert field_errors(caller.get(path_of(drive), status="good")) == {"status": "invalid_choice"}


def test_who_did_not_come_is_known_once_it_is_over(caller, drive):
    RegistrationFactory(slot=drive.slots.first())

    with time_machine.travel(drive.ends_at + timedelta(days=1), tick=False):
        told_ = statuses(caller.get(path_of(drive)))
        no_shows = statuses(caller.get(path_of(drive), status="no_show"))
        registered = statuses(caller.get(path_of(drive), status="registered"))

    assert (told_, no_shows, registered) == (["no_show"], ["no_show"], [])


def test_a_secretary_sees_the_own_people_and_nothing_of_the_day(secretary, drive, factory):
    slot = drive.slots.first()
    for status in STATUS:
        RegistrationFactory(slot=slot, unit=factory, status=status, confirmed_at=NOW)
    RegistrationFactory(slot=slot, unit=drive.unit)
    RegistrationFactory(drive=drive, slot=None, unit=factory, source="walk_in")

    answers = {}
    for days in (-1, 1):
        with time_machine.travel(drive.ends_at + timedelta(days=days), tick=False):
            answers[days] = rows(secretary.get(path_of(drive)))
            by_status = {
                status: len(rows(secretary.get(path_of(drive), status=status)))
                for status in ("registered", "waitlisted", "cancelled", "checked_in", "no_show")
            }

    assert answers[-1] == answers[1]
    assert sorted(row["status"] for row in answers[1]) == [
        "cancelled",
        "registered",
        "registered",
        "waitlisted",
    ]
    assert {row["confirmed_at"] for row in answers[1]} == {None}
    assert by_status == {
        "registered": 2,
        "waitlisted": 1,
        "cancelled": 1,
        "checked_in": 0,
        "no_show": 0,
    }


def test_every_look_is_one_audit_row(caller, drive):
    RegistrationFactory.create_batch(3, slot=drive.slots.first())

    caller.get(path_of(drive))
    caller.get(path_of(drive), search="nobody")

    entries = AuditEntry.objects.filter(action="registrations.seen").order_by("pk")
    assert [(e.target_id, e.by_user_id, e.unit_id, e.count) for e in entries] == [
        (str(drive.pk), caller.user.pk, drive.unit_id, 3),
        (str(drive.pk), caller.user.pk, drive.unit_id, 0),
    ]


@pytest.mark.parametrize("text", ["Đỗ Thị Ánh", "0912000111"])
def test_no_log_keeps_what_was_searched(caller, drive, text, caplog):
    """The address is fixed by ``INTERFACES.md``; so nothing may write an address down."""
    RegistrationFactory(slot=drive.slots.first(), full_name="Đỗ Thị Ánh")

    with caplog.at_level("DEBUG"):
        caller.get(path_of(drive), search=text)
        caller.client.get(path_of(drive), {"search": text, "cursor": "wrong"})
        caller.client.get(f"{path_of(drive)}none/", {"search": text})

    kept = unquote_plus(caplog.text)
    assert kept.count("request_id") == 3  # as JSON or as a dict, as logs are set up
    assert text.lstrip("0") not in kept


def test_the_list_takes_the_same_queries_for_one_and_for_three(caller, drive):
    caller.get(path_of(drive))  # notes the token's use
    counts = []
    for _ in range(2):
        RegistrationFactory(slot=drive.slots.first(), unit=UnitFactory())
        RegistrationFactory(slot=drive.slots.last(), unit=UnitFactory())
        with CaptureQueriesContext(connection) as queries:
            caller.get(path_of(drive))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_an_organizer_registers_somebody_also_after_closing(caller, drive):
    drive.paused_at = NOW
    drive.save(update_fields=["paused_at"])
    slot, key = drive.slots.first(), a_key()

    first = caller.post(path_of(drive), asking(slot, email="bich@example.com"), key=key)
    again = caller.post(path_of(drive), asking(slot, email="bich@example.com"), key=key)

    registration = Registration.objects.get()
    assert (first.status_code, first.json()["status"]) == (201, "registered")
    assert set(first.json()) >= {"ticket", "manage_token", "manage_url", "code"}
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert registration.source == "unit"
    entry = AuditEntry.objects.get(action="registration.created")
    assert (entry.by_user_id, entry.target_id) == (caller.user.pk, registration.public_id)


def test_an_organizer_is_refused_as_the_public_is(caller, drive):
    slot = drive.slots.first()
    RegistrationFactory.create_batch(10, slot=slot)

    assert told(caller.post(path_of(drive), asking(slot))) == (409, "slot_full")
    assert field_errors(caller.post(path_of(drive), asking(slot, phone=""))) == {
        "phone": "required"
    }
    assert caller.post(path_of(drive), asking(slot, join_waitlist=True)).status_code == 201


def test_a_secretary_registers_people_of_the_own_units_alone(secretary, drive, factory):
    slot = drive.slots.first()
    below = UnitFactory(parent=factory, slug="phan-xuong")
    sibling = UnitFactory(parent=drive.unit, slug="khac")

    by_default = secretary.post(path_of(drive), asking(slot))
    named = secretary.post(path_of(drive), asking(slot, phone="0912 000 322", unit="phan-xuong"))
    others = [
        secretary.post(path_of(drive), asking(slot, phone="0912 000 323", unit=unit))
        for unit in (sibling.slug, drive.unit.slug, "nowhere", 7, "\0")
    ]

    assert [r.status_code for r in (by_default, named)] == [201, 201]
    assert list(Registration.objects.order_by("pk").values_list("unit", flat=True)) == [
        factory.pk,
        below.pk,
    ]
    assert [field_errors(r) for r in others] == [{"unit": "unknown_unit"}] * 5


def test_a_secretary_of_two_units_says_for_which(secretary, drive):
    other = UnitFactory(parent=drive.unit, slug="khac")
    MembershipFactory(user=secretary.user, unit=other, role=Role.SECRETARY)
    slot = drive.slots.first()

    assert field_errors(secretary.post(path_of(drive), asking(slot))) == {"unit": "unknown_unit"}
    assert secretary.post(path_of(drive), asking(slot, unit="khac")).status_code == 201


def test_messages_are_counted_by_kind_channel_and_status(caller, drive):
    for n in range(3):
        queue_message(
            "registered",
            about_id=f"r{n}",
            group=f"drive:{drive.pk}",
            dedupe_key=f"{n}",
            now=NOW + timedelta(days=1),
        )
    Message.objects.filter(about_id="r0").update(status="failed")
    queue_message("registered", about_id="x", group="drive:0", dedupe_key="x", now=NOW)

    assert caller.get(f"manage/drives/{drive.slug}/messages/").json() == {
        "results": [
            {"kind": "registered", "channel": "email", "status": "failed", "count": 1},
            {"kind": "registered", "channel": "email", "status": "queued", "count": 2},
        ],
        "next": None,
        "previous": None,
    }
