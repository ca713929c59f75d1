"""A kind of message of the tests' own: it is about nothing but its id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from notifications.kinds import Facts, register_kind
from notifications.letters import Letter
from notifications.models import Message


class PlainLetter(Letter):
    def text(self) -> str:
        return f"{self.subject}\n"

    def html(self) -> str:
        return f"<p>{self.subject}</p>\n"


def load(ids: Sequence[str]) -> dict[str, Facts]:
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    return {one: Facts(subject=one, language="vi", zone=zone) for one in ids if one != "gone"}


def context(about: str, message: Message, now: datetime) -> Letter | None:
    if about == "unwanted":
        return None
    if about == "broken":
        raise ZeroDivisionError
    return PlainLetter(to=f"{about}@example.com", subject=about, template="", context={})


def name_kinds() -> None:
    register_kind("plain", load=load, context=context)
    register_kind("calm", load=load, context=context, quiet=True)
