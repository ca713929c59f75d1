/** The last people of this device, and what may still be done about each. */

import type { Desk } from "./desk";
import { walkInText } from "./numbers";
import type { Read } from "./scans";
import type { ScanRecord } from "./store";
import { verdictOf } from "./verdicts";
import type { Answer } from "./wire";

const MAY_BE_LET_IN = new Set<Answer>(["too_early", "too_late", "out_of_order"]);
/** Somebody whom this device let in all the same is in: `INTERFACES.md` §3. */
const COUNTS_IF_SHOWN = new Set<Answer>(["already_scanned", "revoked"]);

export type StillPossible = "undo" | "admit" | null;

/** Give the last people who were read here, the latest first, each by the reading that counts. */
export function lastPeople(desk: Desk, most: number): ScanRecord[] {
  const found = new Map<string, ScanRecord>();
  for (const record of [...desk.scans.values()].sort((a, b) => b.order - a.order)) {
    const { wire, person } = record;
    if (wire.kind !== "pass" || person === null) continue;
    const later = found.get(person);
    if (!later && found.size === most) continue;
    if (!later || (stillPossible(later, desk) !== "undo" && stillPossible(record, desk) === "undo"))
      found.set(person, record);
  }
  return [...found.values()];
}

/** Tell what staff may still do: take a check-in back, or let in whom they first asked to wait. */
export function stillPossible(record: ScanRecord, desk: Desk): StillPossible {
  const verdict = verdictOf(record);
  if (verdict === null) return null;
  const isIn =
    verdict === "accepted" || (record.wire.shown === "accepted" && COUNTS_IF_SHOWN.has(verdict));
  if (isIn) return desk.isUndone(record.id) ? null : "undo";
  if (!MAY_BE_LET_IN.has(verdict) || record.person === null) return null;
  return desk.isScannedHere(record.person) ? null : "admit";
}

/** Give what was read, so that it can be judged anew. */
export function readAgain({ wire }: ScanRecord): Read {
  if (wire.ticket != null) return { text: wire.ticket };
  if (wire.code !== undefined) return { code: wire.code };
  if (wire.walk_in !== undefined) return { text: walkInText(wire.walk_in) };
  return { registration: wire.registration ?? "" };
}
