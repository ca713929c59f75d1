"""Take in what devices have scanned: judge it, keep it, and fold it into the registrations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accounts.attempts import Attempt
from backend.transactions import in_transaction
from events.checkin.models import Device
from events.checkin.services.anew import in_fresh_transactions
from events.checkin.services.batch import Batch
from events.checkin.services.readings import Reading, ScanResult


@in_fresh_transactions
def accept_scans(
    *, device: Device, readings: Sequence[Reading], sent_at: datetime, now: datetime
) -> list[ScanResult]:
    """Judge and keep each reading, and renew the registrations that they are about.

    Any reading again changes nothing and gives the first verdict, with what is known by now. From a
    device that was revoked the scans are kept apart and nobody is named.

    :returns: one result for each reading, in their order.
    """
    batch = Batch(device=device, drive=device.drive, sent_at=sent_at, now=now)
    batch.load(readings)
    verdicts = [batch.take(reading) for reading in readings]
    batch.settle()
    return [
        batch.result(reading, verdict) for reading, verdict in zip(readings, verdicts, strict=True)
    ]


@in_transaction
def accept_scans_once(
    *,
    device: Device,
    readings: Sequence[Reading],
    sent_at: datetime,
    attempt: Attempt,
    now: datetime,
) -> tuple[list[ScanResult], bool]:
    """Do the same under a key; what is known of the scans is as of now all the same.

    :returns: the results, and whether an earlier call of the same attempt took the scans in.
    :raises KeyReused: the attempt's key came before with another body.
    """
    first = attempt.claim(device.label, now=now)
    results = accept_scans(device=device, readings=readings, sent_at=sent_at, now=now)
    return results, first is not None
