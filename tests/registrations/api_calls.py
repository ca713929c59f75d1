"""Short ways to ask for a place over the API."""

from __future__ import annotations

from typing import Any

from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.tokens import manage_token

AN = {
    "full_name": "Nguyễn Thị Hoà",
    "phone": "0912 345 678",
    "birth_year": 1997,
    "email": "hoa@example.com",
    "consents": ["registration", "reminders"],
}


def path_of(drive: Drive) -> str:
    return f"drives/{drive.slug}/registrations/"


def own(registration: Registration, *more: str) -> str:
    return "/".join(["registrations", manage_token(registration), *more]) + "/"


def asking(slot: Any, **other: Any) -> dict[str, Any]:
    return {"slot": slot.public_id, **AN, **other}


def iso(moment):
    return moment.astimezone(tz=None).isoformat() if moment else None
