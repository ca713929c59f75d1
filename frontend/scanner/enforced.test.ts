import { expect, test } from "vitest";
import vectors from "../../tests/vectors/tickets.json";
import { ENFORCED } from "./enforced";

test("lists every verdict that the rule gives", () => {
  const given = new Set(vectors.judgements.map(({ verdict }) => verdict));
  given.delete("accepted");

  expect(new Set(ENFORCED.flatMap(({ verdicts }) => verdicts))).toEqual(given);
});
