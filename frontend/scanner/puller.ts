/** The page's side of the worker that fetches the roster; without one the page does it itself. */

import type { FromRoster } from "../roster/worker";
import { Away, Refusal } from "./api";
import { type Pull, type Pulled, pullInto } from "./pull";
import type { Person } from "./roster";
import type { Store } from "./store";

const PATIENCE_MS = 45_000;

export function puller(script: string, store: Store): Pull {
  const here = pullInto(store);
  let worker: Worker | null = null;
  let isBroken = typeof Worker !== "function";

  return (standing, heard) => {
    if (isBroken) return here(standing, heard);
    return new Promise<Pulled>((resolve, reject) => {
      const people: Person[] = [];
      const asked = worker ?? new Worker(script);
      worker = asked;
      const done = () => {
        clearTimeout(timer);
        asked.onmessage = asked.onerror = null;
      };
      const drop = () => {
        done();
        asked.terminate();
        worker = null;
      };
      const timer = setTimeout(() => {
        drop();
        reject(new Away("no answer from the worker"));
      }, PATIENCE_MS);
      asked.onerror = () => {
        // Its file is out of reach, or this browser has no storage in workers.
        drop();
        isBroken = true;
        here(standing, heard).then(resolve, reject);
      };
      asked.onmessage = ({ data }: MessageEvent<FromRoster>) => {
        if ("heard" in data) heard(data.heard);
        else if ("people" in data) people.push(...data.people);
        else {
          done();
          if ("pulled" in data) resolve({ ...data.pulled, people });
          else if ("refused" in data) {
            reject(new Refusal(data.refused.status, data.refused.code));
          } else reject(new Away(data.away));
        }
      };
      asked.postMessage(standing);
    });
  };
}
