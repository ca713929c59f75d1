/** Ten thousand bad tickets and ten thousand good ones, through the rule that the scanner runs. */

import { expect, test } from "vitest";
import vectors from "../../tests/vectors/tickets.json";
import {
  driveFacts,
  importKeys,
  judge,
  type KnownRegistration,
  readTicket,
  type Verdict,
} from "./tickets";

const MANY = 10_000;
const IN_SLOT = Date.parse("2026-12-01T08:05:00+07:00");
const SLOT_MINUTES = 480;
const OURS = vectors.drives.morning;
const DRIVE = driveFacts(OURS, await importKeys(OURS.keys));
const LISTED: KnownRegistration = {
  status: "registered",
  slotStartsAt: Date.parse("2026-12-01T08:00:00+07:00"),
  slotEndsAt: Date.parse("2026-12-01T08:30:00+07:00"),
};

/** The same numbers at every run (mulberry32). */
let seed = 20261201;
function chance(below: number): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
}

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (c) => ({ "+": "-", "/": "_" })[c] ?? "");

async function drivesKey(): Promise<CryptoKey> {
  const { private_key, public_key } = vectors.keys[0]!;
  const secret = Uint8Array.from(private_key.match(/../g)!, (pair) => Number.parseInt(pair, 16));
  const point = Uint8Array.from(atob(public_key), (c) => c.charCodeAt(0));
  const jwk = {
    kty: "EC",
    crv: "P-256",
    d: base64url(secret),
    x: base64url(point.subarray(1, 33)),
    y: base64url(point.subarray(33)),
  };
  return crypto.subtle.importKey("jwk", jwk, P256, false, ["sign"]);
}

const KEY = await drivesKey();
const FORGERS = (await crypto.subtle.generateKey(P256, false, ["sign"])).privateKey;

function claims(
  given: { drive?: number; keyId?: number; flags?: number } = {},
): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(16);
  const drive = given.drive ?? OURS.number;
  packed.set([1, given.keyId ?? 1, drive >> 16, (drive >> 8) & 255, drive & 255]);
  for (let at = 5; at < 13; at++) packed[at] = chance(256);
  packed.set([SLOT_MINUTES >> 8, SLOT_MINUTES & 255, given.flags ?? 0], 13);
  return packed;
}

async function signed(packed: Uint8Array<ArrayBuffer>, key = KEY): Promise<Uint8Array> {
  const text = new Uint8Array([...new TextEncoder().encode("GH1 ticket\0"), ...packed]);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, text);
  return new Uint8Array([...packed, ...new Uint8Array(signature)]);
}

function written(raw: Uint8Array): string {
  let bits = "";
  for (const byte of raw) bits += byte.toString(2).padStart(8, "0");
  const letters = bits.match(/.{5}/g)!.map((five) => Number.parseInt(five, 2));
  const payload = letters.map((at) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[at]).join("");
  return `HTTPS://HIENMAU.EXAMPLE.VN/T/${payload}`;
}

function verdictOn(text: string, known: KnownRegistration | null): Promise<Verdict> {
  const given = { drive: DRIVE, known, scannedHere: false, now: IN_SLOT };
  return judge(readTicket(text), given);
}

/** On the list or not: a device does not know everybody. */
const either = () => (chance(2) ? LISTED : null);

type Bad = () => Promise<[string, KnownRegistration | null]>;

const BAD: Record<string, Bad> = {
  async "signed by somebody else"() {
    return [written(await signed(claims(), FORGERS)), either()];
  },
  async "one bit changed anywhere"() {
    const raw = await signed(claims());
    raw[chance(80)]! ^= 1 << chance(8);
    return [written(raw), either()];
  },
  async "another's signature"() {
    const [one, other] = [await signed(claims()), await signed(claims())];
    one.set(other.subarray(16), 16);
    return [written(one), either()];
  },
  async "a signature of nothing"() {
    const raw = new Uint8Array(80);
    raw.set(claims());
    raw.fill(chance(2) * 255, 16 + chance(2) * 32);
    return [written(raw), either()];
  },
  async "a key that the drive has not"() {
    return [written(await signed(claims({ keyId: 3 + chance(250) }))), either()];
  },
  async "of another drive, by our key"() {
    return [written(await signed(claims({ drive: OURS.number + 1 + chance(9_000) }))), either()];
  },
  async "of a rehearsal"() {
    return [written(await signed(claims({ flags: 128 }))), either()];
  },
  async "cut or lengthened"() {
    const text = written(await signed(claims()));
    return [chance(2) ? text.slice(0, -1 - chance(9)) : `${text}${"AB7Z"[chance(4)]}`, either()];
  },
  async cancelled() {
    return [written(await signed(claims())), { ...LISTED, status: "cancelled" }];
  },
};

test(`of ${MANY} bad tickets none is accepted`, { timeout: 60_000 }, async () => {
  const kinds = Object.entries(BAD);
  const accepted: string[] = [];
  const verdicts = new Set<Verdict>();

  for (let n = 0; n < MANY; n++) {
    const [kind, make] = kinds[n % kinds.length]!;
    const [text, known] = await make();
    const verdict = await verdictOn(text, known);
    verdicts.add(verdict);
    if (verdict === "accepted") accepted.push(`${kind}: ${text}`);
  }

  expect(accepted).toEqual([]);
  expect(verdicts).toEqual(new Set(["bad_signature", "malformed", "wrong_drive", "revoked"]));
});

test(`of ${MANY} good tickets none is refused`, { timeout: 60_000 }, async () => {
  const refused: string[] = [];

  for (let n = 0; n < MANY; n++) {
    const text = written(await signed(claims({ flags: chance(2) * 2 })));
    const read = chance(2) ? text : text.toLowerCase();
    const verdict = await verdictOn(read, either());
    if (verdict !== "accepted") refused.push(`${verdict}: ${text}`);
  }

  expect(refused).toEqual([]);
});
