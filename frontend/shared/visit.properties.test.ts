/** Whatever the order in which scans arrive, and however often: one state. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { fold, type VisitScan, type VisitState } from "./visit";

const IDS = Array.from({ length: 8 }, (_, n) => `00000000-0000-4000-8000-00000000000${n}`);
const id = fc.constantFrom(...IDS);

const scan = fc.record<VisitScan>({
  id,
  at: fc.integer({ min: 0, max: 3 }),
  station: fc.constantFrom("welcome", "donation"),
  device: fc.constantFrom("M1", "M2", null),
  verdict: fc.constantFrom("accepted", "already_scanned", "revoked", "bad_signature", "too_early"),
  shown: fc.constantFrom("accepted", "already_scanned", null),
  kind: fc.constantFrom("pass", "undo"),
  undoes: fc.option(id),
  byOrganizer: fc.boolean(),
});
const scans = fc.uniqueArray(scan, { selector: (one) => one.id, maxLength: IDS.length });

function summary({ checkIns, counted, conflicts }: VisitState) {
  return {
    checkIns: Object.fromEntries([...checkIns].sort(([a], [b]) => (a < b ? -1 : 1))),
    counted,
    conflicts: [...conflicts].sort((a, b) => (a.kind + a.station < b.kind + b.station ? -1 : 1)),
  };
}

const arrivals = scans.chain((made) =>
  fc.tuple(
    fc.constant(made),
    fc.shuffledSubarray(made, { minLength: made.length }),
    fc.array(made.length ? fc.constantFrom(...made) : fc.constant(null), { maxLength: 6 }),
  ),
);

test("the state is the same for every order and repetition", () => {
  fc.assert(
    fc.property(arrivals, ([made, shuffled, again]) => {
      const repeated = [...again, ...shuffled, ...again].filter((one) => one !== null);

      expect(summary(fold(repeated))).toEqual(summary(fold(made)));
    }),
    { seed: 4, numRuns: 400 },
  );
});

test("nobody who was let in is lost, and a double is never silent", () => {
  fc.assert(
    fc.property(scans, (made) => {
      const { counted, checkIns, conflicts } = fold(made);
      const stations = new Set(counted.map(({ station }) => station));

      expect(new Set(checkIns.keys())).toEqual(stations);
      for (const station of stations) {
        const here = counted.filter((one) => one.station === station);
        const double = conflicts.find((one) => one.kind === "double" && one.station === station);
        expect(checkIns.get(station)).toBe(here[0]);
        expect(double?.scans ?? [here[0]]).toEqual(here);
      }
    }),
    { seed: 4, numRuns: 400 },
  );
});
