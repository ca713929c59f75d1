"""What a device reports of a scan, and what it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from events.checkin.models import ScanKind
from events.checkin.services.ledger import Known


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One scan as a device reports it. Shape only; ``accept_scans`` judges.

    :param id: none, and the scan cannot be kept.
    :param is_sound: whether all of its fields could be read; if not it is ``malformed``.
    """

    id: UUID | None
    is_sound: bool = True
    station: str = ""
    scanned_at: datetime | None = None
    clock_offset_ms: int | None = None
    ticket: str | None = None
    code: str | None = None
    registration: str | None = None
    walk_in: UUID | None = None
    kind: str = ScanKind.PASS.value
    undoes: UUID | None = None
    shown: str | None = None
    offline: bool = False
    admit: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstScan:
    """The check-in at a station, told to whoever scans the same person there again."""

    device: str | None
    station: str
    scanned_at: datetime  # corrected
    number: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherScan:
    """The other side of a conflict."""

    kind: str
    device: str | None
    scanned_at: datetime  # corrected


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanResult:
    """What a device is answered for one of its scans."""

    id: UUID | None
    verdict: str
    registration: Known | None = None
    first: FirstScan | None = None
    conflict: OtherScan | None = None
