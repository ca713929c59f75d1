/** Calls of the device API. Every call ends: with an answer, a `Refusal`, or `Away`. */

import type {
  DeviceStatus,
  Enrolled,
  HandOver,
  RosterPage,
  ScanResults,
  SetApart,
  WalkInResult,
  WireScan,
  WireWalkIn,
} from "./wire";

const BASE = "/api/v1/";
const SECONDS = 1000;

/** The server could not be reached, or cannot answer now. Try again later. */
export class Away extends Error {}

/** The server answered no; `code` is one of `INTERFACES.md`. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly fields: Record<string, string> = {},
  ) {
    super(`${status} ${code}`);
  }
}

interface Call {
  method?: "GET" | "POST";
  body?: unknown;
  token?: string | undefined;
  key?: string;
  timeout?: number;
}

async function call<T>(
  path: string,
  { method = "POST", body, token, key, timeout = 10 * SECONDS }: Call,
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token !== undefined) headers.Authorization = `Device ${token}`;
  if (key !== undefined) headers["Idempotency-Key"] = key;
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), timeout);
  try {
    const response = await fetch(BASE + path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: ending.signal,
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
    });
    if (response.status === 204) return undefined as T;
    const json = await response.json();
    if (response.ok) return json as T;
    throw refusal(response.status, json);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    // No network, a lost answer, or a page of somebody's Wi-Fi instead of JSON.
    throw new Away(String(error));
  } finally {
    clearTimeout(timer);
  }
}

function refusal(status: number, json: unknown): Error {
  const { code, errors } = (json ?? {}) as { code?: unknown; errors?: unknown };
  if (status >= 500 || status === 429 || typeof code !== "string") return new Away(`${status}`);
  const fields: Record<string, string> = {};
  for (const row of Array.isArray(errors) ? errors : [])
    fields[String(row.field)] = String(row.code);
  return new Refusal(status, code, fields);
}

export function enrol(body: { code: string; name: string }, key: string): Promise<Enrolled> {
  return call("devices/enroll/", { body, key });
}

export function fetchRoster(token: string, cursor: string | null): Promise<RosterPage> {
  const query = cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`;
  return call(`checkin/roster/${query}`, { method: "GET", token, timeout: 30 * SECONDS });
}

export interface Batch {
  sent_at: string;
  status: DeviceStatus;
  scans: WireScan[];
}

export function sendScans(token: string, batch: Batch): Promise<ScanResults> {
  return call("checkin/scans/", {
    body: batch,
    token,
    timeout: batch.scans.length > 50 ? 30 * SECONDS : 8 * SECONDS,
  });
}

export interface SentWalkIn extends WireWalkIn {
  sent_at: string;
  status: DeviceStatus;
}

export function sendWalkIn(token: string, body: SentWalkIn): Promise<WalkInResult | SetApart> {
  return call("checkin/walk-ins/", { body, token, timeout: 8 * SECONDS });
}

export function handOver(token: string): Promise<HandOver> {
  return call("checkin/hand-over/", { token });
}

export function signOff(token: string): Promise<void> {
  return call("checkin/sign-off/", { token });
}
