import { expect, test } from "vitest";
import vectors from "../../tests/vectors/visits.json";
import { conflictOf, correctedTime, fold, type VisitScan, type VisitState } from "./visit";

type Row = (typeof vectors.visits)[number]["scans"][number];

function visitScan({ at, by_organizer, kind, ...same }: Row): VisitScan {
  const isUndo = kind === "undo";
  return { ...same, kind: isUndo ? "undo" : "pass", at: Date.parse(at), byOrganizer: by_organizer };
}

/** The state in the words of the vectors. */
function summary(state: VisitState) {
  return {
    check_ins: Object.fromEntries([...state.checkIns].map(([station, scan]) => [station, scan.id])),
    counted: state.counted.map((scan) => scan.id),
    conflicts: state.conflicts.map((c) => ({ ...c, scans: c.scans.map((scan) => scan.id) })),
  };
}

function* permutations<T>(items: T[]): Generator<T[]> {
  if (items.length === 0) yield [];
  for (const [i, item] of items.entries()) {
    for (const rest of permutations([...items.slice(0, i), ...items.slice(i + 1)])) {
      yield [item, ...rest];
    }
  }
}

test.each(vectors.visits)("fold in every order: $name", ({ scans, ...rest }) => {
  const { check_ins, counted, conflicts } = rest;
  for (const order of permutations(scans.map(visitScan))) {
    expect(summary(fold(order))).toEqual({ check_ins, counted, conflicts });
    expect(summary(fold([...order, ...order]))).toEqual({ check_ins, counted, conflicts });
  }
});

test.each(vectors.corrected)("correctedTime: $name", (row) => {
  const corrected = correctedTime({
    scannedAt: Date.parse(row.scanned_at),
    clockOffsetMs: row.clock_offset_ms,
    sentAt: Date.parse(row.sent_at),
    receivedAt: Date.parse(row.received_at),
  });

  expect(corrected).toBe(Date.parse(row.corrected));
});

test("conflictOf finds both scans of a double and nothing else", () => {
  const at = (id: string, minute: number, station = "welcome"): VisitScan => ({
    id,
    at: minute * 60_000,
    station,
    device: id,
    verdict: "accepted",
    shown: null,
    kind: "pass",
    undoes: null,
    byOrganizer: false,
  });

  const state = fold([at("a", 0), at("b", 1), at("c", 2, "identity")]);

  expect(conflictOf(state, "a")).toBe(state.conflicts[0]);
  expect(conflictOf(state, "b")).toBe(state.conflicts[0]);
  expect(conflictOf(state, "c")).toBeNull();
});
