"""What the organizer's page says about each device, and about the code on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backend.formats import clock, short_date
from events.checkin.models import Device, EnrolmentCode, StationKind
from events.checkin.queries import drive_devices
from events.drives.models import Drive

# A device tells of itself at least each minute or so while its page is open.
SILENT_AFTER: Final = timedelta(minutes=3)
# It asks for what changed every quarter of a minute while it has a network.
OLD_LIST_AFTER: Final = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class DeviceRow:
    device: Device
    stations: str
    badge: str
    state: str
    contact: str
    list_of: str
    late_scans: int
    left_scans: int
    is_living: bool
    is_offline: bool
    has_old_version: bool


def device_rows(drive: Drive, *, now: datetime, version: str = "") -> list[DeviceRow]:
    """Return a drive's devices, living ones first, in one query.

    :param version: the scanner's present one; none, and no device is said to have an old one.
    """
    rows = [_row(device, version, now=now) for device in drive_devices(drive)]
    return sorted(rows, key=lambda row: (not row.is_living, row.device.number))


def _row(device: Device, version: str, *, now: datetime) -> DeviceRow:
    is_living = now < device.ended_at
    silent = now - device.last_contact_at > SILENT_AFTER
    badge, state = _state(device, is_living=is_living, silent=silent)
    is_old = bool(version) and bool(device.version) and device.version != version
    return DeviceRow(
        device=device,
        stations=", ".join(str(StationKind(kind).label) for kind in device.stations),
        badge=badge,
        state=state,
        contact=ago(device.last_contact_at, now=now),
        list_of=_list_words(device, is_living=is_living, now=now),
        late_scans=getattr(device, "late_scans", 0),
        left_scans=getattr(device, "left_scans", 0),
        is_living=is_living,
        is_offline=is_living and silent,
        has_old_version=is_living and is_old,
    )


def _state(device: Device, *, is_living: bool, silent: bool) -> tuple[str, str]:
    if device.revoked_at is not None:
        return "gave-up", _("Revoked")
    if device.signed_off_at is not None:
        return "gave-up", _("Signed off")
    if not is_living:
        return "gave-up", _("Ended with the drive")
    if silent:
        return "unsent", _("No contact")
    if device.roster_synced_at is None:
        return "look", _("Loading the list")
    if device.last_contact_at - device.roster_synced_at > OLD_LIST_AFTER:
        return "look", _("Old list")
    return "done", _("Scanning")


def _list_words(device: Device, *, is_living: bool, now: datetime) -> str:
    """Say how old the list on the device is, or that it has none any more."""
    if device.signed_off_at is not None:
        return _("erased")
    if not is_living:
        return _("to be erased")
    if device.roster_synced_at is None:
        return _("none yet")
    of, today = timezone.localtime(device.roster_synced_at), timezone.localtime(now)
    return clock(of) if of.date() == today.date() else f"{short_date(of)}, {clock(of)}"


def ago(moment: datetime, *, now: datetime) -> str:
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    hours = minutes // 60
    if hours < 48:
        return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    days = hours // 24
    return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}


@dataclass(frozen=True, kw_only=True)
class CodeState:
    """How the code on the screen stands: waiting, used by a device, or too old."""

    code: EnrolmentCode
    device: Device | None
    minutes_left: int

    @property
    def is_waiting(self) -> bool:
        return self.device is None and self.minutes_left > 0


def code_state(drive: Drive, pk: str, *, now: datetime) -> CodeState | None:
    """Return how a code of this drive stands; ``None`` if there is none."""
    if not pk.isdecimal() or len(pk) > 18:
        return None
    code = EnrolmentCode.objects.filter(drive=drive, pk=int(pk)).select_related("device").first()
    if code is None:
        return None
    left = (code.expires_at - now).total_seconds() / 60
    # Rounded up, so that "1 minute left" is true to the last second.
    return CodeState(code=code, device=code.device, minutes_left=max(0, -int(-left // 1)))
