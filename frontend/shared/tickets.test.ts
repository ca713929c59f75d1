import { expect, test } from "vitest";
import vectors from "../../tests/vectors/tickets.json";
import {
  type Circumstances,
  driveFacts,
  driveMidnight,
  formatCode,
  importKeys,
  isGenuine,
  judge,
  type KnownRegistration,
  readCode,
  readTicket,
  trustedNow,
} from "./tickets";

const GOOD = vectors.signed[0]!;
const drives = new Map(
  await Promise.all(
    Object.entries(vectors.drives).map(
      async ([name, row]) => [name, driveFacts(row, await importKeys(row.keys))] as const,
    ),
  ),
);
const MORNING = drives.get("morning")!;
const IN_SLOT = Date.parse("2026-12-01T08:05:00+07:00");
const UNLISTED: Circumstances = {
  drive: MORNING,
  known: null,
  scannedHere: false,
  now: IN_SLOT,
};

interface Row {
  key_id: number;
  drive_number: number;
  registration_id: string;
  slot_minutes: number;
  walk_in: boolean;
  group: boolean;
  rehearsal: boolean;
}

function claims(row: Row) {
  return {
    keyId: row.key_id,
    driveNumber: row.drive_number,
    registrationId: row.registration_id,
    slotMinutes: row.slot_minutes,
    walkIn: row.walk_in,
    group: row.group,
    rehearsal: row.rehearsal,
  };
}

function moment(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

test.each(vectors.signed)("a ticket the server signed: $name", async (row) => {
  const publicKey = vectors.keys.find((key) => key.name === row.key)!.public_key;
  const keys = await importKeys([{ key_id: 1, public_key: publicKey }]);
  const ticket = readTicket(row.payload)!;

  expect(ticket.claims).toEqual(claims(row.claims));
  expect(await isGenuine(ticket, keys.get(1)!)).toBe(true);
});

test.each(vectors.reads)("readTicket: $name", (row) => {
  expect(readTicket(row.text)?.claims ?? null).toEqual(row.claims && claims(row.claims));
});

test.each(vectors.codes)("readCode: %j", ({ text, code, written }) => {
  expect(readCode(text)).toBe(code);
  expect(code && formatCode(code)).toBe(written);
});

test.each([null, undefined, 7, {}, new Uint8Array(80), "\ud800", `\ud800${"A".repeat(127)}`])(
  "nothing to read in %j",
  (anything) => {
    expect(readTicket(anything)).toBeNull();
    expect(readCode(anything)).toBeNull();
  },
);

test.each(Object.entries(vectors.drives))("midnight of the drive %s", (_name, row) => {
  expect(driveMidnight(row.date, row.zone)).toBe(Date.parse(row.midnight));
});

test.each(vectors.judgements)("$verdict: $name", async (row) => {
  const { read, known } = row;
  const given: Circumstances = {
    drive: drives.get(row.drive)!,
    known: known && {
      status: known.status as KnownRegistration["status"],
      slotStartsAt: moment(known.slot_starts_at),
      slotEndsAt: moment(known.slot_ends_at),
    },
    scannedHere: row.scanned_here,
    now: moment(row.now),
    admit: row.admit,
    onServer: row.on_server,
  };
  const what =
    "ticket" in read && read.ticket !== undefined
      ? readTicket(read.ticket)
      : "code" in read && read.code !== undefined
        ? readCode(read.code)
        : read.registration!;

  expect(await judge(what, given)).toBe(row.verdict);
});

/** Base32 letters are five bits each, so that a changed letter is a changed ticket. */
function altered(payload: string, at: number, by: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const letter = alphabet[(alphabet.indexOf(payload[at]!) + by) % 32];
  return payload.slice(0, at) + letter + payload.slice(at + 1);
}

test("no altered ticket is accepted, whatever letter is changed", async () => {
  const accepted: string[] = [];
  for (let at = 0; at < GOOD.payload.length; at++) {
    for (let by = 1; by < 32; by += 3) {
      const text = altered(GOOD.payload, at, by);
      if ((await judge(readTicket(text), UNLISTED)) === "accepted") accepted.push(text);
    }
  }

  expect(accepted).toEqual([]);
  expect(await judge(readTicket(GOOD.payload), UNLISTED)).toBe("accepted");
});

test("a device trusts its own clock only near the drive", () => {
  const HOUR = 3_600_000;

  expect(trustedNow(IN_SLOT, 1500, MORNING)).toBe(IN_SLOT + 1500);
  expect(trustedNow(0, IN_SLOT, MORNING)).toBe(IN_SLOT);
  expect(trustedNow(IN_SLOT, null, MORNING)).toBe(IN_SLOT);
  expect(trustedNow(MORNING.startsAt - 12 * HOUR, null, MORNING)).not.toBeNull();
  expect(trustedNow(MORNING.startsAt - 12 * HOUR - 1, null, MORNING)).toBeNull();
  expect(trustedNow(MORNING.endsAt + 12 * HOUR, null, MORNING)).not.toBeNull();
  expect(trustedNow(MORNING.endsAt + 12 * HOUR + 1, null, MORNING)).toBeNull();
});
