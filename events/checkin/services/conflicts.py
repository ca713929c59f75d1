"""What an organizer does about people who were let in twice, or after giving up."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from accounts import audit
from accounts.models import User
from backend.transactions import in_transaction
from events.checkin.models import Scan, ScanKind
from events.checkin.services.anew import in_fresh_transactions
from events.checkin.services.batch import Batch
from events.checkin.services.readings import Reading
from events.registrations.models import Registration


@in_fresh_transactions
def take_back_scan(*, scan: Scan, by: User, now: datetime) -> None:
    """Undo a pass as an organizer: it counts no more, and stays in history. Again changes nothing.

    If nothing else lets the person in, the registration is as it was before.
    """
    undo = Reading(
        # Not derived from the scan's: its device could send a scan of this id first.
        id=uuid4(),
        station=scan.station,
        scanned_at=now,
        kind=ScanKind.UNDO.value,
        undoes=scan.pk,
    )
    batch = Batch(device=None, drive=scan.drive, sent_at=now, now=now)
    batch.load([undo])
    # The registration is locked, so that an undo of a moment ago is seen: once is enough.
    undos = (s.visit for s in batch.visits.scans.values() if s.visit.by_organizer)
    if any(other.undoes == scan.pk for other in undos):
        return
    batch.take(undo)
    batch.settle()
    audit.record("scan.taken_back", scan, by=by, at=now, unit_id=scan.drive.unit_id)


@in_transaction
def leave_conflict(*, registration: Registration, by: User, now: datetime) -> None:
    """Note that somebody looked at the conflicts of a registration and leaves them as they are.

    They stand apart from then on, until there is another one. Again changes nothing.
    """
    rows = Scan.objects.filter(registration=registration, conflict_seen_at=None)
    if rows.exclude(conflict="").update(conflict_seen_at=now):
        drive = registration.drive
        audit.record(
            "registration.conflict_left", registration, by=by, at=now, unit_id=drive.unit_id
        )
