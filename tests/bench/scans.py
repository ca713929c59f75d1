"""Scans: one phone, four, sixteen, and batches as they come after an hour without a network."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.bench.bare import sql
from tests.bench.client import Answers, post_json, send
from tests.bench.people import bare_drive, our_drive
from tests.bench.plain import transactions

PATH = "/api/v1/checkin/scans/"
Round = Callable[[], Answers]


def ours(port: int, *, devices: int, requests: int, batch: int = 1) -> Round:
    """Let devices scan everybody of a drive once, each over its own connection."""
    people = our_drive(slots=1, capacity=requests * batch, people=requests * batch, today=True)
    tokens = people.devices(devices)
    now = datetime.now(UTC).isoformat()
    bodies = []
    for nth, tickets in enumerate(_batches(people.tickets(), batch)):
        scans = [
            {
                "id": str(uuid.uuid4()),
                "ticket": ticket,
                "station": "welcome",
                "scanned_at": now,
                "clock_offset_ms": 12,
                "offline": batch > 1,
                "shown": "accepted",
            }
            for ticket in tickets
        ]
        body = {"sent_at": now, "status": {"unsent": 0, "version": "1"}, "scans": scans}
        token = {"Authorization": f"Device {tokens[nth % devices]}"}
        bodies.append(post_json(PATH, body, token))

    def run() -> Answers:
        answers = send(port, bodies, connections=devices, keep_bodies=True)
        answers.expect(200)
        verdicts = [
            result["verdict"] for body in answers.bodies for result in json.loads(body)["results"]
        ]
        if verdicts != ["accepted"] * (requests * batch):
            raise RuntimeError(f"not all were accepted: {verdicts[:5]}")
        return answers

    return run


def bare(port: int, url: str, *, devices: int, requests: int, batch: int = 1) -> Round:
    given = _bare_bodies(url, devices=devices, requests=requests, batch=batch)
    bodies = [
        post_json(PATH, {"scans": body["scans"]}, {"Authorization": f"Device {body['token']}"})
        for body in given
    ]

    def run() -> Answers:
        answers = send(port, bodies, connections=devices)
        answers.expect(200)
        return answers

    return run


def alone(url: str, *, devices: int, requests: int, batch: int = 1) -> Round:
    given = _bare_bodies(url, devices=devices, requests=requests, batch=batch)

    def scan(cursor: Any, body: dict[str, Any]) -> None:
        sql.scan(cursor, **body)

    return lambda: transactions(url, scan, given, connections=devices)


def _bare_bodies(url: str, *, devices: int, requests: int, batch: int) -> Sequence[dict[str, Any]]:
    drive = bare_drive(
        url, slots=1, capacity=requests * batch, people=requests * batch, devices=devices
    )
    now = datetime.now(UTC).isoformat()
    return [
        {
            "token": drive.tokens[nth % devices],
            "scans": [
                {"id": str(uuid.uuid4()), "registration": registration, "scanned_at": now}
                for registration in registrations
            ],
        }
        for nth, registrations in enumerate(_batches(drive.registrations, batch))
    ]


def _batches(items: Sequence[str], size: int) -> list[Sequence[str]]:
    return [items[at : at + size] for at in range(0, len(items), size)]
