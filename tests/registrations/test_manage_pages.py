"""Organizers and secretaries act for people: the list, one person, slots, the whole drive."""

import re
from datetime import timedelta
from urllib.parse import unquote_plus

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry, Role
from backend.crypto import seal
from events.drives.models import Drive
from events.registrations.models import Registration
from events.reports.figures import drive_figures
from notifications.models import Message
from tests.factories import (
    NOW,
    DriveFactory,
    MembershipFactory,
    RegistrationFactory,
    SlotFactory,
    UnitFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
Status = Registration.Status


@pytest.fixture
def drive(member):
    return DriveFactory(unit=member.unit, slots=3)


def place(drive, nth=0, **fields):
    return RegistrationFactory(slot=drive.slots.all()[nth], **fields)


def names(response):
    return [row.registration.full_name for row in response.context["found"].rows]


def listed(client, drive, **query):
    """Read the list at an address; what is searched goes the way of its form."""
    page = reverse("drive_registrations", args=[drive.slug])
    if "search" in query:
        return client.post(page, query, follow=True)
    return client.get(page, query)


def post(client, page, drive, person=None, /, **typed):
    arguments = [drive.slug, *([person.public_id] if person else [])]
    return client.post(reverse(page, args=arguments), typed)


# --- The list ---------------------------------------------------------------------------


def test_list_searches_without_accents_by_phone_and_by_code(client, drive):
    an = place(drive, full_name="Nguyễn Hoàng Ánh", phone="+84912000483")
    place(drive, full_name="Phùng Thị Yến", phone="+84912000777")

    for text in ("hoang anh", "ÁNH", "0483", an.code, f"{an.code[:4]}-{an.code[4:].lower()}"):
        assert names(listed(client, drive, search=text)) == ["Nguyễn Hoàng Ánh"], text
    assert names(listed(client, drive, search="nobody")) == []


@pytest.mark.parametrize("text", ["Nguyễn Hoàng Ánh", "0912 000 483", "an@example.com"])
def test_list_keeps_what_was_searched_out_of_every_address(client, drive, text, caplog):
    place(drive, full_name="Nguyễn Hoàng Ánh", phone="+84912000483", email="an@example.com")
    RegistrationFactory.create_batch(60, slot=drive.slots.first(), full_name="Nguyễn Hoàng Ánh")
    slot = drive.slots.first()

    page = reverse("drive_registrations", args=[drive.slug])
    led = client.post(page, {"search": text, "slot": slot.public_id, "sort": "name", "page": "2"})
    shown = client.get(led.url)
    html = shown.content.decode()

    wanted = shown.context["wanted"]
    assert (wanted.search, wanted.slot, wanted.sort, wanted.page) == (
        text, slot.public_id, "name", ""
    )  # fmt: skip
    assert '<form class="filters" method="post"' in html
    addresses = re.findall(r'(?:href|action|formaction)="([^"]*)"', html)
    said = unquote_plus("\n".join([led.url, *addresses, caplog.text]))
    for part in (text, text.split()[-1], "hoang anh"):
        assert part.casefold() not in said.casefold().replace("tel:", ""), part


def test_list_keeps_the_search_over_pages_chips_and_orders(client, drive):
    for n in range(51):
        place(drive, full_name=f"Nguyễn Ánh {n:02}", confirmed_at=NOW if n < 2 else None)
    place(drive, full_name="Lê Bình", confirmed_at=NOW)

    first = listed(client, drive, search="nguyen anh")
    confirmed = next(c for c in first.context["chips"] if "status=confirmed" in c["url"])
    [_, (_, _, by_name), _] = first.context["sorts"]

    page = reverse("drive_registrations", args=[drive.slug])
    assert len(names(first)) == 50
    assert len(names(client.get(page + first.context["older"]))) == 1
    assert names(client.get(page + confirmed["url"])) == ["Nguyễn Ánh 00", "Nguyễn Ánh 01"]
    assert client.get(page + by_name).context["wanted"].search == "nguyen anh"
    assert "Lê Bình" not in names(client.get(page + by_name))


@pytest.mark.parametrize(
    "find",
    ["x", "Ánh", "AAAA", "A" * 200, seal("Bình", purpose="cursor")],
    ids=["short", "plain", "made up", "long", "sealed for something else"],
)
def test_list_takes_a_search_that_we_did_not_seal_for_none(client, drive, find):
    place(drive, full_name="Lê Bình")
    place(drive, full_name="Lê An")

    assert names(listed(client, drive, find=find)) == ["Lê An", "Lê Bình"]


def test_list_sorts_by_time_and_by_given_name(client, drive):
    place(drive, 1, full_name="Trần An")
    place(drive, 0, full_name="Lê Đạt")
    place(drive, 0, full_name="Vũ Bình")

    assert names(listed(client, drive)) == ["Vũ Bình", "Lê Đạt", "Trần An"]
    assert names(listed(client, drive, sort="name")) == ["Trần An", "Vũ Bình", "Lê Đạt"]
    assert names(listed(client, drive, sort="newest")) == ["Vũ Bình", "Lê Đạt", "Trần An"]


def test_list_filters_by_slot_unit_and_status(client, drive, member):
    unit = UnitFactory(parent=member.unit)
    place(drive, 0, full_name="An", unit=unit, confirmed_at=NOW)
    place(drive, 1, full_name="Bình")
    place(drive, 1, full_name="Chi", status=Status.WAITLISTED)
    place(drive, 1, full_name="Dũng", status=Status.CANCELLED)

    assert names(listed(client, drive, unit=unit.slug)) == ["An"]
    slot = drive.slots.all()[1].public_id
    assert names(listed(client, drive, slot=slot)) == ["Bình", "Chi", "Dũng"]
    for status, found in {
        "registered": ["An", "Bình"],
        "confirmed": ["An"],
        "unconfirmed": ["Bình"],
        "waitlisted": ["Chi"],
        "cancelled": ["Dũng"],
        "no-such": ["An", "Bình", "Chi", "Dũng"],
    }.items():
        response = listed(client, drive, status=status)
        assert names(response) == found, status
        [current] = [chip for chip in response.context["chips"] if chip["current"]]
        assert current["count"] == len(found)


def test_each_figure_opens_the_list_of_whom_it_counts(client, drive):
    place(drive, 0, confirmed_at=NOW)
    place(drive, 0, status=Status.CHECKED_IN, checked_in_at=NOW)
    place(drive, 1, status=Status.CANCELLED)
    place(drive, 1, status=Status.WAITLISTED)
    RegistrationFactory(
        drive=drive, slot=None, source="walk_in", status=Status.CHECKED_IN, placed_at=None
    )
    counts = drive_figures(drive, now=NOW, small_cells=True).counts

    for key in (
        "registered",
        "confirmed",
        "came",
        "walk_ins",
        "arrived",
        "expected",
        "waitlisted",
        "cancelled",
    ):
        assert len(names(listed(client, drive, status=key))) == getattr(counts, key) > 0, key


def test_list_masks_phones_and_writes_one_audit_row(client, drive):
    place(drive, phone="+84912000483")
    AuditEntry.objects.all().delete()

    page = listed(client, drive).content.decode()

    assert "•••• 0483" in page
    assert "912000483" not in page.replace(" ", "")
    [entry] = AuditEntry.objects.values_list("action", "target_id", "count")
    assert entry == ("registrations.seen", str(drive.pk), 1)


def test_list_asks_the_database_as_often_for_three_as_for_one(client, drive, member):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            listed(client, drive)
        return len(captured)

    place(drive, unit=UnitFactory(parent=member.unit))
    one = queries()
    for nth in range(2):
        place(drive, nth, unit=UnitFactory(parent=member.unit))

    assert queries() == one


def test_list_turns_pages(client, drive):
    for _n in range(51):
        place(drive)

    assert len(names(listed(client, drive))) == 50
    assert len(names(listed(client, drive, page="2"))) == 1
    assert len(names(listed(client, drive, page="x"))) == 50


# --- A secretary ------------------------------------------------------------------------


@pytest.fixture
def secretary(client, drive, member):
    secretary = MembershipFactory(role=Role.SECRETARY, unit=UnitFactory(parent=member.unit))
    client.force_login(secretary.user)
    return secretary


def test_secretary_sees_own_people_and_nothing_of_the_day(client, drive, secretary):
    mine = place(
        drive,
        full_name="An",
        unit=secretary.unit,
        status=Status.CHECKED_IN,
        checked_in_at=NOW,
        queue_number=58,
        confirmed_at=NOW,
    )
    other = place(drive, full_name="Bình")

    response = listed(client, drive)
    assert names(response) == ["An"]
    assert [row.status.label for row in response.context["found"].rows] == ["Đã đăng ký"]
    page = client.get(reverse("registration", args=[drive.slug, mine.public_id])).content.decode()
    assert "Số thứ tự" not in page
    assert "Đã đến" not in page
    assert "Báo sẽ đến" not in page
    assert (
        client.get(reverse("registration", args=[drive.slug, other.public_id])).status_code == 404
    )


def test_secretary_registers_a_colleague_for_the_own_unit_alone(client, drive, secretary, member):
    typed = {
        "slot": drive.slots.first().public_id,
        "full_name": "Lê An",
        "phone": "0912 000 111",
        "birth_year": "1990",
        "consents": ["registration"],
    }

    refused = post(client, "registration_add", drive, **typed, unit=member.unit.slug)
    assert list(refused.context["form"].errors) == ["unit"]
    post(client, "registration_add", drive, **typed, unit=secretary.unit.slug)

    registration = Registration.objects.get()
    assert (registration.unit, registration.source) == (secretary.unit, "unit")


# --- Somebody who telephoned ------------------------------------------------------------


def typed(drive, **more):
    return {
        "slot": drive.slots.first().public_id,
        "full_name": "Lê An",
        "phone": "0912 000 111",
        "birth_year": "1990",
        "email": "an@example.com",
        "consents": ["registration", "reminders"],
        "request_key": "6a1f1d9c-5b0f-4d0a-9f43-6d1f4f1c2b11",
    } | more


def test_add_takes_a_place_also_after_closing_and_once(client, drive):
    drive.paused_at = NOW
    drive.save(update_fields=["paused_at"])

    first = post(client, "registration_add", drive, **typed(drive))
    again = post(client, "registration_add", drive, **typed(drive))

    registration = Registration.objects.get()
    assert first.headers["Location"] == again.headers["Location"]
    assert registration.public_id in first.headers["Location"]
    assert registration.consent_reminders
    assert [m.kind for m in Message.objects.all()] == ["registered"]


@pytest.mark.parametrize(
    ("more", "status", "field"),
    [
        ({"phone": "0912"}, 400, "phone"),
        ({"consents": []}, 400, "consents"),
        ({"slot": ""}, 400, "slot"),
        ({"birth_year": "2015"}, 409, "birth_year"),
        ({"unit": "no-such-unit"}, 400, "unit"),
    ],
)
def test_add_says_what_is_wrong_and_keeps_the_rest(client, drive, more, status, field):
    response = post(client, "registration_add", drive, **typed(drive, **more))

    assert response.status_code == status
    assert list(response.context["form"].errors) == [field]
    assert response.context["form"]["full_name"].value() == "Lê An"
    assert not Registration.objects.exists()


def test_add_offers_the_waiting_list_of_a_full_time(client, member):
    drive = DriveFactory(unit=member.unit)
    slot = SlotFactory(drive=drive, capacity=1)
    RegistrationFactory(slot=slot)

    full = post(client, "registration_add", drive, **typed(drive))
    assert (full.status_code, full.context["refusal"]) == (409, "slot_full")
    post(client, "registration_add", drive, **typed(drive, join_waitlist="true"))

    assert Registration.objects.filter(status=Status.WAITLISTED).count() == 1


# --- One person -------------------------------------------------------------------------


def test_person_page_shows_the_whole_phone_for_one_audit_row(client, drive):
    person = place(drive, phone="+84912000483")
    AuditEntry.objects.all().delete()

    page = client.get(reverse("registration", args=[drive.slug, person.public_id]))

    assert "0912 000 483" in page.content.decode()
    assert list(AuditEntry.objects.values_list("action", "target_id")) == [
        ("registration.viewed", person.public_id)
    ]


def test_person_is_moved_cancelled_and_written_to(client, drive):
    person = place(drive)
    target = drive.slots.all()[2]

    post(client, "registration_move", drive, person, **{"move-slot": target.public_id})
    person.refresh_from_db()
    assert person.slot == target
    post(client, "registration_resend", drive, person)
    post(client, "registration_cancel", drive, person, **{"cancel-reason": "Trùng lịch"})
    person.refresh_from_db()
    assert person.status == Status.CANCELLED
    assert [m.kind for m in Message.objects.order_by("pk")] == [
        "registered",
        "registered",
        "cancelled",
    ]


def test_cancelling_needs_a_reason(client, drive):
    person = place(drive)

    response = post(client, "registration_cancel", drive, person, **{"cancel-reason": " "})

    assert response.status_code == 400
    person.refresh_from_db()
    assert person.status == Status.REGISTERED


def test_moving_into_a_full_time_is_refused_on_the_page(client, member):
    drive = DriveFactory(unit=member.unit)
    slots = [SlotFactory(drive=drive, nth=n, capacity=1) for n in range(2)]
    first, _second = [RegistrationFactory(slot=slot) for slot in slots]

    response = post(client, "registration_move", drive, first, **{"move-slot": slots[1].public_id})

    assert response.status_code == 409
    first.refresh_from_db()
    assert first.slot == slots[0]


def test_details_are_corrected(client, drive):
    person = place(drive, full_name="Nguyen An")

    post(
        client,
        "registration_details",
        drive,
        person,
        **{
            "details-full_name": "Nguyễn Ân",
            "details-phone": "0912 000 222",
            "details-email": "moi@example.com",
            "details-consents": ["registration", "reminders"],
        },
    )

    person.refresh_from_db()
    assert (person.full_name, person.phone, person.email, person.consent_reminders) == (
        "Nguyễn Ân",
        "+84912000222",
        "moi@example.com",
        True,
    )


# --- Several ----------------------------------------------------------------------------


def test_bulk_asks_first_and_says_who_could_not_be_moved(client, drive):
    people = [place(drive), place(drive), place(drive, status=Status.CANCELLED)]
    ids = [person.public_id for person in people]
    target = drive.slots.all()[1]

    asked = post(client, "registration_bulk", drive, registration=ids, do="move")
    assert asked.status_code == 200
    assert {p.slot_id for p in Registration.objects.all()} == {people[0].slot_id}
    done = client.post(
        reverse("registration_bulk", args=[drive.slug]),
        {"registration": ids, "do": "move", "sure": "1", "slot": target.public_id},
        follow=True,
    )

    assert Registration.objects.filter(slot=target).count() == 2
    assert [m.level_tag for m in done.context["messages"]] == ["done", "look"]


def test_bulk_passes_over_what_is_no_id(client, drive):
    person = place(drive)

    answer = post(
        client, "registration_bulk", drive, registration=["\0", person.public_id], do="cancel"
    )

    assert answer.context["chosen"] == [person]


def test_bulk_never_touches_people_of_another_drive(client, drive):
    stranger = RegistrationFactory()

    post(
        client,
        "registration_bulk",
        drive,
        registration=[stranger.public_id],
        do="cancel",
        sure="1",
        reason="x",
    )

    stranger.refresh_from_db()
    assert stranger.status == Status.REGISTERED


def test_roster_has_one_sheet_a_slot_sorted_by_given_name(client, drive):
    place(drive, full_name="Trần An", phone="+84912000483")
    place(drive, full_name="Lê Bình")
    place(drive, full_name="Vũ Chi", status=Status.WAITLISTED)

    response = client.get(reverse("drive_roster", args=[drive.slug]))

    first, *others = response.context["sheets"]
    assert [row[0].full_name for row in first[1]] == ["Trần An", "Lê Bình"]
    assert [people for _slot, people in others] == [[], []]
    assert "912000483" not in response.content.decode()


# --- The drive with people in it --------------------------------------------------------


def test_slot_is_resized_closed_and_never_under_its_people(client, drive):
    slot = drive.slots.first()
    for _n in range(3):
        place(drive)

    def change(**values):
        typed = {f"{slot.public_id}-{name}": value for name, value in values.items()}
        response = client.post(reverse("slot_change", args=[drive.slug, slot.public_id]), typed)
        slot.refresh_from_db()
        return response.status_code

    assert (change(capacity="2", is_open="on"), slot.capacity) == (400, 10)
    assert (change(capacity="12", is_open="on"), slot.capacity) == (302, 12)
    assert (change(capacity="12"), slot.is_open) == (302, False)


def test_edit_tells_everybody_of_a_new_place(client, drive):
    place(drive)
    page = client.get(reverse("drive_edit", args=[drive.slug]))
    values = {name: page.context["form"][name].value() for name in page.context["form"].fields} | {
        "venue_name": "Nhà văn hóa",
        "venue_address": "235 Hoàng Quốc Việt",
    }
    values |= {"starts_at": "07:00", "ends_at": "11:00", "date": drive.date.isoformat()}

    response = post(
        client, "drive_edit", drive, **{k: v for k, v in values.items() if v is not None}
    )

    assert response.status_code == 302
    assert Drive.objects.get().venue.name == "Nhà văn hóa"
    assert [m.kind for m in Message.objects.all()] == ["drive_changed"]


def test_saving_a_drive_as_it_is_tells_nobody(client, drive):
    place(drive)
    page = client.get(reverse("drive_edit", args=[drive.slug]))
    values = {name: page.context["form"][name].value() for name in page.context["form"].fields}
    values |= {"starts_at": "07:00", "ends_at": "11:00", "date": drive.date.isoformat()}
    slots = list(drive.slots.values_list("starts_at", flat=True))

    post(client, "drive_edit", drive, **{k: v for k, v in values.items() if v is not None})

    assert not Message.objects.exists()
    assert list(drive.slots.values_list("starts_at", flat=True))[: len(slots)] == slots


def test_cancelling_the_drive_says_how_many_and_tells_them(client, drive):
    place(drive)
    place(drive, email="")

    asked = client.get(reverse("drive_cancel", args=[drive.slug]))
    assert (asked.context["concerned"], asked.context["unreachable"]) == (2, 1)
    post(client, "drive_cancel", drive, reason="Bão số 9")

    assert Drive.objects.get().cancel_reason == "Bão số 9"
    assert {r.status for r in Registration.objects.all()} == {Status.CANCELLED}
    assert [m.kind for m in Message.objects.all()] == ["drive_cancelled"]


def test_a_late_comer_is_still_added_while_the_slot_runs(client, drive):
    with time_machine.travel(drive.starts_at + timedelta(minutes=10), tick=False):
        post(client, "registration_add", drive, **typed(drive))

    assert Registration.objects.get().slot == drive.slots.first()
