"""Phones at the welcome desk as programs: what the scanner does, over real HTTP, without a browser.

Each holds roster, keys and queue as the browser does, judges by the one rule, writes a scan down
before it shows it, and sends when it can. Its network goes up and down, cuts requests off before
and after the server had them, and its clock may be hours wrong.
"""

from __future__ import annotations

import base64
import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from events.registrations.tickets import (
    DAY_MARGIN,
    DriveFacts,
    KnownRegistration,
    drive_midnight,
    judge,
    read_ticket,
)


class Away(Exception):
    """The server could not be reached, or its answer was lost."""


class Ended(Exception):
    """The server says that this device may not scan any more."""


@dataclass
class Network:
    """What lies between a phone and the server. ``broken`` is how often a request is cut off."""

    port: int
    chance: Random
    broken: float = 0.1
    up: bool = True
    calls: int = 0
    lost: int = 0

    def call(self, method: str, path: str, body: object, token: str) -> Any:
        """Call the API. Asked twice with the same ids it does the same."""
        fate = self.chance.random()
        if not self.up or fate < self.broken / 2:
            raise Away
        self.calls += 1
        headers = {"Authorization": f"Device {token}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v1/{path}", text, headers)
            if fate < self.broken * 0.75:
                self.lost += 1
                raise Away  # hung up while the server is at it
            answer = connection.getresponse()
            status, said = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Away from error
        finally:
            connection.close()
        if fate < self.broken:
            self.lost += 1
            raise Away  # the server has it, the answer got lost
        if status == 401:
            raise Ended
        if status >= 500 or status == 429:
            raise Away
        assert status in (200, 201), (status, said)
        return json.loads(said)


@dataclass
class SentScan:
    """A scan in the phone's store: as it is sent, and what it knew when it showed the verdict."""

    wire: dict[str, Any]
    person: str | None
    really_at: datetime
    roster_at: datetime
    answers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_sent(self) -> bool:
        return bool(self.answers)


@dataclass
class SimulatedPhone:
    """:param skew: how far its clock is from the truth."""

    label: str
    token: str
    network: Network
    chance: Random
    skew: timedelta = timedelta()
    store: dict[str, SentScan] = field(default_factory=dict)
    walk_ins: dict[str, dict[str, Any]] = field(default_factory=dict)
    registered: dict[str, dict[str, Any]] = field(default_factory=dict)  # walk-ins, as answered
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    conflicts: list[dict[str, Any]] = field(default_factory=list)
    drive: DriveFacts | None = None
    cursor: str | None = None
    roster_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    offset: timedelta | None = None
    is_ended: bool = False
    mutex: threading.Lock = field(default_factory=threading.Lock)

    # --- The clock -------------------------------------------------------------------------------

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.skew

    def _measure(self, sent_at: datetime, server_time: str) -> None:
        now = self.clock()
        self.offset = datetime.fromisoformat(server_time) - (sent_at + (now - sent_at) / 2)

    def _now(self) -> datetime | None:
        if self.offset is not None:
            return self.clock() + self.offset
        assert self.drive is not None
        near = self.drive.starts_at - DAY_MARGIN, self.drive.ends_at + DAY_MARGIN
        return self.clock() if near[0] <= self.clock() <= near[1] else None

    # --- Scan ------------------------------------------------------------------------------------

    def scan(self, ticket: str, *, admit: bool = False) -> str:
        """Judge a ticket, write the scan down, and show the verdict."""
        assert self.drive is not None
        read = read_ticket(ticket)
        id = read.claims.registration_id if read else None
        row = self.people.get(id) if id else None
        verdict = judge(
            read,
            drive=self.drive,
            known=self._known(id),
            scanned_here=id is not None and self._is_scanned_here(id, row),
            now=self._now(),
            admit=admit,
            on_server=False,
        ).value
        named = id if verdict not in ("bad_signature", "wrong_drive") else None
        self._write({"ticket": ticket if read else None, "admit": admit}, named, verdict)
        return verdict

    def undo(self, scan: SentScan) -> None:
        self._write({"kind": "undo", "undoes": scan.wire["id"]}, scan.person, None)

    def walk_in(self, full_name: str, phone: str) -> str:
        """Register somebody; it is sent when that is possible."""
        id = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        offset = self.offset and round(self.offset / timedelta(milliseconds=1))
        self.walk_ins[id] = {
            "id": id,
            "full_name": full_name,
            "phone": phone,
            "birth_year": 1995,
            "at": self.clock().isoformat(),
            "clock_offset_ms": offset,
            "offline": not self.network.up,
            "consents": ["registration"],
        }
        return id

    def _known(self, id: str | None) -> KnownRegistration | None:
        if id in self.revoked:
            return KnownRegistration("cancelled")
        row = self.people.get(id) if id else None
        if row is None:
            return None
        starts, ends = row["slot_starts_at"], row["slot_ends_at"]
        return KnownRegistration(
            row["status"],
            starts and datetime.fromisoformat(starts),
            ends and datetime.fromisoformat(ends),
        )

    def _is_scanned_here(self, id: str, row: dict[str, Any] | None) -> bool:
        undone = {sent.wire.get("undoes") for sent in self.store.values()}
        own = [s for s in self.store.values() if s.person == id and s.wire["shown"] == "accepted"]
        if any(sent.wire["id"] not in undone for sent in own):
            return True
        return row is not None and "welcome" in row["scans"] and not own

    def _write(self, what: dict[str, Any], person: str | None, shown: str | None) -> None:
        id = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        offset = self.offset and round(self.offset / timedelta(milliseconds=1))
        wire = {
            "id": id,
            "station": "welcome",
            "scanned_at": self.clock().isoformat(),
            "clock_offset_ms": offset,
            "offline": not self.network.up,
            "shown": shown,
            **what,
        }
        self.store[id] = SentScan(wire, person, datetime.now(UTC), self.roster_at)

    # --- Send and fetch --------------------------------------------------------------------------

    @property
    def unsent(self) -> list[SentScan]:
        return [sent for sent in self.store.values() if not sent.is_sent]

    def exchange(self) -> bool:
        """Send what there is and fetch what changed; tell whether all of it went well."""
        try:
            with self.mutex:
                self._send_walk_ins()
                self._send_scans()
                if not self.is_ended:
                    self._pull()
        except Away:
            return False
        return True

    def _send_walk_ins(self) -> None:
        for id, body in list(self.walk_ins.items()):
            if id not in self.registered:
                sent = body | {"sent_at": self.clock().isoformat()}
                try:
                    answer = self.network.call("POST", "checkin/walk-ins/", sent, self.token)
                except Ended:
                    self.is_ended = True
                    return
                self.registered[id] = answer

    def _send_scans(self) -> None:
        while batch := self._next_batch():
            sent_at = self.clock()
            body = {
                "sent_at": sent_at.isoformat(),
                "status": {
                    "unsent": max(len(self.unsent) - len(batch), 0),
                    "roster_cursor": self.cursor,
                    "version": "simulated",
                },
                "scans": [sent.wire for sent in batch],
            }
            try:
                answer = self.network.call("POST", "checkin/scans/", body, self.token)
            except Ended:
                self.is_ended = True
                return
            self._measure(sent_at, answer["server_time"])
            assert [result["id"] for result in answer["results"]] == [s.wire["id"] for s in batch]
            for sent, result in zip(batch, answer["results"], strict=True):
                sent.answers.append(result)

    def _next_batch(self) -> list[SentScan]:
        """Give some of what is unsent, in any order, and now and then what was sent before."""
        unsent = self.unsent
        if not unsent:
            return []
        batch = self.chance.sample(unsent, min(len(unsent), self.chance.choice([1, 3, 20, 500])))
        sent = [one for one in self.store.values() if one.is_sent]
        if sent and self.chance.random() < 0.2:
            batch += self.chance.sample(sent, min(len(sent), 3))
        self.chance.shuffle(batch)
        return batch

    def _pull(self) -> None:
        more = True
        while more:
            sent_at = self.clock()
            query = f"?cursor={self.cursor}" if self.cursor else ""
            try:
                page = self.network.call("GET", f"checkin/roster/{query}", None, self.token)
            except Ended:
                self.is_ended = True
                return
            self._measure(sent_at, page["server_time"])
            for row in page["registrations"]:
                self.people[row["id"]] = row
                self.revoked.discard(row["id"])
            for id in page["revoked"]:
                self.revoked.add(id)
                self.people.pop(id, None)
            self._take_drive(page)
            self.conflicts, self.cursor, more = page["conflicts"], page["cursor"], page["more"]
        # What changed before this moment is known here.
        self.roster_at = sent_at - self.skew

    def _take_drive(self, page: dict[str, Any]) -> None:
        drive = page["drive"]
        self.drive = DriveFacts(
            number=drive["number"],
            starts_at=datetime.fromisoformat(drive["starts_at"]),
            ends_at=datetime.fromisoformat(drive["ends_at"]),
            midnight=drive_midnight(datetime.fromisoformat(drive["date"]).date(), drive["zone"]),
            keys={key["key_id"]: base64.b64decode(key["public_key"]) for key in page["keys"]},
            tolerance_minutes=drive["tolerance_minutes"],
            rehearsal=drive["rehearsal"],
            cancelled=drive["cancelled"],
        )


def until_sent(phone: SimulatedPhone, *, seconds: float = 60) -> None:
    """Let a phone go on trying until everything is sent and the roster is as of now."""
    deadline = time.monotonic() + seconds
    while not (phone.exchange() and not phone.unsent):
        assert time.monotonic() < deadline, (phone.label, len(phone.unsent))
        time.sleep(0.05)


def in_threads(
    works: Sequence[Callable[[], None]], meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Do all at once; the first that fails fails.

    :param meanwhile: done in this thread; a process that is started ends with its thread.
    """
    failed: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    meanwhile()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
