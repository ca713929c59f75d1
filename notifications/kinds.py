"""The kinds of messages. Apps name theirs in ``ready()``; this room knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from notifications.letters import Letter
from notifications.models import Message


class NotWanted(Exception):
    """A message would say what is not true or not wanted any more; ``reason`` is a stable code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a message is about, as of the moment it was read."""

    subject: Any
    language: str
    zone: ZoneInfo


Load = Callable[[Sequence[str]], Mapping[str, Facts]]
Context = Callable[[Any, Message, datetime], Letter | None]


@dataclass(frozen=True, kw_only=True)
class Kind:
    name: str
    load: Load
    context: Context
    quiet: bool
    superseded_by: frozenset[str]


_KINDS: dict[str, Kind] = {}


def register_kind(
    name: str,
    *,
    load: Load,
    context: Context,
    quiet: bool = False,
    superseded_by: Sequence[str] = (),
) -> None:
    """Tell how messages of a kind are written. Naming it again replaces it.

    :param load: reads the facts for many ``about_id`` at once; who is not in its answer is gone.
    :param context: makes the letter from the facts, called in their language and zone; ``None``
        (or ``NotWanted`` with a reason) drops the message.
    :param quiet: held back in quiet hours, and sent after what cannot wait.
    :param superseded_by: kinds whose later message about the same id makes this one pointless.
    """
    _KINDS[name] = Kind(
        name=name,
        load=load,
        context=context,
        quiet=quiet,
        superseded_by=frozenset(superseded_by),
    )


def kind_named(name: str) -> Kind:
    """Return a kind.

    :raises LookupError: no app has named it, or not in this version.
    """
    try:
        return _KINDS[name]
    except KeyError:
        raise LookupError(f"no kind of message is named {name!r}") from None
