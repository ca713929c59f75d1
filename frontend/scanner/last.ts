/** The last people of this device, and what may still be done about each. */

import type { Desk } from "./desk";
import { walkInText } from "./numbers";
import type { Read } from "./scans";
import type { ScanRecord } from "./store";
import type { Answer } from "./wire";

const MAY_BE_LET_IN = new Set<Answer>(["too_early", "too_late", "out_of_order"]);

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
  const verdict = record.result?.verdict ?? record.wire.shown;
  if (verdict === "accepted") return desk.isUndone(record.id) ? null : "undo";
  const isIn = record.person === null || desk.isScannedHere(record.person);
  return verdict !== null && MAY_BE_LET_IN.has(verdict) && !isIn ? "admit" : null;
}

/** Give what was read, so that it can be judged anew. */
export function readAgain({ wire }: ScanRecord): Read {
  if (wire.ticket != null) return { text: wire.ticket };
  if (wire.code !== undefined) return { code: wire.code };
  if (wire.walk_in !== undefined) return { text: walkInText(wire.walk_in) };
  return { registration: wire.registration ?? "" };
}
