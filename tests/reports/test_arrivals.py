"""The overview's chart: who came by when, against who registered."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine

from events.reports.arrivals import arrivals, arrivals_chart
from events.reports.figures import drive_figures
from tests.factories import NOW, DriveFactory, MembershipFactory, RegistrationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def drive():
    return DriveFactory(slots=4, starts_at=NOW - timedelta(hours=1))


def register(drive, slot: int, *, came_at=None):
    status = "checked_in" if came_at else "registered"
    return RegistrationFactory(
        slot=drive.slots.all()[slot], status=status, checked_in_at=came_at, placed_at=NOW
    )


def chart_of(drive, now=NOW):
    figures = drive_figures(drive, now=now, small_cells=True)
    return arrivals_chart(drive, figures.by_slot, arrivals(drive), now=now)


def test_chart_has_who_came_and_who_was_planned_by_now(drive):
    for minutes in (55, 55, 20):
        register(drive, 0, came_at=NOW - timedelta(minutes=minutes))
    for slot in (0, 1, 2, 3):
        register(drive, slot)

    chart = chart_of(drive)

    # Two half hours are over, with four and one; two more people are planned for later.
    assert (chart.came, chart.planned, chart.whole_plan) == (3, 5, 7)
    assert len(chart.plan.split()) == 8
    steps = [tuple(map(float, point.split(","))) for point in chart.line.split()]
    assert [x for x, _y in steps] == sorted(x for x, _y in steps)
    assert [y for _x, y in steps] == sorted((y for _x, y in steps), reverse=True)
    assert steps[-1] == (chart.now_x, chart.now_y)
    assert all(0 <= x <= chart.width and 0 <= y <= chart.height for x, y in steps)


def test_chart_is_drawn_on_the_overview_with_points_for_decimals(drive, client):
    register(drive, 0, came_at=NOW - timedelta(minutes=7))
    owner = MembershipFactory(unit=drive.unit, role="owner")
    client.force_login(owner.user)

    with time_machine.travel(NOW, tick=False):
        page = client.get(f"/manage/drives/{drive.slug}/").content.decode()

    assert "<polyline" in page
    assert re.findall(r'c[xy]="[^"]*,[^"]*"', page) == []
    assert "1 người đã đến, kế hoạch lúc này là 1." in page


def test_chart_stands_from_the_first_arrival_on(drive):
    assert chart_of(drive) is None  # nobody is planned
    register(drive, 0)
    before = drive.starts_at - timedelta(minutes=10)

    assert chart_of(drive, now=before) is None
    register(drive, 0, came_at=before - timedelta(minutes=5))
    assert chart_of(drive, now=before).came == 1


def test_chart_keeps_its_shape_after_the_day_and_with_late_comers(drive):
    register(drive, 0, came_at=drive.ends_at + timedelta(minutes=20))

    chart = chart_of(drive, now=drive.ends_at + timedelta(days=1))

    assert (chart.came, chart.planned) == (1, 1)
    assert chart.now_x == chart.right
    assert len(chart.hours) <= 7


def test_chart_has_hours_to_its_end_however_long_it_is(drive):
    register(drive, 0, came_at=drive.starts_at - timedelta(hours=12))
    register(drive, 1, came_at=drive.ends_at + timedelta(hours=12))

    chart = chart_of(drive, now=drive.ends_at + timedelta(days=1))

    hours = [mark.value for mark in chart.hours]
    gaps = {after - before for before, after in pairwise(hours)}
    assert gaps == {timedelta(hours=6)}
    assert drive.ends_at + timedelta(hours=12) - hours[-1] < timedelta(hours=6)
