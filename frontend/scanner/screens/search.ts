/** Two taps: type four digits or a name, let in. Also where codes are typed. */

import { readTicket } from "../../shared/tickets";
import type { App, Screen } from "../app";
import { drawChip } from "../chip";
import { correctedAt } from "../clock";
import { bind, copy, fill, part } from "../dom";
import { find } from "../find";
import { clock, deviceName } from "../format";
import { lastPeople, readAgain, stillPossible } from "../last";
import type { Person } from "../roster";
import type { ScanRecord } from "../store";
import { say } from "../texts";
import { shortWord, verdictOf } from "../verdicts";

const LABELS = new Set(["accepted", "too_early", "too_late", "already_scanned", "waitlisted"]);
const MOST_LAST = 8;
/** So many letters and digits in one are a try at a code, not a name. */
const CODE_LIKE = /^(?=.*\d)[0-9a-z-]{8,9}$/i;
/** Letters and digits together are never a name; an input method may have put accents on them. */
const CODE_TRY = /^(?=.*\d)(?=.*\p{L})/u;

export function searchScreen(app: App, typed = ""): Screen {
  const root = copy("search");
  const { desk } = app;
  const field = part<HTMLInputElement>(root, "q");
  field.value = typed;
  let shown = 0;

  async function draw(): Promise<void> {
    const turn = ++shown;
    const text = field.value.trim();
    const found = find(desk.everybody(), text);
    const numbered = desk.byTemporary(text.toUpperCase());
    if (numbered && !found.people.some(({ id }) => id === numbered.id)) {
      found.people.unshift(numbered);
      found.count++;
    }
    const last = text === "" ? lastPeople(desk, MOST_LAST) : [];
    const rows = await Promise.all(found.people.map(personRow));
    if (turn !== shown) return;
    rows.push(...last.map(lastRow));
    part(root, "last-title").hidden = last.length === 0;
    if (found.code !== null && found.count === 0) rows.push(codeRow(found.code));
    part(root, "rows").replaceChildren(...rows);
    part(root, "rows").hidden = rows.length === 0;
    const digits = /^[\d\s.+-]+$/.test(text) && text.replace(/\D/g, "").length < 3;
    let count = "";
    if (found.count > found.people.length) count = say("matches_more", { count: found.count });
    else if (found.count > 0) count = say("matches", { count: found.count });
    else if (CODE_TRY.test(text) && found.code === null) count = say("no_code");
    else if (text !== "" && !digits && found.code === null) count = say("no_match");
    fill(root, { count });
  }

  async function personRow(person: Person): Promise<HTMLElement> {
    const row = copy("match");
    const verdict = await app.scans.foresee(person);
    const label = say(LABELS.has(verdict) ? `b_${verdict}` : "b_other");
    fill(row, { name: person.name, button: label });
    const when = person.slotStartsAt === null ? say("walk_in") : clock(person.slotStartsAt);
    const line = part(row, "text");
    line.append(`${when}${person.phoneLast4 ? `, •••• ${person.phoneLast4}` : ""}`);
    if (person.unit) line.append(document.createElement("br"), person.unit);
    const button = part<HTMLButtonElement>(row, "button");
    button.classList.toggle("button-primary", verdict === "accepted");
    button.setAttribute("aria-label", `${label}: ${person.name}`);
    button.addEventListener("click", () => app.take({ registration: person.id }));
    return row;
  }

  /** Whom the next ticket pushed off the screen can still be let in, or taken back. */
  function lastRow(record: ScanRecord): HTMLElement {
    const row = copy("match");
    const person = desk.people.get(record.person ?? "");
    const still = stillPossible(record, desk);
    const verdict = shortWord(verdictOf(record) ?? "unknown");
    const time = clock(correctedAt(record.wire));
    const number = record.result?.registration?.number ?? person?.number ?? record.temporary;
    let text = say("last_other", { verdict, time });
    if (desk.isUndone(record.id)) text = `${say("undone")}, ${time}`;
    else if (still === "undo" && number !== null) text = say("last_accepted", { number, time });
    fill(row, { name: record.name || person?.name || say("not_on_device"), text });
    const button = part<HTMLButtonElement>(row, "button");
    button.hidden = still === null;
    if (still === null) return row;
    const label = say(still === "undo" ? "undo" : "let_in_after_all");
    button.textContent = label;
    button.setAttribute("aria-label", `${label}: ${part(row, "name").textContent}`);
    button.addEventListener("click", () => {
      if (still === "undo") void app.undo(record);
      else void app.take(readAgain(record), true);
    });
    return row;
  }

  function codeRow(code: string): HTMLElement {
    const row = copy("match");
    const written = `${code.slice(0, 4)}-${code.slice(4)}`;
    fill(row, { name: written, text: say("code_not_listed_text"), button: say("b_other") });
    part(row, "button").setAttribute("aria-label", say("code_not_listed", { code: written }));
    part(row, "button").addEventListener("click", () => app.take({ code }));
    return row;
  }

  function enter(): void {
    const text = field.value.trim();
    if (readTicket(text)) return void app.take({ text });
    const found = find(desk.everybody(), text);
    if (found.code !== null || CODE_LIKE.test(text)) return void app.take({ code: text });
    if (found.count === 1) part(root, "rows").querySelector<HTMLElement>("button")?.focus();
  }

  part(root, "form").addEventListener("submit", (event) => {
    event.preventDefault();
    enter();
  });
  field.addEventListener("input", () => void draw());
  bind(root, { back: () => app.open.camera(), ready: () => app.open.ready() });
  let revision = "";
  function refresh(): void {
    fill(root, {
      device: say("device_arrived", {
        device: deviceName(desk.device.label),
        arrived: desk.arrived,
        total: desk.living,
      }),
    });
    drawChip(part(root, "chip"), desk);
    const now = `${desk.roster.at} ${desk.scans.size}`;
    if (now !== revision) void draw();
    revision = now;
  }
  refresh();
  return { root, scans: false, refresh, focus: field };
}
