"""Quiet hours: when a message that can wait does wait. Pure."""

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

QUIET_FROM: Final = time(21, 0)
QUIET_UNTIL: Final = time(7, 30)


def after_quiet_hours(at: datetime, zone: ZoneInfo) -> datetime:
    """Return ``at``, or the end of the quiet hours that it falls into in ``zone``."""
    local = at.astimezone(zone)
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return at
    day = local.date() + timedelta(days=1) if local.time() >= QUIET_FROM else local.date()
    return datetime.combine(day, QUIET_UNTIL, zone)
