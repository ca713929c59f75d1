/**
 * Fold the scans of one registration into the state of the visit.
 *
 * The twin of `events/checkin/visit.py`; both run `tests/vectors/visits.json`. The rules are those
 * of `INTERFACES.md` §3, "Scans are history, the visit is their fold".
 */

/** Give when a scan really was. All moments are milliseconds. */
export function correctedTime(scan: {
  scannedAt: number;
  /** Server minus device, as last measured when the scan was made. */
  clockOffsetMs: number | null;
  sentAt: number;
  receivedAt: number;
}): number {
  const corrected = scan.scannedAt + (scan.clockOffsetMs ?? scan.receivedAt - scan.sentAt);
  return inCalendar(corrected) ? corrected : scan.receivedAt;
}

function inCalendar(at: number): boolean {
  // The years 1 to 9999, as the server has them.
  return at >= -62_135_596_800_000 && at < 253_402_300_800_000;
}

/** What the fold needs of a scan; ids are UUIDs in lower case. */
export interface VisitScan {
  id: string;
  at: number;
  station: string;
  /** null: made without a device, at an organizer's desk. */
  device: string | number | null;
  verdict: string;
  shown: string | null;
  kind: "pass" | "undo";
  undoes: string | null;
  byOrganizer: boolean;
}

/**
 * Something that staff must hear of; the person is in all the same. `double`: let in more than once
 * at a station. `cancelled`: let in after the registration was cancelled. `scans` are all that
 * count at the station, the check-in first.
 */
export interface Conflict {
  kind: "double" | "cancelled";
  station: string;
  scans: VisitScan[];
}

export interface VisitState {
  /** The first scan that counts at each station. */
  checkIns: Map<string, VisitScan>;
  /** By corrected time. */
  counted: VisitScan[];
  /** `double` before `cancelled`. */
  conflicts: Conflict[];
}

/** Give the state of a visit; the same for every order and repetition of its scans. */
export function fold(scans: Iterable<VisitScan>): VisitState {
  const byId = new Map<string, VisitScan>();
  for (const scan of scans) byId.set(scan.id, scan);
  const undone = new Set<string>();
  for (const undo of byId.values()) {
    if (undo.kind === "undo" && undo.undoes !== null && mayUndo(undo, byId.get(undo.undoes))) {
      undone.add(undo.undoes);
    }
  }
  const counted = [...byId.values()]
    .filter((scan) => counts(scan) && !undone.has(scan.id))
    .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  const stations = new Map<string, VisitScan[]>();
  for (const scan of counted) {
    const here = stations.get(scan.station);
    if (here) here.push(scan);
    else stations.set(scan.station, [scan]);
  }
  const letIn = [...byId.values()].filter((scan) => scan.verdict === "revoked" && counts(scan));
  const cancelledAt = new Set(letIn.map((scan) => scan.station));
  const conflicts = (kind: Conflict["kind"], is: (here: VisitScan[]) => boolean): Conflict[] =>
    [...stations].flatMap(([station, here]) => (is(here) ? [{ kind, station, scans: here }] : []));
  return {
    checkIns: new Map([...stations].map(([station, here]) => [station, here[0]!])),
    counted,
    conflicts: [
      ...conflicts("double", (here) => here.length > 1),
      ...conflicts("cancelled", (here) => cancelledAt.has(here[0]!.station)),
    ],
  };
}

/** Give the conflict to tell those who made this scan of. */
export function conflictOf(state: VisitState, scanId: string): Conflict | null {
  return state.conflicts.find((c) => c.scans.some((scan) => scan.id === scanId)) ?? null;
}

/** Whether it let the person in: judged so, or shown so by a device that could not know. */
function counts(scan: VisitScan): boolean {
  const letInAllTheSame = scan.verdict === "already_scanned" || scan.verdict === "revoked";
  return (
    scan.kind === "pass" &&
    (scan.verdict === "accepted" || (scan.shown === "accepted" && letInAllTheSame))
  );
}

function mayUndo(undo: VisitScan, scan: VisitScan | undefined): boolean {
  // Naming an undo does nothing: undos do not count, and a dropped one has done its work.
  return (
    scan !== undefined &&
    (undo.byOrganizer || (undo.device !== null && undo.device === scan.device))
  );
}
