/** Find people on the roster by what staff type. Pure. */

import { nameSearch, phoneLast4 } from "../shared/identity";
import { readCode } from "../shared/tickets";
import type { Person } from "./roster";

export const MOST_MATCHES = 20;

const folded = new WeakMap<Person, string[]>();

function words(person: Person): string[] {
  let found = folded.get(person);
  if (!found) {
    found = nameSearch(person.name).split(" ");
    folded.set(person, found);
  }
  return found;
}

/** Whether every typed word begins a word of the name, accents or not. */
export function matchesName(person: Person, typed: readonly string[]): boolean {
  const own = words(person);
  return typed.every((part) => own.some((word) => word.startsWith(part)));
}

export interface Found {
  people: Person[];
  /** How many match; `people` are the first of them. */
  count: number;
  /** A whole ticket code was typed. */
  code: string | null;
}

/** Find by ticket code, by the last digits of the phone, or by name. */
export function find(people: Iterable<Person>, typed: string): Found {
  const code = readCode(typed);
  const asName = nameSearch(typed);
  const digits = /^[\d\s.+-]+$/.test(typed) ? typed.replace(/\D/g, "") : "";
  const matches: Person[] = [];
  if (asName !== "") {
    const parts = asName.split(" ");
    const last4 = phoneLast4(digits);
    for (const person of people) {
      if (person.status === "cancelled") continue;
      const hit =
        (code !== null && person.code === code) ||
        (digits.length >= 3
          ? person.phoneLast4.endsWith(last4)
          : digits === "" && matchesName(person, parts));
      if (hit) matches.push(person);
    }
  }
  matches.sort((a, b) => rank(a, code) - rank(b, code) || at(a) - at(b));
  return { people: matches.slice(0, MOST_MATCHES), count: matches.length, code };
}

/** Whoever is still expected comes before those who are in. */
function rank(person: Person, code: string | null): number {
  if (code !== null && person.code === code) return 0;
  return person.status === "registered" ? 1 : person.status === "waitlisted" ? 2 : 3;
}

function at({ slotStartsAt }: Person): number {
  return slotStartsAt ?? 0;
}

/** Give those who may be the person that is about to be registered. */
export function alike(people: Iterable<Person>, name: string, phone: string): Person[] {
  const wanted = nameSearch(name);
  const last4 = phoneLast4(phone);
  const found: Person[] = [];
  for (const person of people) {
    if (person.status === "cancelled" || wanted === "") continue;
    const isSame = nameSearch(person.name) === wanted;
    if (isSame && (last4.length < 4 || person.phoneLast4 === "" || person.phoneLast4 === last4))
      found.push(person);
  }
  return found.slice(0, 3);
}
