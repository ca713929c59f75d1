/** The camera: opened, chosen, lit, and opened again by itself when its stream dies. */

import { type Cut, draw, type Frame } from "./frames";

export type CameraState =
  | "off"
  | "opening"
  | "on"
  | "blocked"
  | "missing"
  | "busy"
  /** The address is not secure. */
  | "impossible"
  /** The browser has none for pages: one inside of a chat app. */
  | "unsupported";

const STALLED_MS = 4_000;
const WATCH_EVERY_MS = 1_000;
/** A code seen from two metres still has three pixels a module. */
const LONGEST_SIDE = 960;
/**
 * What lies just outside of what staff see is read as well: a code that fills the stage from side to
 * side has its quiet zone there, four modules of forty on each side.
 */
const MARGIN = 1.25;

export class Camera extends EventTarget {
  readonly video = document.createElement("video");
  readonly #canvas = document.createElement("canvas");
  readonly #context = this.#canvas.getContext("2d", { willReadFrequently: true });
  #stream: MediaStream | null = null;
  #wanted = false;
  #watch: ReturnType<typeof setInterval> | undefined;
  #lastTime = -1;
  #movedAt = 0;
  #failures = 0;
  state: CameraState = "off";
  isLit = false;
  cameras: MediaDeviceInfo[] = [];

  constructor(public chosen: string | null) {
    super();
    this.video.muted = true;
    this.video.playsInline = true;
    this.video.setAttribute("aria-hidden", "true");
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#wanted && !this.#isAlive()) void this.open();
    });
  }

  static isPossible(): boolean {
    return isSecureContext && navigator.mediaDevices?.getUserMedia !== undefined;
  }

  async open(): Promise<CameraState> {
    this.#wanted = true;
    if (!Camera.isPossible()) return this.#become(isSecureContext ? "unsupported" : "impossible");
    if (this.state === "opening" || this.#isAlive()) return this.state;
    this.#release();
    this.#become("opening");
    try {
      const stream = await this.#ask();
      if (!this.#wanted) {
        for (const track of stream.getTracks()) track.stop();
        return this.#become("off");
      }
      this.#use(stream);
      await this.video.play();
      this.#failures = 0;
      this.cameras = (await navigator.mediaDevices.enumerateDevices()).filter(
        (device) => device.kind === "videoinput",
      );
      return this.#become("on");
    } catch (error) {
      this.#release();
      this.#failures++;
      return this.#become(reason(error));
    } finally {
      this.#watch ??= setInterval(() => this.#look(), WATCH_EVERY_MS);
    }
  }

  async #ask(): Promise<MediaStream> {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
    const which = this.chosen
      ? { deviceId: { exact: this.chosen } }
      : { facingMode: { ideal: "environment" } };
    try {
      return await navigator.mediaDevices.getUserMedia({
        video: { ...which, ...size },
        audio: false,
      });
    } catch (error) {
      if (!this.chosen || reason(error) === "blocked") throw error;
      this.chosen = null; // it was unplugged, or its id has changed
      return navigator.mediaDevices.getUserMedia({ video: size, audio: false });
    }
  }

  #use(stream: MediaStream): void {
    this.#stream = stream;
    this.#movedAt = performance.now();
    this.isLit = false;
    for (const track of stream.getVideoTracks()) {
      track.addEventListener("ended", () => this.#restart());
    }
    this.video.srcObject = stream;
  }

  close(): void {
    this.#wanted = false;
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#release();
    this.#become("off");
  }

  #release(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.video.srcObject = null;
  }

  #isAlive(): boolean {
    return this.#stream?.getVideoTracks()[0]?.readyState === "live";
  }

  #restart(): void {
    if (!this.#wanted || document.hidden || this.state === "opening") return;
    this.#release();
    void this.open();
  }

  /** A stream can die without saying so: then the picture stands still. */
  #look(): void {
    const now = performance.now();
    if (document.hidden) {
      this.#movedAt = now;
      return;
    }
    if (this.state === "busy" || this.state === "missing") {
      if (now - this.#movedAt > Math.min(2 ** this.#failures, 30) * 1000) {
        this.#movedAt = now;
        this.#restart();
      }
      return;
    }
    if (this.state !== "on") return;
    if (this.video.currentTime !== this.#lastTime) {
      this.#lastTime = this.video.currentTime;
      this.#movedAt = now;
    } else if (now - this.#movedAt > STALLED_MS || !this.#isAlive()) {
      this.#movedAt = now;
      this.#restart();
    }
  }

  #become(state: CameraState): CameraState {
    if (state !== this.state) {
      this.state = state;
      this.dispatchEvent(new Event("change"));
    }
    return state;
  }

  /**
   * Give what staff see of the present picture; null: none yet.
   *
   * @param elsewhere - whether the reader can draw it: it is most of the work that a frame makes.
   */
  frame(elsewhere: boolean): Frame | null {
    const { videoWidth, videoHeight, readyState } = this.video;
    if (this.state !== "on" || readyState < 2 || videoWidth === 0 || !this.#context) return null;
    const cut = this.#inView(videoWidth, videoHeight);
    const picture = elsewhere ? this.#picture() : null;
    return picture ? { picture, cut } : draw(this.#context, this.video, cut);
  }

  /** Give the picture as the camera took it, where the browser has that. */
  #picture(): VideoFrame | null {
    if (!("VideoFrame" in globalThis)) return null;
    try {
      const picture = new VideoFrame(this.video);
      const { displayWidth, displayHeight } = picture;
      if (displayWidth === this.video.videoWidth && displayHeight === this.video.videoHeight)
        return picture;
      picture.close(); // it forgets how the phone is held, and would be cut at the wrong place
    } catch {
      // Then the page draws.
    }
    return null;
  }

  /** The stage shows the middle of the picture only (`object-fit: cover`). */
  #inView(videoWidth: number, videoHeight: number): Cut {
    const { clientWidth, clientHeight } = this.video;
    let [width, height] = [videoWidth, videoHeight];
    if (clientWidth !== 0 && clientHeight !== 0) {
      const shrinks = Math.min(videoWidth / clientWidth, videoHeight / clientHeight) * MARGIN;
      width = Math.min(videoWidth, clientWidth * shrinks);
      height = Math.min(videoHeight, clientHeight * shrinks);
    }
    const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height)); // what the decoder needs
    return {
      left: (videoWidth - width) / 2,
      top: (videoHeight - height) / 2,
      width,
      height,
      across: Math.round(width * scale),
      down: Math.round(height * scale),
    };
  }

  // --- Light and choice ---------------------------------------------------------------------------

  get hasLight(): boolean {
    const track = this.#stream?.getVideoTracks()[0];
    const can = track?.getCapabilities?.() as { torch?: boolean } | undefined;
    return can?.torch === true;
  }

  async light(on: boolean): Promise<void> {
    const track = this.#stream?.getVideoTracks()[0];
    try {
      await track?.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
      this.isLit = on;
    } catch {
      this.isLit = false;
    }
    this.dispatchEvent(new Event("change"));
  }

  /** Take the next camera, and give its id to be remembered. */
  async next(): Promise<string | null> {
    const present = this.#stream?.getVideoTracks()[0]?.getSettings().deviceId;
    const at = this.cameras.findIndex((camera) => camera.deviceId === present);
    this.chosen = this.cameras[(at + 1) % Math.max(1, this.cameras.length)]?.deviceId ?? null;
    this.#release();
    await this.open();
    return this.chosen;
  }
}

function reason(error: unknown): CameraState {
  switch ((error as DOMException | null)?.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "blocked";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    default:
      return "busy";
  }
}
