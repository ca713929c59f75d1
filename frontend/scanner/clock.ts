/** The device's clock beside the server's. Measured at each answer, never remembered over a start. */

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
