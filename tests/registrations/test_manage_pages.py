"""Organizers and secretaries act for people: one person, slots, the whole drive."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from accounts.models import AuditEntry, Role
from events.drives.models import Drive
from events.registrations.models import Registration
from notifications.models import Message
from tests.factories import (
    NOW,
    DriveFactory,
    MembershipFactory,
    RegistrationFactory,
    SlotFactory,
    UnitFactory,
)
from tests.registrations.manage_pages import listed, names, place, post, typed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
Status = Registration.Status


@pytest.fixture
def drive(member):
    return DriveFactory(unit=member.unit, slots=3)


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
