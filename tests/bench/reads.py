"""What is only read: the public drive page, the roster of a big drive, and what changed in it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

from tests.bench.bare import sql
from tests.bench.client import Answers, get, send
from tests.bench.people import Ours, bare_drive
from tests.bench.plain import transactions

Round = Callable[[], Answers]
ROSTER = "/api/v1/checkin/roster/"


def get_often(port: int, path: str, *, clients: int, requests: int) -> Round:
    """Ask for one page again and again."""
    asked = [get(path)] * requests

    def run() -> Answers:
        answers = send(port, asked, connections=clients)
        answers.expect(200)
        return answers

    return run


def page_alone(url: str, slug: str, *, clients: int, requests: int) -> Round:
    given = [slug] * requests
    return lambda: transactions(
        url, lambda cursor, one: sql.page(cursor, slug=one), given, connections=clients
    )


def bare_page(url: str, *, slots: int, people: int) -> str:
    return bare_drive(url, slots=slots, capacity=people, people=people).slug


def roster(port: int, ours: Ours, *, requests: int, people: int) -> Round:
    """Load the whole roster, as a phone does when it is enrolled."""
    asked = [get(ROSTER, _headers(_a_device(ours)))] * requests

    def run() -> Answers:
        answers = send(port, asked, connections=1, keep_bodies=True)
        answers.expect(200)
        sent = len(_read(answers.bodies[0])["registrations"])
        if sent != people:
            raise RuntimeError(f"{sent} of {people} are in the roster")
        return answers

    return run


def delta(port: int, ours: Ours, *, requests: int) -> Round:
    """Ask what changed since the roster was read, as a phone does every few seconds."""
    token = _a_device(ours)
    whole = send(port, [get(ROSTER, _headers(token))], connections=1, keep_bodies=True)
    cursor = _read(whole.bodies[0])["cursor"]
    asked = [get(f"{ROSTER}?cursor={cursor}", _headers(token))] * requests

    def run() -> Answers:
        answers = send(port, asked, connections=4)
        answers.expect(200)
        return answers

    return run


def _a_device(ours: Ours) -> str:
    ours.drive.devices.all().delete()
    [token] = ours.devices(1)
    return token


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Device {token}", "Accept-Encoding": "gzip"}


def _read(body: bytes) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(
        gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    )
    return read
