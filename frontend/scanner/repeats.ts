/** The same code is ignored until it has been out of the frame for a while. */

const OUT_OF_FRAME_MS = 3_000;

export class Repeats {
  #seen = new Map<string, number>();

  /** Note that a code is in the frame; true if it was taken before and has been there since. */
  isRepeat(text: string, now: number): boolean {
    const last = this.#seen.get(text);
    if (last === undefined) return false;
    const repeats = now - last < OUT_OF_FRAME_MS;
    if (repeats) this.#seen.set(text, now);
    else this.#seen.delete(text);
    return repeats;
  }

  /** A code was taken: from now on it is a repeat. */
  take(text: string, now: number): void {
    this.forget(now);
    this.#seen.set(text, now);
  }

  /** Drop what is out of the frame, so that no text of somebody's card stays. */
  forget(now: number): void {
    for (const [text, last] of this.#seen) {
      if (now - last >= OUT_OF_FRAME_MS) this.#seen.delete(text);
    }
  }
}
