/**
 * A hand-held scanner that types what it reads, fast, and then Enter.
 *
 * Letters are taken from the key's place where an input method (Telex makes "Đ" of "DD") would
 * change them: the case of a ticket does not matter.
 */

const FASTEST_HAND_MS = 60;
const SHORTEST = 6;

export interface Key {
  key: string;
  code: string;
  shift: boolean;
  at: number;
}

export class WedgeReader {
  #text = "";
  #last = 0;

  /** Give the text that a scanner has typed once its Enter comes, else null. */
  press({ key, code, shift, at }: Key): string | null {
    const isFast = at - this.#last < FASTEST_HAND_MS;
    this.#last = at;
    if (key === "Enter" || key === "Tab") {
      const text = isFast ? this.#text : "";
      this.#text = "";
      return text.length >= SHORTEST ? text : null;
    }
    const letter = typed(key, code, shift);
    if (letter === null) return null;
    this.#text = isFast ? this.#text + letter : letter;
    return null;
  }

  /** Whether a burst is under way, so that its letters belong into no field. */
  get length(): number {
    return this.#text.length;
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
