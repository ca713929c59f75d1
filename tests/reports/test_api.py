"""Figures and exports over the API."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
import time_machine

from accounts.models import AuditEntry, Role
from events.registrations.models import Registration
from events.reports.exports import disarmed
from tests.api import Caller, member, organizer, told
from tests.factories import NOW, DriveFactory, RegistrationFactory, UnitFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
STATUS = Registration.Status


def test_figures_are_told():
    drive = DriveFactory(slots=1)
    slot = drive.slots.get()
    unit = UnitFactory(name="Nhà máy", slug="nha-may", parent=drive.unit)
    RegistrationFactory.create_batch(3, slot=slot, unit=unit)
    RegistrationFactory(slot=slot, unit=unit, status=STATUS.CHECKED_IN, confirmed_at=NOW)
    RegistrationFactory(slot=slot, status=STATUS.CANCELLED, placed_at=NOW)
    path = f"manage/drives/{drive.slug}/figures/"

    seen = organizer(drive.unit).get(path).json()
    blanked = Caller(member(drive.unit, Role.SUPERVISOR)).get(path).json()

    counts = {
        "placed": 5,
        "cancelled": 1,
        "registered": 4,
        "waitlisted": 0,
        "confirmed": 1,
        "came": 1,
        "no_show": 0,
        "expected": 3,
    }
    cells = {"registered": 4, "waitlisted": 0, "came": 1, "walk_ins": 0}
    assert seen == {
        "missing": {"scans": 0, "silent_devices": 0},
        "as_of": "2026-12-01T10:00:00+07:00",
        "capacity": 10,
        **counts,
        "walk_ins": 0,
        "arrived": 1,
        "inside": 1,
        "donated": 0,
        "deferred": 0,
        "left": 0,
        "volume_ml": 0,
        "by_slot": [
            {
                "slot": slot.public_id,
                "starts_at": "2026-12-05T07:00:00+07:00",
                "ends_at": "2026-12-05T07:30:00+07:00",
                "open": True,
                "capacity": 10,
                **counts,
            }
        ],
        "by_unit": [
            {"unit": "nha-may", "name": "Nhà máy", **cells},
            {"unit": None, "name": None, **dict.fromkeys(cells, 0)},
        ],
    }
    nothing = dict.fromkeys(cells)
    assert blanked == seen | {
        "by_unit": [
            {"unit": "nha-may", "name": "Nhà máy", **nothing},
            {"unit": None, "name": None, **nothing},
        ]
    }


def read_sheet(response: Any) -> list[list[Any]]:
    assert response.status_code == 200, response.content
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    [sheet] = book.worksheets
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_exports_hold_who_is_registered_and_run_nothing():
    drive = DriveFactory(slots=2)
    first, second = drive.slots.all()
    RegistrationFactory(slot=second, full_name='=HYPERLINK("http://x","An")', phone="+84912000001")
    RegistrationFactory(slot=first, full_name="Đỗ Thị Bình", phone="+84912000002", sex="female")
    RegistrationFactory(slot=first, status=STATUS.CANCELLED)
    RegistrationFactory(slot=first, status=STATUS.WAITLISTED)
    RegistrationFactory(
        drive=drive, slot=None, source="walk_in", full_name="Cao Ý", status=STATUS.CHECKED_IN
    )
    caller = organizer(drive.unit)
    path = f"manage/drives/{drive.slug}/exports/"

    registered = caller.get(f"{path}registered.xlsx")
    roster = caller.call("get", f"{path}roster.xlsx", {}, Accept="application/vnd.ms-excel")

    assert registered["Content-Disposition"] == (
        f'attachment; filename="{drive.slug}-registered.xlsx"'
    )
    assert registered["Cache-Control"] == "no-store"
    people = read_sheet(registered)[6:]
    payload = '\'=HYPERLINK("http://x","An")'
    assert [row[:2] for row in people] == [[1, "Đỗ Thị Bình"], [2, payload]]
    assert [row[4] for row in people] == ["0912 000 002", "0912 000 001"]
    assert [row[2] for row in read_sheet(roster)[6:]] == ["Đỗ Thị Bình", payload, "Cao Ý"]
    entries = AuditEntry.objects.filter(action__startswith="registrations.exported")
    assert sorted(entries.values_list("action", "count")) == [
        ("registrations.exported.registered", 2),
        ("registrations.exported.roster", 3),
    ]


@pytest.mark.parametrize("file", ["honours.pdf", "honours.xlsx", "registered.csv"])
def test_lists_that_are_not_there_are_not_found(file):
    drive = DriveFactory()

    response = organizer(drive.unit).get(f"manage/drives/{drive.slug}/exports/{file}")

    assert told(response) == (404, "not_found")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("An", "An"),
        ("=1+1", "'=1+1"),
        ("  =1+1", "'  =1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-1", "'-1"),
        ("+1|cmd", "'+1|cmd"),
        ("\t=1", "'\t=1"),
        ("+44 20 7946 0958", "+44 20 7946 0958"),
        ("a\x00b\x0b", "ab"),
        ("", ""),
    ],
)
def test_text_that_a_spreadsheet_would_run_is_disarmed(text, safe):
    assert disarmed(text) == safe


def test_an_export_of_a_drive_that_is_over_still_holds_everybody():
    drive = DriveFactory(slots=1)
    RegistrationFactory(slot=drive.slots.get())
    caller = organizer(drive.unit)

    with time_machine.travel(drive.ends_at + timedelta(days=2), tick=False):
        response = caller.get(f"manage/drives/{drive.slug}/exports/registered.xlsx")

    assert len(read_sheet(response)[6:]) == 1
