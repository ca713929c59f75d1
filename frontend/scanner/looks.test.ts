import { expect, test } from "vitest";
import { evened, type Picture, sharpened } from "./looks";

const SIDE = 40;

/** Give a picture of one grey per point. */
function picture(grey: (x: number, y: number) => number): Picture {
  const data = new Uint8ClampedArray(SIDE * SIDE * 4);
  for (let i = 0; i < SIDE * SIDE; i++) {
    data.fill(grey(i % SIDE, Math.floor(i / SIDE)), i * 4, i * 4 + 3);
    data[i * 4 + 3] = 255;
  }
  return { width: SIDE, height: SIDE, data };
}

const at = ({ width, data }: Picture, x: number, y: number) => [
  ...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4),
];

test("leaves what is even as it is, to the corners", () => {
  const even = sharpened(picture(() => 90));

  expect([at(even, 0, 0), at(even, 39, 39), at(even, 20, 20)]).toEqual(
    Array(3).fill([90, 90, 90, 255]),
  );
});

test("parts a faint line from what is around it", () => {
  const line = sharpened(picture((x) => (x === 20 ? 110 : 90)));

  expect(at(line, 20, 20)[0]).toBeGreaterThan(200);
  expect(at(line, 22, 20)[0]).toBeLessThan(90);
  expect(at(line, 5, 20)).toEqual([90, 90, 90, 255]);
});

test("weighs the colours as the eye does", () => {
  const green = picture(() => 0);
  for (let i = 1; i < green.data.length; i += 4) green.data[i] = 200;

  expect(at(sharpened(green), 10, 10)).toEqual([117, 117, 117, 255]);
});

test("halves a picture and lifts what is dark to the middle", () => {
  const dark = evened(picture((x) => (x < 20 ? 10 : 20)));

  expect([dark.width, dark.height]).toEqual([SIDE / 2, SIDE / 2]);
  expect(at(dark, 0, 10)).toEqual([128, 128, 128, 255]);
  expect(at(dark, 8, 10)[0]).toBeLessThan(110);
  expect(at(dark, 11, 10)[0]).toBeGreaterThan(146);
});
