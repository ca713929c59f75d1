/** Fetch a page of the roster and keep it. Runs in a worker, where there is one: 5,000 people cost. */

import { Away, fetchRoster } from "./api";
import { changes, moment, type Person } from "./roster";
import type { RosterRecord, Store } from "./store";
import type { RosterPage } from "./wire";

/** Where a device stands before it asks. */
export interface Standing {
  token: string;
  cursor: string | null;
  whole: boolean;
}

export interface Pulled {
  people: Person[];
  roster: RosterRecord;
  more: boolean;
  /** What a page says of the device and its drive. */
  page: Pick<RosterPage, "keys" | "drive" | "expires_at" | "server_time">;
}

/** `heard` is called with the server's time as soon as the answer is there. */
export type Pull = (standing: Standing, heard: (serverTime: string) => void) => Promise<Pulled>;

export function pullInto(store: Store): Pull {
  return async ({ token, cursor, whole }, heard) => {
    const page = await fetchRoster(token, cursor);
    heard(page.server_time);
    const people = changes(page);
    const roster: RosterRecord = {
      cursor: page.cursor,
      whole: whole || !page.more,
      total: page.total,
      at: moment(page.server_time)!,
      conflicts: page.conflicts,
    };
    const isKept = await store.saveRoster(people, roster, cursor === null, token);
    if (!isKept) throw new Away("this is another device by now");
    const { registrations: _people, revoked: _gone, conflicts: _kept, ...rest } = page;
    return { people, roster, more: page.more, page: rest };
  };
}
