import { expect, test } from "vitest";
import { isBlank } from "./frames";

const points = (count: number, value = 0) => new Uint8ClampedArray(count * 4).fill(value);

test("a picture of one colour is blank, whatever the colour", () => {
  expect(isBlank({ data: points(640 * 480) })).toBe(true);
  expect(isBlank({ data: points(640 * 480, 255) })).toBe(true);
});

test("a picture with a spot in it is not", () => {
  const data = points(640 * 480);
  data.fill(90, 4 * 640 * 100, 4 * 640 * 140);

  expect(isBlank({ data })).toBe(false);
});

test("a picture of a single point is blank", () => {
  expect(isBlank({ data: points(1, 7) })).toBe(true);
});
