"""People who come without a registration."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import AuditEntry
from donors.models import Consent, Donor
from events.checkin.models import Scan, WalkIn
from events.checkin.services import revoke_device, take_late_scans
from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.queries import waitlist_position
from events.registrations.tickets import read_ticket
from tests.checkin.conftest import DURING, Phone, a_scan, an_undo, make_device
from tests.factories import (
    DriveFactory,
    RegistrationFactory,
    SlotFactory,
    UnitFactory,
    UserFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def come(device: Phone, /, **fields: Any) -> Any:
    body = {
        "id": str(uuid.uuid4()),
        "full_name": "Lò Văn Pành",
        "phone": "0912 000 777",
        "birth_year": 1999,
        "at": DURING.isoformat(),
        "consents": ["registration"],
    } | fields
    return device.client.post("/api/v1/checkin/walk-ins/", body, format="json")


def test_walk_in_is_registered_checked_in_and_numbered_at_once(phone: Phone, drive: Drive):
    unit = UnitFactory(slug="vien-det-may", parent=drive.unit)
    id = uuid.uuid4()

    response = come(phone, id=str(id), unit="vien-det-may", consents=["registration", "reminders"])

    registration = Registration.objects.get()
    scan = Scan.objects.get()
    body = response.json()
    assert response.status_code == 201
    assert (body["registration"], body["number"], body["merged"]) == (
        registration.public_id,
        1,
        False,
    )
    assert body["ticket"].startswith("HTTP://TESTSERVER/T/")
    assert body["manage_url"].startswith("http://testserver/r/")
    assert (registration.status, registration.source, registration.slot_id) == (
        "checked_in",
        "walk_in",
        None,
    )
    assert (registration.phone, registration.unit, registration.checked_in_at) == (
        "+84912000777",
        unit,
        DURING,
    )
    assert (scan.pk, scan.verdict, scan.counts, scan.registration) == (
        id,
        "accepted",
        True,
        registration,
    )
    assert set(Consent.objects.values_list("purpose", flat=True)) == {"registration", "reminders"}
    assert AuditEntry.objects.filter(action="registration.walked_in").count() == 1


def test_walk_in_again_with_the_same_id_gives_the_same(phone: Phone, other_phone: Phone):
    id = str(uuid.uuid4())

    answers = [come(phone, id=id), come(phone, id=id), come(other_phone, id=id)]

    assert [a.status_code for a in answers] == [201, 201, 201]
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert (Registration.objects.count(), Scan.objects.count(), Donor.objects.count()) == (1, 1, 1)


def test_walk_in_who_is_registered_is_merged(phone: Phone, drive: Drive):
    slot = drive.slots.get(starts_at__gt=DURING + timedelta(hours=1))
    known = RegistrationFactory(
        slot=slot, full_name="Lò Văn Pành", phone="+84912000777", birth_year=1999
    )
    id = str(uuid.uuid4())

    first, again = come(phone, id=id, full_name="lo van PANH"), come(phone, id=id)

    assert (first.status_code, again.status_code, first.json()) == (200, 200, again.json())
    assert (first.json()["merged"], first.json()["registration"]) == (True, known.public_id)
    known.refresh_from_db()
    assert (known.status, known.slot_id) == ("checked_in", slot.pk)
    assert (known.full_name, known.queue_number) == ("Lò Văn Pành", 1)


def test_walk_in_who_is_in_already_is_no_conflict_unless_let_in_offline(
    phone: Phone, other_phone: Phone, drive: Drive
):
    come(phone)
    online = come(other_phone)
    conflicts_online = phone.roster()["conflicts"]
    come(other_phone, offline=True)
    conflicts_offline = phone.roster()["conflicts"]

    assert (online.json()["merged"], online.json()["number"]) == (True, 1)
    assert (conflicts_online, [c["kind"] for c in conflicts_offline]) == ([], ["double"])


def test_walk_in_who_was_waiting_takes_no_place(phone: Phone, drive: Drive):
    slot = SlotFactory(drive=drive, nth=8, capacity=1)
    RegistrationFactory(slot=slot)
    waiting = RegistrationFactory(
        slot=slot,
        status="waitlisted",
        full_name="Lò Văn Pành",
        phone="+84912000777",
        birth_year=1999,
    )

    response = come(phone)

    waiting.refresh_from_db()
    assert (response.status_code, response.json()["number"]) == (200, 1)
    assert (waiting.status, waiting.slot_id, waiting.holds_place) == ("checked_in", None, False)


@pytest.fixture
def waiting(drive: Drive) -> Registration:
    """Lò Văn Pành, who waits for a place in a full slot; somebody else waits behind."""
    slot = SlotFactory(drive=drive, nth=8, capacity=1)
    RegistrationFactory(slot=slot)
    line = [
        RegistrationFactory(
            slot=slot,
            status="waitlisted",
            placed_at=None,
            full_name=name,
            phone="+84912000777",
            birth_year=1999,
        )
        for name in ("Lò Văn Pành", "Lò Thị Sen")
    ]
    return line[0]


def how_it_stands(registration: Registration) -> tuple[Any, ...]:
    row = Registration.objects.get(pk=registration.pk)
    line = (row.slot_id, row.waited_in_id, row.walk_in_at)
    return (row.status, *line, row.holds_place, waitlist_position(row))


@pytest.mark.parametrize("undo_first", [False, True])
def test_walk_in_who_was_waiting_is_back_in_line_when_undone(
    phone: Phone, other_phone: Phone, waiting: Registration, undo_first: bool
):
    before = how_it_stands(waiting)
    id, again = str(uuid.uuid4()), str(uuid.uuid4())
    undo = an_undo({"id": id})
    cursor = other_phone.roster()["cursor"]

    if undo_first:  # sent by another tab
        phone.scan(undo)
    come(phone, id=id)
    if not undo_first:
        phone.scan(undo)
    come(phone, id=id)  # the reply was lost: the same walk-in again
    taken_back = how_it_stands(waiting)
    [verdict] = phone.scan(a_scan(registration=waiting.public_id))
    [row] = [
        row for row in other_phone.roster(cursor)["registrations"] if row["id"] == waiting.public_id
    ]
    come(phone, id=again)
    seated = how_it_stands(waiting)

    assert (before, taken_back) == (("waitlisted", waiting.slot_id, None, None, False, 1), before)
    assert (verdict["verdict"], row["status"]) == ("waitlisted", "waitlisted")
    assert (row["slot_starts_at"], row["scans"]) == ("2026-12-05T04:00:00Z", {})
    assert seated == ("checked_in", None, waiting.slot_id, DURING, False, None)


def test_walk_in_who_was_waiting_stays_in_while_another_pass_counts(
    phone: Phone, other_phone: Phone, waiting: Registration
):
    """The other device had no network and let the same person in; of a revoked one it waits."""
    id = str(uuid.uuid4())
    twice = a_scan(waiting, shown="accepted", offline=True)
    come(phone, id=id)
    other_phone.scan(twice)
    phone.scan(an_undo({"id": id}))
    still_in = how_it_stands(waiting)
    other_phone.scan(an_undo(twice))
    back = how_it_stands(waiting)
    come(phone)
    revoke_device(device=other_phone.device, by=UserFactory(), now=DURING)
    other_phone.scan(a_scan(waiting, shown="accepted", offline=True))
    [walk_in] = WalkIn.objects.exclude(pk=id)
    phone.scan(an_undo({"id": str(walk_in.pk)}))
    waits_again = how_it_stands(waiting)
    take_late_scans(device=other_phone.device, by=UserFactory(), now=DURING)
    taken = how_it_stands(waiting)

    line = ("waitlisted", waiting.slot_id, None, None, False, 1)
    seated = ("checked_in", None, waiting.slot_id, DURING, False, None)
    assert (still_in, back, waits_again, taken) == (seated, line, line, seated)


def test_walk_in_without_a_phone_is_somebody_new(phone: Phone):
    answers = [come(phone, phone=nothing) for nothing in ("", None)]

    assert [(a.status_code, a.json()["number"]) for a in answers] == [(201, 1), (201, 2)]


def test_walk_in_is_found_by_its_id_and_ticket_and_undone(phone: Phone, other_phone: Phone):
    id = str(uuid.uuid4())
    ticket = come(phone, id=id).json()["ticket"]

    results = other_phone.scan(a_scan(walk_in=id), a_scan(ticket=ticket))
    [undone] = phone.scan(an_undo({"id": id}))

    assert [r["verdict"] for r in results] == ["already_scanned"] * 2
    assert results[0]["first"]["device"] == "M1"
    assert (undone["verdict"], undone["registration"]["status"]) == ("recorded", "registered")
    assert [r["status"] for r in phone.roster()["registrations"]] == ["registered"]


@pytest.mark.parametrize("wrong", [timedelta(days=-2500), timedelta(days=40)])
def test_walk_in_by_a_phone_with_a_wrong_clock_is_in_now(phone: Phone, wrong: timedelta):
    response = come(phone, at=(DURING + wrong).isoformat())

    assert response.status_code == 201
    assert Registration.objects.get().walk_in_at == DURING


def test_walk_in_is_corrected_by_the_offset_that_the_phone_knows(phone: Phone):
    come(phone, at=(DURING + timedelta(hours=2)).isoformat(), clock_offset_ms=-2 * 3600_000)

    assert Registration.objects.get().checked_in_at == DURING


@pytest.mark.parametrize("offset_ms", [10**15, -(10**15), 2**80])
def test_walk_in_whose_offset_leads_out_of_the_calendar_is_in_now(phone: Phone, offset_ms: int):
    response = come(phone, clock_offset_ms=offset_ms)

    assert response.status_code == 201
    assert Registration.objects.get().checked_in_at == DURING


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"birth_year": 2012}, "birth_year", "too_young"),
        ({"birth_year": 1950}, "birth_year", "too_old"),
        ({"full_name": "…"}, "full_name", "no_letter"),
        ({"phone": "12"}, "phone", "invalid_phone"),
        ({"consents": []}, "consents", "consent_required"),
        ({"consents": ["reminders"]}, "consents", "consent_required"),
        ({"unit": "nowhere"}, "unit", "unknown_unit"),
        ({"id": "x"}, "id", "invalid"),
        ({"at": "now"}, "at", "invalid"),
    ],
)
def test_walk_in_is_refused_by_field(phone: Phone, fields: dict[str, Any], field: str, code: str):
    response = come(phone, **fields)

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert [(e["field"], e["code"]) for e in response.json()["errors"]] == [(field, code)]
    assert not Registration.objects.exists()


def test_walk_in_is_refused_where_nobody_gives_blood(phone: Phone, drive: Drive):
    Drive.objects.update(cancelled_at=DURING)
    cancelled = come(phone)
    Drive.objects.update(cancelled_at=None, starts_at=DURING + timedelta(hours=13))
    other_day = come(phone)

    assert [(r.status_code, r.json()["code"]) for r in (cancelled, other_day)] == [
        (409, "drive_cancelled"),
        (409, "wrong_day"),
    ]


def test_walk_in_with_another_drives_id_tells_nothing(phone: Phone):
    id = str(uuid.uuid4())
    come(make_device(DriveFactory()), id=id)

    response = come(phone, id=id)

    assert (response.status_code, response.json()["code"]) == (409, "id_taken")
    assert WalkIn.objects.count() == 1


def test_walk_in_with_the_same_key_and_another_body_is_refused(phone: Phone, drive: Drive):
    key, id = str(uuid.uuid4()), str(uuid.uuid4())
    phone.client.credentials(HTTP_AUTHORIZATION=f"Device {phone.token}", HTTP_IDEMPOTENCY_KEY=key)

    first, again = come(phone, id=id), come(phone, id=id)
    other = come(phone, id=str(uuid.uuid4()), phone="0912 000 778")

    assert (first.json(), again.headers["Idempotent-Replayed"]) == (again.json(), "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Registration.objects.count() == 1


def test_walk_in_of_the_evening_before_has_a_ticket(phone: Phone, drive: Drive):
    evening = drive.starts_at - timedelta(hours=11)

    with time_machine.travel(evening, tick=False):
        made = come(phone, at=evening.isoformat())

    assert made.status_code == 201, made.content
    ticket = read_ticket(made.json()["ticket"])
    assert ticket is not None
    assert ticket.claims.slot_minutes == 0
