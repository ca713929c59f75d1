/**
 * Two devices, one of them in two tabs, through days of bad network: the real desk, store and sync
 * over a store in memory, before a server that keeps its promises and loses its answers.
 */

import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fold, type VisitScan } from "../shared/visit";
import { Desk } from "./desk";
import { Scans } from "./scans";
import { Store } from "./store";
import { Sync } from "./sync";
import type { ScanResult, WireConflict, WirePerson, WireScan } from "./wire";

const PEOPLE = ["00000000000000a1", "00000000000000a2", "00000000000000a3"];
const STARTS = Date.parse("2026-12-05T00:00:00Z");
const iso = (at: number) => new Date(at).toISOString();

const DRIVE = {
  slug: "today",
  name: "Giọt hồng",
  number: 7,
  date: iso(STARTS).slice(0, 10),
  zone: "UTC",
  starts_at: iso(STARTS),
  ends_at: iso(STARTS + 6 * 3_600_000),
  tolerance_minutes: 600,
};

// --- The server, as `INTERFACES.md` has it --------------------------------------------------------

type Weather = "up" | "down" | "answers are lost";

class Server {
  weather: Weather = "up";
  readonly received = new Map<string, { wire: WireScan; device: string; verdict: string }>();
  readonly #numbers = new Map<string, number>();

  async answer(url: string, init: RequestInit): Promise<Response> {
    if (this.weather === "down") throw new TypeError("Failed to fetch");
    const token = new Headers(init.headers).get("Authorization")!;
    const device = token.replace("Device ", "");
    const body = url.includes("/scans/")
      ? this.#take(JSON.parse(init.body as string).scans, device)
      : this.#roster();
    if (this.weather === "answers are lost") throw new TypeError("connection reset");
    return Response.json({ ...body, server_time: iso(Date.now()) });
  }

  #take(scans: WireScan[], device: string) {
    for (const wire of scans) {
      if (this.received.has(wire.id)) continue;
      const isIn = this.fold(wire.registration ?? "").checkIns.has("welcome");
      const verdict = wire.kind === "undo" ? "recorded" : isIn ? "already_scanned" : "accepted";
      this.received.set(wire.id, { wire, device, verdict });
      if (verdict === "accepted" && !this.#numbers.has(wire.registration!))
        this.#numbers.set(wire.registration!, this.#numbers.size + 1);
    }
    return { results: scans.map(({ id }) => this.#result(id)) };
  }

  #result(id: string): ScanResult {
    const { wire, verdict } = this.received.get(id)!;
    const [row] = this.#rows().filter((one) => one.id === wire.registration);
    const registration = row ? { ...row, slot_starts_at: null } : null;
    return {
      id,
      verdict: verdict as ScanResult["verdict"],
      registration,
      first: null,
      conflict: null,
    };
  }

  fold(registration: string) {
    const undone = (wire: WireScan) => this.received.get(wire.undoes ?? "")?.wire.registration;
    const own = [...this.received.values()].filter(
      ({ wire }) => (wire.registration ?? undone(wire)) === registration,
    );
    return fold(
      own.map(
        ({ wire, device, verdict }): VisitScan => ({
          id: wire.id,
          at: Date.parse(wire.scanned_at) + (wire.clock_offset_ms ?? 0),
          station: wire.station,
          device,
          verdict,
          shown: wire.shown,
          kind: wire.kind,
          undoes: wire.undoes ?? null,
          byOrganizer: false,
        }),
      ),
    );
  }

  #rows(): WirePerson[] {
    return PEOPLE.map((id, n) => {
      const checkIn = this.fold(id).checkIns.get("welcome");
      return {
        id,
        code: "",
        name: `Người ${n}`,
        slot_starts_at: null,
        slot_ends_at: null,
        unit: null,
        phone_last4: "",
        status: checkIn ? "checked_in" : "registered",
        number: this.#numbers.get(id) ?? null,
        scans: checkIn ? { welcome: iso(checkIn.at) } : {},
      };
    });
  }

  #roster() {
    const conflicts = PEOPLE.flatMap((registration): WireConflict[] =>
      this.fold(registration).conflicts.map(({ kind, scans }) => ({
        registration,
        kind,
        scans: scans.map(({ id, device, station, at }) => ({
          id,
          device: String(device),
          station,
          at: iso(at),
        })),
      })),
    );
    const rest = { revoked: [], keys: [], more: false, cursor: "c", total: PEOPLE.length };
    return { registrations: this.#rows(), conflicts, ...rest, drive: DRIVE };
  }
}

// --- Devices ----------------------------------------------------------------------------------------

let device = "";
const channels = new Map<string, Set<TabChannel>>();

/** Tabs of one device hear each other; other devices are elsewhere. */
class TabChannel extends EventTarget {
  readonly #others = channels.get(device) ?? new Set<TabChannel>();

  constructor() {
    super();
    channels.set(device, this.#others.add(this));
  }

  postMessage(data: unknown): void {
    for (const other of this.#others)
      if (other !== this) other.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  close(): void {
    this.#others.delete(this);
  }
}

class Tab {
  desk!: Desk;
  sync!: Sync;
  scans!: Scans;

  constructor(
    readonly label: string,
    private readonly storage: IDBFactory,
  ) {}

  /** Open the page, or open it again after it was killed. */
  async open(): Promise<void> {
    this.sync?.stop();
    device = this.label;
    vi.stubGlobal("indexedDB", this.storage);
    const store = await Store.open();
    if (!(await store.get("device"))) {
      const stations = [{ id: 1, kind: "welcome", name: "", order: 1 }];
      const rest = { token: this.label, label: this.label, name: "", keys: [] };
      await store.begin({ ...rest, drive: DRIVE, stations, expiresAt: STARTS + 86_400_000 });
    }
    this.desk = (await Desk.load(store))!;
    this.sync = new Sync(this.desk, "test");
    this.scans = new Scans(this.desk, () => undefined);
  }

  async scan(person: number): Promise<string> {
    const { record } = await this.scans.take({ registration: PEOPLE[person]! });
    return record.id;
  }

  async undo(): Promise<string | null> {
    const last = [...this.desk.scans.values()].reverse().find(({ wire }) => wire.kind === "pass");
    if (!last) return null;
    return (await this.scans.undo({ id: last.id, person: last.person, name: "" })).id;
  }

  async exchange(): Promise<void> {
    this.sync.now();
    await this.sync.drain();
  }
}

beforeEach(() => {
  // People do not come within the same millisecond.
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: STARTS + 3_600_000 });
  vi.stubGlobal("navigator", {});
  vi.stubGlobal("BroadcastChannel", TabChannel);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const step = fc.oneof(
  fc.record({ do: fc.constant("scan" as const), tab: fc.nat(2), person: fc.nat(2) }),
  fc.record({ do: fc.constantFrom("undo" as const, "exchange", "kill"), tab: fc.nat(2) }),
  fc.record({
    do: fc.constant("weather" as const),
    is: fc.constantFrom<Weather>("up", "down", "answers are lost"),
  }),
);

test("every scan that was shown arrives once, and all devices end with the same state", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 24 }), async (steps) => {
      const server = new Server();
      vi.stubGlobal("fetch", (url: string, init: RequestInit) => server.answer(url, init));
      const [first, second] = [new IDBFactory(), new IDBFactory()];
      const tabs = [new Tab("M1", first), new Tab("M1", first), new Tab("M2", second)];
      for (const tab of tabs) await tab.open();
      for (const tab of tabs) await tab.exchange();
      const shown: string[] = [];

      for (const one of steps) {
        vi.advanceTimersByTime(1_000);
        if (one.do === "weather") server.weather = one.is;
        else if (one.do === "scan") shown.push(await tabs[one.tab]!.scan(one.person));
        else if (one.do === "exchange") await tabs[one.tab]!.exchange();
        else if (one.do === "kill") {
          const killed = tabs.filter(({ label }) => label === tabs[one.tab]!.label);
          for (const tab of killed) tab.sync.stop();
          for (const tab of killed) await tab.open();
        } else {
          const id = await tabs[one.tab]!.undo();
          if (id) shown.push(id);
        }
      }
      server.weather = "up";
      for (const _twice of [1, 2]) for (const tab of tabs) await tab.exchange();
      for (const tab of tabs) tab.sync.stop();

      expect([...server.received.keys()].sort()).toEqual([...shown].sort());
      for (const { desk } of tabs) {
        expect(desk.unsent).toBe(0);
        for (const person of PEOPLE) {
          const checkIn = server.fold(person).checkIns.get("welcome");
          expect(desk.checkIn(person)?.at).toBe(checkIn?.at);
        }
        const doubles = PEOPLE.filter((person) => server.fold(person).conflicts.length > 0);
        expect(desk.roster.conflicts.map(({ registration }) => registration)).toEqual(doubles);
      }
      const orders = [...tabs[0]!.desk.scans.values()].map(({ order }) => order);
      expect(new Set(orders).size).toBe(orders.length);
    }),
    { seed: 4, numRuns: 120 },
  );
}, 60_000);
