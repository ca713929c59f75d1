import { expect, test } from "vitest";
import vectors from "../../tests/vectors/cards.json";
import { readCard } from "./cards";

const CARD = "001190012345|012345678|Nguyễn Thị An|02011990|Nữ|Số 1, Hà Nội|01022022";

test.each(vectors)("readCard: $what", ({ text, typed, person }) => {
  expect(readCard(text, typed ?? false)).toEqual(
    person && {
      name: person.name,
      birthYear: person.birth_year,
      bornOn: person.born_on,
      sex: person.sex,
      isDoubtful: person.is_doubtful,
    },
  );
});

test.each([null, undefined, 7, {}])("readCard gives null for %j", (anything) => {
  expect(readCard(anything)).toBeNull();
});

test("nothing of number, address and other people is ever given", () => {
  const fields = [...CARD.split("|"), "Lê Thị Bình", "001160000001", "03041965", "", "Hà Nội"];
  const kept = new Set<unknown>();
  const secrets = ["001190012345", "012345678", "Hà Nội", "Số 1", "Lê Thị Bình"];
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };

  for (let i = 0; i < 10_000; i++) {
    // Drop, repeat and exchange fields of a real layout: the order stays nearly what it was.
    const made = fields.filter(() => random(6) > 0).slice(0, 4 + random(9));
    for (const value of Object.values(readCard(made.join("|"), random(4) === 0) ?? {}))
      kept.add(value);
  }

  expect(secrets.filter((secret) => kept.has(secret))).toEqual([]);
  expect([...kept].filter((value) => typeof value === "string" && /[0-9]/.test(value))).toEqual([
    "1990-01-02",
  ]);
});
