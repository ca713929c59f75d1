/** Ready or not, in plain words, before the first scan and whenever it is asked. */

import type { App, Screen } from "../app";
import { type Check, checks } from "../checks";
import { drawChip } from "../chip";
import { conflictRows } from "../conflicts";
import { bind, copy, element, fill, icon, part, setIcon } from "../dom";
import { say } from "../texts";

const COLOURS = { done: "icon-ok", look: "icon-warn", refused: "icon-no", neutral: "" };

export function readyScreen(app: App, hasScanned: boolean): Screen {
  const root = copy("ready");
  const { desk } = app;
  const rows = new Map<string, HTMLElement>();
  fill(root, {
    device: say("device", { number: desk.device.label.replace(/^M/, "") }),
    drive: say("at_desk", { station: desk.stationName, drive: desk.device.drive.name }),
  });
  const chip = element("span");
  part(root, "chip").append(chip);

  const start = () => {
    const blocking = checks(app).find((check) => check.kind === "refused");
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
    const isReady = blocking.length === 0;
    const shape = isReady ? "done" : "look";
    setIcon(part(root, "shape"), shape, `ready-shape ${COLOURS[shape]}`);
    fill(root, {
      title: isReady ? say("ready") : say("trouble", { count: blocking.length + looks.length }),
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
  }
  refresh();
  return { root, scans: true, refresh, focus: part(root, "title") };
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
