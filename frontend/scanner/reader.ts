/** Reads codes from the camera, frame after frame, while a screen wants it. */

import { readTicket } from "../shared/tickets";
import type { Camera } from "./camera";
import type { Decoder } from "./decoder";
import { LOOKS } from "./looks";
import { Repeats } from "./repeats";

const PAUSE_MS = 40;
const IDLE_MS = 150;

export interface Wants {
  /** Whether to look at all; `tickets` passes over all other codes. */
  reads(): "all" | "tickets" | null;
  /** A verdict has just appeared: let it be seen before the next. */
  isBusy(): boolean;
  /** Offer a text to the screen, though it was read before; says whether that is for it. */
  offer(text: string): boolean;
  take(text: string, frameAt: number): Promise<void>;
  broken(): void;
}

export class Reader {
  readonly #repeats = new Repeats();
  #frames = 0;

  constructor(
    private readonly camera: Camera,
    private readonly decoder: Decoder,
    private readonly wants: Wants,
  ) {}

  async run(): Promise<never> {
    for (;;) {
      const pause = await this.#once().catch(() => {
        this.wants.broken();
        return 1_000;
      });
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #once(): Promise<number> {
    const wanted = document.hidden ? null : this.wants.reads();
    if (wanted === null) {
      this.#repeats.forget(performance.now());
      return IDLE_MS;
    }
    const frameAt = performance.now();
    const frame = this.camera.frame(this.decoder.draws);
    if (!frame) return IDLE_MS;
    const texts = await this.decoder.read(frame, LOOKS[this.#frames++ % LOOKS.length]);
    const now = performance.now();
    this.#repeats.forget(now);
    const left = texts.filter((text) => !this.#isForScreen(text, now));
    const fresh = left.filter((text) => !this.#repeats.isRepeat(text, now));
    if (fresh.length === 0 || this.wants.isBusy()) return PAUSE_MS;
    const ticket = fresh.find((text) => readTicket(text) !== null);
    const text = ticket ?? (wanted === "all" ? fresh[0] : undefined);
    if (text === undefined || this.wants.reads() === null) return PAUSE_MS;
    this.#repeats.take(text, now);
    await this.wants.take(text, frameAt);
    return PAUSE_MS;
  }

  /** What the screen has used is no news for the next one. */
  #isForScreen(text: string, now: number): boolean {
    const isForScreen = this.wants.offer(text);
    if (isForScreen) this.#repeats.take(text, now);
    return isForScreen;
  }
}
