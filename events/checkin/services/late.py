"""Take, or leave, what a device still handed in after it was revoked."""

from __future__ import annotations

from datetime import datetime

from accounts import audit
from accounts.models import User
from backend.transactions import in_transaction
from events.checkin.models import Device, Scan
from events.checkin.services.anew import in_fresh_transactions
from events.checkin.services.batch import Batch


@in_transaction
def leave_late_scans(*, device: Device, by: User, now: datetime) -> None:
    """Leave out what a device handed in after it was revoked; it may still be taken later.

    Whatever comes from it from now on has to be decided anew.
    """
    Device.objects.filter(pk=device.pk).update(late_left_at=now)
    audit.record("device.late_scans_left", device, by=by, at=now, unit_id=device.drive.unit_id)


@in_fresh_transactions
def take_late_scans(*, device: Device, by: User, now: datetime) -> int:
    """Let the scans that were set apart count; each keeps its verdict. Again changes nothing.

    :returns: how many were taken now.
    """
    waiting = Scan.objects.filter(device=device, set_apart=True, taken_at__isnull=True)
    rows = list(waiting.order_by("pk").values_list("pk", "registration_id"))
    if not rows:
        return 0
    batch = Batch(device=None, drive=device.drive, sent_at=now, now=now)
    ids = {id for id, _pk in rows}
    batch.visits.load_registrations({pk for _id, pk in rows if pk is not None})
    taken = waiting.filter(pk__in=ids).update(taken_at=now)
    batch.visits.read(ids)
    batch.renew()
    batch.settle()
    audit.record(
        "device.late_scans_taken",
        device,
        by=by,
        at=now,
        unit_id=device.drive.unit_id,
        count=taken,
    )
    return taken
