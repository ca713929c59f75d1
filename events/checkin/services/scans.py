"""Take in what devices have scanned: judge it, keep it, and fold it into the registrations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, wraps
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.db import IntegrityError

from accounts.attempts import Attempt
from backend.transactions import MOST_TRIES, in_transaction
from events.checkin.models import Answer, Device, ScanKind, StationKind
from events.checkin.services.ledger import (
    Arrival,
    Known,
    Names,
    NewScan,
    StoredScan,
    Writing,
    lock_also,
    lock_named,
    read_scans,
    write,
)
from events.checkin.visit import VisitScan, VisitState, corrected_time, fold
from events.drives.models import Drive
from events.registrations.signing import drive_facts
from events.registrations.tickets import (
    DriveFacts,
    KnownRegistration,
    Ticket,
    judge,
    read_code,
    read_ticket,
)

P = ParamSpec("P")
R = TypeVar("R")

# Verdicts on what is genuine: only these are attached to a registration and name it.
_NAMES_NOBODY = frozenset(
    [Answer.MALFORMED, Answer.WRONG_DRIVE, Answer.BAD_SIGNATURE, Answer.UNKNOWN, Answer.NOT_ALLOWED]
)
_KINDS = frozenset(StationKind.values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One scan as a device reports it. Shape only; ``accept_scans`` judges.

    :param id: none, and the scan cannot be kept.
    :param is_sound: whether all of its fields could be read; if not it is ``malformed``.
    """

    id: UUID | None
    is_sound: bool = True
    station: str = ""
    scanned_at: datetime | None = None
    clock_offset_ms: int | None = None
    ticket: str | None = None
    code: str | None = None
    registration: str | None = None
    walk_in: UUID | None = None
    kind: str = ScanKind.PASS.value
    undoes: UUID | None = None
    shown: str | None = None
    offline: bool = False
    admit: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstScan:
    """The check-in at a station, told to whoever scans the same person there again."""

    device: str | None
    station: str
    scanned_at: datetime  # corrected
    number: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherScan:
    """The other side of a conflict."""

    kind: str
    device: str | None
    scanned_at: datetime  # corrected


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanResult:
    """What a device is answered for one of its scans."""

    id: UUID | None
    verdict: str
    registration: Known | None = None
    first: FirstScan | None = None
    conflict: OtherScan | None = None


class _StartAnew(Exception):
    """Somebody wrote the same scan, or a second registration of the same donor, just now."""


def in_fresh_transactions(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service in a transaction, and anew where another one got in its way."""
    once = in_transaction(service)

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for tries_left in reversed(range(MOST_TRIES)):
            try:
                return once(*args, **kwargs)
            except (_StartAnew, IntegrityError):
                if tries_left == 0:
                    raise
        raise AssertionError("unreachable")

    return run


@in_fresh_transactions
def accept_scans(
    *, device: Device, readings: Sequence[Reading], sent_at: datetime, now: datetime
) -> list[ScanResult]:
    """Judge and keep each reading, and renew the registrations that they are about.

    Any reading again changes nothing and gives the first verdict, with what is known by now. From a
    device that was revoked the scans are kept apart and nobody is named.

    :returns: one result for each reading, in their order.
    """
    batch = Batch(device=device, drive=device.drive, sent_at=sent_at, now=now)
    batch.load(readings)
    verdicts = [batch.take(reading) for reading in readings]
    batch.settle()
    return [
        batch.result(reading, verdict) for reading, verdict in zip(readings, verdicts, strict=True)
    ]


@in_transaction
def accept_scans_once(
    *,
    device: Device,
    readings: Sequence[Reading],
    sent_at: datetime,
    attempt: Attempt,
    now: datetime,
) -> tuple[list[ScanResult], bool]:
    """Do the same under a key; what is known of the scans is as of now all the same.

    :returns: the results, and whether an earlier call of the same attempt took the scans in.
    :raises KeyReused: the attempt's key came before with another body.
    """
    first = attempt.claim(device.label, now=now)
    results = accept_scans(device=device, readings=readings, sent_at=sent_at, now=now)
    return results, first is not None


@dataclass(kw_only=True)
class Batch:
    """The registrations and scans that one call is about, from lock to write.

    Used inside a transaction: ``load``, ``take`` each reading, ``settle``, ``result``.
    """

    device: Device | None
    drive: Drive
    sent_at: datetime
    now: datetime
    known: dict[int, Known] = field(default_factory=dict)
    scans: dict[UUID, StoredScan] = field(default_factory=dict)
    _by_id: dict[str, Known] = field(default_factory=dict)
    _by_code: dict[str, Known] = field(default_factory=dict)
    _tickets: dict[str, Ticket | None] = field(default_factory=dict)
    _visits: dict[int, dict[UUID, StoredScan]] = field(default_factory=dict)
    _states: dict[int, VisitState] = field(default_factory=dict)
    _new: list[NewScan] = field(default_factory=list)
    _touched: dict[int, None] = field(default_factory=dict)  # in order of arrival
    _early_undos: dict[UUID, list[StoredScan]] = field(default_factory=dict)  # by what they undo
    _attached: set[UUID] = field(default_factory=set)

    @cached_property
    def facts(self) -> DriveFacts:
        return drive_facts(self.drive)

    @property
    def is_late(self) -> bool:
        return self.device is not None and self.device.ended_at <= self.now

    # --- Lock and read ---------------------------------------------------------------------------

    def load(self, readings: Iterable[Reading], *, also: Names | None = None) -> None:
        """Lock the registrations that the readings name, then read their scans."""
        names, ids = also or Names(), set()
        for reading in readings:
            if reading.id is None:
                continue
            ids.add(reading.id)
            if reading.is_sound:
                self._gather(reading, names)
        if names:
            self._keep(
                lock_named(
                    drive_pk=self.drive.pk,
                    device_pk=self.device.pk if self.device else None,
                    names=names,
                )
            )
        self.read(ids | names.scans | names.walk_ins)

    def load_registrations(self, pks: set[int]) -> None:
        """Lock these registrations of the drive; their scans are still to be read."""
        if pks:
            self._keep(lock_also(drive_pk=self.drive.pk, pks=pks))

    def read(self, ids: set[UUID]) -> None:
        """Read the scans, and lock the registrations to which only these lead."""
        while True:
            self.scans = read_scans(ids=ids, pks=self.known.keys())
            led_to = {
                scan.registration_pk
                for scan in self.scans.values()
                if scan.registration_pk is not None and scan.drive_pk == self.drive.pk
            }
            if led_to <= self.known.keys():
                break
            self._keep(lock_also(drive_pk=self.drive.pk, pks=led_to - self.known.keys()))
        for id, scan in self.scans.items():
            if scan.registration_pk in self.known:
                self._visits.setdefault(scan.registration_pk, {})[id] = scan
            self._note_early_undo(scan)

    def _gather(self, reading: Reading, names: Names) -> None:
        if reading.kind == ScanKind.UNDO:
            if reading.undoes:
                names.scans.add(reading.undoes)
        elif reading.ticket is not None:
            ticket = self._tickets.setdefault(reading.ticket, read_ticket(reading.ticket))
            if ticket:
                names.public_ids.add(ticket.claims.registration_id)
        elif reading.code is not None:
            if code := read_code(reading.code):
                names.codes.add(code)
        elif reading.registration is not None:
            names.public_ids.add(reading.registration)
        elif reading.walk_in is not None:
            names.walk_ins.add(reading.walk_in)

    def _keep(self, known: dict[int, Known]) -> None:
        self.known |= known
        for registration in known.values():
            self._by_id[registration.public_id] = registration
            self._by_code[registration.code] = registration

    # --- Judge -----------------------------------------------------------------------------------

    def take(self, reading: Reading) -> str:
        """Return the verdict on one reading; a new one joins the visit of its registration."""
        if reading.id is None:
            return Answer.MALFORMED.value
        if stored := self.scans.get(reading.id):
            # Another drive's scan is nobody's business here.
            here = stored.drive_pk == self.drive.pk
            return stored.visit.verdict if here else Answer.UNKNOWN.value
        at = self._corrected(reading)
        if reading.is_sound and reading.kind == ScanKind.UNDO:
            verdict, registration = self._judge_undo(reading)
        else:
            verdict, registration = self._judge_pass(reading, at)
        self._add(reading, verdict, registration, at)
        return verdict

    def _corrected(self, reading: Reading) -> datetime:
        if reading.scanned_at is None:
            return self.now
        return corrected_time(
            scanned_at=reading.scanned_at,
            clock_offset_ms=reading.clock_offset_ms,
            sent_at=self.sent_at,
            received_at=self.now,
        )

    def _judge_undo(self, undo: Reading) -> tuple[str, Known | None]:
        assert undo.undoes is not None
        undone = self.scans.get(undo.undoes)
        if undone is None or undone.drive_pk != self.drive.pk:
            # It may come later: the fold finds the undo then.
            return Answer.RECORDED.value, None
        device_pk = self.device.pk if self.device else None
        if self.device is not None and undone.visit.device != device_pk:
            return Answer.NOT_ALLOWED.value, None
        return Answer.RECORDED.value, self.known.get(undone.registration_pk or 0)

    def _judge_pass(self, reading: Reading, at: datetime) -> tuple[str, Known | None]:
        if not reading.is_sound:
            return Answer.MALFORMED.value, None
        if self.device is not None and reading.station not in self.device.stations:
            return Answer.NOT_ALLOWED.value, None
        read, registration = self._named(reading)
        visit = self._state(registration.pk) if registration else None
        verdict = judge(
            read,
            drive=self.facts,
            known=_as_judged(registration, visit) if registration and visit else None,
            scanned_here=visit is not None and reading.station in visit.check_ins,
            now=at,
            admit=reading.admit,
        ).value
        return verdict, None if verdict in _NAMES_NOBODY else registration

    def _named(self, reading: Reading) -> tuple[Ticket | str | None, Known | None]:
        if reading.ticket is not None:
            ticket = self._tickets.get(reading.ticket)
            return ticket, self._by_id.get(ticket.claims.registration_id) if ticket else None
        if reading.code is not None:
            code = read_code(reading.code)
            return code, self._by_code.get(code) if code else None
        if reading.registration is not None:
            return reading.registration, self._by_id.get(reading.registration)
        if reading.walk_in is not None:
            made = self.scans.get(reading.walk_in)
            pk = made.registration_pk if made and made.drive_pk == self.drive.pk else None
            return str(reading.walk_in), self.known.get(pk or 0)
        return None, None

    def _add(self, reading: Reading, verdict: str, to: Known | None, at: datetime) -> None:
        assert reading.id is not None
        visit = VisitScan(
            id=reading.id,
            at=at,
            station=reading.station if reading.station in _KINDS else "",
            device=self.device.pk if self.device else None,
            verdict=verdict,
            shown=reading.shown,
            kind="undo" if reading.kind == ScanKind.UNDO else "pass",
            undoes=reading.undoes,
            by_organizer=self.device is None,
        )
        self._new.append(
            NewScan(
                visit=visit,
                offline=reading.offline,
                admit=reading.admit,
                scanned_at=reading.scanned_at or self.now,
                clock_offset_ms=reading.clock_offset_ms,
                set_apart=self.is_late,
            )
        )
        stored = StoredScan(
            visit=visit,
            drive_pk=self.drive.pk,
            registration_pk=to.pk if to else None,
            device_label=self.device.label if self.device else None,
            waits_for_organizer=self.is_late,
        )
        self.scans[reading.id] = stored
        self._note_early_undo(stored)
        if to:
            self._join(to.pk, stored)
            for undo in self._early_undos.pop(reading.id, []):
                undo.registration_pk = to.pk
                self._attached.add(undo.visit.id)
                self._join(to.pk, undo)

    def _join(self, pk: int, scan: StoredScan) -> None:
        self._visits.setdefault(pk, {})[scan.visit.id] = scan
        self._states.pop(pk, None)
        self._touched.setdefault(pk)

    def _note_early_undo(self, scan: StoredScan) -> None:
        """Remember an undo that came before what it undoes."""
        if scan.visit.undoes and scan.registration_pk is None and scan.drive_pk == self.drive.pk:
            self._early_undos.setdefault(scan.visit.undoes, []).append(scan)

    def _state(self, pk: int) -> VisitState:
        state = self._states.get(pk)
        if state is None:
            scans = self._visits.get(pk, {}).values()
            state = fold(scan.visit for scan in scans if not scan.waits_for_organizer)
            self._states[pk] = state
        return state

    # --- Fold and write --------------------------------------------------------------------------

    def renew(self) -> None:
        """Fold all registrations that were loaded anew, although no scan is added."""
        self._states.clear()
        self._touched = dict.fromkeys(self.known)

    def settle(self) -> None:
        """Fold what was touched, and write all that is new or has become different."""
        new_ids = {new.visit.id for new in self._new}
        renewed: list[StoredScan] = []
        arrivals: list[Arrival] = []
        revived: set[int] = set()
        for pk in self._touched:
            state = self._state(pk)
            changed = self._mark_scans(pk, state)
            renewed += [scan for scan in changed if scan.visit.id not in new_ids]
            if arrival := self._arrival(self.known[pk], state):
                if self.known[pk].status == "cancelled" and arrival.status == "checked_in":
                    # A donor has one living registration here; see also _LIVING_ONCE.
                    donor_pk = self.known[pk].donor_pk
                    if donor_pk in revived:
                        arrival = replace(arrival, status="cancelled")
                    revived.add(donor_pk)
                arrivals.append(arrival)
            elif changed:
                arrivals.append(_unmoved(self.known[pk]))
        inserted, settled = write(
            Writing(
                drive_pk=self.drive.pk,
                now=self.now,
                scans=[(new, self.scans[new.visit.id]) for new in self._new],
                renewed=renewed,
                arrivals=arrivals,
            )
        )
        if inserted != len(self._new):
            raise _StartAnew
        for arrival in arrivals:
            registration = self.known[arrival.pk]
            registration.status, registration.number = settled[arrival.pk]
            registration.checked_in_at = arrival.checked_in_at

    def _mark_scans(self, pk: int, state: VisitState) -> list[StoredScan]:
        """Note on each scan what the fold makes of it; return those for which that is new."""
        counted = {visit.id for visit in state.counted}
        conflicts: dict[UUID, str] = {}
        for conflict in state.conflicts:
            for visit in conflict.scans:
                if conflict.kind == "cancelled" and visit.verdict == Answer.REVOKED:
                    conflicts[visit.id] = conflict.kind
                elif conflict.kind == "double" and visit is not conflict.scans[0]:
                    conflicts.setdefault(visit.id, conflict.kind)
        changed = []
        for id, scan in self._visits.get(pk, {}).items():
            was = (scan.counts, scan.conflict)
            scan.counts, scan.conflict = id in counted, conflicts.get(id, "")
            if was != (scan.counts, scan.conflict) or id in self._attached:
                changed.append(scan)
        return changed

    def _arrival(self, registration: Known, state: VisitState) -> Arrival | None:
        at = min((scan.at for scan in state.check_ins.values()), default=None)
        status = "checked_in" if state.check_ins else registration.status_before
        accepted = any(
            scan.visit.verdict == "accepted" and not scan.waits_for_organizer
            for scan in self._visits[registration.pk].values()
        )
        draws = registration.number is None and (accepted or bool(state.counted))
        if not draws and (status, at) == (registration.status, registration.checked_in_at):
            return None
        return Arrival(pk=registration.pk, status=status, checked_in_at=at, draws_number=draws)

    # --- Answer ----------------------------------------------------------------------------------

    def result(self, reading: Reading, verdict: str) -> ScanResult:
        """Return what is known of a reading by now."""
        bare = ScanResult(id=reading.id, verdict=verdict)
        stored = self.scans.get(reading.id) if reading.id else None
        if stored is None or stored.drive_pk != self.drive.pk or self.is_late:
            return bare
        registration = self.known.get(stored.registration_pk or 0)
        if registration is None or registration.erased:
            return bare
        state = self._state(registration.pk)
        check_in = state.check_ins.get(stored.visit.station)
        first = conflict = None
        if check_in and check_in.id != stored.visit.id:
            first = FirstScan(
                device=self.scans[check_in.id].device_label,
                station=check_in.station,
                scanned_at=check_in.at,
                number=registration.number,
            )
        if found := state.conflict_of(stored.visit.id):
            others = [scan for scan in found.scans if scan.id != stored.visit.id]
            other = others[0] if others else found.scans[0]
            conflict = OtherScan(
                kind=found.kind,
                device=self.scans[other.id].device_label,
                scanned_at=other.at,
            )
        return ScanResult(
            id=reading.id,
            verdict=verdict,
            registration=registration,
            first=first,
            conflict=conflict,
        )


def _unmoved(registration: Known) -> Arrival:
    """Touch the row all the same: its conflicts are news for every roster."""
    return Arrival(
        pk=registration.pk,
        status=registration.status,
        checked_in_at=registration.checked_in_at,
        draws_number=False,
    )


def _as_judged(registration: Known, visit: VisitState) -> KnownRegistration:
    """Return what the rule needs; an undo in the same batch counts already."""
    if registration.erased:
        status = "cancelled"
    else:
        status = "checked_in" if visit.check_ins else registration.status_before
    return KnownRegistration(
        status=status,  # type: ignore[arg-type]
        slot_starts_at=registration.slot_starts_at,
        slot_ends_at=registration.slot_ends_at,
    )


__all__ = [
    "Batch",
    "FirstScan",
    "OtherScan",
    "Reading",
    "ScanResult",
    "accept_scans",
    "accept_scans_once",
]
