/** What a device that has ended does with the people it registered on site: hands them in, once. */

import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Desk } from "./desk";
import { Store } from "./store";
import { Sync } from "./sync";
import { register } from "./walk-ins";
import type { WireWalkIn } from "./wire";

const STARTS = Date.parse("2026-12-05T00:00:00Z");
const HOUR = 3_600_000;
const iso = (at: number) => new Date(at).toISOString();
const FORM = { full_name: "Lò Văn Pành", phone: "0912 000 777", birth_year: 1999 };
const SET_APART = {
  registration: null,
  code: null,
  ticket: null,
  number: null,
  manage_url: null,
  merged: false,
};

type Sent = WireWalkIn & { sent_at: string; status: { unsent: number } };

/** A server that has ended the device: no list, and what is handed in is set apart. */
class Server {
  isUp = false;
  takes = Number.POSITIVE_INFINITY;
  scans = 0;
  readonly walkIns: Sent[] = [];

  answer(url: string, init: RequestInit): Response {
    if (!this.isUp) throw new TypeError("Failed to fetch");
    const body = init.body ? JSON.parse(init.body as string) : {};
    if (url.includes("/walk-ins/")) {
      if (this.walkIns.length >= this.takes) return problem(409, "too_many_late");
      this.walkIns.push(body);
      return Response.json(SET_APART, { status: 201 });
    }
    if (!url.includes("/scans/")) return problem(401, "device_revoked");
    this.scans += body.scans.length;
    const none = { registration: null, first: null, conflict: null };
    const results = body.scans.map(({ id }: { id: string }) => ({
      id,
      verdict: "unknown",
      ...none,
    }));
    return Response.json({ results, server_time: iso(Date.now()) });
  }
}

function problem(status: number, code: string): Response {
  return Response.json({ status, code, errors: [] }, { status });
}

let server: Server;
let desk: Desk;
let sync: Sync;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: STARTS + HOUR });
  vi.stubGlobal("navigator", {});
  vi.stubGlobal(
    "BroadcastChannel",
    class extends EventTarget {
      postMessage() {}
    },
  );
  vi.stubGlobal("indexedDB", new IDBFactory());
  server = new Server();
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => server.answer(url, init));
  const store = await Store.open();
  await store.begin({
    token: "t",
    label: "M1",
    name: "",
    keys: [],
    drive: {
      slug: "today",
      name: "Giọt hồng",
      number: 7,
      date: "2026-12-05",
      zone: "UTC",
      starts_at: iso(STARTS),
      ends_at: iso(STARTS + 6 * HOUR),
      tolerance_minutes: 30,
    },
    stations: [{ id: 1, kind: "welcome", name: "", order: 1 }],
    expiresAt: STARTS + 30 * HOUR,
  });
  desk = (await Desk.load(store))!;
  sync = new Sync(desk, "test");
  await sync.drain(); // no network: what is made now is made without one
});
afterEach(() => {
  sync.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("people registered before the device was ended are handed in, and it may erase itself", async () => {
  const people = [await register(desk, FORM), await register(desk, { ...FORM, phone: "" })];
  const held = desk.unsent;

  server.isUp = true;
  await sync.drain();

  expect([held, desk.unsent, desk.ended]).toEqual([2, 0, "revoked"]);
  expect(server.walkIns.map(({ id }) => id)).toEqual(people.map(({ walkIn }) => walkIn.id));
  expect(server.walkIns.map(({ status }) => status.unsent)).toEqual([1, 0]);
  expect(server.walkIns[0]).toMatchObject({ ...FORM, offline: true, at: iso(STARTS + HOUR) });
  // Until it does, the phone holds no more of them than their names.
  const kept = [...desk.walkIns.values()].map(({ wire, result }) => [
    wire.phone,
    wire.birth_year,
    result,
  ]);
  expect(kept).toEqual([
    ["", 0, null],
    ["", 0, null],
  ]);
});

test("what the server does not take yet stays unsent, and holds up no scan", async () => {
  const [first, second] = [await register(desk, FORM), await register(desk, FORM)];
  const id = "aaaaaaaa-0000-4000-8000-000000000001";
  const again = { ...first.scan.wire, id, shown: "already_scanned" as const };
  const scan = await desk.store.addScan({ ...first.scan, id, wire: again, sent: 0 }, null);
  desk.scansChanged([scan]);

  server.isUp = true;
  server.takes = 1;
  const isDone = await sync.drain();

  expect([isDone, desk.unsent, server.scans, desk.ended]).toEqual([false, 1, 1, "revoked"]);
  expect(desk.unsentWalkIns.map((one) => one.id)).toEqual([second.walkIn.id]);
  server.takes = 2;
  sync.now();
  expect([await sync.drain(), desk.unsent]).toEqual([true, 0]);
});

test("a clock that was set back before sending moves no walk-in", async () => {
  await register(desk, FORM);
  const reset = Date.parse("2019-01-01T00:00:00Z");
  vi.setSystemTime(reset);
  await register(desk, FORM);

  server.isUp = true;
  await sync.drain();

  const sent = server.walkIns.map(({ at, clock_offset_ms, sent_at }) => [
    at,
    clock_offset_ms,
    sent_at,
  ]);
  expect(sent).toEqual([
    [iso(STARTS + HOUR), 0, iso(reset)], // by the clock of before
    [iso(reset), null, iso(reset)], // the server corrects it by the time of the sending
  ]);
});
