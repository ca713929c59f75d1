"""An organizer plans a drive on pages: make, publish, pause, repeat, share."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from events.drives.models import Drive
from events.registrations.models import Registration
from tests.factories import NOW, DriveFactory, RegistrationFactory, UnitFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
TYPED = {
    "name": "Giọt hồng  Công Thương",
    "date": "2026-12-19",
    "starts_at": "07:30",
    "ends_at": "11:00",
    "venue_name": "Hội trường",
    "venue_address": "54 Hai Bà Trưng",
    "places_per_slot": "20",
    "slot_minutes": "30",
    "tolerance_minutes": "30",
}


def post(client, page, drive=None, /, **typed):
    return client.post(reverse(page, args=[drive.slug] if drive else []), typed)


def test_create_makes_a_draft_and_shows_it(client, member):
    response = post(client, "drive_create", **TYPED)

    drive = Drive.objects.get()
    assert response.headers["Location"] == reverse("drive_preview", args=[drive.slug])
    assert (drive.name, drive.unit, drive.published_at, drive.slots.count()) == (
        "Giọt hồng Công Thương",
        member.unit,
        None,
        7,
    )


@pytest.mark.parametrize("language", ["vi", "en"])
def test_create_reads_a_typed_day_before_its_month(client, member, language):
    """A browser without a picker sends what was typed."""
    typed = TYPED | {"date": "05/12/2026", "registration_opens_at": "03/12/2026 08:00"}

    client.post(f"{reverse('drive_create')}?lang={language}", typed)

    drive = Drive.objects.get()
    opens_at = drive.registration_opens_at.astimezone(drive.tzinfo)
    assert (drive.date, opens_at.date()) == (date(2026, 12, 5), date(2026, 12, 3))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"places_per_slot": "0"}, "Ghi từ 1 trở lên."),
        ({"places_per_slot": "501"}, "Ghi không quá 500."),
        ({"places_per_slot": "1.5"}, "Ghi một số nguyên."),
        ({"name": ""}, "Chỗ này cần ghi."),
        ({"date": "13/13/2026"}, "Ghi ngày như 05/12/2026."),
        ({"starts_at": "7 giờ"}, "Ghi giờ như 08:30."),
    ],
)
def test_create_says_what_is_wrong_in_words_of_ours(client, member, typed, sentence):
    response = post(client, "drive_create", **(TYPED | typed))

    assert response.status_code == 400
    assert sentence in response.content.decode()


def test_create_shows_eight_fields_at_most(client, member):
    UnitFactory(parent=member.unit)
    form = client.get(reverse("drive_create")).context["form"]

    assert len(form.in_sight()) == 8
    assert [form["venue_name"].value(), str(form["starts_at"].value())] == [None, "07:30"]


def test_create_starts_from_what_was_said_last_time(client, member):
    DriveFactory(unit=member.unit, contact="Trần Khánh Linh, 0912 000 486")
    form = client.get(reverse("drive_create")).context["form"]

    assert form["contact"].value() == "Trần Khánh Linh, 0912 000 486"
    assert form["date"].value() == date(2026, 12, 26)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": " "}, "name"),
        ({"ends_at": "07:30"}, "ends_at"),
        ({"ends_at": "07:40"}, "slot_minutes"),
        ({"places_per_slot": "0"}, "places_per_slot"),
        ({"date": "31.12."}, "date"),
        ({"date": "0001-01-01"}, "date"),
        ({"date": "9999-12-31"}, "date"),
        ({"registration_opens_at": "0001-01-01T00:00"}, "registration_opens_at"),
        (
            {
                "registration_opens_at": "2026-12-10T08:00",
                "registration_closes_at": "2026-12-10T08:00",
            },
            "registration_closes_at",
        ),
    ],
)
def test_create_keeps_what_was_typed_and_says_what_is_wrong(client, member, typed, field):
    response = post(client, "drive_create", **(TYPED | typed))

    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]
    assert response.context["form"]["venue_name"].value() == "Hội trường"
    assert not Drive.objects.exists()


def test_create_takes_units_that_one_plans_for_alone(client, member):
    UnitFactory(parent=member.unit)
    response = post(client, "drive_create", **TYPED, unit=UnitFactory().slug)

    assert list(response.context["form"].errors) == ["unit"]


def test_publish_leads_to_the_link(client, member):
    drive = DriveFactory(unit=member.unit, published_at=None, slots=1)

    response = post(client, "drive_publish", drive)

    assert response.headers["Location"] == reverse("drive_share", args=[drive.slug])
    assert Drive.objects.get().published_at == NOW
    assert client.get(drive.get_absolute_url()).status_code == 200


def test_pause_and_resume(client, member):
    drive = DriveFactory(unit=member.unit, slots=1)

    post(client, "drive_pause", drive)
    assert Drive.objects.get().paused_at == NOW
    post(client, "drive_resume", drive)
    assert Drive.objects.get().paused_at is None


def test_copy_takes_three_fields_and_no_people(client, member):
    drive = DriveFactory(unit=member.unit, slots=8, name="Trung thu hồng")
    RegistrationFactory(slot=drive.slots.first())

    response = post(
        client,
        "drive_copy",
        drive,
        date="2027-03-06",
        places_per_slot="30",
        venue=str(drive.venue_id),
    )

    copy = Drive.objects.exclude(pk=drive.pk).get()
    assert response.headers["Location"] == reverse("drive_preview", args=[copy.slug])
    assert (copy.date, copy.name, copy.venue, copy.published_at) == (
        date(2027, 3, 6),
        "Trung thu hồng",
        drive.venue,
        None,
    )
    assert set(copy.slots.values_list("capacity", flat=True)) == {30}
    assert Registration.objects.get().drive == drive


def test_copy_to_another_place_needs_its_name_and_address(client, member):
    drive = DriveFactory(unit=member.unit, slots=8)
    typed = {"date": "2027-03-06", "places_per_slot": "30", "venue": "another"}

    wrong = post(client, "drive_copy", drive, **typed)
    assert list(wrong.context["form"].errors) == ["venue_name", "venue_address"]
    post(client, "drive_copy", drive, **typed, venue_name="Nhà văn hóa", venue_address="Hà Nội")
    assert Drive.objects.exclude(pk=drive.pk).get().venue.name == "Nhà văn hóa"


def test_share_gives_a_link_for_each_unit_below(client, member):
    below = UnitFactory(parent=member.unit)
    UnitFactory(parent=member.unit, until_on=NOW.date())
    drive = DriveFactory(unit=member.unit, slots=1)

    context = client.get(reverse("drive_share", args=[drive.slug])).context

    link = f"http://testserver{drive.get_absolute_url()}"
    assert context["unit_links"] == [(below.name, f"{link}?unit={below.slug}", below.slug)]
    assert link in context["text"]


def test_times_are_the_drives_whatever_the_servers_zone(client, member, settings):
    settings.TIME_ZONE = "America/New_York"
    drive = DriveFactory(unit=member.unit, slots=1)

    page = client.get(reverse("drive_edit", args=[drive.slug])).content.decode()

    assert 'value="07:00"' in page
    assert 'value="11:00"' in page
    assert timedelta(hours=4) == drive.ends_at - drive.starts_at
