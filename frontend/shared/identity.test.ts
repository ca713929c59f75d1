import { expect, test } from "vitest";
import vectors from "../../tests/vectors/identity.json";
import { cleanName, isPhone, nameSearch, phoneLast4 } from "./identity";

test.each(vectors.names)("cleanName: %j", ({ typed, ...result }) => {
  expect(cleanName(typed)).toEqual(result);
});

test.each(vectors.searches)("nameSearch: %j", ({ name, search }) => {
  expect(nameSearch(name)).toBe(search);
});

test.each(vectors.phones)("phoneLast4: %j", ({ phone, last4 }) => {
  expect(phoneLast4(phone)).toBe(last4);
});

test.each(vectors.typed_phones)("isPhone: %j", ({ typed, is_phone }) => {
  expect(isPhone(typed)).toBe(is_phone);
});

test("half a character is refused", () => {
  expect(cleanName("An\ud800")).toEqual({ refused: "bad_character" });
});
