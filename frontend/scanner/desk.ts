/**
 * The device's desk: everything that the screens show and the rule needs, in memory, the same as in
 * the store. Other tabs of the same device tell what they have written.
 */

import { phoneLast4 } from "../shared/identity";
import { canVerify, type DriveFacts, driveFacts, importKeys, trustedNow } from "../shared/tickets";
import { fold, type VisitScan } from "../shared/visit";
import {
  afterJump,
  afterReload,
  better,
  correctedAt,
  type Measurement,
  type Reading,
  type Remembered,
  readClocks,
} from "./clock";
import { useZone } from "./format";
import { arrived, cancelled, living, type Person } from "./roster";
import type { DeviceRecord, RosterRecord, ScanRecord, Store, WalkInRecord } from "./store";
import { say } from "./texts";

export type Network = "unknown" | "up" | "down";
/** Why the device may not scan any more. */
export type Ended = "revoked" | "unknown" | "expired";

type News =
  | { scans: ScanRecord[]; people: Person[] }
  | { walkIn: WalkInRecord }
  | { device: DeviceRecord }
  | { dropped: string }
  | { people: Person[]; roster: RosterRecord; startsAnew: boolean }
  | { reread: true }
  | { erased: true };

const NO_ROSTER: RosterRecord = { cursor: null, whole: false, total: 0, at: 0, conflicts: [] };
const SAME_MOMENT_MS = 5;
const CLOCK = "clock";
/** More people than these other tabs read from the store, rather than each tab copying them. */
const MOST_TOLD = 500;

export class Desk extends EventTarget {
  readonly people = new Map<string, Person>();
  readonly byCode = new Map<string, Person>();
  readonly scans = new Map<string, ScanRecord>();
  readonly walkIns = new Map<string, WalkInRecord>();
  readonly #byPerson = new Map<string, Set<string>>();
  readonly #walkInOf = new Map<string, string>();
  readonly #undone = new Set<string>();
  roster: RosterRecord = NO_ROSTER;
  facts!: DriveFacts;
  network: Network = "unknown";
  ended: Ended | null = null;
  /** The code of a refusal that the organizers have to hear of; null while the server takes all. */
  refusal: string | null = null;
  #clock: Measurement | null = null;
  #reading: Reading = readClocks();
  readonly #tabs = "BroadcastChannel" in globalThis ? new BroadcastChannel("giot-hong") : null;

  private constructor(
    readonly store: Store,
    public device: DeviceRecord,
  ) {
    super();
  }

  static async load(store: Store): Promise<Desk | null> {
    const device = await store.get("device");
    if (!device) return null;
    const desk = new Desk(store, device);
    const [roster, people, scans, walkIns] = await Promise.all([
      store.get("roster"),
      store.people(),
      store.scans(),
      store.walkIns(),
    ]);
    await desk.#use(device);
    desk.roster = roster ?? NO_ROSTER;
    desk.#addPeople(people);
    for (const scan of scans) desk.#addScan(scan);
    for (const walkIn of walkIns) desk.#addWalkIn(walkIn);
    desk.#tabs?.addEventListener("message", ({ data }) => desk.#hear(data as News));
    return desk;
  }

  /** Go on with another drive's times, keys or end: here, in the store and in other tabs. */
  async becomes(device: DeviceRecord): Promise<void> {
    await this.store.set("device", device);
    await this.#use(device);
    this.#tabs?.postMessage({ device } satisfies News);
    this.changed();
  }

  async #use(device: DeviceRecord): Promise<void> {
    const keys = canVerify() ? await importKeys(device.keys) : new Map();
    this.device = device;
    this.facts = driveFacts(device.drive, keys);
    useZone(device.drive.zone);
  }

  get station(): string {
    return this.device.stations[0]?.kind ?? "welcome";
  }

  get stationName(): string {
    return say(`station_${this.station}`);
  }

  /** How many have come: by the roster, and by what this device has not sent yet. */
  get arrived(): number {
    const unheard = new Set<string>();
    for (const { id, wire, person } of this.unsentScans) {
      const isIn = wire.kind === "pass" && wire.shown === "accepted" && !this.isUndone(id);
      const status = person === null ? undefined : this.people.get(person)?.status;
      if (isIn && person !== null && status !== "checked_in" && status !== "ended")
        unheard.add(person);
    }
    for (const { id } of this.unsentWalkIns) {
      if (this.isScannedHere(id)) unheard.add(id);
      else unheard.delete(id);
    }
    return arrived(this.people.values()) + unheard.size;
  }

  get living(): number {
    return living(this.people.values());
  }

  get unsentScans(): ScanRecord[] {
    return [...this.scans.values()].filter((scan) => scan.sent === 0);
  }

  /** Those that were refused are among them, unless staff took them back: then nothing is owed. */
  get unsentWalkIns(): WalkInRecord[] {
    return [...this.walkIns.values()].filter(
      ({ id, sent, refused }) => sent === 0 && (refused === null || this.isScannedHere(id)),
    );
  }

  get refusedWalkIns(): WalkInRecord[] {
    return this.unsentWalkIns.filter(({ refused }) => refused !== null);
  }

  get unsent(): number {
    return this.unsentScans.length + this.unsentWalkIns.length;
  }

  /** Server minus device, as last measured; it follows a clock that is set while the page is open. */
  get offsetMs(): number | null {
    const before = this.#reading;
    this.#reading = readClocks();
    if (!this.#clock) return null;
    const offsetMs = afterJump(this.#clock.offsetMs, before, this.#reading);
    if (offsetMs !== this.#clock.offsetMs) this.#clock = { ...this.#clock, offsetMs };
    return offsetMs;
  }

  /** Remember the clock's error for the same page loaded again, in this tab. */
  rememberClock(): void {
    const { offsetMs } = this;
    if (offsetMs === null) return;
    const kept: Remembered = { offsetMs, clockMs: Date.now() };
    sessionStorage.setItem(CLOCK, JSON.stringify(kept));
  }

  recallClock(): void {
    this.measured(afterReload(JSON.parse(sessionStorage.getItem(CLOCK) ?? "null"), Date.now()));
  }

  /** The moment to judge by; null: no clock can be trusted. */
  get now(): number | null {
    return trustedNow(Date.now(), this.offsetMs, this.facts);
  }

  /** The best guess at the time of day, for words only. */
  get about(): number {
    return Date.now() + (this.offsetMs ?? 0);
  }

  // --- Who there is ------------------------------------------------------------------------------

  /** The roster, and the walk-ins of this device that are not on it yet. */
  *everybody(): Generator<Person> {
    yield* this.people.values();
    for (const walkIn of this.walkIns.values()) {
      const isListed = walkIn.result !== null && this.people.has(walkIn.result.registration);
      if (!isListed && walkIn.refused === null) yield this.#asPerson(walkIn);
    }
  }

  /** Give who was registered on site at this device, under the id that is known by now. */
  walkedIn(id: string): Person | null {
    const walkIn = this.walkIns.get(id);
    if (!walkIn) return null;
    return this.people.get(walkIn.result?.registration ?? "") ?? this.#asPerson(walkIn);
  }

  #asPerson({ id, wire, result }: WalkInRecord): Person {
    return {
      ...cancelled(result?.registration ?? id),
      status: "registered",
      name: wire.full_name,
      phoneLast4: phoneLast4(wire.phone),
      number: result?.number ?? null,
    };
  }

  /** Give the temporary number of somebody whom this device has let in. */
  temporaryOf(id: string): string | null {
    const walkIn = this.walkIns.get(id) ?? this.walkIns.get(this.#walkInOf.get(id) ?? "");
    if (walkIn) return walkIn.temporary;
    const own = [...(this.#byPerson.get(id) ?? [])].map((scanId) => this.scans.get(scanId)!);
    return own.find(({ temporary }) => temporary !== null)?.temporary ?? null;
  }

  /** Give whom this device has given the temporary number. */
  byTemporary(number: string): Person | null {
    const scan = [...this.scans.values()].find(({ temporary }) => temporary === number);
    if (!scan) return null;
    return this.walkedIn(scan.id) ?? this.people.get(scan.person ?? "") ?? null;
  }

  // --- What is known of a person ----------------------------------------------------------------

  /** Whether a scan that counts, at this station, is known: by the roster or by this device. */
  isScannedHere(id: string): boolean {
    return this.checkIn(id) !== null;
  }

  /** Give the check-in at this station: when, and whether this device made it. */
  checkIn(id: string): { at: number; own: boolean } | null {
    const own = this.#ownScans(id);
    const state = fold(own);
    const here = state.checkIns.get(this.station);
    const onRoster = this.people.get(id)?.scans[this.station];
    if (onRoster !== undefined && (!here || onRoster <= here.at + SAME_MOMENT_MS)) {
      const counted = new Set(state.counted.map((scan) => scan.id));
      const same = (scan: VisitScan) =>
        scan.kind === "pass" && Math.abs(scan.at - onRoster) <= SAME_MOMENT_MS;
      const mine = own.find(same);
      // The roster may not have heard yet that this device undid it.
      if (!mine || counted.has(mine.id)) return { at: onRoster, own: mine !== undefined };
    }
    return here ? { at: here.at, own: true } : null;
  }

  #ownScans(id: string): VisitScan[] {
    // Before the server knew a walk-in, its scans went by its own id.
    const before = this.#byPerson.get(this.#walkInOf.get(id) ?? "") ?? [];
    const ids = new Set([...(this.#byPerson.get(id) ?? []), ...before]);
    return [...ids].map((scanId) => {
      const { wire, result } = this.scans.get(scanId)!;
      return {
        id: wire.id,
        at: correctedAt(wire),
        station: wire.station,
        device: this.device.label,
        verdict: result?.verdict ?? wire.shown ?? "",
        shown: wire.shown,
        kind: wire.kind,
        undoes: wire.undoes ?? null,
        byOrganizer: false,
      };
    });
  }

  isUndone(scanId: string): boolean {
    return this.#undone.has(scanId);
  }

  // --- Changes: the store first, then memory, screens and other tabs ------------------------------

  scansChanged(scans: ScanRecord[], people: Person[] = []): void {
    this.#tell({ scans, people });
  }

  walkInChanged(walkIn: WalkInRecord): void {
    this.#tell({ walkIn });
  }

  walkInDropped(id: string): void {
    this.#tell({ dropped: id });
  }

  rosterChanged(people: Person[], roster: RosterRecord, startsAnew: boolean): void {
    const news = { people, roster, startsAnew };
    const told: News = people.length > MOST_TOLD ? { reread: true } : news;
    this.#tabs?.postMessage(told);
    this.#hear(news);
  }

  measured(clock: Measurement | null): void {
    this.#reading = readClocks();
    this.#clock = better(this.#clock, clock);
  }

  setNetwork(network: Network): void {
    if (network === this.network) return;
    this.network = network;
    this.changed();
  }

  setRefusal(code: string | null): void {
    if (code === this.refusal) return;
    this.refusal = code;
    this.changed();
  }

  async end(why: Ended): Promise<void> {
    if (this.ended === why) return;
    this.ended = why;
    this.changed();
    if (why !== "revoked") return;
    // What the server does not take may stay for long; the list of people need not.
    await this.store.dropRoster();
    this.rosterChanged([], NO_ROSTER, true);
  }

  async erase(): Promise<void> {
    await this.store.erase();
    this.#tell({ erased: true });
  }

  changed(): void {
    this.dispatchEvent(new Event("change"));
  }

  #tell(news: News): void {
    this.#tabs?.postMessage(news);
    this.#hear(news);
  }

  async #reread(): Promise<void> {
    const [roster, people] = await Promise.all([this.store.get("roster"), this.store.people()]);
    if (roster) this.#hear({ people, roster, startsAnew: true });
  }

  #hear(news: News): void {
    if ("reread" in news) {
      void this.#reread();
      return;
    }
    if ("erased" in news) {
      this.dispatchEvent(new Event("erased"));
      return;
    }
    if ("device" in news) {
      void this.#use(news.device).then(() => this.changed());
      return;
    }
    if ("dropped" in news) {
      this.walkIns.delete(news.dropped);
      this.scans.delete(news.dropped);
    }
    if ("walkIn" in news) this.#addWalkIn(news.walkIn);
    if ("scans" in news) for (const scan of news.scans) this.#addScan(scan);
    if ("roster" in news) {
      if (news.startsAnew) {
        this.people.clear();
        this.byCode.clear();
      }
      this.roster = news.roster;
    }
    if ("people" in news) this.#addPeople(news.people);
    if ("scans" in news) {
      this.dispatchEvent(new CustomEvent("answered", { detail: news.scans.filter((s) => s.sent) }));
    }
    this.changed();
  }

  #addPeople(people: Iterable<Person>): void {
    for (const person of people) {
      const before = this.people.get(person.id);
      if (before) this.byCode.delete(before.code);
      this.people.set(person.id, person);
      if (person.code !== "") this.byCode.set(person.code, person);
    }
  }

  #addWalkIn(walkIn: WalkInRecord): void {
    this.walkIns.set(walkIn.id, walkIn);
    if (walkIn.result) this.#walkInOf.set(walkIn.result.registration, walkIn.id);
  }

  #addScan(scan: ScanRecord): void {
    this.scans.set(scan.id, scan);
    if (scan.wire.undoes !== undefined) this.#undone.add(scan.wire.undoes);
    if (scan.person === null) return;
    const ids = this.#byPerson.get(scan.person);
    if (ids) ids.add(scan.id);
    else this.#byPerson.set(scan.person, new Set([scan.id]));
  }
}
