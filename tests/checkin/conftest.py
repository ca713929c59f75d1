"""What tests of the day start from: a drive under way, people, and devices that call the API."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import User
from accounts.secrets import hash_secret, new_secret
from events.checkin.models import Device
from events.checkin.services import revoke_device
from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.signing import ticket_of
from tests.factories import DRIVE_STARTS, DriveFactory, MembershipFactory, RegistrationFactory

DURING = DRIVE_STARTS + timedelta(minutes=10)
_numbers = itertools.count(1)


def drive_told(drive: Drive) -> dict[str, Any]:
    """What the ``drive`` fixture is to a device, at enrolment and with each roster."""
    return {
        "number": drive.number,
        "slug": drive.slug,
        "name": drive.name,
        "date": "2026-12-05",
        "zone": "Asia/Ho_Chi_Minh",
        "starts_at": "2026-12-05T00:00:00Z",
        "ends_at": "2026-12-05T04:00:00Z",
        "tolerance_minutes": 30,
        "rehearsal": False,
        "cancelled": False,
    }


def make_device(drive: Drive, name: str = "Hồng Nhung", **fields: Any) -> Phone:
    """Make a device as its enrolment does, and the phone that holds its token."""
    token = new_secret()
    device = Device.objects.create(
        drive=drive,
        number=(drive.devices.count() + 1),
        name=name,
        stations=["welcome"],
        token_hash=hash_secret(token),
        enrolled_at=DURING - timedelta(hours=1),
        last_contact_at=fields.pop("last_contact_at", DURING),
        **fields,
    )
    return Phone(device, token)


@dataclass
class Phone:
    """A phone that talks to the API as the scanner does."""

    device: Device
    token: str
    client: APIClient = field(default_factory=APIClient)

    def __post_init__(self) -> None:
        self.client.credentials(HTTP_AUTHORIZATION=f"Device {self.token}")

    def roster(self, cursor: str | None = None) -> dict[str, Any]:
        response = self.client.get("/api/v1/checkin/roster/", {"cursor": cursor} if cursor else {})
        assert response.status_code == 200, response.content
        body: dict[str, Any] = response.json()
        return body

    def send(self, *scans: dict[str, Any] | Any, sent_at: datetime = DURING, **more: Any) -> Any:
        body = {"sent_at": sent_at.isoformat(), "scans": list(scans), **more}
        return self.client.post("/api/v1/checkin/scans/", body, format="json")

    def scan(self, *scans: dict[str, Any] | Any, **more: Any) -> list[dict[str, Any]]:
        response = self.send(*scans, **more)
        assert response.status_code == 200, response.content
        results: list[dict[str, Any]] = response.json()["results"]
        return results


def a_scan(of: Registration | None = None, **fields: Any) -> dict[str, Any]:
    """Make a scan as a device reports it: of the ticket, online, at ``DURING``, shown accepted."""
    scan: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "station": "welcome",
        "scanned_at": DURING.isoformat(),
        "clock_offset_ms": 0,
        "offline": False,
        "shown": None,
    }
    if of is not None and not {"ticket", "code", "registration", "walk_in"} & fields.keys():
        scan["ticket"] = ticket_of(of)
    return scan | fields


def an_undo(of: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return a_scan(kind="undo", undoes=of["id"]) | fields


@pytest.fixture
def now() -> Any:
    """Ten minutes into the drive."""
    with time_machine.travel(DURING, tick=False):
        yield DURING


@pytest.fixture
def drive(db: None) -> Drive:
    return DriveFactory(slots=4)


@pytest.fixture
def phone(drive: Drive) -> Phone:
    return make_device(drive)


@pytest.fixture
def other_phone(drive: Drive, phone: Phone) -> Phone:
    return make_device(drive, "Quang Huy")


@pytest.fixture
def an(drive: Drive) -> Registration:
    """Somebody in the slot that is running."""
    return RegistrationFactory(slot=drive.slots.first(), full_name="Nguyễn Văn An")


@pytest.fixture
def binh(drive: Drive) -> Registration:
    return RegistrationFactory(slot=drive.slots.first(), full_name="Lê Thị Bình")


@pytest.fixture
def organizer(drive: Drive) -> User:
    user: User = MembershipFactory(unit=drive.unit).user
    return user


@pytest.fixture
def lost(phone: Phone, organizer: User) -> Phone:
    """A phone that was revoked."""
    revoke_device(device=phone.device, by=organizer, now=DURING)
    return phone
