/** Three fields, and a number. Whoever may be on the list already is asked about. */

import type { App, Screen } from "../app";
import { drawChip } from "../chip";
import { bind, copy, element, fill, icon, part } from "../dom";
import { alike } from "../find";
import { clock } from "../format";
import type { Person } from "../roster";
import { say } from "../texts";
import { type Field, faults, register } from "../walk-ins";
import { numberScreen } from "./number";

const FIELDS: Field[] = ["full_name", "birth_year", "phone"];
const PATIENCE_MS = 4_000;
const OF_FIELD: Record<string, Field> = { too_young: "birth_year", too_old: "birth_year" };

export function walkInScreen(app: App): Screen {
  const root = copy("walk-in");
  const { desk } = app;
  const inputs = Object.fromEntries(
    FIELDS.map((name) => [name, part<HTMLInputElement>(root, name)]),
  ) as Record<Field, HTMLInputElement>;
  const others = new Set<string>();
  let match: Person | null = null;
  let isBusy = false;

  const typed = () =>
    Object.fromEntries(FIELDS.map((name) => [name, inputs[name].value])) as Record<Field, string>;

  function drawMatch(): void {
    const { full_name, phone } = typed();
    match = alike(desk.people.values(), full_name, phone).find(({ id }) => !others.has(id)) ?? null;
    part(root, "match").hidden = match === null;
    if (!match) return;
    const time = match.slotStartsAt === null ? null : clock(match.slotStartsAt);
    const key = time === null ? "match_text_plain" : "match_text";
    const values = { time: time ?? "", last4: match.phoneLast4, unit: match.unit };
    fill(root, { "match-name": match.name, "match-text": say(key, values).replace(/, $/, "") });
  }

  function drawFault(name: Field, key: string | undefined): void {
    const line = part(root, `error-${name}`);
    line.hidden = key === undefined;
    line.replaceChildren(
      ...(key === undefined ? [] : [icon("refused"), element("span", "", say(key))]),
    );
    part(root, `field-${name}`).classList.toggle("field-wrong", key !== undefined);
    if (key === undefined) inputs[name].removeAttribute("aria-invalid");
    else inputs[name].setAttribute("aria-invalid", "true");
  }

  function drawFaults(found: Partial<Record<Field, string>>): boolean {
    for (const name of FIELDS) drawFault(name, found[name]);
    const first = FIELDS.find((name) => found[name] !== undefined);
    if (first) inputs[first].focus();
    return first === undefined;
  }

  function busy(is: boolean): void {
    isBusy = is;
    if (is) part(root, "submit").setAttribute("aria-disabled", "true");
    else part(root, "submit").removeAttribute("aria-disabled");
  }

  function refuse(code: string): void {
    const field = OF_FIELD[code];
    if (field) drawFaults({ [field]: code });
    const line = part(root, "refused");
    line.hidden = field !== undefined;
    if (!field)
      line.replaceChildren(icon("refused"), element("span", "", say("refused", { code })));
  }

  async function submit(): Promise<void> {
    if (isBusy) return;
    part(root, "refused").hidden = true;
    const form = typed();
    if (!drawFaults(faults(form, desk.device.drive.date))) return;
    drawMatch();
    if (match) {
      part(root, "match").scrollIntoView({ block: "center" });
      part(root, "match").querySelector<HTMLElement>("button")?.focus();
      return;
    }
    busy(true);
    try {
      const made = await register(desk, {
        full_name: form.full_name.trim(),
        birth_year: Number(form.birth_year),
        phone: form.phone.trim(),
      });
      app.sync.soon();
      await answer(made.walkIn.id);
      const walkIn = desk.walkIns.get(made.walkIn.id)!;
      if (walkIn.refused !== null) {
        await desk.store.dropWalkIn(walkIn.id);
        desk.walkInDropped(walkIn.id);
        refuse(walkIn.refused);
        return;
      }
      const record = desk.scans.get(walkIn.id) ?? made.scan;
      app.last = {
        record,
        read: { registration: walkIn.id },
        verdict: "accepted",
        person: null,
        ticket: null,
      };
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
    same: () => {
      if (match) void app.take({ registration: match.id });
    },
    other: () => {
      if (match) others.add(match.id);
      drawMatch();
      part(root, "submit").focus();
    },
  });
  function refresh(): void {
    fill(root, {
      device: say("at_desk", {
        station: say("device", { number: desk.device.label.replace(/^M/, "") }),
        drive: desk.stationName,
      }),
      offline: say("walk_in_offline"),
    });
    part(root, "offline").hidden = desk.network !== "down";
    drawChip(part(root, "chip"), desk);
  }
  refresh();
  return { root, scans: false, refresh, focus: inputs.full_name };
}
