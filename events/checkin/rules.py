"""Who may do what about the day: organizers their devices, a device its drive."""

from __future__ import annotations

from accounts.rules import Asker, may_manage_drives
from events.drives.models import Drive


def may_manage_devices(user: Asker, drive: Drive) -> bool:
    return may_manage_drives(user, drive.unit_id)
