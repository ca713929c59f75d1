"""Short ways to what a device hands in after it was ended."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from events.checkin.services import take_late_scans
from tests.checkin.conftest import DURING, Phone, a_scan, an_undo
from tests.checkin.test_walk_ins import come

# What the device hears of whom it handed in.
NOTHING = {
    "registration": None,
    "code": None,
    "ticket": None,
    "number": None,
    "manage_url": None,
    "merged": False,
}
EARLIER = DURING - timedelta(minutes=7)
WALK_IN, UNDO, AGAIN, UNDO_AGAIN = (str(uuid.UUID(int=n, version=4)) for n in range(1, 5))
NEW_YEAR_2019 = datetime(2019, 1, 1, tzinfo=UTC)


def take(phone: Phone, organizer: User) -> int:
    phone.device.refresh_from_db()
    return take_late_scans(device=phone.device, by=organizer, now=timezone.now())


def late_url(phone: Phone) -> str:
    return reverse("device_late", args=[phone.device.drive.slug, phone.device.number])


def shown_to(client: Any, organizer: User, phone: Phone) -> Any:
    client.force_login(organizer)
    return client.get(late_url(phone)).context["late"]


def send(phone: Phone, what: str) -> None:
    """Send what a phone holds of somebody who was registered, taken back, and let in again."""
    minutes = {WALK_IN: 0, UNDO: 1, AGAIN: 2, UNDO_AGAIN: 3}
    at = (EARLIER + timedelta(minutes=minutes[what])).isoformat()
    made: dict[str, Any] = {"id": what, "scanned_at": at, "offline": True}
    if what == WALK_IN:
        assert come(phone, id=what, at=at, offline=True).status_code == 201
    elif what == AGAIN:
        phone.scan(a_scan(walk_in=WALK_IN, shown="accepted", **made))
    else:
        phone.scan(an_undo({"id": {UNDO: WALK_IN, UNDO_AGAIN: AGAIN}[what]}, **made))
