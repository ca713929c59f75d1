"""The contract of ``POST checkin/scans/``, line by line."""

from __future__ import annotations

import pytest

from events.checkin.models import Scan
from events.registrations.models import Registration
from tests.checkin.conftest import DURING, Phone, a_scan

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def test_scan_checks_in_and_gives_the_first_number(phone: Phone, an: Registration):
    scan = a_scan(an)

    response = phone.send(scan)

    assert response.json() == {
        "results": [
            {
                "id": scan["id"],
                "verdict": "accepted",
                "registration": {
                    "id": an.public_id,
                    "name": "Nguyễn Văn An",
                    "slot_starts_at": "2026-12-05T00:00:00Z",
                    "unit": None,
                    "status": "checked_in",
                    "number": 1,
                },
                "first": None,
                "conflict": None,
            }
        ],
        "server_time": "2026-12-05T00:10:00Z",
    }
    an.refresh_from_db()
    assert (an.status, an.queue_number, an.checked_in_at) == ("checked_in", 1, DURING)
    assert Scan.objects.get().counts


def test_scan_repeated_gives_the_same_verdict_and_changes_nothing(phone: Phone, an: Registration):
    scan = a_scan(an)

    first = phone.scan(scan)
    again = phone.scan(scan, scan)

    assert again == first * 2
    assert Scan.objects.count() == 1
