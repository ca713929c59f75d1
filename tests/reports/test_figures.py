"""Figures reconcile, open the lists behind them, and do not name the few."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Role
from events.checkin.missing import MissingScans, missing_scans, missing_words
from events.checkin.models import Device
from events.registrations.models import Registration
from events.reports.figures import (
    Counts,
    UnitFigures,
    drive_figures,
    without_small_cells,
)
from tests.api import Caller
from tests.factories import NOW, DriveFactory, MembershipFactory, RegistrationFactory, UnitFactory

STATUS = Registration.Status
WALK_IN = {"slot": None, "source": "walk_in", "placed_at": None}


def figures_of(drive, *, now=NOW, small_cells=True):
    return drive_figures(drive, now=now, small_cells=small_cells)


@pytest.mark.django_db
def test_drive_figures_count_everybody_once():
    drive = DriveFactory(slots=2, slots__capacity=3)
    first, second = drive.slots.all()
    unit = UnitFactory(name="Đoàn A")
    RegistrationFactory(slot=first, unit=unit)
    RegistrationFactory(slot=first, confirmed_at=NOW)
    RegistrationFactory(slot=second, status=STATUS.CHECKED_IN, confirmed_at=NOW, unit=unit)
    RegistrationFactory(slot=second, status=STATUS.CANCELLED, placed_at=NOW, confirmed_at=NOW)
    RegistrationFactory(slot=second, status=STATUS.CANCELLED, placed_at=None)  # only waited
    RegistrationFactory(slot=second, status=STATUS.WAITLISTED, unit=unit)
    RegistrationFactory(drive=drive, status=STATUS.CHECKED_IN, unit=unit, **WALK_IN)
    RegistrationFactory(slot__drive=DriveFactory())  # another drive's

    figures = figures_of(drive)
    after = figures_of(drive, now=drive.ends_at + drive.tolerance + timedelta(seconds=1))

    assert figures.capacity == 6
    assert figures.counts == Counts(
        placed=4,
        cancelled=1,
        registered=3,
        waitlisted=1,
        confirmed=2,
        came=1,
        no_show=0,
        expected=2,
        walk_ins=1,
        arrived=2,
    )
    assert (after.counts.no_show, after.counts.expected) == (2, 0)
    assert (figures.inside, figures.donated, figures.deferred, figures.left) == (2, 0, 0, 0)
    assert [(s.counts.placed, s.counts.walk_ins) for s in figures.by_slot] == [(2, 0), (2, 0)]
    assert figures.by_unit == [
        UnitFigures(slug=unit.slug, name="Đoàn A", registered=2, waitlisted=1, came=1, walk_ins=1),
        UnitFigures(slug=None, name=None, registered=1, waitlisted=0, came=0, walk_ins=0),
    ]


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    people=st.lists(
        st.tuples(st.sampled_from(STATUS), st.booleans(), st.booleans(), st.booleans()),
        max_size=12,
    ),
    is_over=st.booleans(),
)
def test_figures_of_any_day_reconcile(people, is_over):
    drive = DriveFactory(slots=1, slots__capacity=20)
    for status, is_walk_in, was_placed, confirmed in people:
        place = {"slot": None, "source": "walk_in"} if is_walk_in else {"slot": drive.slots.get()}
        RegistrationFactory(
            drive=drive,
            status=status,
            placed_at=NOW if was_placed and not is_walk_in else None,
            confirmed_at=NOW if confirmed else None,
            **place,
        )
    now = drive.ends_at + timedelta(days=1) if is_over else NOW

    figures = figures_of(drive, now=now)

    for counts in (figures.counts, *(slot.counts for slot in figures.by_slot)):
        assert counts.placed - counts.cancelled == counts.registered
        assert counts.registered == counts.came + counts.no_show + counts.expected
        assert counts.arrived == counts.came + counts.walk_ins
    arrived = figures.donated + figures.deferred + figures.left + figures.inside
    assert figures.counts.arrived == arrived
    assert (
        figures.counts.arrived
        == Registration.objects.filter(drive=drive, status=STATUS.CHECKED_IN).count()
    )


@pytest.mark.django_db
def test_drive_figures_take_two_queries_whatever_the_size():
    counts = []
    for size in (1, 3):
        drive = DriveFactory(slots=size)
        for slot in drive.slots.all():
            RegistrationFactory(slot=slot, unit=UnitFactory())
        with CaptureQueriesContext(connection) as queries:
            figures_of(drive)
        counts.append(len(queries))

    assert counts == [2, 2]


def unit(n, **cells):
    zero = {"registered": 0, "waitlisted": 0, "came": 0, "walk_ins": 0}
    return UnitFigures(slug=f"u{n}", name=f"U{n}", **(zero | cells))


def registered(*values):
    units = [unit(n, registered=value) for n, value in enumerate(values)]
    return [shown.registered for shown in without_small_cells(units)]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([], []),
        ([3], [None]),
        ([8], [8]),
        ([8, 9], [8, 9]),
        ([4, 9, 30], [None, None, 30]),  # a single blank is the whole less the others
        ([4, 3, 30], [None, None, 30]),
        ([2, 1, 30, 12], [None, None, 30, None]),  # both together are few
        ([0, 0, 30, 12], [None, None, 30, None]),  # so are two who are nobody
        ([5, 6, 7], [5, 6, 7]),
    ],
)
def test_small_cells_and_what_would_give_them_away_are_blank(values, shown):
    assert registered(*values) == shown


@given(st.lists(st.integers(0, 40), max_size=12))
def test_blank_cells_are_never_one_nor_few(values):
    shown = registered(*values)

    blanks = [value for value, seen in zip(values, shown, strict=True) if seen is None]
    assert all(seen is None or seen >= 5 for seen in shown)
    assert not blanks or len(blanks) == len(values) or (len(blanks) >= 2 and sum(blanks) >= 5)


# --- What they do not hold yet -------------------------------------------------------------------


def a_device(drive, **fields):
    fields = {"last_contact_at": drive.ends_at + timedelta(minutes=1)} | fields
    number = drive.devices.count() + 1
    return Device.objects.create(
        drive=drive, number=number, token_hash=f"{drive.pk} {number}", enrolled_at=NOW, **fields
    )


@pytest.mark.django_db
def test_missing_scans_are_those_that_devices_hold_or_may_hold():
    drive = DriveFactory(slots=1)
    before_the_end = drive.ends_at - timedelta(minutes=4)
    sent_all = {"last_contact_at": before_the_end}
    a_device(drive)
    a_device(drive, unsent=9, **sent_all)
    a_device(drive, **sent_all)
    a_device(drive, signed_off_at=before_the_end, unsent=0, **sent_all)
    a_device(drive, revoked_at=before_the_end - timedelta(minutes=1), **sent_all)
    a_device(drive, revoked_at=drive.ends_at, **sent_all)
    a_device(DriveFactory(slots=1), unsent=5)

    early = missing_scans(drive, now=drive.starts_at - timedelta(minutes=1))
    busy = missing_scans(drive, now=before_the_end + timedelta(minutes=1))
    over = missing_scans(drive, now=drive.ends_at + timedelta(minutes=2))
    weeks_later = missing_scans(drive, now=drive.ends_at + timedelta(days=9))

    assert (early.unsent, early.silent) == ({2: 9}, {})
    assert (busy.unsent, busy.silent) == ({2: 9}, {})
    assert over == MissingScans(unsent={2: 9}, silent={3: before_the_end, 6: before_the_end})
    assert (weeks_later.unsent, weeks_later.may_come) == ({2: 9}, False)
    assert (bool(over), over.scans) == (True, 9)
    assert not missing_scans(DriveFactory(slots=1), now=drive.ends_at)


@pytest.mark.django_db
def test_figures_say_that_scans_are_missing_and_wait_for_nobody(client):
    owner = MembershipFactory(role=Role.OWNER)
    drive = DriveFactory(unit=owner.unit, slots=1)
    RegistrationFactory(slot=drive.slots.get(), status=STATUS.CHECKED_IN)
    a_device(drive, unsent=9)
    after = drive.ends_at + timedelta(hours=1)

    with time_machine.travel(after, tick=False):
        figures = Caller(owner.user).get(f"manage/drives/{drive.slug}/figures/").json()
        client.force_login(owner.user)
        page = client.get(reverse("drive_overview", args=[drive.slug])).content.decode()
        drive.devices.update(unsent=0)
        complete = client.get(reverse("drive_overview", args=[drive.slug])).content.decode()

    title, text = missing_words(MissingScans(unsent={1: 9}, silent={}))
    assert (figures["came"], figures["missing"]) == (1, {"scans": 9, "silent_devices": 0})
    assert (title in page, text in page, title in complete) == (True, True, False)
