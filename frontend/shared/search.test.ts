import { expect, test } from "vitest";
import { matches, searchable } from "./search";

test("searchable drops accents, case and double spaces", () => {
  expect(searchable("  Đỗ  Trọng NGHĨA ")).toBe("do trong nghia");
});

test("searchable reads decomposed letters like composed ones", () => {
  expect(searchable("Nguyễn".normalize("NFD"))).toBe("nguyen");
});

test("matches wants every typed word at the beginning of some word", () => {
  const unit = "Trường Đại học Điện lực";
  expect([matches(unit, "dai dien"), matches(unit, "lực"), matches(unit, "ruong")]).toEqual([
    true,
    true,
    false,
  ]);
});

test("matches finds everything while nothing is typed", () => {
  expect(matches("Viện Năng lượng", "")).toBe(true);
});
