/** Ready or not, in plain words, before the first scan and whenever it is asked. */

import { canVerify } from "../../shared/tickets";
import type { App, Screen } from "../app";
import { type Check, checks } from "../checks";
import { drawChip } from "../chip";
import { conflictRows } from "../conflicts";
import { bind, copy, element, fill, icon, part, setIcon } from "../dom";
import { ENFORCED } from "../enforced";
import { clock, deviceName } from "../format";
import { say } from "../texts";

const COLOURS = { done: "icon-ok", look: "icon-warn", refused: "icon-no", neutral: "" };

export function readyScreen(app: App, hasScanned: boolean): Screen {
  const root = copy("ready");
  const { desk } = app;
  const rows = new Map<string, HTMLElement>();
  let listed: object | null = null;
  fill(root, {
    device: deviceName(desk.device.label),
    drive: say("at_desk", { station: desk.stationName, drive: desk.device.drive.name }),
  });
  const chip = element("span");
  part(root, "chip").append(chip);

  const start = () => {
    const found = checks(app);
    const blocking = found.find((check) => check.kind === "refused") ?? loadingOf(found);
    if (!blocking) return app.open.camera();
    // Answer the press with what is missing.
    app.sync.now();
    if (blocking.name === "camera") void app.camera.open();
    rows.get(blocking.name)?.scrollIntoView({ block: "center" });
    return undefined;
  };
  bind(root, {
    start,
    typed: () => {
      app.typedOnly = true;
      app.open.camera();
    },
    "hand-over": () => app.open.handOver(),
    "sign-off": () => app.open.signOff(),
  });

  function refresh(): void {
    const found = checks(app);
    const blocking = found.filter((check) => check.kind === "refused");
    const looks = found.filter((check) => check.kind === "look");
    const loading = blocking.length === 0 ? loadingOf(found) : undefined;
    const isReady = blocking.length === 0 && !loading;
    const shape = isReady ? "done" : loading ? "neutral" : "look";
    setIcon(part(root, "shape"), shape, `ready-shape ${COLOURS[shape]}`);
    const trouble = () => say("trouble", { count: blocking.length + looks.length });
    fill(root, {
      title: isReady ? say("ready") : (loading?.title ?? trouble()),
      text: isReady ? say("ready_text") : "",
      start: say(isReady ? (hasScanned ? "resume" : "start") : "check_again"),
    });
    part(root, "text").hidden = !isReady;
    const cameraBlocks = blocking.length > 0 && blocking.every((check) => check.name === "camera");
    part(root, "typed-links").hidden = !cameraBlocks;
    drawChip(chip, desk);
    const list = part(root, "checks");
    const drawn = found.map((check) => drawCheck(rows, check));
    if (drawn.some((row, i) => list.children[i] !== row)) list.replaceChildren(...drawn);
    const conflicts = conflictRows(desk).map(({ text }) => {
      const row = element("li");
      const line = element("p", "rows-text", text);
      row.append(line, icon("twice", "icon-warn"));
      return row;
    });
    part(root, "conflicts").hidden = conflicts.length === 0;
    part(root, "conflicts").replaceChildren(...conflicts);
    if (desk.facts !== listed) part(root, "enforced").replaceChildren(...enforcedRows(app));
    listed = desk.facts;
    fill(root, { "enforced-until": say("enforced_until", { time: clock(desk.roster.at) }) });
  }
  refresh();
  return { root, scans: true, refresh, focus: part(root, "title") };
}

/** Without the list nothing can be judged; but it comes by itself, so it is no trouble. */
function loadingOf(found: Check[]): Check | undefined {
  return found.find(({ name, kind }) => name === "roster" && kind === "neutral");
}

function enforcedRows({ desk }: App): HTMLElement[] {
  return ENFORCED.map(({ key, verdicts }) => {
    const isServers = verdicts.includes("bad_signature") && !canVerify();
    const values = { minutes: desk.facts.toleranceMinutes };
    return element("li", "", say(isServers ? "enforced_unsigned" : key, values));
  });
}

export function drawCheck(rows: Map<string, HTMLElement>, check: Check): HTMLElement {
  let row = rows.get(check.name);
  if (!row) {
    row = copy("check");
    row.dataset.check = check.name;
    rows.set(check.name, row);
  }
  row.dataset.state = check.kind;
  setIcon(part(row, "icon"), check.kind, COLOURS[check.kind]);
  fill(row, { title: check.title, text: check.text });
  const action = part(row, "action");
  action.hidden = check.action === undefined;
  if (check.action) {
    fill(row, { button: check.action.label });
    part(row, "button").onclick = check.action.run;
  }
  return row;
}
