"""A lean HTTP client: requests are bytes made beforehand, connections stay open.

It shares the machine with what it measures, so it does as little as it can.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlencode


@dataclass
class Answers:
    """What came back of one load."""

    seconds: float = 0.0
    client_cpu_seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)  # seconds, one a request
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)  # only where they are wanted

    @property
    def count(self) -> int:
        return len(self.latencies)

    def expect(self, *statuses: int) -> None:
        if not set(self.statuses) <= set(statuses):
            said = self.bodies[-1][:2000] if self.bodies else b""
            raise RuntimeError(f"expected {statuses}, got {dict(self.statuses)}: {said!r}")


def get(path: str, headers: Mapping[str, str] | None = None) -> bytes:
    return _request("GET", path, headers or {}, b"")


def post_json(path: str, body: object, headers: Mapping[str, str] | None = None) -> bytes:
    sent = json.dumps(body, ensure_ascii=False).encode()
    return _request("POST", path, {"Content-Type": "application/json", **(headers or {})}, sent)


def post_form(path: str, fields: Sequence[tuple[str, str]]) -> bytes:
    kind = "application/x-www-form-urlencoded"
    return _request("POST", path, {"Content-Type": kind}, urlencode(fields).encode())


def _request(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    given = {"Host": "127.0.0.1", "Accept-Language": "vi", **headers}
    if method == "POST":
        given["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def send(
    port: int, requests: Iterable[bytes], *, connections: int, keep_bodies: bool = False
) -> Answers:
    """Send all requests over so many connections, each taking the next one when it is free."""
    return asyncio.run(_send(port, iter(requests), connections, keep_bodies))


async def _send(
    port: int, requests: Iterator[bytes], connections: int, keep_bodies: bool
) -> Answers:
    answers = Answers()
    loop = asyncio.get_running_loop()
    ends: list[asyncio.Future[None]] = []
    lines: list[_Line] = []
    for _n in range(connections):
        end: asyncio.Future[None] = loop.create_future()
        line = _Line(requests, answers, end, keep_bodies)
        await loop.create_connection(partial(_same, line), "127.0.0.1", port)
        ends.append(end)
        lines.append(line)
    cpu, started = time.process_time(), time.perf_counter()
    for line in lines:
        line.next()
    await asyncio.gather(*ends)
    answers.seconds = time.perf_counter() - started
    answers.client_cpu_seconds = time.process_time() - cpu
    return answers


def _same(line: _Line) -> _Line:
    return line


class _Line(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends the next."""

    transport: asyncio.Transport

    def __init__(
        self,
        requests: Iterator[bytes],
        answers: Answers,
        end: asyncio.Future[None],
        keep_bodies: bool,
    ) -> None:
        self.requests, self.answers, self.end = requests, answers, end
        self.keep_bodies = keep_bodies
        self.data = b""
        self.needed = 0
        self.body_at = 0
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def next(self) -> None:
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            if not self.end.done():
                self.end.set_result(None)
            return
        self.data, self.needed = b"", 0
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.data = self.data + data if self.data else data
        if not self.needed:
            head_end = self.data.find(b"\r\n\r\n")
            if head_end < 0:
                return
            head = self.data[:head_end].lower()
            at = head.find(b"content-length:")
            if at < 0:
                raise RuntimeError(f"an answer without a length: {head[:400]!r}")
            line_end = head.find(b"\r\n", at)
            length = int(head[at + 15 : line_end if line_end > 0 else None])
            self.body_at = head_end + 4
            self.needed = self.body_at + length
        if len(self.data) >= self.needed:
            answers = self.answers
            answers.latencies.append(time.perf_counter() - self.sent_at)
            status = int(self.data[9:12])
            answers.statuses[status] += 1
            if self.keep_bodies or status >= 500:
                answers.bodies.append(self.data[self.body_at :])
            self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.end.done():
            self.end.set_exception(exc or ConnectionError("the server hung up"))
