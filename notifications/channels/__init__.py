"""Ways to reach a person. Each is an adapter with its own settings.

A channel takes an ``Outgoing`` and returns once its provider has said yes; any other end is a
``Temporary`` (try again) or a ``Permanent`` (pointless to try again).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from notifications.letters import Letter


class Temporary(Exception):
    """It may work later.

    :param unsure: the provider may have taken the message, so a second try may be a double.
    :param server: it is not about this message: the next one would meet the same.
    """

    def __init__(self, reason: str, *, unsure: bool = False, server: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.unsure, self.server = reason, unsure, server


class Permanent(Exception):
    """It will never work; ``reason`` is a stable code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A letter on its way, its words as of ``at``.

    :param message_id: under which the provider knows it; the same in every try.
    """

    message_id: str
    kind: str
    language: str
    at: datetime
    letter: Letter
    text: str
    html: str


class Channel(Protocol):
    """One connection to a provider, for up to 100 messages. Not shared between threads."""

    def open(self) -> None:
        """Connect, where that is not done.

        :raises Temporary: with ``server``.
        """

    def send(self, outgoing: Outgoing) -> None:
        """Hand a message over; returning means that the provider said yes.

        :raises Temporary:
        :raises Permanent:
        """

    def close(self) -> None:
        """End the connection; never raises."""


def channel_named(name: str) -> Channel:
    """Return a channel that is not open yet.

    :raises LookupError: there is none of that name.
    """
    from notifications.channels.mail import mail_channel

    if name == "email":
        return mail_channel()
    raise LookupError(f"no channel is named {name!r}")
