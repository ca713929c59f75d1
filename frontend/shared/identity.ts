/**
 * Names and phones as a device needs them.
 *
 * The twin of `donors/identity.py`; both run `tests/vectors/identity.json`.
 */

const NAME_LENGTH = 100;
const NAME_KEY_LENGTH = 255;

// --- Names ------------------------------------------------------------------------------------

/** Why a name cannot be taken; the codes never change. */
export type NameRefusal = "blank" | "too_long" | "no_letter" | "bad_character";

// Python's idea of space, so that both sides trim alike.
const SPACE =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const SPACES = new RegExp(`${SPACE}+`, "g");
const ENDS = new RegExp(`^${SPACE}+|${SPACE}+$`, "g");
const BAD = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const INVISIBLE = /^[\p{Cf}\u115f\u1160\u3164\uffa0]$/u;
const LETTER_OR_MARK = /^[\p{L}\p{M}]$/u;

/** Give the name as it is kept (trimmed, NFC, single spaces), or why it cannot be taken. */
export function cleanName(text: string): { name: string } | { refused: NameRefusal } {
  if ([...text].length > 20 * NAME_LENGTH) return { refused: "too_long" };
  const trimmed = text.replace(ENDS, "");
  if (BAD.test(trimmed)) return { refused: "bad_character" };
  const visible = [...trimmed]
    .filter((c) => isJoiner(c) || !INVISIBLE.test(c))
    .filter((c, i, all) => !isJoiner(c) || joinsAWord(all, i));
  const name = visible.join("").normalize("NFC").replace(SPACES, " ").replace(ENDS, "");
  if (name === "") return { refused: "blank" };
  if ([...name].length > NAME_LENGTH) return { refused: "too_long" };
  return /\p{L}/u.test(name) ? { name } : { refused: "no_letter" };
}

/** Joiners are part of real names in Persian and in Indic scripts. */
function isJoiner(c: string): boolean {
  return c === "\u200c" || c === "\u200d";
}

function joinsAWord(all: string[], i: number): boolean {
  return LETTER_OR_MARK.test(all[i - 1] ?? "") && LETTER_OR_MARK.test(all[i + 1] ?? "");
}

/** Give the name as it is searched and compared: no accents, no case, single spaces. */
export function nameSearch(name: string): string {
  const plain = withoutMarks(name).replace(/[ĐđÐð]/g, "d"); // Ð (eth) is often typed for Đ
  const folded = withoutMarks([...plain].map(foldCase).join(""));
  const tidy = folded.replace(SPACES, " ").replace(ENDS, "");
  return [...tidy].slice(0, NAME_KEY_LENGTH).join("");
}

function withoutMarks(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "");
}

/**
 * Fold one letter as Python's `casefold`: by way of the capital, so that ß is ss and ς is σ. Compared
 * over all of Unicode: only Cherokee comes out in the other case, on both sides of a search alike.
 */
function foldCase(letter: string): string {
  return letter === "ı" ? letter : letter.toUpperCase().toLowerCase();
}

// --- Phones -----------------------------------------------------------------------------------

const MOBILE = /^(?:\+84|\+840|0084|00840|84|0)(?:3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-46-9])\d{7}$/;
const SEPARATORS = /[\s.,()/\\\-_·•‐‑‒–—−]+/g;

/**
 * Whether this is a Vietnamese mobile in any usual spelling, or may be a number with `+` of another
 * country, which only the server knows for certain.
 */
export function isPhone(text: string): boolean {
  const plain = text
    .replace(/\p{Cf}/gu, "")
    .normalize("NFKC")
    .replace(SEPARATORS, "");
  return MOBILE.test(plain) || /^\+(?!84)[1-9]\d{6,14}$/.test(plain);
}

/** Give the last four digits; less where there are not so many. */
export function phoneLast4(phone: string): string {
  return phone.replace(/[^0-9]/g, "").slice(-4);
}
