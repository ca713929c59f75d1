import { expect, test } from "vitest";
import { arrived, changes, living } from "./roster";
import type { RosterPage, WirePerson } from "./wire";

const AN: WirePerson = {
  id: "00112233445566aa",
  code: "ABCD-EFGN",
  name: "Nguyễn Văn An",
  slot_starts_at: "2026-12-05T08:30:00+07:00",
  slot_ends_at: "2026-12-05T09:00:00+07:00",
  unit: null,
  phone_last4: "0483",
  status: "checked_in",
  number: 7,
  scans: { welcome: "2026-12-05T08:26:00+07:00" },
};

function page(registrations: WirePerson[], revoked: string[] = []): RosterPage {
  const rest = { conflicts: [], keys: [], more: false, cursor: "x", total: 1 };
  return { registrations, revoked, ...rest, server_time: "2026-12-05T08:30:00+07:00" };
}

test("a row of the roster keeps what the rule and the screens need", () => {
  expect(changes(page([AN]))).toEqual([
    {
      id: AN.id,
      status: "checked_in",
      code: "ABCDEFGN",
      name: "Nguyễn Văn An",
      unit: "",
      phoneLast4: "0483",
      slotStartsAt: Date.parse("2026-12-05T01:30:00Z"),
      slotEndsAt: Date.parse("2026-12-05T02:00:00Z"),
      number: 7,
      scans: { welcome: Date.parse("2026-12-05T01:26:00Z") },
    },
  ]);
});

test("of whoever gave up only the id stays", () => {
  const [gone] = changes(page([], [AN.id]));

  expect([gone?.id, gone?.status, gone?.name, gone?.phoneLast4]).toEqual([
    AN.id,
    "cancelled",
    "",
    "",
  ]);
});

test("the living and those who came are counted", () => {
  const people = changes(page([AN, { ...AN, id: "b", status: "registered" }], ["c"]));

  expect([living(people), arrived(people)]).toEqual([2, 1]);
});
