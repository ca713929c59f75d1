/** The page's side of the decoder: one frame at a time, and a new worker when it breaks. */

import type { Look } from "./looks";
import type { FromDecoder, ToDecoder } from "./worker";

const PATIENCE_MS = 5_000;

export class Decoder {
  #worker: Worker | null = null;
  #ready: Promise<void> | null = null;
  #answer: ((message: FromDecoder) => void) | null = null;

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
  }

  /** Give the texts of all codes in a frame. The frame's pixels go to the worker. */
  async read(frame: ImageData, look: Look = "plain"): Promise<string[]> {
    await this.start();
    const said = await this.#ask({ frame, look }, PATIENCE_MS, [frame.data.buffer]);
    if ("texts" in said) return said.texts;
    this.#drop();
    return [];
  }

  #ask(message: ToDecoder, patience: number, transfer: Transferable[] = []): Promise<FromDecoder> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answer?.({ broken: "timeout" }), patience);
      this.#answer = (said) => {
        clearTimeout(timer);
        this.#answer = null;
        resolve(said);
      };
      this.#worker!.postMessage(message, transfer);
    });
  }

  #drop(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#ready = null;
  }
}
