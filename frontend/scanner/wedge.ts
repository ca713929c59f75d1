/**
 * A hand-held scanner that types what it reads, fast, and then Enter.
 *
 * Letters are taken from the key's place where an input method (Telex makes "Đ" of "DD") would
 * change them: the case of a ticket does not matter.
 */

const FASTEST_HAND_MS = 60;
/** A busy phone hears late: a whole ticket is a scanner's however slowly it comes. */
const LONGEST_PAUSE_MS = 1_000;
const SHORTEST = 6;
const NO_HAND_TYPES = 100;
/** The fields of a citizen card; many are shorter than that. */
const A_CARD = /\d{12}\|.*\|.*\|/;

export interface Key {
  key: string;
  code: string;
  shift: boolean;
  at: number;
}

export class WedgeReader {
  #text = "";
  #last = Number.NEGATIVE_INFINITY;
  /** Where the letters begin that came fast one after another. */
  #burst = 0;

  /** Give the text that a scanner has typed once its Enter comes, else null. */
  press({ key, code, shift, at }: Key): string | null {
    const pause = at - this.#last;
    this.#last = at;
    if (pause > LONGEST_PAUSE_MS) this.#text = "";
    if (this.#text === "") this.#burst = 0;
    else if (pause >= FASTEST_HAND_MS) this.#burst = this.#text.length;
    if (key === "Enter" || key === "Tab") return this.#end();
    const letter = typed(key, code, shift);
    if (letter !== null) this.#text += letter;
    return null;
  }

  #end(): string | null {
    const burst = this.#text.slice(this.#burst);
    const isScanned = this.#text.length >= NO_HAND_TYPES || A_CARD.test(this.#text);
    const text = isScanned ? this.#text : burst;
    this.#text = "";
    return text.length >= SHORTEST ? text : null;
  }
}

const MARKS: Record<string, [string, string]> = {
  Slash: ["/", "?"],
  Semicolon: [";", ":"],
  Period: [".", ">"],
  Minus: ["-", "_"],
};

function typed(key: string, code: string, shift: boolean): string | null {
  if (/^[\x20-\x7e]$/.test(key)) return key;
  if (key.length === 1 || key === "Process" || key === "Unidentified" || key === "Dead") {
    if (/^Key[A-Z]$/.test(code)) return code.slice(3);
    if (/^Digit[0-9]$/.test(code)) return code.slice(5);
    const mark = MARKS[code];
    if (mark) return mark[shift ? 1 : 0];
  }
  return null;
}
