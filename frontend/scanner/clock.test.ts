import { describe, expect, test } from "vitest";
import { afterJump, afterReload, type Reading } from "./clock";

const HOUR = 3_600_000;
const MORNING: Reading = { clockMs: Date.parse("2026-12-05T08:00:00+07:00"), steadyMs: 60_000 };

/** A minute later by the steady clock, with the device's clock moved besides. */
function later(movedMs: number): Reading {
  return { clockMs: MORNING.clockMs + 60_000 + movedMs, steadyMs: MORNING.steadyMs + 60_000 };
}

describe("a clock that is set while the page is open", () => {
  test("keeps its offset while it only runs", () => {
    expect(afterJump(1_500, MORNING, later(900))).toBe(1_500);
  });

  test("set back to 2019 by an empty battery: the time stays right", () => {
    const back = Date.parse("2019-01-01T00:00:00+07:00") - MORNING.clockMs;

    const offset = afterJump(1_500, MORNING, later(back));

    expect(later(back).clockMs + offset).toBe(MORNING.clockMs + 60_000 + 1_500);
  });

  test("put right by a helper in the settings: the offset goes with it", () => {
    expect(afterJump(3 * HOUR, MORNING, later(3 * HOUR))).toBe(0);
    expect(afterJump(-3 * HOUR, MORNING, later(-3 * HOUR))).toBe(0);
  });

  test("a phone that slept for hours has moved nothing", () => {
    expect(afterJump(1_500, MORNING, later(2 * HOUR))).toBe(1_500);
    expect(afterJump(3 * HOUR, MORNING, later(HOUR))).toBe(3 * HOUR);
  });
});

describe("a page that is loaded again without a network", () => {
  const kept = { offsetMs: -3 * HOUR, clockMs: MORNING.clockMs };

  test("still knows how far the clock is off", () => {
    expect(afterReload(kept, MORNING.clockMs)?.offsetMs).toBe(-3 * HOUR);
    expect(afterReload(kept, MORNING.clockMs + 60_000)?.offsetMs).toBe(-3 * HOUR);
  });

  test("knows nothing after a start of the phone, or when the clock was set", () => {
    expect(afterReload(kept, MORNING.clockMs + 60_001)).toBeNull();
    expect(afterReload(kept, MORNING.clockMs - 1)).toBeNull();
    expect(afterReload(kept, MORNING.clockMs + 3 * HOUR)).toBeNull();
  });

  const { clockMs } = MORNING;
  test.each([
    null,
    undefined,
    7,
    "x",
    {},
    { offsetMs: "1", clockMs },
    { offsetMs: 1 },
    { offsetMs: 1, clockMs: `${clockMs}` },
  ])("makes nothing of %j", (nonsense) => {
    expect(afterReload(nonsense, clockMs)).toBeNull();
  });
});
