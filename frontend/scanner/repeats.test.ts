import { expect, test } from "vitest";
import { Repeats } from "./repeats";

test("a code is a repeat until it has been out of the frame for three seconds", () => {
  const repeats = new Repeats();

  expect(repeats.isRepeat("A", 0)).toBe(false);
  repeats.take("A", 0);
  expect(repeats.isRepeat("A", 2_000)).toBe(true);
  expect(repeats.isRepeat("A", 4_900)).toBe(true);
  expect(repeats.isRepeat("A", 7_899)).toBe(true);
  expect(repeats.isRepeat("A", 10_899)).toBe(false);
});

test("a code that was seen but not taken is no repeat", () => {
  const repeats = new Repeats();

  repeats.isRepeat("A", 0);

  expect(repeats.isRepeat("A", 100)).toBe(false);
});

test("another code is never held back by the first", () => {
  const repeats = new Repeats();
  repeats.take("A", 0);

  expect(repeats.isRepeat("B", 10)).toBe(false);
});
