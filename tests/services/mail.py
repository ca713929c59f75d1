"""A real mail server on loopback that keeps what arrives, and can refuse or stall."""

import time
from collections.abc import Awaitable, Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


class _Keeper:
    def __init__(self, server: "MailServer") -> None:
        self.server = server

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if answer := self.server.answers.get(address, self.server.answers.get("*")):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, protocol: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        if self.server.during_data is not None:
            answer = await self.server.during_data(protocol, session, message)
            if answer is not None:
                return answer
        self.server.messages.append(message)
        self.server.peers.append(session.peer)
        return self.server.after_data or "250 Message accepted"


class MailServer:
    """Starts at once. ``answers`` maps an address (or ``*``) to a refusal such as ``550 no``."""

    def __init__(self, port: int = 0) -> None:
        self.messages: list[EmailMessage] = []
        self.peers: list[tuple[str, int]] = []  # one entry a message: equal peers, one connection
        self.answers: dict[str, str] = {}
        self.after_data = ""
        # Called with what was received, before it is kept; what it returns is the answer instead.
        self.during_data: Callable[[Any, Any, EmailMessage], Awaitable[str | None]] | None = None
        self.port = port or _free_port()
        self.restart(self.port)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def wait_for(self, count: int, seconds: float = 20) -> list[EmailMessage]:
        deadline = time.monotonic() + seconds
        while len(self.messages) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.messages

    def clear(self) -> None:
        self.messages.clear()
        self.peers.clear()
        self.answers.clear()
        self.after_data = ""
        self.during_data = None

    def stop(self) -> None:
        self._controller.stop()

    def restart(self, port: int) -> None:
        self._controller = Controller(_Keeper(self), hostname="127.0.0.1", port=port)
        self._controller.start()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
