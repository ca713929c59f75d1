/** What goes over the wire, as `INTERFACES.md` §4 has it. Moments are ISO 8601 text here. */

import type { EnrolledDrive, PublicKey, Verdict } from "../shared/tickets";

export type Answer = Verdict | "recorded" | "not_allowed";

export interface WireDrive extends EnrolledDrive {
  slug: string;
  name: string;
}

export interface WireStation {
  id: number | string;
  kind: string;
  name: string;
  order: number;
}

export interface Enrolled {
  token: string;
  /** `M2` */
  device: string;
  drive: WireDrive;
  stations: WireStation[];
  keys: PublicKey[];
  server_time: string;
  expires_at: string;
}

export interface WirePerson {
  id: string;
  code: string;
  name: string;
  slot_starts_at: string | null;
  slot_ends_at: string | null;
  unit: string | null;
  phone_last4: string;
  status: "waitlisted" | "registered" | "checked_in" | "ended";
  number: number | null;
  scans: Record<string, string>;
}

export interface WireConflict {
  registration: string;
  kind: "double" | "cancelled";
  scans: { id: string; device: string | null; station: string; at: string }[];
}

export interface RosterPage {
  registrations: WirePerson[];
  revoked: string[];
  conflicts: WireConflict[];
  keys: PublicKey[];
  more: boolean;
  cursor: string;
  total: number;
  /** As it is now; a server of before does not say. */
  drive?: WireDrive;
  server_time: string;
  expires_at?: string;
}

/** One scan as it is sent; what names nobody has `ticket: null`. */
export interface WireScan {
  id: string;
  ticket?: string | null;
  code?: string;
  registration?: string;
  walk_in?: string;
  station: string;
  scanned_at: string;
  clock_offset_ms: number | null;
  offline: boolean;
  shown: Answer | null;
  kind: "pass" | "undo";
  undoes?: string;
  admit?: boolean;
}

export interface ScanResult {
  id: string | null;
  verdict: Answer;
  registration: {
    id: string;
    name: string;
    slot_starts_at: string | null;
    unit: string | null;
    status: string;
    number: number | null;
  } | null;
  first: {
    device: string | null;
    station: string;
    scanned_at: string;
    number: number | null;
  } | null;
  conflict: { kind: "double" | "cancelled"; device: string | null; scanned_at: string } | null;
}

export interface ScanResults {
  results: ScanResult[];
  server_time: string;
}

export interface WalkInForm {
  full_name: string;
  phone: string;
  birth_year: number;
  sex?: "female" | "male";
}

export interface WireWalkIn extends WalkInForm {
  id: string;
  at: string;
  consents: string[];
  clock_offset_ms: number | null;
  offline: boolean;
}

export interface WalkInResult {
  registration: string;
  code: string;
  ticket: string;
  number: number | null;
  manage_url: string;
  merged: boolean;
}

/** What a device is answered that has ended: the walk-in is kept, and nothing is said of it. */
export interface SetApart {
  registration: null;
}

/** What a device says about itself with what it sends. */
export interface DeviceStatus {
  unsent: number;
  roster_cursor: string | null;
  version: string;
}

export interface HandOver {
  code: string;
  enroll_url: string;
  expires_at: string;
}
