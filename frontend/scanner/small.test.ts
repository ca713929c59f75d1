import { describe, expect, test } from "vitest";
import type { CardPerson } from "../shared/cards";
import { better, measure } from "./clock";
import { alike, find } from "./find";
import { newId } from "./ids";
import { readWalkIn, temporaryNumber, walkInText } from "./numbers";
import { cancelled, type Person } from "./roster";
import { faults, stillOfCard } from "./walk-ins";

describe("the clock", () => {
  test("the offset is the server's moment against the middle of the round trip", () => {
    expect(measure(10_000, 10_200, new Date(70_100).toISOString())).toEqual({
      offsetMs: 60_000,
      tripMs: 200,
    });
  });

  test("a clock that was set back while asking measures nothing", () => {
    expect(measure(10_000, 9_000, new Date(70_000).toISOString())).toBeNull();
  });

  test("a slow answer does not replace a good measurement, but is better than none", () => {
    const good = { offsetMs: 5, tripMs: 100 };
    const slow = { offsetMs: 4_000, tripMs: 9_000 };

    expect([better(good, slow), better(null, slow), better(good, null)]).toEqual([
      good,
      slow,
      good,
    ]);
  });
});

test("the code of a walk-in says its id and nothing else", () => {
  const id = "0f8fad5b-d9cb-469f-a165-70867728950e";

  expect(walkInText(id)).toBe("GH1:WALK-IN:0F8FAD5BD9CB469FA16570867728950E");
  expect(readWalkIn(` ${walkInText(id).toLowerCase()} `)).toBe(id);
  expect(["", "GH1:WALK-IN:0F", `${walkInText(id)}0`, id].map(readWalkIn)).toEqual(
    Array(4).fill(null),
  );
});

test("temporary numbers name the device and run on", () => {
  expect([temporaryNumber("M2", 8), temporaryNumber("M12", 104)]).toEqual(["M2-08", "M12-104"]);
});

test("ids are UUIDs, also where the page is no secure context", () => {
  const secure = crypto.randomUUID;
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  const made = newId();
  Object.defineProperty(crypto, "randomUUID", { value: secure, configurable: true });

  expect(made).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

describe("finding people", () => {
  const person = (id: string, name: string, phoneLast4: string, code = ""): Person => ({
    ...cancelled(id),
    status: "registered",
    name,
    phoneLast4,
    code,
  });
  const people = [
    person("a", "Nguyễn Hoàng Phương Thảo Nguyên", "0483", "ABCDEFGN"),
    person("b", "Tẩn A Mẩy", "0483"),
    person("c", "Đỗ Trọng Nghĩa", "2210"),
    cancelled("d"),
  ];
  const ids = (typed: string) => find(people, typed).people.map(({ id }) => id);

  test.each([
    ["0483", ["a", "b"]],
    ["483", ["a", "b"]],
    ["0912 002 210", ["c"]],
    ["do nghia", ["c"]],
    ["ĐỖ trọng", ["c"]],
    ["nguyen thao", ["a"]],
    ["guyen", []],
    ["", []],
    ["04", []],
  ])("%j finds %j", (typed, found) => {
    expect(ids(typed)).toEqual(found);
  });

  test("somebody alike is found by name, and by phone where there is one", () => {
    expect(alike(people, "do trong nghia", "").map(({ id }) => id)).toEqual(["c"]);
    expect(alike(people, "Đỗ Trọng Nghĩa", "0912 002 210").map(({ id }) => id)).toEqual(["c"]);
    expect(alike(people, "Đỗ Trọng Nghĩa", "0912 000 001")).toEqual([]);
    expect(alike(people, "", "0912 002 210")).toEqual([]);
  });
});

describe("the form of a walk-in", () => {
  const good = { full_name: "Hoàng Thị Thu Hương", birth_year: "1994", phone: "0912 000 127" };

  const card: CardPerson = {
    name: "Hoàng Thị Thu Hương",
    birthYear: 1994,
    bornOn: "1994-05-06",
    sex: "female",
    isDoubtful: false,
  };

  test.each([
    ["2008-12-05", {}],
    ["2008-12-06", { birth_year: "too_young" }],
    ["1965-12-06", {}],
    ["1965-12-05", { birth_year: "too_old" }],
  ])("a card of somebody born on %s has the faults %j", (bornOn, found) => {
    const typed = { ...good, birth_year: bornOn.slice(0, 4) };

    expect(faults(typed, "2026-12-05", bornOn)).toEqual(found);
  });

  test("what else the card says goes when name or year are no longer those of the card", () => {
    expect(stillOfCard(card, { ...good, full_name: "HOANG THI THU HUONG" })).toBe(card);
    expect(stillOfCard({ ...card, name: "" }, good)).toEqual({ ...card, name: "" });
    expect(stillOfCard(card, { ...good, full_name: "Hoàng Văn Thu" })).toBeNull();
    expect(stillOfCard(card, { ...good, birth_year: "1995" })).toBeNull();
    expect(stillOfCard(null, good)).toBeNull();
  });

  test.each([
    [{}, {}],
    [{ phone: "" }, {}],
    [{ phone: "+84 912.000.127" }, {}],
    [{ full_name: "  " }, { full_name: "name_blank" }],
    [{ full_name: "123" }, { full_name: "name_bad" }],
    [{ birth_year: "94" }, { birth_year: "year_bad" }],
    [{ birth_year: "2009" }, { birth_year: "too_young" }],
    [{ birth_year: "2008" }, {}],
    [{ birth_year: "1965" }, {}],
    [{ birth_year: "1964" }, { birth_year: "too_old" }],
    [{ phone: "0912 000 12" }, { phone: "phone_bad" }],
  ])("%j has the faults %j", (change, found) => {
    expect(faults({ ...good, ...change }, "2026-12-05")).toEqual(found);
  });
});
