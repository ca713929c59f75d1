/** The verdict over everything: appears at once, changes when the server knows better. */

import { canVerify } from "../../shared/tickets";
import type { App, WalkInStart } from "../app";
import { copy, element, fill, icon, part } from "../dom";
import { readAgain } from "../last";
import type { Taken } from "../scans";
import { signal, type Tone } from "../sounds";
import { say } from "../texts";
import { type Action, unchecked, type View, verdictOf, view } from "../verdicts";

const BACK_AFTER_MS = 2_000;
const UNDO_MS = 10_000;
/** So long a verdict can be seen before another code takes its place; what asks for eyes, longer. */
const AT_LEAST_MS = { go: 900, look: 1_500, stop: 1_500 };
/** After that the temporary number is shown: the network is not quick enough. */
const NUMBER_PATIENCE_MS = 1_200;
const ASKING_MS = 4_000;

/** What the form of a walk-in begins with, so that nothing is asked or read twice. */
function startOf(taken: Taken | null): WalkInStart {
  if (!taken) return {};
  const isWaiting = taken.person?.status === "waitlisted";
  return isWaiting ? { waiting: taken.person! } : taken.card ? { card: taken.card } : {};
}

export class VerdictScreen {
  readonly #place = document.getElementById("verdict")!;
  #taken: Taken | null = null;
  #tone: Tone = "stop";
  #shownAt = 0;
  #drawn = "";
  #back: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly app: App,
    private readonly closed: () => void,
  ) {
    this.#place.addEventListener("click", (event) => {
      const isStop = this.#place.classList.contains("verdict-stop");
      if (isStop && !(event.target as Element).closest("button")) this.close();
    });
  }

  get taken(): Taken | null {
    return this.#taken;
  }

  get isOpen(): boolean {
    return !this.#place.hidden;
  }

  get isBusy(): boolean {
    return this.isOpen && performance.now() - this.#shownAt < AT_LEAST_MS[this.#tone];
  }

  show(taken: Taken, frameAt: number | null): void {
    this.#taken = taken;
    this.#shownAt = performance.now();
    this.#drawn = "";
    clearTimeout(this.#back);
    this.#back = undefined;
    this.refresh();
    this.#place.focus({ preventScroll: true });
    if (frameAt !== null) {
      requestAnimationFrame(() =>
        setTimeout(() =>
          performance.measure("frame-to-verdict", { start: frameAt, end: performance.now() }),
        ),
      );
    }
  }

  /** Say that a scan could not be written down; nothing was scanned then. */
  fail(): void {
    this.#taken = null;
    this.#shownAt = performance.now();
    this.#drawn = "";
    clearTimeout(this.#back);
    this.#draw({
      verdict: "not_allowed",
      tone: "stop",
      shape: "refused",
      word: say("write_failed"),
      name: say("write_failed_name"),
      details: [say("write_failed_next")],
      number: null,
      waitsForNumber: false,
      buttons: [{ action: "next", label: say("scan_next") }],
    });
    delete this.#place.dataset.verdict;
  }

  close(): void {
    if (!this.isOpen) return;
    clearTimeout(this.#back);
    this.#taken = null;
    this.#place.hidden = true;
    delete this.#place.dataset.verdict;
    this.#place.replaceChildren();
    this.closed();
  }

  /** The server has answered, or a second has gone by. */
  refresh(): void {
    const taken = this.#taken;
    if (!taken) return;
    const record = this.app.desk.scans.get(taken.record.id);
    if (record) taken.record = record;
    const age = performance.now() - this.#shownAt;
    const { desk } = this.app;
    const isWalkIn = taken.isFromElsewhere ?? false;
    const isAsking = desk.network !== "down" && age < ASKING_MS;
    if (verdictOf(taken.record) === null && (isWalkIn ? isAsking : !canVerify())) {
      this.#draw({ ...unchecked(isAsking, isWalkIn), verdict: "unknown" });
      delete this.#place.dataset.verdict;
      return;
    }
    const showTemporary = desk.network === "down" || age > NUMBER_PATIENCE_MS;
    const shown = view(taken, desk, showTemporary);
    this.#draw(shown);
    const goesBack = shown.tone === "go" && !taken.record.result?.conflict;
    if (!goesBack) {
      clearTimeout(this.#back);
      this.#back = undefined;
    } else {
      this.#back ??= setTimeout(
        () => this.close(),
        BACK_AFTER_MS - Math.min(age, BACK_AFTER_MS - 800),
      );
    }
  }

  #draw(shown: View): void {
    const { desk } = this.app;
    const strip = desk.network === "down" ? say("offline_strip", { count: desk.unsent }) : "";
    const key = JSON.stringify([shown, strip]);
    if (key === this.#drawn) {
      this.#count();
      return;
    }
    const isOther =
      this.#place.dataset.verdict !== shown.verdict || this.#place.hidden || this.#drawn === "";
    this.#drawn = key;
    const drawn = copy("verdict");
    if (strip) {
      const line = part(drawn, "strip");
      line.classList.remove("verdict-strip-empty");
      line.append(icon("unsent"), element("span", "", strip));
    }
    part(drawn, "shape").replaceWith(icon(shown.shape, "verdict-shape"));
    fill(drawn, { word: shown.word, name: shown.name });
    part(drawn, "name").hidden = shown.name === "";
    part(drawn, "details").append(...shown.details.map((line) => element("p", "", line)));
    this.#drawNumber(drawn, shown);
    const foot = part(drawn, "foot");
    if (shown.tone === "go") {
      const hint = element("p", "strong", say("camera_back"));
      hint.append(document.createElement("br"), say("next_at_once"));
      foot.append(hint);
    }
    for (const [i, { action, label }] of shown.buttons.entries()) {
      const isMain = i === shown.buttons.length - 1 && shown.tone !== "go";
      const button = element(
        "button",
        isMain ? "button button-main" : "button",
        label,
      ) as HTMLButtonElement;
      button.type = "button";
      button.dataset.do = action;
      button.addEventListener("click", () => this.#act(action));
      foot.append(button);
    }
    this.#tone = shown.tone;
    this.#place.className = `verdict verdict-${shown.tone}`;
    this.#place.dataset.verdict = shown.verdict;
    this.#place.replaceChildren(...drawn.children);
    this.#place.hidden = false;
    this.#count();
    if (isOther) signal(shown.tone);
  }

  #drawNumber(drawn: HTMLElement, shown: View): void {
    const line = part(drawn, "number");
    if (!shown.number) {
      // Its place is kept, so that nothing moves when the number comes.
      line.classList.toggle("verdict-number-waits", shown.waitsForNumber);
      if (!shown.waitsForNumber) line.remove();
      else fill(line, { "number-label": say("number"), "number-figure": "…" });
      return;
    }
    line.classList.toggle("verdict-number-temporary", /\D/.test(shown.number.figure));
    fill(line, { "number-label": shown.number.label, "number-figure": shown.number.figure });
  }

  /** Undo is offered for ten seconds here. */
  #count(): void {
    const button = this.#place.querySelector<HTMLElement>('[data-do="undo"]');
    if (!button) return;
    const left = Math.ceil((UNDO_MS - (performance.now() - this.#shownAt)) / 1000);
    button.hidden = left <= 0;
    const label = say("undo_left_long", { seconds: Math.max(left, 1) });
    if (button.textContent !== label) button.textContent = label;
  }

  #act(action: Action): void {
    const taken = this.#taken;
    this.close();
    const { app } = this;
    if (action === "search") app.open.search(taken?.card?.name);
    else if (action === "walk-in") app.open.walkIn(startOf(taken));
    else if (action === "undo" && taken) void app.undo(taken.record);
    else if (action === "admit" && taken) void app.take(readAgain(taken.record), true);
  }
}
