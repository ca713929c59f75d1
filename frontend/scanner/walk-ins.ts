/** Register somebody on site: written down here first, then sent. */

import type { CardPerson } from "../shared/cards";
import { cleanName, isPhone, nameSearch } from "../shared/identity";
import { isNear } from "../shared/tickets";
import type { Desk } from "./desk";
import { newId } from "./ids";
import { temporaryNumber } from "./numbers";
import type { ScanRecord, WalkInRecord } from "./store";
import { say } from "./texts";
import type { WalkInForm } from "./wire";

// As in donors/identity.py.
const MINIMUM_AGE = 18;
const REFUSED_FROM_AGE = 61;

export type Field = "full_name" | "birth_year" | "phone";

/**
 * Give what is wrong with each field, as a key of the texts. Pure.
 *
 * `bornOn` is of the card: where the whole date is known, the year need not do.
 */
export function faults(
  typed: Record<Field, string>,
  driveDate: string,
  bornOn: string | null = null,
): Partial<Record<Field, string>> {
  const found: Partial<Record<Field, string>> = {};
  const name = cleanName(typed.full_name);
  if ("refused" in name) found.full_name = name.refused === "blank" ? "name_blank" : "name_bad";
  const year = Number(typed.birth_year.trim());
  const driveYear = Number(driveDate.slice(0, 4));
  if (!/^[12]\d{3}$/.test(typed.birth_year.trim()) || year < driveYear - 120 || year > driveYear) {
    found.birth_year = "year_bad";
  } else {
    const hadBirthday = bornOn !== null && bornOn.slice(5) <= driveDate.slice(5);
    const youngest = driveYear - year - (bornOn === null || hadBirthday ? 0 : 1);
    // Sixty-one already on New Year's Day: whatever the birthday, it is certain.
    const oldest = driveYear - year - (hadBirthday ? 0 : 1);
    if (youngest < MINIMUM_AGE) found.birth_year = "too_young";
    else if (oldest >= REFUSED_FROM_AGE) found.birth_year = "too_old";
  }
  if (typed.phone.trim() !== "" && !isPhone(typed.phone)) found.phone = "phone_bad";
  return found;
}

/** Give what else the card says, while name and year are still those of the card. Pure. */
export function stillOfCard(
  card: CardPerson | null,
  typed: Record<Field, string>,
): Pick<CardPerson, "bornOn" | "sex"> | null {
  if (!card) return null;
  const sameName = card.name === "" || nameSearch(card.name) === nameSearch(typed.full_name);
  return sameName && String(card.birthYear) === typed.birth_year.trim() ? card : null;
}

/** Whether somebody who comes now comes to this drive; the server takes nobody else. */
export function isDriveDay({ now, facts }: Pick<Desk, "now" | "facts">): boolean {
  return now === null || isNear(facts, now);
}

const OF_CODE: Record<string, Field> = {
  too_young: "birth_year",
  too_old: "birth_year",
  invalid_phone: "phone",
};
const WRONG: Record<Field, string> = {
  full_name: "name_bad",
  birth_year: "year_bad",
  phone: "phone_bad",
};

/** Give the field that a refusal of the server is about. Pure. */
export function fieldOf(code: string, field?: string | null): Field | null {
  return field && field in WRONG ? (field as Field) : (OF_CODE[code] ?? null);
}

/** Give the server's refusal in words. */
export function whyRefused(code: string, field?: string | null): string {
  for (const key of [`walk_in_${code}`, code]) if (say(key) !== key) return say(key);
  const wrong = fieldOf(code, field);
  return wrong ? say(WRONG[wrong]) : say("refused", { code });
}

/**
 * Write down who somebody is whom the server refused, to be sent again. The id, the moment and the
 * number stay: the person has them, and scans may have named them.
 */
export async function correct(desk: Desk, id: string, form: WalkInForm): Promise<WalkInRecord> {
  const { field: _field, ...before } = desk.walkIns.get(id)!;
  const record = { ...before, wire: { ...before.wire, ...form }, refused: null };
  const known = desk.scans.get(id);
  const scan = known ? { ...known, name: form.full_name } : null;
  await desk.store.saveWalkIn(record, scan);
  if (scan) desk.scansChanged([scan]);
  desk.walkInChanged(record);
  return record;
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
      person: id,
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
