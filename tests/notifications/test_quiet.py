"""Quiet hours in the zone of the drive."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from notifications.quiet import after_quiet_hours

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def hanoi(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HANOI)


@pytest.mark.parametrize(
    ("at", "then"),
    [
        ("2026-12-04T20:59", "2026-12-04T20:59"),
        ("2026-12-04T21:00", "2026-12-05T07:30"),
        ("2026-12-05T00:10", "2026-12-05T07:30"),
        ("2026-12-05T07:29", "2026-12-05T07:30"),
        ("2026-12-05T07:30", "2026-12-05T07:30"),
    ],
)
def test_quiet_hours_hold_back_until_half_past_seven(at, then):
    assert after_quiet_hours(hanoi(at), HANOI) == hanoi(then)


def test_quiet_hours_are_those_of_the_zone():
    at = datetime(2026, 12, 4, 15, 0, tzinfo=UTC)  # 22:00 in Hanoi

    assert after_quiet_hours(at, ZoneInfo("UTC")) == at
    assert after_quiet_hours(at, HANOI) == datetime(2026, 12, 5, 0, 30, tzinfo=UTC)
