/** Which scans go next, and what their answers mean. Pure. */

import type { ScanRecord } from "./store";
import type { ScanResult, WireScan, WireWalkIn } from "./wire";

export const MOST_SCANS = 500;

/** Give the next batch: the oldest unsent scans, in the order in which they were made. */
export function nextBatch(unsent: readonly ScanRecord[], most = MOST_SCANS): ScanRecord[] {
  return [...unsent].sort((a, b) => a.order - b.order).slice(0, most);
}

/**
 * Give the records with their answers. By id, not by place: an answer that is not about a scan of
 * the batch, or that says that it could not be read, is nobody's.
 */
export function answered(
  batch: readonly ScanRecord[],
  results: readonly ScanResult[],
): ScanRecord[] {
  const byId = new Map(results.map((result) => [result.id, result]));
  return batch.flatMap((record) => {
    const result = byId.get(record.id);
    return result ? [{ ...record, sent: 1 as const, result }] : [];
  });
}

/**
 * Give a scan or walk-in as it is sent now. One from after a start without a network has no offset, and the
 * server takes the clock of the sending for that of the scan. A clock that was set back in between
 * (to 2019, by an empty battery) would move it by years: then it is the clock that it was judged by.
 */
export function asSent<T extends WireScan | WireWalkIn>(wire: T, sentAt: number): T {
  const madeAt = Date.parse("at" in wire ? wire.at : wire.scanned_at);
  const isSetBack = madeAt > sentAt + NO_CLOCK_IS_SO_EXACT_MS;
  return wire.clock_offset_ms === null && isSetBack ? { ...wire, clock_offset_ms: 0 } : wire;
}

const NO_CLOCK_IS_SO_EXACT_MS = 60_000;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 20_000;

/** Give how long to wait after so many failures in a row; `chance` spreads devices (0 to 1). */
export function pauseAfter(failures: number, chance: number): number {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1), LONGEST_PAUSE_MS);
  return Math.round(pause * (0.75 + chance / 2));
}
