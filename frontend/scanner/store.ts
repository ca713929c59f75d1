/**
 * What lies on the device: IndexedDB, so that it survives reload, crash and an empty battery.
 *
 * A scan is durable here before its verdict is shown. Two tabs of one device share all of it: order
 * and running number are given out inside the transaction that writes.
 */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { PublicKey } from "../shared/tickets";
import type { Person } from "./roster";
import type {
  ScanResult,
  WalkInResult,
  WireConflict,
  WireDrive,
  WireScan,
  WireStation,
  WireWalkIn,
} from "./wire";

const NAME = "giot-hong";

export interface DeviceRecord {
  token: string;
  /** `M2` */
  label: string;
  /** Of the helper who uses it. */
  name: string;
  drive: WireDrive;
  stations: WireStation[];
  keys: PublicKey[];
  expiresAt: number;
}

export interface RosterRecord {
  /** null: nothing yet. */
  cursor: string | null;
  /** All pages have come at least once. */
  whole: boolean;
  total: number;
  /** When it was last brought up to date, by the server's clock. */
  at: number;
  conflicts: WireConflict[];
}

export interface ScanRecord {
  id: string;
  order: number;
  /** As it is sent. `shown` is never rewritten. */
  wire: WireScan;
  /** The registration that it is about, as far as the device knows. */
  person: string | null;
  /** How the person was named when it was shown; for the row of the last scan. */
  name: string;
  temporary: string | null;
  sent: 0 | 1;
  result: ScanResult | null;
}

export interface WalkInRecord {
  id: string;
  order: number;
  wire: WireWalkIn;
  temporary: string | null;
  sent: 0 | 1;
  /** Without the donor's own link: whoever finds the phone could open it. */
  result: Omit<WalkInResult, "manage_url"> | null;
  /** The code of the server's refusal; staff are told and may correct it. Until then it stays unsent. */
  refused: string | null;
  /** The field that was refused, if it was one. */
  field?: string | null;
}

/** A try at enrolling whose answer may have been lost: the same key gives the same device. */
export interface AttemptRecord {
  code: string;
  name: string;
  key: string;
}

interface Keep {
  device: DeviceRecord;
  roster: RosterRecord;
  attempt: AttemptRecord;
  camera: string;
  seenConflicts: string[];
  order: number;
  running: number;
}

interface Schema extends DBSchema {
  kept: { key: string; value: unknown };
  people: { key: string; value: Person };
  scans: { key: string; value: ScanRecord; indexes: { order: number } };
  walkIns: { key: string; value: WalkInRecord };
}

const ALL = ["kept", "people", "scans", "walkIns"] as const;
// Relaxed, Chrome's default, may lose the last writes when the battery dies.
const STRICT = { durability: "strict" } as const;

export class Store {
  private constructor(private readonly db: IDBPDatabase<Schema>) {}

  static async open(): Promise<Store> {
    const db = await openDB<Schema>(NAME, 1, {
      upgrade(fresh) {
        fresh.createObjectStore("kept");
        fresh.createObjectStore("people", { keyPath: "id" });
        fresh.createObjectStore("scans", { keyPath: "id" }).createIndex("order", "order");
        fresh.createObjectStore("walkIns", { keyPath: "id" });
      },
      blocking(_current, _blocked, event) {
        (event.target as IDBDatabase).close();
      },
    });
    return new Store(db);
  }

  async get<K extends keyof Keep>(key: K): Promise<Keep[K] | null> {
    return ((await this.db.get("kept", key)) as Keep[K] | undefined) ?? null;
  }

  async set<K extends keyof Keep>(key: K, value: Keep[K]): Promise<void> {
    await this.db.put("kept", value, key);
  }

  people(): Promise<Person[]> {
    return this.db.getAll("people");
  }

  /** In the order in which they were made. */
  scans(): Promise<ScanRecord[]> {
    return this.db.getAllFromIndex("scans", "order");
  }

  walkIns(): Promise<WalkInRecord[]> {
    return this.db.getAll("walkIns");
  }

  /** Become a device: nothing of an earlier one stays. */
  async begin(device: DeviceRecord): Promise<void> {
    const tx = this.db.transaction(ALL, "readwrite", STRICT);
    await Promise.all(ALL.map((name) => tx.objectStore(name).clear()));
    await tx.objectStore("kept").put(device, "device");
    await tx.done;
  }

  /** Keep what is to be sent, and nobody of the roster. */
  async dropRoster(): Promise<void> {
    const tx = this.db.transaction(["people", "kept"], "readwrite", STRICT);
    void tx.objectStore("people").clear();
    void tx.objectStore("kept").delete("roster");
    await tx.done;
  }

  async erase(): Promise<void> {
    const tx = this.db.transaction(ALL, "readwrite", STRICT);
    await Promise.all(ALL.map((name) => tx.objectStore(name).clear()));
    await tx.done;
  }

  /** Write a new scan; with `numbered` it takes the device's next running number. */
  async addScan(
    scan: Omit<ScanRecord, "order" | "temporary">,
    numbered: Numbering,
  ): Promise<ScanRecord> {
    const tx = this.db.transaction(["kept", "scans"], "readwrite", STRICT);
    const made = { ...scan, ...(await next(tx.objectStore("kept"), numbered)) };
    await tx.objectStore("scans").add(made);
    await tx.done;
    return made;
  }

  /** Write a walk-in with the scan that it is as well; that scan is not sent by itself. */
  async addWalkIn(
    walkIn: Omit<WalkInRecord, "order" | "temporary">,
    scan: Omit<ScanRecord, "order" | "temporary">,
    numbered: Numbering,
  ): Promise<[WalkInRecord, ScanRecord]> {
    const tx = this.db.transaction(["kept", "walkIns", "scans"], "readwrite", STRICT);
    const place = await next(tx.objectStore("kept"), numbered);
    const made: [WalkInRecord, ScanRecord] = [
      { ...walkIn, ...place },
      { ...scan, ...place },
    ];
    await tx.objectStore("walkIns").add(made[0]);
    await tx.objectStore("scans").add(made[1]);
    await tx.done;
    return made;
  }

  /** Drop a walk-in that the server refused while staff still had the form before them. */
  async dropWalkIn(id: string): Promise<void> {
    const tx = this.db.transaction(["walkIns", "scans"], "readwrite", STRICT);
    void tx.objectStore("walkIns").delete(id);
    void tx.objectStore("scans").delete(id);
    await tx.done;
  }

  async saveScans(records: readonly ScanRecord[], people: readonly Person[]): Promise<void> {
    const tx = this.db.transaction(["scans", "people"], "readwrite", STRICT);
    for (const record of records) void tx.objectStore("scans").put(record);
    for (const person of people) void tx.objectStore("people").put(person);
    await tx.done;
  }

  async saveWalkIn(record: WalkInRecord, scan: ScanRecord | null): Promise<void> {
    const tx = this.db.transaction(["walkIns", "scans"], "readwrite", STRICT);
    void tx.objectStore("walkIns").put(record);
    if (scan) void tx.objectStore("scans").put(scan);
    await tx.done;
  }

  /**
   * Write a page of the roster with the cursor behind it, or neither. Of a device that has been
   * erased meanwhile nothing is written.
   */
  async saveRoster(
    people: readonly Person[],
    roster: RosterRecord,
    startsAnew: boolean,
    token: string,
  ): Promise<boolean> {
    const tx = this.db.transaction(["people", "kept"], "readwrite");
    const device = (await tx.objectStore("kept").get("device")) as DeviceRecord | undefined;
    if (device?.token !== token) {
      await tx.done;
      return false;
    }
    if (startsAnew) void tx.objectStore("people").clear();
    for (const person of people) void tx.objectStore("people").put(person);
    void tx.objectStore("kept").put(roster, "roster");
    await tx.done;
    return true;
  }
}

/** Makes a temporary number of a running one; null where none is needed. */
export type Numbering = ((running: number) => string) | null;

interface KeptStore {
  get(key: string): Promise<unknown>;
  put(value: unknown, key: string): Promise<unknown>;
}

async function next(
  kept: KeptStore,
  numbered: Numbering,
): Promise<{ order: number; temporary: string | null }> {
  const order = (((await kept.get("order")) as number | undefined) ?? 0) + 1;
  await kept.put(order, "order");
  if (!numbered) return { order, temporary: null };
  const running = (((await kept.get("running")) as number | undefined) ?? 0) + 1;
  await kept.put(running, "running");
  return { order, temporary: numbered(running) };
}
