"""The demonstration: what it prints is there, it stays the same, sends nothing, and goes."""

import copy
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from accounts.models import ApiToken, Unit, User
from accounts.secrets import hash_secret
from donors.models import Donor
from events.checkin.demonstration.build import hours_of_today
from events.checkin.models import EnrolmentCode, Scan
from events.drives.models import Drive, Slot
from events.drives.plans import slot_starts
from events.registrations.models import Registration
from events.registrations.tickets import read_code, read_ticket
from notifications.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("demo")
    with override_settings(DATA_DIR=folder):
        yield folder


def demo(*arguments: str) -> Any:
    out = StringIO()
    call_command("demo", *arguments, stdout=out)
    return json.loads(out.getvalue()) if "--json" in arguments else out.getvalue()


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: Any, data_dir: Path) -> Iterator[Any]:
    """Make the demonstration once for this module; each test rolls back what it adds."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield demo("--json")
        transaction.set_rollback(True)


def test_demo_prints_what_is_there(told: Any, data_dir: Path):
    now = timezone.now()
    today = Drive.objects.with_places(now).get(slug=told["drives"]["today"]["slug"])
    assert today.starts_at <= now - timedelta(hours=1, minutes=59)
    assert today.ends_at >= now + timedelta(hours=6)
    assert (today.places_left > 0, today.takes_registrations(now)) == (True, True)
    assert Slot.objects.filter(drive=today, starts_at__lte=now, ends_at__gt=now).exists()
    people = told["registrations"]["today"]
    assert len(people) >= 20
    tickets = [read_ticket(person["ticket"]) for person in people]
    found = [
        Registration.objects.get(public_id=ticket.claims.registration_id)
        for ticket in tickets
        if ticket
    ]
    assert [r.code for r in found] == [read_code(person["code"]) for person in people]
    running = [r for r in found if r.slot and r.slot.starts_at <= now < r.slot.ends_at]
    assert len(running) >= 5
    assert {r.status for r in found} == {"registered"}
    code = told["drives"]["today"]["enroll_code"]
    assert EnrolmentCode.objects.get(code_hash=hash_secret(code)).expires_at > now
    for who, user in told["users"].items():
        assert User.objects.get(email=user["login"]).check_password(user["password"]), who
        assert Unit.objects.filter(slug=user["unit"]).exists()
    for who, token in told["api_tokens"].items():
        holder = ApiToken.objects.get(token_hash=hash_secret(token)).user
        assert holder.email == told["users"][who]["login"]
    assert os.stat(data_dir / "demo.json").st_mode & 0o777 == 0o600


def test_demo_keeps_its_red_sunday_on_a_sunday_of_next_week(told: Any):
    soon = Drive.objects.get(slug=told["drives"]["next_week"]["slug"])
    assert soon.date.weekday() == 6
    assert timedelta(days=7) <= soon.date - timezone.localdate() <= timedelta(days=13)


def test_demo_has_colleagues_of_the_secretary_today(told: Any):
    below = Unit.objects.descendants(
        Unit.objects.get(slug=told["users"]["secretary"]["unit"]), include_self=True
    )
    drive = Drive.objects.get(slug=told["drives"]["today"]["slug"])
    assert drive.registrations.filter(unit__in=below.values("pk")).count() >= 5


def test_demo_again_says_the_same_but_for_a_fresh_code(told: Any):
    first, second = copy.deepcopy(told), demo("--json")

    codes = [told["drives"]["today"].pop("enroll_code") for told in (first, second)]
    assert first == second
    assert codes[0] != codes[1]


def test_demo_makes_a_new_drive_once_today_is_over(told: Any):
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        second = demo("--json")

    assert told["drives"]["today"]["slug"] != second["drives"]["today"]["slug"]
    assert told["users"] == second["users"]
    assert len(second["registrations"]["today"]) >= 20


@pytest.mark.parametrize("clock", ["23:40", "00:10", "07:00"])
def test_demo_of_today_has_a_running_slot_at_any_hour(clock: str):
    now = datetime.fromisoformat(f"2026-12-05T{clock}:00+07:00")

    starts_at, ends_at = hours_of_today(now)

    starts = slot_starts(starts_at, ends_at, 30)
    assert starts_at <= now - timedelta(hours=2) < starts_at + timedelta(minutes=30)
    assert ends_at >= now + timedelta(hours=6)
    assert sum(start <= now < start + timedelta(minutes=30) for start in starts) == 1


def test_demo_queues_no_message(told: Any):
    assert Registration.objects.exclude(email="").exists()
    assert not Registration.objects.exclude(email="").exclude(email__endswith=".invalid").exists()
    assert list(Message.objects.all()) == []


def test_demo_remove_takes_everything_away_and_nothing_else(told: Any, data_dir: Path):
    mine = Unit.objects.create(name="Đơn vị thật", slug="don-vi-that")

    demo("--remove")

    for model in (Drive, Registration, Donor, Scan, User, EnrolmentCode):
        assert not model.objects.exists(), model
    assert list(Unit.objects.all()) == [mine]
    assert not (data_dir / "demo.json").exists()


@pytest.mark.usefixtures("told")
def test_demo_shows_the_way_to_each_of_its_places():
    maps = [drive.venue.map_url for drive in Drive.objects.select_related("venue")]

    assert maps
    assert all(maps)
