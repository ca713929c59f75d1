"""Which scans the figures do not hold yet, because they are still on devices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backend.formats import clock, count
from events.checkin.devices import SILENT_AFTER
from events.checkin.models import Device
from events.checkin.services.devices import takes_late_scans
from events.drives.models import Drive


@dataclass(frozen=True, kw_only=True)
class MissingScans:
    """What is known to be missing, and where something may be.

    :param unsent: devices that said they hold scans, by their numbers, with how many.
    :param silent: devices of which nothing was heard since before the drive's end, or for minutes
        while it runs, with when they were heard of last.
    :param may_come: whether they are still taken.
    """

    unsent: dict[int, int]
    silent: dict[int, datetime]
    may_come: bool = True

    @property
    def scans(self) -> int:
        return sum(self.unsent.values())

    def __bool__(self) -> bool:
        return bool(self.unsent or self.silent)


def missing_scans(drive: Drive, *, now: datetime) -> MissingScans:
    """Return what may be missing from a drive's figures, as of now; in one query.

    Nobody waits for it: figures are of what has arrived.
    """
    devices = list(drive.devices.filter(signed_off_at=None).order_by("number"))
    for device in devices:
        device.drive = drive
    unsent = [device for device in devices if device.unsent]
    silent = [device for device in devices if not device.unsent and _is_silent(device, now=now)]
    return MissingScans(
        unsent={device.number: device.unsent for device in unsent},
        silent={device.number: device.last_contact_at for device in silent},
        may_come=any(takes_late_scans(device, now=now) for device in [*unsent, *silent]),
    )


def _is_silent(device: Device, *, now: datetime) -> bool:
    drive = device.drive
    if now < drive.starts_at:
        return False
    # It has sent all there was if it was heard of after its last possible scan.
    until = min(drive.ends_at, device.revoked_at or drive.ends_at)
    if now < until:
        return now - device.last_contact_at > SILENT_AFTER
    return device.last_contact_at < until


def missing_words(missing: MissingScans) -> tuple[str, str]:
    """Return what a page says of it: a bold first sentence, and the rest."""
    sentences = []
    for number, scans in missing.unsent.items():
        words = ngettext(
            "Device %(number)s still holds %(n)s scan.",
            "Device %(number)s still holds %(n)s scans.",
            scans,
        )
        sentences.append(words % {"number": number, "n": count(scans)})
    for number, at in missing.silent.items():
        words = _("Device %(number)s was last heard of at %(time)s and may hold some.")
        sentences.append(words % {"number": number, "time": clock(timezone.localtime(at))})
    if missing.may_come:
        sentences.append(_("Open the scanner on it where there is a network; it sends by itself."))
        return _("Scans are still missing. The figures are of what has arrived."), " ".join(
            sentences
        )
    sentences.append(_("It is too late to send them."))
    return _("Some scans never arrived. The figures are without them."), " ".join(sentences)
