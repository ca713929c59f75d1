"""One call's scans: judged, added to the visits that they belong to, and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import F

from events.checkin.models import Answer, Device, ScanKind, StationKind
from events.checkin.services.anew import StartAnew
from events.checkin.services.ledger import Known, NewScan, StoredScan
from events.checkin.services.readings import FirstScan, OtherScan, Reading, ScanResult
from events.checkin.services.visits import Visits
from events.checkin.services.writing import Arrival, Writing, write
from events.checkin.visit import VisitScan, VisitState, corrected_time
from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.signing import drive_facts
from events.registrations.tickets import DriveFacts, KnownRegistration, judge

# Verdicts on what is genuine: only these are attached to a registration and name it.
_NAMES_NOBODY = frozenset(
    [Answer.MALFORMED, Answer.WRONG_DRIVE, Answer.BAD_SIGNATURE, Answer.UNKNOWN, Answer.NOT_ALLOWED]
)
_KINDS = frozenset(StationKind.values)


@dataclass(kw_only=True)
class Batch:
    """Takes readings from lock to write.

    Used inside a transaction: ``load``, ``take`` each reading, ``settle``, ``result``.

    :param device: none where an organizer is at work.
    :param seats_waiting: who is on a waiting list is let in all the same, as a walk-in.
    """

    device: Device | None
    drive: Drive
    sent_at: datetime
    now: datetime
    seats_waiting: bool = False
    _new: list[NewScan] = field(default_factory=list)
    _touched: dict[int, None] = field(default_factory=dict)  # in order of arrival
    _attached: set[UUID] = field(default_factory=set)

    @cached_property
    def visits(self) -> Visits:
        return Visits(
            drive_pk=self.drive.pk, device_pk=None if self.device is None else self.device.pk
        )

    @cached_property
    def facts(self) -> DriveFacts:
        return drive_facts(self.drive)

    @property
    def is_late(self) -> bool:
        return self.device is not None and self.device.ended_at <= self.now

    def load(self, readings: Iterable[Reading], early: Mapping[UUID, UUID] | None = None) -> None:
        """Lock the registrations that the readings name, then read their scans.

        :param early: passes that named a walk-in before it came, with the id of that one.
        """
        self.visits.load(readings, early)

    # --- Judge -----------------------------------------------------------------------------------

    def take(self, reading: Reading) -> str:
        """Return the verdict on one reading; a new one joins the visit of its registration."""
        if reading.id is None:
            return Answer.MALFORMED.value
        if stored := self.visits.scans.get(reading.id):
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

    def set_apart(self, reading: Reading, verdict: str) -> None:
        """Add the pass of somebody who is registered only once an organizer takes it."""
        self._add(reading, verdict, None, self._corrected(reading))

    def attach(self, scan: UUID, pk: int) -> None:
        """Give a stored scan that belonged to nobody, and what waited for it, a registration."""
        self._attached.update(given.visit.id for given in self.visits.attach(scan, pk))

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
        undone = self.visits.scans.get(undo.undoes)
        if undone is None or undone.drive_pk != self.drive.pk:
            # It may come later: the fold finds the undo then.
            return Answer.RECORDED.value, None
        device_pk = self.device.pk if self.device else None
        if self.device is not None and undone.visit.device != device_pk:
            return Answer.NOT_ALLOWED.value, None
        return Answer.RECORDED.value, self.visits.known.get(undone.registration_pk or 0)

    def _judge_pass(self, reading: Reading, at: datetime) -> tuple[str, Known | None]:
        if not reading.is_sound:
            return Answer.MALFORMED.value, None
        if self.device is not None and reading.station not in self.device.stations:
            return Answer.NOT_ALLOWED.value, None
        read, registration = self.visits.named(reading)
        visit = self.visits.state(registration.pk) if registration else None
        verdict = judge(
            read,
            drive=self.facts,
            known=self._as_judged(registration, visit) if registration and visit else None,
            scanned_here=visit is not None and reading.station in visit.check_ins,
            now=at,
            admit=reading.admit,
        ).value
        return verdict, None if verdict in _NAMES_NOBODY else registration

    def _as_judged(self, registration: Known, visit: VisitState) -> KnownRegistration:
        """Return what the rule needs; an undo in the same batch counts already."""
        status = "checked_in" if visit.check_ins else registration.status_before
        if status == "waitlisted" and self.seats_waiting:
            status = "registered"
        return KnownRegistration(
            status="cancelled" if registration.erased else status,  # type: ignore[arg-type]
            slot_starts_at=registration.slot_starts_at,
            slot_ends_at=registration.slot_ends_at,
        )

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
                walk_in=reading.walk_in if to is None else None,
            )
        )
        stored = StoredScan(
            visit=visit,
            drive_pk=self.drive.pk,
            registration_pk=to.pk if to else None,
            device_label=self.device.label if self.device else None,
            waits_for_organizer=self.is_late,
        )
        self._attached.update(given.visit.id for given in self.visits.add(stored))
        if to:
            self._touched.setdefault(to.pk)

    # --- Fold and write --------------------------------------------------------------------------

    def renew(self) -> None:
        """Fold all registrations that were loaded anew, although no scan is added."""
        self.visits.forget_states()
        self._touched = dict.fromkeys(self.visits.known)

    def settle(self) -> None:
        """Fold what was touched, and write all that is new or has become different."""
        new_ids = {new.visit.id for new in self._new}
        renewed: list[StoredScan] = []
        arrivals: list[Arrival] = []
        revived: set[int] = set()
        for pk in self._touched:
            state = self.visits.state(pk)
            changed = self._mark_scans(pk, state)
            renewed += [scan for scan in changed if scan.visit.id not in new_ids]
            if arrival := self._arrival(self.visits.known[pk], state):
                if self.visits.known[pk].status == "cancelled" and arrival.status == "checked_in":
                    # A donor has one living registration here; see also _LIVING_ONCE.
                    donor_pk = self.visits.known[pk].donor_pk
                    if donor_pk in revived:
                        arrival = replace(arrival, status="cancelled")
                    revived.add(donor_pk)
                arrivals.append(arrival)
            elif changed:
                arrivals.append(_unmoved(self.visits.known[pk]))
        inserted, settled = write(
            Writing(
                drive_pk=self.drive.pk,
                now=self.now,
                scans=[(new, self.visits.scans[new.visit.id]) for new in self._new],
                renewed=renewed,
                arrivals=arrivals,
            )
        )
        if inserted != len(self._new):
            raise StartAnew
        for arrival in arrivals:
            registration = self.visits.known[arrival.pk]
            registration.status, registration.number = settled[arrival.pk]
            registration.checked_in_at = arrival.checked_in_at
            self._leave_or_rejoin_line(registration)

    def _leave_or_rejoin_line(self, registration: Known) -> None:
        """Make who waited and is in a walk-in: no slot, no place; and back where that is undone."""
        changes: dict[str, Any] = {}
        if registration.waits and registration.status == "checked_in":
            if not registration.cancelled:
                moment = registration.checked_in_at
                changes = {"slot": None, "waited_in": F("slot"), "walk_in_at": moment}
        elif registration.waited and registration.status != "checked_in":
            changes = {"slot": F("waited_in"), "waited_in": None, "walk_in_at": None}
        if changes:
            Registration.objects.filter(pk=registration.pk).update(**changes)

    def _mark_scans(self, pk: int, state: VisitState) -> list[StoredScan]:
        """Note on each scan what the fold makes of it; return those for which that is new."""
        counted = {visit.id for visit in state.counted}
        conflicts: dict[UUID, str] = {}
        for conflict in state.conflicts:
            check_in, *others = conflict.scans
            for visit in [check_in] if conflict.kind == "cancelled" else others:
                conflicts[visit.id] = conflict.kind
        changed = []
        for id, scan in self.visits.of(pk).items():
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
            for scan in self.visits.of(registration.pk).values()
        )
        draws = registration.number is None and (accepted or bool(state.counted))
        if not draws and (status, at) == (registration.status, registration.checked_in_at):
            return None
        return Arrival(pk=registration.pk, status=status, checked_in_at=at, draws_number=draws)

    # --- Answer ----------------------------------------------------------------------------------

    def result(self, reading: Reading, verdict: str) -> ScanResult:
        """Return what is known of a reading by now."""
        bare = ScanResult(id=reading.id, verdict=verdict)
        stored = self.visits.scans.get(reading.id) if reading.id else None
        if stored is None or stored.drive_pk != self.drive.pk or self.is_late:
            return bare
        registration = self.visits.known.get(stored.registration_pk or 0)
        if registration is None or registration.erased:
            return bare
        state = self.visits.state(registration.pk)
        check_in = state.check_ins.get(stored.visit.station)
        first = conflict = None
        if check_in and check_in.id != stored.visit.id:
            first = FirstScan(
                device=self.visits.scans[check_in.id].device_label,
                station=check_in.station,
                scanned_at=check_in.at,
                number=registration.number,
            )
        if found := state.conflict_of(stored.visit.id):
            others = [scan for scan in found.scans if scan.id != stored.visit.id]
            other = others[0] if others else found.scans[0]
            conflict = OtherScan(
                kind=found.kind,
                device=self.visits.scans[other.id].device_label,
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
