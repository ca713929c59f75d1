/**
 * Ways to look at a frame in which the decoder alone finds nothing. Pure.
 *
 * In the trial, codes out of focus by half a module were read in 8 frames of 8 when sharpened and in
 * none as they were; in the dark it is the other way round, and evening out helps.
 */

export type Look = "plain" | "sharpened" | "evened";

/** Which look comes when: most codes need none, and looking costs time. */
export const LOOKS: Look[] = ["plain", "sharpened", "plain", "evened"];

export interface Picture {
  width: number;
  height: number;
  data: Uint8ClampedArray<ArrayBuffer>;
}

/** Edges that a camera without focus has smeared over each other stand out again. */
export function sharpened({ width, height, data }: Picture): Picture {
  const grey = luminance(data);
  const around = means(grey, width, height, 5);
  return painted(width, height, (i) => grey[i]! + 5 * (grey[i]! - around[i]!));
}

/** Half the size, so that grain weighs less, and as bright in a corner as in the middle. */
export function evened({ width, height, data }: Picture): Picture {
  const grey = luminance(data);
  const [across, down] = [width >> 1, height >> 1];
  const half = new Uint8Array(across * down);
  for (let y = 0, i = 0; y < down; y++) {
    for (let x = 0, at = 2 * y * width; x < across; x++, i++, at += 2) {
      half[i] = (grey[at]! + grey[at + 1]! + grey[at + width]! + grey[at + width + 1]!) >> 2;
    }
  }
  const around = means(half, across, down, 9);
  return painted(across, down, (i) => 128 + 8 * (half[i]! - around[i]!));
}

function painted(width: number, height: number, grey: (i: number) => number): Picture {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0, at = 0; at < data.length; i++, at += 4) {
    data[at] = data[at + 1] = data[at + 2] = grey(i); // the array clamps
    data[at + 3] = 255;
  }
  return { width, height, data };
}

function luminance(data: Uint8ClampedArray): Uint8Array {
  const grey = new Uint8Array(data.length >> 2);
  for (let i = 0, at = 0; i < grey.length; i++, at += 4) {
    grey[i] = (data[at]! * 77 + data[at + 1]! * 150 + data[at + 2]! * 29) >> 8;
  }
  return grey;
}

/** Give the mean of the square around each point, by sums that move along; edges are repeated. */
function means(grey: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  const rows = new Uint16Array(grey.length);
  for (let y = 0; y < height; y++) {
    const start = y * width;
    const end = start + width - 1;
    let sum = grey[start]! * radius;
    for (let x = 0; x <= radius; x++) sum += grey[Math.min(end, start + x)]!;
    for (let at = start; at <= end; at++) {
      rows[at] = sum;
      sum += grey[Math.min(end, at + radius + 1)]! - grey[Math.max(start, at - radius)]!;
    }
  }
  const sums = new Uint32Array(width);
  const row = (y: number) => Math.min(height - 1, Math.max(0, y)) * width;
  for (let y = -radius; y <= radius; y++) {
    const from = row(y);
    for (let x = 0; x < width; x++) sums[x]! += rows[from + x]!;
  }
  const area = (2 * radius + 1) ** 2;
  const found = new Uint8Array(grey.length);
  for (let y = 0; y < height; y++) {
    const [here, enters, leaves] = [y * width, row(y + radius + 1), row(y - radius)];
    for (let x = 0; x < width; x++) {
      found[here + x] = sums[x]! / area;
      sums[x]! += rows[enters + x]! - rows[leaves + x]!;
    }
  }
  return found;
}
