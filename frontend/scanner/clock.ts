/**
 * The device's clock beside the server's. Measured at each answer; remembered over a reload of the
 * page, never over a start of the phone.
 */

/** A round trip longer than this says too little about which moment the server meant. */
const LONGEST_TRIP_MS = 8_000;

export interface Measurement {
  /** Server minus device. */
  offsetMs: number;
  tripMs: number;
}

export function measure(
  sentAt: number,
  receivedAt: number,
  serverTime: string,
): Measurement | null {
  const tripMs = receivedAt - sentAt;
  const server = Date.parse(serverTime);
  if (Number.isNaN(server) || tripMs < 0) return null;
  return { offsetMs: Math.round(server - (sentAt + tripMs / 2)), tripMs };
}

/** Keep the better of what is known and what was measured just now. */
export function better(known: Measurement | null, now: Measurement | null): Measurement | null {
  if (now === null) return known;
  if (known === null || now.tripMs <= LONGEST_TRIP_MS) return now;
  return known;
}

/** From here on staff are told that the clock is wrong. */
export const WRONG_CLOCK_MS = 2 * 60_000;

/** The device's clock beside one that nobody can set, which stands still while the phone sleeps. */
export interface Reading {
  clockMs: number;
  steadyMs: number;
}

export function readClocks(): Reading {
  return { clockMs: Date.now(), steadyMs: performance.now() };
}

const NO_JUMP_MS = 2_000;

/**
 * Give the offset after what happened to the clock between two readings.
 *
 * A clock that went back was set back: to 2019 by an empty battery, to yesterday by a hand. One that
 * went ahead has slept, unless that made it right: then somebody has mended it.
 */
export function afterJump(offsetMs: number, before: Reading, now: Reading): number {
  const jumpMs = Math.round(now.clockMs - before.clockMs - (now.steadyMs - before.steadyMs));
  if (jumpMs < -NO_JUMP_MS) return offsetMs - jumpMs;
  const wasWrong = Math.abs(offsetMs) > WRONG_CLOCK_MS;
  const isMended = wasWrong && Math.abs(offsetMs - jumpMs) <= WRONG_CLOCK_MS;
  return jumpMs > NO_JUMP_MS && isMended ? offsetMs - jumpMs : offsetMs;
}

/** Give when a scan was by the server's clock, as far as the device knew how far its own is off. */
export function correctedAt(wire: { scanned_at: string; clock_offset_ms: number | null }): number {
  return Date.parse(wire.scanned_at) + (wire.clock_offset_ms ?? 0);
}

/** What was known of the clock when the page went. */
export interface Remembered {
  offsetMs: number;
  clockMs: number;
}

/** A page that was reloaded is back by then. */
const RELOAD_MS = 60_000;

/**
 * Give the offset after a reload, during which no steady clock ran; null where it may not be true
 * any more. A clock that was set in between, by a hand or by a start without a battery, has hardly
 * moved by so little, and ahead.
 */
export function afterReload(kept: unknown, nowMs: number): Measurement | null {
  const { offsetMs, clockMs } = (kept ?? {}) as Partial<Remembered>;
  if (!Number.isSafeInteger(offsetMs) || !Number.isSafeInteger(clockMs)) return null;
  const awayMs = nowMs - clockMs!;
  // The worst of measurements: any other is better.
  return awayMs >= 0 && awayMs <= RELOAD_MS
    ? { offsetMs: offsetMs!, tripMs: Number.POSITIVE_INFINITY }
    : null;
}
