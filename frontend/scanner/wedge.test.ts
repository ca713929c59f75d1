import { expect, test } from "vitest";
import { WedgeReader } from "./wedge";

function type(reader: WedgeReader, text: string, apart: number, from = 1_000): string | null {
  let at = from;
  for (const letter of text) {
    reader.press({ key: letter, code: "", shift: false, at });
    at += apart;
  }
  return reader.press({ key: "Enter", code: "Enter", shift: false, at });
}

test("a burst that ends with Enter is what a scanner read", () => {
  expect(type(new WedgeReader(), "HTTP://HOST/T/AEA4", 5)).toBe("HTTP://HOST/T/AEA4");
});

test("a hand is slower", () => {
  expect(type(new WedgeReader(), "NGUYEN AN", 120)).toBeNull();
});

test("a slow letter begins anew, and Enter long after belongs to nobody", () => {
  const reader = new WedgeReader();
  reader.press({ key: "x", code: "KeyX", shift: false, at: 0 });
  expect(type(reader, "ABCD-EFGN", 8, 500)).toBe("ABCD-EFGN");
  for (let i = 0; i < 9; i++) reader.press({ key: "A", code: "", shift: false, at: 2_000 + i });
  expect(reader.press({ key: "Enter", code: "", shift: false, at: 3_000 })).toBeNull();
});

test("a whole ticket is a scanner's, however slowly a busy phone hears it", () => {
  const ticket = `HTTP://HOST/T/${"A".repeat(128)}`;

  expect(type(new WedgeReader(), ticket, 300)).toBe(ticket);
});

test("what is too short for a code is passed over", () => {
  expect(type(new WedgeReader(), "12345", 5)).toBeNull();
});

test("an input method that turns DD into Đ does not harm a ticket", () => {
  const reader = new WedgeReader();
  const keys: [string, string, boolean][] = [
    ["Process", "KeyT", true],
    ["Process", "Slash", false],
    ["Đ", "KeyD", true],
    ["Process", "KeyD", true],
    ["Process", "Digit2", false],
    ["Process", "Semicolon", true],
  ];
  keys.forEach(([key, code, shift], i) => {
    reader.press({ key, code, shift, at: i * 5 });
  });
  reader.press({ key: "Shift", code: "ShiftLeft", shift: true, at: 31 });

  expect(reader.press({ key: "Enter", code: "Enter", shift: false, at: 35 })).toBe("T/DD2:");
});
