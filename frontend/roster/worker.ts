/**
 * Fetches, reads and keeps the roster off the page's thread, and hands its people over in portions,
 * so that a list of thousands never holds up a verdict.
 */

import { Refusal } from "../scanner/api";
import { type Pulled, pullInto, type Standing } from "../scanner/pull";
import type { Person } from "../scanner/roster";
import { Store } from "../scanner/store";

export type FromRoster =
  | { heard: string }
  | { people: Person[] }
  | { pulled: Omit<Pulled, "people"> }
  | { refused: { status: number; code: string } }
  | { away: string };

const PORTION = 200;

// The types of a page and of a worker cannot be had together.
const scope = self as unknown as {
  postMessage(message: FromRoster): void;
  onmessage: (event: MessageEvent<Standing>) => void;
};
const tell = (message: FromRoster) => scope.postMessage(message);
let store: Promise<Store> | null = null;

scope.onmessage = async ({ data }) => {
  try {
    store ??= Store.open();
    const pull = pullInto(await store);
    const { people, ...pulled } = await pull(data, (heard) => tell({ heard }));
    for (let at = 0; at < people.length; at += PORTION) {
      tell({ people: people.slice(at, at + PORTION) });
    }
    tell({ pulled });
  } catch (error) {
    store = null;
    if (error instanceof Refusal) tell({ refused: { status: error.status, code: error.code } });
    else tell({ away: String(error) });
  }
};
