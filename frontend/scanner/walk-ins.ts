/** Register somebody on site: written down here first, then sent. */

import { cleanName } from "../shared/identity";
import type { Desk } from "./desk";
import { newId } from "./ids";
import { temporaryNumber } from "./numbers";
import type { ScanRecord, WalkInRecord } from "./store";
import type { WalkInForm } from "./wire";

export type Field = "full_name" | "birth_year" | "phone";

/** Give what is wrong with each field, as a key of the texts. Pure. */
export function faults(
  typed: Record<Field, string>,
  driveDate: string,
): Partial<Record<Field, string>> {
  const found: Partial<Record<Field, string>> = {};
  const name = cleanName(typed.full_name);
  if ("refused" in name) found.full_name = name.refused === "blank" ? "name_blank" : "name_bad";
  const year = Number(typed.birth_year.trim());
  const driveYear = Number(driveDate.slice(0, 4));
  if (!/^[12]\d{3}$/.test(typed.birth_year.trim()) || year < driveYear - 120 || year > driveYear) {
    found.birth_year = "year_bad";
  } else if (driveYear - year < 18) found.birth_year = "too_young";
  // Sixty-one already on New Year's Day: whatever the birthday, it is certain.
  else if (driveYear - year > 61) found.birth_year = "too_old";
  const phone = typed.phone.replace(/[\s.()-]/g, "");
  if (phone !== "" && !/^(0|\+?84)[35789]\d{8}$|^\+(?!84)\d{7,15}$/.test(phone))
    found.phone = "phone_bad";
  return found;
}

export async function register(
  desk: Desk,
  form: WalkInForm,
): Promise<{ walkIn: WalkInRecord; scan: ScanRecord }> {
  const id = newId();
  const at = new Date().toISOString();
  const facts = { clock_offset_ms: desk.offsetMs, offline: desk.network === "down" };
  const [walkIn, scan] = await desk.store.addWalkIn(
    {
      id,
      wire: { id, ...form, at, consents: ["registration"], ...facts },
      sent: 0,
      result: null,
      refused: null,
    },
    {
      id,
      wire: {
        id,
        walk_in: id,
        station: desk.station,
        scanned_at: at,
        ...facts,
        shown: "accepted",
        kind: "pass",
      },
      person: null,
      name: form.full_name,
      sent: 1,
      result: null,
    },
    (running) => temporaryNumber(desk.device.label, running),
  );
  desk.scansChanged([scan]);
  desk.walkInChanged(walkIn);
  return { walkIn, scan };
}
