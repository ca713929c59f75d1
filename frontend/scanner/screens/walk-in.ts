/** One card or three fields, and a number. Whoever may be on the list already is asked about. */

import { type CardPerson, readCard } from "../../shared/cards";
import { readTicket } from "../../shared/tickets";
import type { App, Screen, WalkInStart } from "../app";
import { drawChip } from "../chip";
import { bind, copy, element, fill, icon, part, setIcon } from "../dom";
import { alike } from "../find";
import { clock, deviceName } from "../format";
import { readWalkIn } from "../numbers";
import type { Person } from "../roster";
import { say } from "../texts";
import {
  correct,
  type Field,
  faults,
  fieldOf,
  isDriveDay,
  register,
  stillOfCard,
  whyRefused,
} from "../walk-ins";
import { numberScreen } from "./number";

const FIELDS: Field[] = ["full_name", "birth_year", "phone"];
const PATIENCE_MS = 4_000;

export function walkInScreen(app: App, start: WalkInStart = {}): Screen {
  const root = copy("walk-in");
  const { desk, camera } = app;
  const inputs = Object.fromEntries(
    FIELDS.map((name) => [name, part<HTMLInputElement>(root, name)]),
  ) as Record<Field, HTMLInputElement>;
  const stage = part(root, "stage");
  const others = new Set<string>();
  let match: Person | null = null;
  let waiting: Person | null = null;
  /** What was read of the card in view; it goes with this screen. */
  let card: CardPerson | null = null;
  let isBusy = false;

  const typed = () =>
    Object.fromEntries(FIELDS.map((name) => [name, inputs[name].value])) as Record<Field, string>;

  // --- The card -----------------------------------------------------------------------------------

  function takes(text: string, isTyped: boolean): boolean {
    if (readTicket(text) !== null || readWalkIn(text) !== null) return false;
    const read = readCard(text, isTyped);
    if (read === null && isTyped) return false;
    if (isBusy || (card !== null && !isTyped)) return true;
    if (read) useCard(read);
    else fill(root, { hint: say("no_card") });
    return true;
  }

  function useCard(read: CardPerson): void {
    const isAnother = card !== null;
    card = read;
    others.clear();
    waiting = null;
    inputs.full_name.value = read.name;
    inputs.birth_year.value = read.birthYear === null ? "" : String(read.birthYear);
    if (isAnother) inputs.phone.value = "";
    drawFaults({});
    drawCard();
    drawMatch();
    const gap = FIELDS.slice(0, 2).find((name) => inputs[name].value === "");
    (gap ? inputs[gap] : match ? part(root, "match-name") : part(root, "submit")).focus();
  }

  function drawCard(): void {
    const canScan = camera.state === "on" && app.decoderWorks && !app.typedOnly;
    stage.hidden = card !== null || !canScan;
    part(root, "by-hand").hidden = stage.hidden;
    part(root, "card").hidden = card === null;
    if (!stage.hidden && camera.video.parentElement !== stage) {
      stage.prepend(camera.video);
      void camera.video.play().catch(() => undefined); // a screen without it has paused it
    }
    if (card === null) return;
    const isWhole = card.name !== "" && card.birthYear !== null;
    const key = !isWhole ? "card_part" : card.isDoubtful ? "card_doubtful" : "card_read";
    const isGood = key === "card_read";
    part(root, "card").classList.toggle("notice-done", isGood);
    part(root, "card").classList.toggle("notice-look", !isGood);
    setIcon(part(root, "card-icon"), isGood ? "done" : "look");
    fill(root, { "card-title": say(key), "card-text": say(`${key}_text`) });
  }

  // --- Somebody who is on the list already ----------------------------------------------------------

  function drawMatch(): void {
    const { full_name, phone } = typed();
    match = alike(desk.everybody(), full_name, phone).find(({ id }) => !others.has(id)) ?? null;
    const isNew = match !== null && part(root, "match").hidden;
    part(root, "match").hidden = match === null;
    if (isNew) part(root, "match").scrollIntoView({ block: "nearest" });
    part(root, "waits").hidden = waiting === null;
    if (match) fill(root, { "match-name": match.name, "match-text": whoIs(match) });
  }

  function whoIs(person: Person): string {
    const { status, slotStartsAt, phoneLast4, unit } = person;
    const number = person.number ?? desk.temporaryOf(person.id);
    const isIn = status === "checked_in" || status === "ended" || desk.isScannedHere(person.id);
    const time = slotStartsAt === null ? "" : clock(slotStartsAt);
    const state = isIn
      ? say(number === null ? "match_in" : "match_in_number", { number: number ?? "" })
      : status === "waitlisted"
        ? say("match_waiting", { time })
        : time === ""
          ? say("walk_in")
          : say("match_expected", { time });
    return [state, phoneLast4 && `•••• ${phoneLast4}`, unit].filter(Boolean).join(", ");
  }

  function same(): void {
    if (!match) return;
    if (match.status !== "waitlisted") {
      void app.take({ registration: match.id });
      return;
    }
    // Nobody comes in from the list by a scan: as a walk-in, whom the server finds by the phone.
    waiting = match;
    others.add(match.id);
    drawMatch();
    inputs.phone.focus();
  }

  // --- Faults ---------------------------------------------------------------------------------------

  function drawFault(name: Field, text: string | undefined): void {
    const line = part(root, `error-${name}`);
    line.hidden = text === undefined;
    line.replaceChildren(
      ...(text === undefined ? [] : [icon("refused"), element("span", "", text)]),
    );
    part(root, `field-${name}`).classList.toggle("field-wrong", text !== undefined);
    if (text === undefined) inputs[name].removeAttribute("aria-invalid");
    else inputs[name].setAttribute("aria-invalid", "true");
  }

  function drawFaults(found: Partial<Record<Field, string>>): boolean {
    for (const name of FIELDS) drawFault(name, found[name] && say(found[name]));
    const first = FIELDS.find((name) => found[name] !== undefined);
    if (first) inputs[first].focus();
    return first === undefined;
  }

  function busy(is: boolean): void {
    isBusy = is;
    if (is) part(root, "submit").setAttribute("aria-disabled", "true");
    else part(root, "submit").removeAttribute("aria-disabled");
  }

  function refuse(code: string, ofField: string | null = null): void {
    const field = fieldOf(code, ofField);
    const why = whyRefused(code, ofField);
    const line = part(root, "refused");
    line.hidden = field !== null;
    if (field) {
      drawFault(field, why);
      inputs[field].focus();
    } else line.replaceChildren(icon("refused"), element("span", "", why));
  }

  // --- The number -----------------------------------------------------------------------------------

  async function submit(): Promise<void> {
    if (isBusy) return;
    part(root, "refused").hidden = true;
    const form = typed();
    const ofCard = stillOfCard(card, form);
    const found = faults(form, desk.device.drive.date, ofCard?.bornOn ?? null);
    if (waiting && form.phone.trim() === "") found.phone = "phone_of_list";
    if (!drawFaults(found)) return;
    drawMatch();
    if (match) {
      part(root, "match").scrollIntoView({ block: "center" });
      part(root, "match").querySelector<HTMLElement>("button")?.focus();
      return;
    }
    if (!start.correct && !isDriveDay(desk)) return refuse("wrong_day");
    busy(true);
    try {
      const person = {
        full_name: form.full_name.trim(),
        birth_year: Number(form.birth_year),
        phone: form.phone.trim(),
        ...(ofCard?.sex ? { sex: ofCard.sex } : {}),
      };
      const { id } = start.correct
        ? await correct(desk, start.correct.id, person)
        : (await register(desk, person)).walkIn;
      if (start.correct) app.sync.now();
      else app.sync.soon();
      await answer(id);
      const walkIn = desk.walkIns.get(id)!;
      if (walkIn.refused !== null) {
        // What is typed stands here still. Somebody who was let in before is kept, whatever comes.
        if (!start.correct) {
          await desk.store.dropWalkIn(id);
          desk.walkInDropped(id);
          app.sync.soon();
        }
        refuse(walkIn.refused, walkIn.field);
        return;
      }
      const record = desk.scans.get(id)!;
      app.last = { record, person: null, ticket: null };
      app.show(numberScreen(app, walkIn.id));
    } catch {
      refuse("storage");
    } finally {
      busy(false);
    }
  }

  /** Wait for the server's answer while it comes quickly. */
  function answer(id: string): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        desk.removeEventListener("change", look);
        resolve();
      };
      const look = () => {
        const walkIn = desk.walkIns.get(id);
        if (!walkIn || walkIn.sent === 1 || walkIn.refused !== null || desk.network === "down")
          done();
      };
      const timer = setTimeout(done, PATIENCE_MS);
      desk.addEventListener("change", look);
      look();
    });
  }

  root.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });
  inputs.full_name.addEventListener("change", drawMatch);
  inputs.phone.addEventListener("input", drawMatch);
  bind(root, {
    back: () => app.open.camera(),
    ready: () => app.open.ready(),
    same,
    other: () => {
      if (match) others.add(match.id);
      drawMatch();
      part(root, match ? "match-name" : "submit").focus();
    },
    again: () => {
      card = null;
      for (const name of FIELDS) inputs[name].value = "";
      others.clear();
      waiting = null;
      fill(root, { hint: say("card_hint") });
      drawFaults({});
      drawCard();
      drawMatch();
      part(root, "title").focus();
    },
  });
  function refresh(): void {
    fill(root, {
      device: say("at_desk", {
        station: deviceName(desk.device.label),
        drive: desk.stationName,
      }),
      offline: say("walk_in_offline"),
    });
    part(root, "offline").hidden = desk.network !== "down";
    drawChip(part(root, "chip"), desk);
    drawCard();
  }
  fill(root, { hint: say("card_hint") });
  if (start.waiting) {
    waiting = start.waiting;
    others.add(waiting.id);
    inputs.full_name.value = waiting.name;
  }
  if (start.correct) {
    const { full_name, birth_year, phone } = start.correct.wire;
    inputs.full_name.value = full_name;
    inputs.birth_year.value = String(birth_year || ""); // it went where the check-in was taken back
    inputs.phone.value = phone;
  }
  refresh();
  drawMatch();
  if (start.correct?.refused) {
    const { refused, field } = start.correct;
    queueMicrotask(() => refuse(refused, field)); // it moves the focus, once the screen is there
  }
  // Opening the keyboard would hide the camera.
  const focus = stage.hidden ? inputs.full_name : part(root, "title");
  if (!start.card) return { root, scans: true, takes, refresh, focus };
  const read = start.card;
  queueMicrotask(() => useCard(read)); // it moves the focus, once the screen is there
  return { root, scans: true, takes, refresh };
}
