import { expect, test } from "vitest";
import { answered, asSent, nextBatch, pauseAfter } from "./queue";
import type { ScanRecord } from "./store";
import type { ScanResult } from "./wire";

function scan(id: string, order: number): ScanRecord {
  return {
    id,
    order,
    wire: {
      id,
      station: "welcome",
      scanned_at: "2026-12-05T01:00:00Z",
      clock_offset_ms: null,
      offline: false,
      shown: "accepted",
      kind: "pass",
    },
    person: null,
    name: "",
    temporary: null,
    sent: 0,
    result: null,
  };
}

function result(id: string | null): ScanResult {
  return { id, verdict: "accepted", registration: null, first: null, conflict: null };
}

test("the oldest scans go first, and no more than asked", () => {
  const ids = nextBatch([scan("c", 3), scan("a", 1), scan("b", 2)], 2).map(({ id }) => id);

  expect(ids).toEqual(["a", "b"]);
});

test("five hundred at once and no more", () => {
  const many = Array.from({ length: 501 }, (_, i) => scan(String(i), i));

  expect(nextBatch(many)).toHaveLength(500);
});

test("answers are matched by id, whatever their order, and what got none stays unsent", () => {
  const batch = [scan("a", 1), scan("b", 2), scan("c", 3)];

  const done = answered(batch, [result("c"), result(null), result("stranger"), result("a")]);

  expect(done.map(({ id, sent, result }) => [id, sent, result?.id])).toEqual([
    ["a", 1, "a"],
    ["c", 1, "c"],
  ]);
  expect(batch.every(({ sent }) => sent === 0)).toBe(true);
});

test("an answer never rewrites what was shown", () => {
  const [done] = answered([scan("a", 1)], [{ ...result("a"), verdict: "already_scanned" }]);

  expect([done?.wire.shown, done?.result?.verdict]).toEqual(["accepted", "already_scanned"]);
});

test("pauses grow to half a minute at most, and differ between devices", () => {
  expect([1, 2, 3, 4].map((n) => pauseAfter(n, 0.5))).toEqual([2_000, 4_000, 8_000, 16_000]);
  expect(pauseAfter(50, 1)).toBe(25_000);
  expect(pauseAfter(1, 0)).toBe(1_500);
});

test("a clock that was set back after a start without a network moves no scan", () => {
  const { wire } = scan("a", 1);
  const made = Date.parse(wire.scanned_at);

  expect(asSent(wire, made + 3_600_000)).toEqual(wire);
  expect(asSent(wire, Date.parse("2019-01-01T00:00:00Z"))).toEqual({ ...wire, clock_offset_ms: 0 });
  const measured = { ...wire, clock_offset_ms: 70 };
  expect(asSent(measured, Date.parse("2019-01-01T00:00:00Z"))).toEqual(measured);
});
