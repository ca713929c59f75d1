/**
 * What the QR code of a citizen card says, as much of it as a walk-in needs. Pure.
 *
 * A card is read here, on the device, and nowhere else: the server never sees one. The number is
 * compared and dropped; address, dates of issue and everybody else's name are not even looked at.
 *
 * The chip card of 2021 has seven fields, `number|old number|name|ddmmyyyy|sex|address|issued`, in
 * UTF-8. The order of the card of 2024 is not published (more fields follow: an old number, a
 * cancelled one, parents), so that each field is found by its shape and its place between others.
 */

import { cleanName, nameSearch } from "./identity";

export type Sex = "female" | "male";

/** Who the card says it is, with gaps where it could not be read. */
export interface CardPerson {
  /** Empty where it came broken: ask for it. */
  name: string;
  birthYear: number | null;
  /** `1990-01-02`; null where the day is not known. */
  bornOn: string | null;
  sex: Sex | null;
  /** The number says another birth year or sex: look at the card again. Never a reason to refuse. */
  isDoubtful: boolean;
}

const LONGEST = 2_000;
const FEWEST_FIELDS = 4;

/**
 * Read the text of a card's QR code, or give null where it is no card's; never throws.
 *
 * `typed`: it came from a hand-held scanner that types. Those drop or change Vietnamese letters, so
 * that the name is not taken, and something typed by hand may stand before the number.
 */
export function readCard(text: unknown, typed = false): CardPerson | null {
  if (typeof text !== "string" || text.length > LONGEST) return null;
  const fields = repaired(text).split("|").map(trimmed);
  if (fields.length < FEWEST_FIELDS) return null;
  if (typed) fields[0] = fields[0]!.replace(/^.*?(?=[0-9]{12}$)/, "");
  const numberAt = fields.findIndex((field) => /^[0-9]{12}$/.test(field));
  const number = numberAt < 0 ? null : readNumber(fields[numberAt]!);
  const rest = fields.slice(numberAt + 1);

  const sexAt = rest.findIndex((field) => sexOf(field) !== null);
  const birth = findBirth(rest, sexAt, number?.year ?? null);
  const name = typed ? "" : findName(rest, sexAt, birth?.at ?? -1);
  if (number === null && (name === "" || birth === null)) return null;

  const sex = sexAt < 0 ? null : sexOf(rest[sexAt]!);
  const year = birth?.year ?? null;
  return {
    name,
    birthYear: year ?? number?.year ?? null,
    bornOn: birth?.on ?? null,
    sex: sex ?? number?.sex ?? null,
    isDoubtful:
      number !== null &&
      ((year !== null && year !== number.year) || (sex !== null && sex !== number.sex)),
  };
}

/** What the number itself says: province (3), century and sex (1), year (2), random (6). */
function readNumber(number: string): { year: number; sex: Sex } {
  const century = Number(number[3]);
  return {
    year: 1900 + 100 * Math.floor(century / 2) + Number(number.slice(4, 6)),
    sex: century % 2 === 0 ? "male" : "female",
  };
}

// --- Fields -----------------------------------------------------------------------------------

function trimmed(field: string): string {
  return field.replace(/^[\s\ufeff]+|[\s\ufeff]+$/g, "");
}

function sexOf(field: string): Sex | null {
  const word = nameSearch(field);
  return word === "nam" ? "male" : word === "nu" ? "female" : null;
}

const DATE = /^([0-9]{2})([/.-]?)([0-9]{2})\2([0-9]{4})$/;

function isDate(field: string): boolean {
  return DATE.test(field);
}

interface Birth {
  year: number;
  on: string | null;
  /** In which field it stands. */
  at: number;
}

/** Give the date, or its year alone where no such day is; null where not even the year can be. */
function readDate(fields: string[], at: number): Birth | null {
  const [, day, , month, year] = fields[at]!.match(DATE)!;
  if (!isYear(year!)) return null;
  const iso = `${year}-${month}-${day}`;
  const moment = Date.parse(`${iso}T00:00:00Z`);
  // Some engines roll 31 February over into March.
  const isDay = !Number.isNaN(moment) && new Date(moment).toISOString().slice(0, 10) === iso;
  return { year: Number(year), on: isDay ? iso : null, at };
}

function isYear(text: string): boolean {
  return /^(?:19|20)[0-9]{2}$/.test(text);
}

/** Tell the date of birth from that of issue: it stands before the sex, or the number knows it. */
function findBirth(fields: string[], sexAt: number, year: number | null): Birth | null {
  const before = fields.slice(0, Math.max(sexAt, 0));
  const at = before.findIndex(isDate);
  if (at >= 0) return readDate(fields, at);
  // The day of birth of some older people is not known: their card has the year alone.
  const alone = before.findIndex(isYear);
  if (alone >= 0) return { year: Number(before[alone]), on: null, at: alone };
  const dates = fields.flatMap((field, i) => (isDate(field) ? [readDate(fields, i)] : []));
  return dates.find((date) => date !== null && date.year === year) ?? null;
}

// --- The name ---------------------------------------------------------------------------------

/** The name stands before birth and sex; what comes later, or without them, may be an address. */
function findName(fields: string[], sexAt: number, birthAt: number): string {
  const end = Math.min(...[sexAt, birthAt].filter((at) => at >= 0));
  for (const field of Number.isFinite(end) ? fields.slice(0, end) : []) {
    const clean = cleanName(field);
    if ("name" in clean && isSpelledWell(clean.name)) return withSmallLetters(clean.name);
  }
  return "";
}

/**
 * Whether all letters are of the alphabets that citizens' names are written in (ƀ: Ê-đê, Ba Na).
 * What a wrong charset makes of "Nguyễn" has other letters and signs.
 */
function isSpelledWell(name: string): boolean {
  const plain = name.normalize("NFD").replace(/\p{M}/gu, "");
  return /^[A-Za-zĐđÐðƀɃ][A-Za-zĐđÐðƀɃ '’.-]*$/.test(plain);
}

/** Cards may have names in capitals: "H'HEN NIÊ" is H'Hen Niê. */
function withSmallLetters(name: string): string {
  if (name !== name.toUpperCase()) return name;
  return name
    .toLowerCase()
    .replace(/(^|[ '’.-])(\p{L})/gu, (_, before, letter) => before + letter.toUpperCase());
}

// --- The charset ------------------------------------------------------------------------------

// Bytes 80 to 9f of Windows-1252; the gaps stand for themselves.
const WINDOWS = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

/** Undo a reading of UTF-8 as Windows-1252 or Latin-1: "Nguyá»…n" is Nguyễn. */
function repaired(text: string): string {
  if (!/[\x80-\uffff]/.test(text)) return text;
  const bytes: number[] = [];
  for (const letter of text.replace(/^\ufeff/, "")) {
    const code = letter.codePointAt(0)!;
    const at = WINDOWS.indexOf(letter);
    if (code < 0x100) bytes.push(code);
    else if (at >= 0) bytes.push(0x80 + at);
    else return text;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(bytes));
  } catch {
    return text;
  }
}
