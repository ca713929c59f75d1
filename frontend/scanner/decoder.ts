/** The page's side of the decoder: one frame at a time, and a new worker when it breaks. */

import { type Frame, isBlank, isUndrawn } from "./frames";
import type { Look } from "./looks";
import type { FromDecoder, ToDecoder } from "./worker";

const PATIENCE_MS = 5_000;

export class Decoder {
  #worker: Worker | null = null;
  #ready: Promise<void> | null = null;
  #answer: ((message: FromDecoder) => void) | null = null;
  /** Whether the worker makes pixels of the camera's pictures, or the page has to. */
  draws = false;
  #isDoubted = false;
  #failed = false;

  constructor(
    private readonly script: string,
    private readonly wasm: string,
  ) {}

  static isPossible(): boolean {
    return typeof WebAssembly === "object" && typeof Worker === "function";
  }

  /** Load and warm up; again does nothing. Rejects where the decoder cannot run. */
  start(): Promise<void> {
    this.#ready ??= this.#begin().catch((error) => {
      this.#drop();
      throw error;
    });
    return this.#ready;
  }

  async #begin(): Promise<void> {
    if (!Decoder.isPossible()) throw new Error("no WebAssembly");
    const worker = new Worker(this.script);
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromDecoder>) => this.#answer?.(data);
    worker.onerror = (event) => this.#answer?.({ broken: event.message || "worker" });
    const said = await this.#ask({ wasm: new URL(this.wasm, location.href).href }, 60_000);
    if (!("ready" in said)) throw new Error("broken" in said ? said.broken : "decoder");
    this.draws = said.draws && !this.#failed;
  }

  /** Give the texts of all codes in a frame. The frame goes to the worker, and is gone here. */
  async read(frame: Frame, look: Look = "plain"): Promise<string[]> {
    await this.start();
    const isOurs = !isUndrawn(frame);
    if (isOurs && this.#isDoubted) this.#judge(frame);
    const goes = isOurs ? frame.data.buffer : frame.picture;
    const said = await this.#ask({ frame, look }, PATIENCE_MS, [goes]);
    if ("texts" in said) return said.texts;
    if (!isOurs) {
      this.#isDoubted = true;
      this.draws = false;
    }
    if ("broken" in said) this.#drop();
    return [];
  }

  /** Where the worker saw nothing and the page sees something, the page draws from now on. */
  #judge(drawnHere: ImageData): void {
    this.#isDoubted = false;
    this.draws = isBlank(drawnHere);
    this.#failed = !this.draws;
  }

  #ask(message: ToDecoder, patience: number, transfer: Transferable[] = []): Promise<FromDecoder> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answer?.({ broken: "timeout" }), patience);
      this.#answer = (said) => {
        clearTimeout(timer);
        this.#answer = null;
        resolve(said);
      };
      try {
        this.#worker!.postMessage(message, transfer);
      } catch (error) {
        this.#answer({ broken: String(error) }); // a browser that cannot send a picture away
      }
    });
  }

  #drop(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#ready = null;
  }
}
