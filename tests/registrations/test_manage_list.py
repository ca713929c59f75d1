"""The list of a drive's people: searched, sorted, taken several at once, and printed."""

import re
from urllib.parse import unquote_plus

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry
from backend.crypto import seal
from events.registrations.models import Registration
from events.reports.figures import drive_figures
from tests.factories import NOW, DriveFactory, RegistrationFactory, UnitFactory
from tests.registrations.manage_pages import listed, names, place, post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
Status = Registration.Status


@pytest.fixture
def drive(member):
    return DriveFactory(unit=member.unit, slots=3)


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
    # Digits alone may stand in an id by chance.
    words = [word for word in text.split() if not word.isdecimal()]
    for part in (text, text.replace(" ", "").lstrip("0"), *words, "hoang anh"):
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
