"""Read scans as devices report them.

By hand, not by a serializer: five hundred of them come at once, and one that is wrong must not
spoil the others. ``serializers.py`` describes the same for people.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from events.checkin.models import Answer, ScanKind
from events.checkin.services.readings import Reading

_SHOWN: Final = frozenset(Answer.values)
_KINDS: Final = frozenset(ScanKind.values)
_BIGINT: Final = 2**63
_NAMES: Final = ("ticket", "code", "registration")


def read_reading(data: Any) -> Reading:
    """Read one scan; what has no good id cannot be kept, what is wrong otherwise is unsound."""
    if not isinstance(data, dict):
        return Reading(id=None, is_sound=False)
    id = read_uuid(data.get("id"))
    if id is None:
        return Reading(id=None, is_sound=False)
    station = data.get("station")
    scanned_at = read_moment(data.get("scanned_at"))
    offset = data.get("clock_offset_ms")
    shown = data.get("shown")
    kind = data.get("kind") or ScanKind.PASS.value
    undoes = read_uuid(data.get("undoes"))
    walk_in = read_uuid(data.get("walk_in"))
    offline, admit = data.get("offline"), data.get("admit")
    is_sound = (
        isinstance(station, str)
        and scanned_at is not None
        and (offset is None or (type(offset) is int and -_BIGINT <= offset < _BIGINT))
        and (shown is None or (isinstance(shown, str) and shown in _SHOWN))
        and isinstance(kind, str)
        and kind in _KINDS
        and (kind != ScanKind.UNDO or undoes is not None)
        and (offline is None or isinstance(offline, bool))
        and (admit is None or isinstance(admit, bool))
        and all(data.get(name) is None or _is_text(data[name]) for name in _NAMES)
        and (data.get("walk_in") is None or walk_in is not None)
    )
    if not is_sound:
        # Kept as what it is, so that a repeat is answered alike; what it says is thrown away.
        return Reading(id=id, is_sound=False, scanned_at=scanned_at)
    return Reading(
        id=id,
        station=station or "",
        scanned_at=scanned_at,
        clock_offset_ms=offset,
        ticket=data.get("ticket"),
        code=data.get("code"),
        registration=data.get("registration"),
        walk_in=walk_in,
        kind=kind,
        undoes=undoes if kind == ScanKind.UNDO else None,
        shown=shown,
        offline=bool(offline),
        admit=bool(admit),
    )


def _is_text(value: Any) -> bool:
    """Tell whether it is text that a database takes: PostgreSQL refuses a zero byte."""
    return isinstance(value, str) and "\0" not in value


def read_uuid(text: Any) -> UUID | None:
    if not isinstance(text, str) or len(text) not in (32, 36):
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def read_moment(text: Any) -> datetime | None:
    """Read an ISO 8601 moment with its offset, in UTC."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
