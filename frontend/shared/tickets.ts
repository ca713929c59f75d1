/**
 * Read and judge tickets and human codes on the device, without a network.
 *
 * The twin of `events/registrations/tickets.py`; both run `tests/vectors/tickets.json`. What is
 * signed, the order of the verdicts and the codes are fixed in `INTERFACES.md` §3.
 */

export type Verdict =
  | "malformed"
  | "wrong_drive"
  | "bad_signature"
  | "unknown"
  | "wrong_day"
  | "revoked"
  | "waitlisted"
  | "already_scanned"
  | "visit_ended"
  | "too_early"
  | "too_late"
  | "out_of_order"
  | "accepted";

const VERSION = 1;
const CLAIMS_BYTES = 16;
const DOMAIN = new TextEncoder().encode("GH1 ticket\0");
const WALK_IN = 1;
const GROUP = 2;
const REHEARSAL = 128;
const RESERVED = 0xff & ~(WALK_IN | GROUP | REHEARSAL);
const MINUTE = 60_000;
const DAY_MARGIN = 12 * 60 * MINUTE;

// --- Tickets ----------------------------------------------------------------------------------

/** What a ticket says. `slotMinutes` count from 00:00 of the drive's first date in its zone. */
export interface Claims {
  keyId: number;
  driveNumber: number;
  registrationId: string;
  slotMinutes: number;
  walkIn: boolean;
  group: boolean;
  rehearsal: boolean;
}

/** A text that has the shape of a ticket. Whether it is genuine only `judge` says. */
export interface Ticket {
  claims: Claims;
  packed: Uint8Array<ArrayBuffer>;
  signature: Uint8Array<ArrayBuffer>;
}

// Letter for letter the expression of tickets.py.
const TICKET =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no control character is part of a host
  /^(?:(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?\/\/)?[^\x00-\x20/?#]*\/[Tt]\/)?([A-Za-z2-7]{128})(?:\/?(?:[?#][\x21-\x7e]*)?)$/;
const TEXT_LENGTH = 1000;

/** Read what the camera saw; null is `malformed`. Never throws. */
export function readTicket(text: unknown): Ticket | null {
  if (typeof text !== "string" || codePoints(text) > TEXT_LENGTH) return null;
  const payload = TICKET.exec(text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ""))?.[1];
  if (payload === undefined) return null;
  const raw = base32(payload.toUpperCase());
  const packed = raw.slice(0, CLAIMS_BYTES);
  const claims = unpack(packed);
  return claims && { claims, packed, signature: raw.slice(CLAIMS_BYTES) };
}

function unpack(packed: Uint8Array): Claims | null {
  const flags = packed[15]!;
  if (packed[0] !== VERSION || flags & RESERVED) return null;
  const view = new DataView(packed.buffer, packed.byteOffset);
  return {
    keyId: packed[1]!,
    driveNumber: view.getUint32(1) & 0xffffff,
    registrationId: hex(packed.subarray(5, 13)),
    slotMinutes: view.getUint16(13),
    walkIn: (flags & WALK_IN) !== 0,
    group: (flags & GROUP) !== 0,
    rehearsal: (flags & REHEARSAL) !== 0,
  };
}

function base32(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array((text.length * 5) >> 3);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const c of text) {
    const value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c);
    bits = ((bits << 5) | value) & 0xfff;
    held += 5;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >> held) & 0xff;
    }
  }
  return bytes;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function codePoints(text: string): number {
  return [...text].length;
}

// --- Keys -------------------------------------------------------------------------------------

/** A key as enrolment and roster give it: a 65-byte uncompressed point in base64. */
export interface PublicKey {
  key_id: number;
  public_key: string;
}

export type DriveKeys = ReadonlyMap<number, CryptoKey>;

/** Whether this page can check signatures; on an insecure origin no browser can. */
export function canVerify(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}

/** Make the drive's keys ready. Do it once, not at each scan. */
export async function importKeys(keys: readonly PublicKey[]): Promise<DriveKeys> {
  const imported = keys.map(async ({ key_id, public_key }): Promise<[number, CryptoKey]> => {
    const point = Uint8Array.from(atob(public_key), (c) => c.charCodeAt(0));
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    return [key_id, await crypto.subtle.importKey("raw", point, algorithm, false, ["verify"])];
  });
  return new Map(await Promise.all(imported));
}

export async function isGenuine(ticket: Ticket, key: CryptoKey): Promise<boolean> {
  const signed = new Uint8Array(DOMAIN.length + CLAIMS_BYTES);
  signed.set(DOMAIN);
  signed.set(ticket.packed, DOMAIN.length);
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  try {
    return await crypto.subtle.verify(algorithm, key, ticket.signature, signed);
  } catch {
    return false; // some browsers throw where r or s is out of range
  }
}

// --- Human codes ------------------------------------------------------------------------------

const CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford: no I, L, O, U
const CODE_WEIGHTS = [1, 3, 5, 7, 9, 11, 13];

/** Read a code as somebody typed it: 8 characters without the dash, or null. Never throws. */
export function readCode(text: unknown): string | null {
  if (typeof text !== "string" || codePoints(text) > 64) return null;
  const code = text
    .replace(/[ \t\r\n\u00a0\u202f\u2010-\u2014\u2212-]/g, "")
    .replace(/[a-z]/g, (c) => c.toUpperCase())
    .replace(/O/g, "0")
    .replace(/[IL]/g, "1");
  if (!/^[0-9A-HJKMNP-TV-Z]{8}$/.test(code)) return null;
  const total = CODE_WEIGHTS.reduce(
    (sum, weight, i) => sum + weight * CODE_ALPHABET.indexOf(code[i]!),
    0,
  );
  return CODE_ALPHABET[total % 32] === code[7] ? code : null;
}

/** Give a code as it is written and sent: `ABCD-EFGN`. */
export function formatCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

// --- The one rule -----------------------------------------------------------------------------

/** What judging needs to know of the drive. Moments are milliseconds, as everywhere here. */
export interface DriveFacts {
  number: number;
  startsAt: number;
  endsAt: number;
  midnight: number;
  toleranceMinutes: number;
  rehearsal: boolean;
  cancelled: boolean;
  keys: DriveKeys;
}

/** The drive as enrolment gives it. */
export interface EnrolledDrive {
  number: number;
  date: string;
  zone: string;
  starts_at: string;
  ends_at: string;
  tolerance_minutes: number;
  rehearsal?: boolean;
  cancelled?: boolean;
}

export function driveFacts(drive: EnrolledDrive, keys: DriveKeys): DriveFacts {
  return {
    number: drive.number,
    startsAt: Date.parse(drive.starts_at),
    endsAt: Date.parse(drive.ends_at),
    midnight: driveMidnight(drive.date, drive.zone),
    toleranceMinutes: drive.tolerance_minutes,
    rehearsal: drive.rehearsal ?? false,
    cancelled: drive.cancelled ?? false,
    keys,
  };
}

/** Give 00:00 of a date (`2026-12-01`) in a zone, whatever zone the device is set to. */
export function driveMidnight(date: string, zone: string): number {
  const utc = Date.parse(`${date}T00:00:00Z`);
  return utc - zoneOffset(utc - zoneOffset(utc, zone), zone);
}

function zoneOffset(at: number, zone: string): number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const parts = Object.fromEntries(format.formatToParts(at).map((p) => [p.type, Number(p.value)]));
  const { year, month, day, hour, minute, second } = parts as Record<string, number>;
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) - at;
}

/** What the roster knows. A walk-in has no slot; `cancelled` are those in `revoked`. */
export interface KnownRegistration {
  status: "waitlisted" | "registered" | "checked_in" | "ended" | "cancelled";
  slotStartsAt: number | null;
  slotEndsAt: number | null;
}

export interface Circumstances {
  drive: DriveFacts;
  /** This drive's registration of that ticket, code or id; null: "chưa có tên trên máy này". */
  known: KnownRegistration | null;
  /** A scan that counts, at this station, is already known. */
  scannedHere: boolean;
  /** From `trustedNow`; null where no clock can be trusted: no time line is judged. */
  now: number | null;
  /** Staff let the person in over `too_early` or `too_late`. */
  admit?: boolean;
  /** The server knows all ids, so that there a signed one that does not exist is `revoked`. */
  onServer?: boolean;
}

/**
 * Give the verdict on what was read; the first rule that matches wins.
 *
 * `read` is a ticket from `readTicket`, a code or registration id as text, or null where what was
 * read is neither.
 */
export async function judge(read: Ticket | string | null, given: Circumstances): Promise<Verdict> {
  const { drive, known, now } = given;
  if (read === null) return "malformed";
  if (typeof read !== "string") {
    const { claims } = read;
    if (claims.driveNumber !== drive.number || claims.rehearsal !== drive.rehearsal) {
      return "wrong_drive";
    }
    const key = drive.keys.get(claims.keyId);
    if (!key || !(await isGenuine(read, key))) return "bad_signature";
  } else if (!known) {
    return "unknown";
  }
  if (now !== null && !isNear(drive, now)) return "wrong_day";
  if (drive.cancelled || (known ? known.status === "cancelled" : given.onServer)) return "revoked";
  if (known?.status === "waitlisted") return "waitlisted";
  if (given.scannedHere) return "already_scanned";
  if (known?.status === "ended") return "visit_ended";
  if (now === null || given.admit) return "accepted";
  return judgeSlot(read, drive, known, now);
}

function judgeSlot(
  read: Ticket | string,
  drive: DriveFacts,
  known: KnownRegistration | null,
  now: number,
): Verdict {
  let startsAt = known?.slotStartsAt ?? null;
  if (!known && typeof read !== "string" && !read.claims.walkIn) {
    startsAt = drive.midnight + read.claims.slotMinutes * MINUTE;
  }
  if (startsAt === null) return "accepted";
  // A ticket alone does not say when its slot ends; at the latest with the drive.
  const endsAt = known?.slotEndsAt ?? drive.endsAt;
  const tolerance = drive.toleranceMinutes * MINUTE;
  if (now < startsAt - tolerance) return "too_early";
  if (now > endsAt + tolerance) return "too_late";
  return "accepted";
}

/** Whether the drive is held about then, give or take twelve hours. */
export function isNear(drive: DriveFacts, at: number): boolean {
  return drive.startsAt - DAY_MARGIN <= at && at <= drive.endsAt + DAY_MARGIN;
}

/**
 * Give the moment to judge by, or null: then no time line is judged and staff are told that the
 * device's clock is wrong.
 *
 * `offset` is server minus device, null when the device could not compare since it started.
 */
export function trustedNow(clock: number, offset: number | null, drive: DriveFacts): number | null {
  if (offset !== null) return clock + offset;
  return isNear(drive, clock) ? clock : null;
}
