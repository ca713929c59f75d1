/** The roster as the device keeps it, and how an answer changes it. Pure. */

import { phoneLast4 } from "../shared/identity";
import { type KnownRegistration, readCode } from "../shared/tickets";
import type { DeviceRecord } from "./store";
import type { RosterPage, WirePerson } from "./wire";

/** Somebody on the roster. Of the cancelled and erased only the id is kept. */
export interface Person {
  id: string;
  status: KnownRegistration["status"];
  code: string;
  name: string;
  unit: string;
  phoneLast4: string;
  slotStartsAt: number | null;
  slotEndsAt: number | null;
  number: number | null;
  /** When first let in, by kind of station; corrected time. */
  scans: Record<string, number>;
}

export function person(row: WirePerson): Person {
  return {
    id: row.id,
    status: row.status,
    code: readCode(row.code) ?? "",
    name: row.name,
    unit: row.unit ?? "",
    phoneLast4: phoneLast4(row.phone_last4),
    slotStartsAt: moment(row.slot_starts_at),
    slotEndsAt: moment(row.slot_ends_at),
    number: row.number,
    scans: Object.fromEntries(
      Object.entries(row.scans).map(([station, at]) => [station, Date.parse(at)]),
    ),
  };
}

export function cancelled(id: string): Person {
  return {
    id,
    status: "cancelled",
    code: "",
    name: "",
    unit: "",
    phoneLast4: "",
    slotStartsAt: null,
    slotEndsAt: null,
    number: null,
    scans: {},
  };
}

export function moment(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

/** Give the rows that a page brings. Rows may repeat; the newest is right. */
export function changes(page: RosterPage): Person[] {
  return [...page.registrations.map(person), ...page.revoked.map(cancelled)];
}

/** Give the device with what a page says of its drive, keys and end; null where nothing is new. */
export function renewed(
  device: DeviceRecord,
  page: Pick<RosterPage, "keys" | "drive" | "expires_at">,
): DeviceRecord | null {
  const now = {
    ...device,
    keys: page.keys.length > 0 ? page.keys : device.keys,
    drive: page.drive ?? device.drive,
    expiresAt: moment(page.expires_at ?? null) ?? device.expiresAt,
  };
  return JSON.stringify(now) === JSON.stringify(device) ? null : now;
}

export function living(people: Iterable<Person>): number {
  let count = 0;
  for (const { status } of people) if (status !== "cancelled") count++;
  return count;
}

export function arrived(people: Iterable<Person>): number {
  let count = 0;
  for (const { status } of people) if (status === "checked_in" || status === "ended") count++;
  return count;
}

export function asKnown(someone: Person): KnownRegistration {
  return {
    status: someone.status,
    slotStartsAt: someone.slotStartsAt,
    slotEndsAt: someone.slotEndsAt,
  };
}
