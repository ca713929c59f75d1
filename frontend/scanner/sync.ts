/**
 * Bring what was scanned to the server, and the roster from there, whenever that is possible.
 *
 * Nobody switches a mode, and `navigator.onLine` is not asked: it stays true beside a dead server.
 * One run at a time over all tabs; ids would make a second one harmless.
 */

import { Away, Refusal, sendScans, sendWalkIn } from "./api";
import { measure } from "./clock";
import type { Desk } from "./desk";
import { type Pull, pullInto } from "./pull";
import { answered, asSent, MOST_SCANS, nextBatch, pauseAfter } from "./queue";
import { type Person, renewed } from "./roster";
import type { ScanRecord, WalkInRecord } from "./store";
import type { DeviceStatus, ScanResult, WalkInResult, WireWalkIn } from "./wire";

const PULL_EVERY_MS = 15_000;
const OTHER_TAB_MS = 1_500;
/** Refusals of a batch for what is in it: a smaller one may be taken. */
const OF_WHAT_WAS_SENT = new Set([400, 413, 415, 422]);
/** Refusals of a walk-in that nobody can correct: a later try may do. */
const FOR_NOTHING_IN_IT = new Set([413, 415]);
/** The organizers have to decide on what this device, which has ended, has sent before. */
const UNTIL_DECIDED = "too_many_late";

export class Sync {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | null = null;
  #again = false;
  #pullAgain = false;
  #failures = 0;
  #pulledAt = 0;
  #batchSize = MOST_SCANS;
  /** What the server would not take even alone: it stays here and stops nobody. */
  readonly #refused = new Set<string>();
  #stopped = false;

  readonly #fetch: Pull;

  constructor(
    private readonly desk: Desk,
    private readonly version: string,
    fetch: Pull = pullInto(desk.store),
  ) {
    this.#fetch = fetch;
  }

  start(): void {
    const wake = () => {
      if (!document.hidden) this.now();
    };
    document.addEventListener("visibilitychange", wake);
    for (const event of ["focus", "online", "pageshow"]) addEventListener(event, wake);
    this.now();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Send and fetch now. */
  now(): void {
    this.#pullAgain = true;
    this.#refused.clear();
    this.soon();
  }

  /** Send what there is now; fetch when it is time. */
  soon = (): void => {
    this.#again = true;
    this.#running ??= this.#run();
  };

  /** Try once, and tell whether everything is sent. */
  async drain(): Promise<boolean> {
    this.soon();
    await this.#running;
    return this.desk.unsent === 0;
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    let pause = PULL_EVERY_MS;
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        if (!(await this.#alone(() => this.#exchange()))) {
          pause = OTHER_TAB_MS;
          break;
        }
        this.#failures = 0;
        this.desk.setNetwork("up");
        await this.#forgetSettled();
      }
    } catch (error) {
      if (this.#stopped) return; // erased meanwhile: nothing is written down again
      this.#failures++;
      pause = pauseAfter(this.#failures, Math.random());
      if (error instanceof Away) await this.#noteAway();
      else if (error instanceof Refusal) {
        this.desk.setNetwork("up");
        this.desk.setRefusal(error.code);
      } else throw error;
    } finally {
      this.#running = null;
      if (!this.#stopped) this.#timer = setTimeout(() => this.soon(), pause);
    }
  }

  /** What was refused may have been dropped or taken back by staff meanwhile. */
  async #forgetSettled(): Promise<void> {
    const { desk } = this;
    const held = new Set([...desk.unsentScans, ...desk.unsentWalkIns].map(({ id }) => id));
    for (const id of this.#refused) if (!held.has(id)) this.#refused.delete(id);
    if (this.#refused.size === 0) desk.setRefusal(null);
    const isOwedNothing = ({ id, sent, wire }: WalkInRecord) =>
      sent === 0 && !held.has(id) && wire.birth_year !== 0;
    for (const walkIn of [...desk.walkIns.values()].filter(isOwedNothing)) {
      if (this.#stopped) return; // erased meanwhile
      const record = { ...walkIn, wire: nameOnly(walkIn.wire) };
      await desk.store.saveWalkIn(record, null);
      desk.walkInChanged(record);
    }
  }

  /** Do it unless another tab is at it. */
  async #alone(work: () => Promise<void>): Promise<boolean> {
    if (!("locks" in navigator)) {
      await work();
      return true;
    }
    return navigator.locks.request("giot-hong-sync", { ifAvailable: true }, async (lock) => {
      if (lock) await work();
      return lock !== null;
    });
  }

  async #exchange(): Promise<void> {
    await this.#sendWalkIns();
    await this.#sendScans();
    if (this.desk.ended !== null) return;
    if (this.#pullAgain || Date.now() - this.#pulledAt >= PULL_EVERY_MS) await this.#pull();
  }

  // --- Up -----------------------------------------------------------------------------------------

  async #sendScans(): Promise<void> {
    const { desk } = this;
    for (;;) {
      const waiting = desk.unsentScans.filter(({ id }) => !this.#refused.has(id));
      const batch = nextBatch(waiting, this.#batchSize);
      if (batch.length === 0) return;
      const sentAt = Date.now();
      try {
        const { results, server_time } = await sendScans(desk.device.token, {
          sent_at: new Date(sentAt).toISOString(),
          status: this.#status(batch.length),
          scans: batch.map((record) => asSent(record.wire, sentAt)),
        });
        desk.measured(measure(sentAt, Date.now(), server_time));
        await this.#keepAnswers(batch, results);
      } catch (error) {
        if (error instanceof Refusal && (await this.#isEnded(error))) return;
        if (!(error instanceof Refusal) || !OF_WHAT_WAS_SENT.has(error.status)) throw error;
        if (batch.length === 1) {
          this.#refused.add(batch[0]!.id);
          desk.setRefusal(error.code);
        }
        this.#batchSize = Math.ceil(batch.length / 2);
        continue;
      }
      this.#batchSize = MOST_SCANS;
    }
  }

  async #keepAnswers(batch: ScanRecord[], results: ScanResult[]): Promise<void> {
    const { desk } = this;
    if (this.#stopped) return; // erased meanwhile
    const records = answered(batch, results).map((record) => {
      const known = record.result?.registration;
      if (!known) return record;
      return { ...record, person: known.id, name: record.name || known.name };
    });
    if (records.length === 0) throw new Away("an answer about nothing");
    const people = records.flatMap(({ result }): Person[] => {
      const known = result?.registration;
      const before = known && desk.people.get(known.id);
      if (!known || !before || before.status === "cancelled") return [];
      return [{ ...before, number: known.number, status: livingStatus(known.status, before) }];
    });
    if (records.some(({ result }) => result?.conflict)) this.#pullAgain = true;
    await desk.store.saveScans(records, people);
    desk.scansChanged(records, people);
  }

  /** Say how this device is once `sending` have arrived. */
  #status(sending: number): DeviceStatus {
    const { desk } = this;
    const unsent = desk.unsent - sending;
    return { unsent, roster_cursor: desk.roster.cursor, version: this.version };
  }

  async #sendWalkIns(): Promise<void> {
    const waiting = this.desk.unsentWalkIns.filter(({ id }) => !this.#refused.has(id));
    for (const walkIn of waiting) await this.#sendWalkIn(walkIn);
  }

  async #sendWalkIn(walkIn: WalkInRecord): Promise<void> {
    const { desk } = this;
    let record: WalkInRecord;
    let scan = desk.scans.get(walkIn.id) ?? null;
    try {
      const sentAt = Date.now();
      const answer = await sendWalkIn(desk.device.token, {
        ...asSent(walkIn.wire, sentAt),
        sent_at: new Date(sentAt).toISOString(),
        status: this.#status(1),
      });
      if (this.#stopped) return; // erased meanwhile
      // The server has the rest now.
      record = { ...walkIn, wire: nameOnly(walkIn.wire), sent: 1, refused: null, field: null };
      if (answer.registration !== null) {
        const { manage_url: _own, ...result } = answer;
        record = { ...record, result };
        const known = asScanResult(record, result);
        scan = scan && { ...scan, person: result.registration, result: known };
      }
      this.#pullAgain = true;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (this.#stopped || (await this.#isEnded(error))) return;
      if (desk.ended !== null && walkIn.wire.phone !== "" && "phone" in error.fields) {
        // Nobody can correct it here any more: better known without a phone than not at all.
        await this.#withoutPhone(walkIn);
        return;
      }
      this.#refused.add(walkIn.id);
      if (FOR_NOTHING_IN_IT.has(error.status) || error.code === UNTIL_DECIDED) {
        desk.setRefusal(error.code);
        return;
      }
      const [field = null, why = null] = Object.entries(error.fields)[0] ?? [];
      const refused = error.code === "invalid" && why ? why : error.code;
      desk.setRefusal(refused);
      record = { ...walkIn, refused, field };
    }
    await desk.store.saveWalkIn(record, scan);
    if (scan) desk.scansChanged([scan]);
    desk.walkInChanged(record);
  }

  async #withoutPhone(walkIn: WalkInRecord): Promise<void> {
    const record = { ...walkIn, wire: { ...walkIn.wire, phone: "" } };
    await this.desk.store.saveWalkIn(record, null);
    this.desk.walkInChanged(record);
    this.#again = true;
  }

  // --- Down ---------------------------------------------------------------------------------------

  async #pull(): Promise<void> {
    const { desk } = this;
    this.#pullAgain = false;
    const start = performance.now();
    let more = true;
    while (more) {
      const { cursor, whole } = desk.roster;
      const sentAt = Date.now();
      const heard = (serverTime: string) => desk.measured(measure(sentAt, Date.now(), serverTime));
      try {
        const standing = { token: desk.device.token, cursor, whole };
        const { people, roster, page, ...rest } = await this.#fetch(standing, heard);
        if (this.#stopped) return;
        const device = renewed(desk.device, page);
        if (device) await desk.becomes(device);
        desk.rosterChanged(people, roster, cursor === null);
        more = rest.more;
      } catch (error) {
        if (error instanceof Refusal && (await this.#isEnded(error))) return;
        throw error;
      }
    }
    this.#pulledAt = Date.now();
    performance.measure("roster", { start });
  }

  async #isEnded(error: Refusal): Promise<boolean> {
    if (error.status !== 401) return false;
    if (this.desk.ended === null) {
      // Of a device that has ended the server takes walk-ins that it refused before.
      this.#refused.clear();
      this.#again = true;
    }
    await this.desk.end(error.code === "device_revoked" ? "revoked" : "unknown");
    return true;
  }

  /** Scans and walk-ins that are still here were made, as it turns out, without the network. */
  async #noteAway(): Promise<void> {
    const { desk } = this;
    const records = desk.unsentScans
      .filter(({ wire }) => !wire.offline)
      .map((record) => ({ ...record, wire: { ...record.wire, offline: true } }));
    if (records.length > 0) {
      await desk.store.saveScans(records, []);
      desk.scansChanged(records);
    }
    for (const walkIn of desk.unsentWalkIns.filter(({ wire }) => !wire.offline)) {
      const record = { ...walkIn, wire: { ...walkIn.wire, offline: true } };
      await desk.store.saveWalkIn(record, null);
      desk.walkInChanged(record);
    }
    desk.setNetwork("down");
  }
}

/** Give what may stay on the device of somebody who need not be sent: no phone, birth year or sex. */
function nameOnly({ sex: _sex, ...wire }: WireWalkIn): WireWalkIn {
  return { ...wire, phone: "", birth_year: 0 };
}

function asScanResult(
  { id, wire }: WalkInRecord,
  result: Omit<WalkInResult, "manage_url">,
): ScanResult {
  const registration = {
    id: result.registration,
    name: wire.full_name,
    slot_starts_at: null,
    unit: null,
    status: "checked_in",
    number: result.number,
  };
  return { id, verdict: "accepted", registration, first: null, conflict: null };
}

function livingStatus(status: string, before: Person): Person["status"] {
  const known = status === "waitlisted" || status === "registered" || status === "checked_in";
  return known ? status : before.status;
}
