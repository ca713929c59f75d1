import { expect, test } from "vitest";
import { driveFacts, judge } from "../shared/tickets";
import { arrived, asKnown, changes, living, person, renewed } from "./roster";
import type { DeviceRecord } from "./store";
import type { RosterPage, WireDrive, WirePerson } from "./wire";

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

// --- The drive, as it is by now -----------------------------------------------------------------

const DRIVE: WireDrive = {
  number: 4711,
  slug: "ngay-hien-mau",
  name: "Ngày hiến máu",
  date: "2026-12-05",
  zone: "Asia/Ho_Chi_Minh",
  starts_at: "2026-12-05T00:00:00Z",
  ends_at: "2026-12-05T04:30:00Z",
  tolerance_minutes: 30,
  rehearsal: false,
  cancelled: false,
};
const DEVICE: DeviceRecord = {
  token: "t",
  label: "M2",
  name: "Hồng Nhung",
  drive: DRIVE,
  stations: [],
  keys: [{ key_id: 1, public_key: "A" }],
  expiresAt: Date.parse("2026-12-06T04:30:00Z"),
};

test("a page that says nothing new of the drive leaves the device as it is", () => {
  const same = { drive: { ...DRIVE }, keys: DEVICE.keys, expires_at: "2026-12-06T04:30:00Z" };

  expect(renewed(DEVICE, { ...page([]), ...same })).toBeNull();
  expect(renewed(DEVICE, page([]))).toBeNull(); // a server of before
});

test("a device learns of another time, tolerance, end and key", () => {
  const drive = { ...DRIVE, ends_at: "2026-12-05T10:30:00Z", tolerance_minutes: 90 };
  const keys = [...DEVICE.keys, { key_id: 2, public_key: "B" }];

  const now = renewed(DEVICE, { ...page([]), drive, keys, expires_at: "2026-12-06T10:30:00Z" });

  expect(now).toEqual({ ...DEVICE, drive, keys, expiresAt: Date.parse("2026-12-06T10:30:00Z") });
});

test("verdicts without a network follow the drive as it was last heard of", async () => {
  const late = Date.parse("2026-12-05T02:45:00Z"); // 45 minutes after the slot
  const known = asKnown({ ...person(AN), status: "registered" });
  const verdict = (drive: WireDrive | undefined) =>
    judge("00112233445566aa", {
      drive: driveFacts(drive!, new Map()),
      known,
      scannedHere: false,
      now: late,
    });
  const told = (drive: Partial<WireDrive>) =>
    verdict(renewed(DEVICE, { ...page([]), drive: { ...DRIVE, ...drive } })?.drive);

  expect(await verdict(DRIVE)).toBe("too_late");
  expect(await told({ tolerance_minutes: 90 })).toBe("accepted");
  expect(await told({ cancelled: true })).toBe("revoked");
  const other = { starts_at: "2026-12-12T00:00:00Z", ends_at: "2026-12-12T04:30:00Z" };
  expect(await told({ ...other, date: "2026-12-12" })).toBe("wrong_day");
});
