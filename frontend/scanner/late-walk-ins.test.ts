/** What a device that has ended does with the people it registered on site: hands them in, once. */

import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Desk } from "./desk";
import { Scans } from "./scans";
import { Store } from "./store";
import { Sync } from "./sync";
import { correct, register } from "./walk-ins";
import type { WireScan, WireWalkIn } from "./wire";

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

const REGISTERED = {
  registration: "00000000000000aa",
  code: "",
  ticket: "",
  number: 1,
  manage_url: "",
  merged: false,
};
const EMPTY_ROSTER = {
  registrations: [],
  revoked: [],
  conflicts: [],
  keys: [],
  more: false,
  cursor: "c",
  total: 0,
  server_time: iso(STARTS),
};

const LISTED = {
  id: "00000000000000bb",
  name: "Vừ A Dính",
  status: "registered",
  slot_starts_at: iso(STARTS),
  unit: null,
  number: null,
  code: "",
  phone_last4: "777",
  scans: {},
};

type Sent = WireWalkIn & { sent_at: string; status: { unsent: number } };

/** A server that has ended the device: no list, and what is handed in is set apart. */
class Server {
  isUp = false;
  takes = Number.POSITIVE_INFINITY;
  /** Gives what is wrong with somebody, as field and code. */
  wrong: (sent: Sent) => [string, string] | null = () => null;
  isEnded = true;
  listed: object[] = [];
  readonly scans: WireScan[] = [];
  readonly walkIns: Sent[] = [];

  answer(url: string, init: RequestInit): Response {
    if (!this.isUp) throw new TypeError("Failed to fetch");
    const body = init.body ? JSON.parse(init.body as string) : {};
    if (url.includes("/walk-ins/")) {
      if (this.walkIns.length >= this.takes) return problem(409, "too_many_late");
      const wrong = this.wrong(body);
      if (wrong) return problem(400, "invalid", [{ field: wrong[0], code: wrong[1] }]);
      this.walkIns.push(body);
      return Response.json(this.isEnded ? SET_APART : REGISTERED, { status: 201 });
    }
    if (!url.includes("/scans/")) {
      return this.isEnded
        ? problem(401, "device_revoked")
        : Response.json({ ...EMPTY_ROSTER, registrations: this.listed });
    }
    this.scans.push(...body.scans);
    const none = { registration: null, first: null, conflict: null };
    const results = body.scans.map(({ id }: { id: string }) => ({
      id,
      verdict: "unknown",
      ...none,
    }));
    return Response.json({ results, server_time: iso(Date.now()) });
  }
}

function problem(status: number, code: string, errors: object[] = []): Response {
  return Response.json({ status, code, errors }, { status });
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

  expect([isDone, desk.unsent, server.scans.length, desk.ended]).toEqual([false, 1, 1, "revoked"]);
  expect(desk.unsentWalkIns.map((one) => one.id)).toEqual([second.walkIn.id]);
  expect([desk.refusal, desk.refusedWalkIns]).toEqual(["too_many_late", []]); // nobody's fault
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

const NO_NAME = ({ full_name }: Sent): [string, string] | null =>
  full_name === FORM.full_name ? ["full_name", "no_letter"] : null;

test("somebody whom the server refuses by a field is not erased with the device", async () => {
  const { walkIn } = await register(desk, FORM);
  await register(desk, { ...FORM, full_name: "Vừ A Dính" });
  await new Scans(desk, () => undefined).take({ text: "no ticket" }, false);

  server.isUp = true;
  server.wrong = NO_NAME;
  const isDone = await sync.drain();

  expect([isDone, desk.ended, desk.unsent, desk.refusal]).toEqual([
    false,
    "revoked",
    1,
    "no_letter",
  ]);
  expect([server.walkIns.length, server.scans.length]).toEqual([1, 1]);
  expect(desk.unsentWalkIns).toMatchObject([{ id: walkIn.id, wire: FORM, field: "full_name" }]);
  const again = (await Desk.load(desk.store))!; // the page was closed in between
  expect(again.unsent).toBe(1);
  server.wrong = () => null;
  sync.now();
  expect([await sync.drain(), desk.unsent, desk.refusal]).toEqual([true, 0, null]);
});

test("a phone that the server refuses is given up only where nobody can correct it", async () => {
  await register(desk, FORM);

  server.isUp = true;
  server.isEnded = false;
  server.wrong = ({ phone }) => (phone === "" ? null : ["phone", "invalid_phone"]);
  await sync.drain();
  const living = desk.refusedWalkIns.map(({ wire, refused }) => [wire.phone, refused]);
  server.isEnded = true;
  sync.now();
  await sync.drain();

  expect(living).toEqual([[FORM.phone, "invalid_phone"]]);
  expect([desk.ended, desk.unsent]).toEqual(["revoked", 0]);
  expect(server.walkIns).toMatchObject([{ full_name: FORM.full_name, phone: "" }]);
});

test("staff correct whom the server refused, under the same id, moment and number", async () => {
  const { walkIn } = await register(desk, FORM);
  const { temporary } = walkIn;
  server.isUp = true;
  server.isEnded = false;
  server.wrong = NO_NAME;
  await sync.drain();
  const before = [desk.unsent, desk.refusal, desk.refusedWalkIns.length];

  const corrected = await correct(desk, walkIn.id, { ...FORM, full_name: "Lò Thị Pành" });
  expect([corrected.field, desk.refusedWalkIns, desk.unsent]).toEqual([undefined, [], 1]);
  sync.now();
  await sync.drain();

  expect([before, desk.unsent, desk.refusal]).toEqual([[1, "no_letter", 1], 0, null]);
  const { id, wire } = walkIn;
  expect(server.walkIns).toMatchObject([{ id, at: wire.at, full_name: "Lò Thị Pành" }]);
  expect(desk.walkIns.get(id)).toMatchObject({ temporary, sent: 1, refused: null });
  expect(desk.scans.get(id)?.name).toBe("Lò Thị Pành");
});

test("somebody who was refused and is taken back is owed nothing", async () => {
  const { walkIn, scan } = await register(desk, FORM);
  server.isUp = true;
  server.isEnded = false;
  server.wrong = NO_NAME;
  await sync.drain();
  const before = desk.unsent;

  await new Scans(desk, () => undefined).undo(scan);
  await sync.drain();

  expect([before, desk.unsent, desk.refusal]).toEqual([1, 0, null]);
  // Nobody will send them any more: no more than the name stays.
  expect(await desk.store.walkIns()).toMatchObject([
    { wire: { full_name: FORM.full_name, phone: "", birth_year: 0 } },
  ]);
  expect(server.scans).toMatchObject([{ kind: "undo", undoes: walkIn.id }]);
});

test("a walk-in that was taken back is handed in with its undo", async () => {
  const { walkIn, scan } = await register(desk, FORM);
  await new Scans(desk, () => undefined).undo(scan);
  const held = desk.unsent;

  server.isUp = true;
  const isDone = await sync.drain();

  expect([held, isDone, desk.unsent, desk.ended]).toEqual([2, true, 0, "revoked"]);
  expect(server.walkIns.map(({ id }) => id)).toEqual([walkIn.id]);
  expect(server.scans).toMatchObject([{ kind: "undo", undoes: walkIn.id, shown: null }]);
});

test.each([
  ["fails", () => Promise.reject(new TypeError("Failed to fetch"))],
  ["is refused", () => Promise.resolve(problem(409, "too_young"))],
])("a device that is erased while a sending %s holds nobody again", async (_what, answer) => {
  desk.setNetwork("up");
  await register(desk, FORM);
  let goesOn = () => {};
  const isErased = new Promise<void>((resolve) => {
    goesOn = resolve;
  });
  vi.stubGlobal("fetch", () => isErased.then(answer));

  const sending = sync.drain();
  sync.stop();
  await desk.erase();
  goesOn();
  await sending;

  const { store } = desk;
  expect([await store.walkIns(), await store.scans(), await store.people()]).toEqual([[], [], []]);
});

test("a device that was revoked keeps what is unsent, and nobody of the list", async () => {
  server.isUp = true;
  server.isEnded = false;
  server.listed = [LISTED];
  sync.now();
  await sync.drain();
  await register(desk, FORM);
  const before = [desk.people.size, (await desk.store.people()).length];

  server.isEnded = true;
  server.wrong = NO_NAME;
  sync.now();
  await sync.drain();

  expect([before, desk.ended, desk.unsent]).toEqual([[1, 1], "revoked", 1]);
  expect([desk.people.size, await desk.store.people()]).toEqual([0, []]);
  expect([await desk.store.get("roster"), desk.roster.whole]).toEqual([null, false]);
});
