"""Take the demonstration away, with everything that visitors added to it."""

from __future__ import annotations

from accounts.models import AttemptRecord, Unit, User
from backend.transactions import in_transaction
from donors.models import Donor
from events.checkin.models import Device, EnrolmentCode, LateWalkIn, Scan, WalkIn
from events.drives.models import Drive, Venue
from events.registrations.models import Registration
from notifications.models import Message


@in_transaction
def remove_demonstration() -> int:
    """Delete the union, its drives, people, devices, messages and users; return how many drives.

    The audit log stays: it holds ids only, and nobody deletes from it.
    """
    drives = Drive.objects.filter(is_demonstration=True)
    drive_pks = list(drives.values_list("pk", flat=True))
    registrations = Registration.objects.filter(drive__in=drive_pks)
    donor_pks = list(registrations.values_list("donor_id", flat=True))
    public_ids = list(registrations.values_list("public_id", flat=True))
    Message.objects.filter(group__in=[f"drive:{pk}" for pk in drive_pks]).delete()
    WalkIn.objects.filter(drive__in=drive_pks).delete()
    LateWalkIn.objects.filter(drive__in=drive_pks).delete()
    Scan.objects.filter(drive__in=drive_pks).delete()
    EnrolmentCode.objects.filter(drive__in=drive_pks).delete()
    Device.objects.filter(drive__in=drive_pks).delete()
    registrations.delete()
    for start in range(0, len(public_ids), 500):
        some = public_ids[start : start + 500]
        AttemptRecord.objects.filter(object_id__in=some).delete()
    for start in range(0, len(donor_pks), 500):
        some_donors = Donor.objects.filter(pk__in=donor_pks[start : start + 500])
        some_donors.filter(registrations__isnull=True).delete()
    drives.delete()
    Venue.objects.filter(unit__is_demonstration=True).delete()
    User.objects.filter(is_demonstration=True).delete()
    while leaves := Unit.objects.filter(is_demonstration=True, children__isnull=True):
        if not leaves.delete()[0]:
            break
    return len(drive_pks)
