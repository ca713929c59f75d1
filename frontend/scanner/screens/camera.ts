/** Where the day is spent. */

import type { App, Screen } from "../app";
import { Camera, type CameraState } from "../camera";
import { drawChip } from "../chip";
import { correctedAt } from "../clock";
import { conflictRows } from "../conflicts";
import { bind, copy, element, fill, icon, part, setIcon } from "../dom";
import { clock, deviceName } from "../format";
import { readAgain, stillPossible } from "../last";
import { allowSound } from "../sounds";
import type { WalkInRecord } from "../store";
import { say } from "../texts";
import { shapeOf, shortWord, toneOf, verdictOf } from "../verdicts";
import { whyRefused } from "../walk-ins";

const UNDO_MS = 10_000;
const COLOURS = { go: "icon-ok", look: "icon-warn", stop: "icon-no" };
const OFF: Partial<Record<CameraState, string>> = {
  blocked: "camera_blocked",
  missing: "camera_missing",
  busy: "camera_busy",
  impossible: "camera_impossible",
  unsupported: "camera_unsupported",
};

export function cameraScreen(app: App, seen: Set<string>): Screen {
  const root = copy("camera");
  const { desk, camera } = app;
  const stage = part(root, "stage");
  stage.prepend(camera.video);
  void camera.video.play().catch(() => undefined); // a screen without it has paused it
  fill(root, { station: desk.stationName });
  bind(root, {
    ready: () => app.open.ready(),
    search: () => app.open.search(),
    "walk-in": () => app.open.walkIn(),
    light: () => camera.light(!camera.isLit),
    flip: async () => {
      const chosen = await camera.next();
      if (chosen) await desk.store.set("camera", chosen);
    },
    retry: () => {
      allowSound();
      app.typedOnly = false;
      void app.decoder.start().then(
        () => {
          app.decoderWorks = true;
        },
        () => undefined,
      );
      void camera.open();
    },
    undo: () => {
      if (app.last) void app.undo(app.last.record);
    },
    admit: () => {
      if (app.last) void app.take(readAgain(app.last.record), true);
    },
  });

  function drawStage(): void {
    const off = !app.decoderWorks ? "camera_decoder" : (OFF[camera.state] ?? null);
    const isOff = off !== null || (app.typedOnly && camera.state !== "on");
    part(root, "off").hidden = !isOff;
    for (const name of ["hint", "frame", "tools"]) part(root, name).hidden = isOff;
    camera.video.hidden = isOff;
    if (isOff) {
      const key = off ?? "camera_missing";
      setIcon(part(root, "off-shape"), "camera", "icon-large");
      fill(root, { "off-title": say(key), "off-text": say(`${key}_text`) });
      part(root, "retry").hidden = !Camera.isPossible();
    }
    part(root, "light").hidden = !camera.hasLight;
    part(root, "light").setAttribute("aria-pressed", String(camera.isLit));
    part(root, "flip").hidden = camera.cameras.length < 2;
  }

  function drawNews(): void {
    const news = part(root, "news");
    const rows: { key: string; text: string; walkIn?: WalkInRecord }[] = [
      ...conflictRows(desk).filter(({ key }) => !seen.has(key)),
      ...desk.refusedWalkIns.map((walkIn) => ({
        key: `refused ${walkIn.id} ${walkIn.refused}`,
        text: say("refused_row", {
          name: walkIn.wire.full_name,
          why: whyRefused(walkIn.refused!, walkIn.field),
        }),
        walkIn,
      })),
    ];
    const [first] = rows;
    if (news.dataset.shown === (first?.key ?? "")) return;
    news.dataset.shown = first?.key ?? "";
    news.replaceChildren();
    if (!first) return;
    const { walkIn } = first;
    // Who was let in and is not registered is never put away; taking the check-in back would do it.
    const button = element("button", "undo", say(walkIn ? "correct" : "seen")) as HTMLButtonElement;
    button.type = "button";
    button.addEventListener("click", () => {
      if (walkIn) {
        app.open.walkIn({ correct: walkIn });
        return;
      }
      seen.add(first.key);
      void desk.store.set("seenConflicts", [...seen]);
      drawNews();
    });
    news.append(icon("twice", "icon-warn"), element("p", "", first.text), button);
  }

  function drawLast(): void {
    const { last } = app;
    const undo = part(root, "undo");
    const admit = part(root, "admit");
    if (!last) {
      setIcon(part(root, "last-icon"), "neutral");
      fill(root, { "last-name": say("last_none"), "last-meta": say("last_none_meta") });
      undo.hidden = admit.hidden = true;
      return;
    }
    const record = desk.scans.get(last.record.id) ?? last.record;
    last.record = record;
    const verdict = verdictOf(record);
    const time = clock(correctedAt(record.wire));
    const isUndone = desk.isUndone(record.id);
    const person = record.person === null ? null : desk.people.get(record.person);
    const number = record.result?.registration?.number ?? person?.number ?? null;
    const isIn = verdict === "accepted" && !isUndone;
    const name =
      record.name ||
      person?.name ||
      (verdict === null ? "" : say(verdict === "accepted" ? "not_on_device" : verdict));
    let meta = say("last_other", {
      verdict: verdict === null ? say("checking") : shortWord(verdict),
      time,
    });
    if (isUndone) meta = say("undone_meta", { time: clock(desk.about) });
    else if (record.result?.conflict) meta = say("double_next");
    else if (isIn && number !== null) meta = say("last_accepted", { number, time });
    else if (isIn && record.temporary !== null)
      meta = say("last_temporary", { number: record.temporary });
    if (isUndone) setIcon(part(root, "last-icon"), "undo");
    else if (record.sent === 0) setIcon(part(root, "last-icon"), "unsent", "icon-off");
    else if (verdict) setIcon(part(root, "last-icon"), shapeOf(verdict), COLOURS[toneOf(verdict)]);
    const shown = isUndone ? `${say("undone")}: ${name}` : name;
    if (part(root, "last-name").textContent !== shown || !isUndone)
      fill(root, { "last-name": shown, "last-meta": meta });
    const still = stillPossible(record, desk);
    undo.hidden = still !== "undo";
    admit.hidden = still !== "admit";
    const left = Math.ceil((UNDO_MS - (Date.now() - Date.parse(record.wire.scanned_at))) / 1000);
    fill(undo.parentElement!, {
      undo: left > 0 && left <= 10 ? say("undo_left", { seconds: left }) : say("undo"),
    });
  }

  function refresh(): void {
    fill(root, {
      device: say("device_arrived", {
        device: deviceName(desk.device.label),
        arrived: desk.arrived,
        total: desk.living,
      }),
    });
    drawChip(part(root, "chip"), desk);
    drawStage();
    drawNews();
    drawLast();
  }
  refresh();
  return { root, scans: true, refresh, focus: part(root, "station") };
}
