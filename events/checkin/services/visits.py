"""The registrations and scans that one call is about: locked, read, and folded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from events.checkin.models import ScanKind
from events.checkin.services.ledger import (
    Known,
    Names,
    StoredScan,
    lock_also,
    lock_named,
    read_scans,
)
from events.checkin.services.readings import Reading
from events.checkin.visit import VisitState, as_folded, fold
from events.registrations.tickets import Ticket, read_code, read_ticket


@dataclass(kw_only=True)
class Visits:
    """What is known of those whom a batch names. Used inside a transaction.

    :param device_pk: none where an organizer is at work.
    """

    drive_pk: int
    device_pk: int | None
    known: dict[int, Known] = field(default_factory=dict)
    scans: dict[UUID, StoredScan] = field(default_factory=dict)
    _of: dict[int, dict[UUID, StoredScan]] = field(default_factory=dict)
    _states: dict[int, VisitState] = field(default_factory=dict)
    _by_id: dict[str, Known] = field(default_factory=dict)
    _by_code: dict[str, Known] = field(default_factory=dict)
    _tickets: dict[str, Ticket | None] = field(default_factory=dict)
    # By the scan that they wait for: undos by what they undo, passes by the walk-in they name.
    _early: dict[UUID, list[StoredScan]] = field(default_factory=dict)

    # --- Lock and read ---------------------------------------------------------------------------

    def load(self, readings: Iterable[Reading], early: Mapping[UUID, UUID] | None = None) -> None:
        """Lock the registrations that the readings name, then read their scans.

        :param early: passes that named a walk-in before it came, with the id of that one.
        """
        names, ids = Names(), set()
        for reading in readings:
            if reading.id is None:
                continue
            ids.add(reading.id)
            if reading.is_sound:
                self._gather(reading, names)
        if names:
            self._keep(lock_named(drive_pk=self.drive_pk, device_pk=self.device_pk, names=names))
        self.read(ids | names.scans | names.walk_ins, early or {})

    def load_registrations(self, pks: set[int]) -> None:
        """Lock these registrations of the drive; their scans are still to be read."""
        if pks:
            self._keep(lock_also(drive_pk=self.drive_pk, pks=pks))

    def read(self, ids: set[UUID], early: Mapping[UUID, UUID]) -> None:
        """Read the scans, and lock the registrations to which only these lead."""
        while True:
            self.scans = read_scans(ids=ids | early.keys(), pks=self.known.keys())
            led_to = {
                scan.registration_pk
                for scan in self.scans.values()
                if scan.registration_pk is not None and scan.drive_pk == self.drive_pk
            }
            if led_to <= self.known.keys():
                break
            self._keep(lock_also(drive_pk=self.drive_pk, pks=led_to - self.known.keys()))
        for id, scan in self.scans.items():
            if scan.registration_pk in self.known:
                self._of.setdefault(scan.registration_pk, {})[id] = scan
            self._note_early_undo(scan)
        for id, walk_in in early.items():
            if (scan := self.scans[id]).registration_pk is None:
                self._early.setdefault(walk_in, []).append(scan)

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

    def _note_early_undo(self, scan: StoredScan) -> None:
        """Remember an undo that came before what it undoes."""
        if scan.visit.undoes and scan.registration_pk is None and scan.drive_pk == self.drive_pk:
            self._early.setdefault(scan.visit.undoes, []).append(scan)

    # --- Look up ---------------------------------------------------------------------------------

    def named(self, reading: Reading) -> tuple[Ticket | str | None, Known | None]:
        """Return what was read, as the rule takes it, and the registration that it names."""
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
            pk = made.registration_pk if made and made.drive_pk == self.drive_pk else None
            return str(reading.walk_in), self.known.get(pk or 0)
        return None, None

    def of(self, pk: int) -> dict[UUID, StoredScan]:
        """Return the scans of a registration, those that do not count among them."""
        return self._of.get(pk, {})

    def state(self, pk: int) -> VisitState:
        """Return what the scans of a registration come to by now."""
        state = self._states.get(pk)
        if state is None:
            scans = self.of(pk).values()
            state = fold(as_folded(scan.visit) for scan in scans if not scan.waits_for_organizer)
            self._states[pk] = state
        return state

    # --- Add -------------------------------------------------------------------------------------

    def add(self, scan: StoredScan) -> list[StoredScan]:
        """Add a new scan to its registration's visit.

        :returns: what had come before it, and has found its registration now.
        """
        self.scans[scan.visit.id] = scan
        self._note_early_undo(scan)
        return [] if scan.registration_pk is None else self._give(scan, scan.registration_pk)

    def attach(self, id: UUID, pk: int) -> list[StoredScan]:
        """Give a scan that belonged to nobody to a registration, and return all that followed."""
        return [self.scans[id], *self._give(self.scans[id], pk)]

    def _give(self, scan: StoredScan, pk: int) -> list[StoredScan]:
        scan.registration_pk = pk
        self._of.setdefault(pk, {})[scan.visit.id] = scan
        self._states.pop(pk, None)
        waited = self._early.pop(scan.visit.id, [])
        return [given for one in waited for given in (one, *self._give(one, pk))]

    def forget_states(self) -> None:
        """Fold all anew when asked: scans that did not count do now."""
        self._states.clear()
