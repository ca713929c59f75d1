/** Ready or not: each check with what it found and what to do. Only `refused` blocks. */

import { canVerify } from "../shared/tickets";
import type { App } from "./app";
import { WRONG_CLOCK_MS } from "./clock";
import { clock, span } from "./format";
import { say } from "./texts";

export interface Check {
  name: string;
  kind: "done" | "look" | "refused" | "neutral";
  title: string;
  text: string;
  action?: { label: string; run: () => unknown };
}

const OLD_ROSTER_MS = 10 * 60_000;

export function checks(app: App): Check[] {
  const all = [
    rosterCheck(app),
    keysCheck(),
    clockCheck(app),
    cameraCheck(app),
    storageCheck(app),
    versionCheck(app),
    networkCheck(app),
  ];
  const weight = { refused: 0, look: 1, neutral: 2, done: 2 };
  return all.sort((a, b) => weight[a.kind] - weight[b.kind]);
}

function rosterCheck({ desk }: App): Check {
  const { roster, living: count } = desk;
  const values = {
    count,
    total: roster.total,
    time: clock(roster.at),
    span: span(desk.about - roster.at),
  };
  const check = (kind: Check["kind"], title: string, text: string): Check => ({
    name: "roster",
    kind,
    title: say(title, values),
    text: say(text, values),
  });
  if (!roster.whole) {
    return roster.cursor === null && desk.network === "down"
      ? check("refused", "roster_none", "roster_none_text")
      : check("neutral", "roster_loading", "roster_loading_text");
  }
  const isOld = desk.network !== "up" && desk.about - roster.at > OLD_ROSTER_MS;
  return isOld
    ? check("look", "roster_old", "roster_old_text")
    : check("done", "roster", "roster_ok");
}

function keysCheck(): Check {
  return canVerify()
    ? { name: "keys", kind: "done", title: say("keys"), text: say("keys_ok") }
    : { name: "keys", kind: "look", title: say("keys_bad"), text: say("keys_bad_text") };
}

function clockCheck({ desk }: App): Check {
  const { offsetMs: offset } = desk;
  const check = (kind: Check["kind"], title: string, text: string, values = {}): Check => ({
    name: "clock",
    kind,
    title: say(title, values),
    text: say(text, values),
  });
  if (offset === null) {
    // The list was brought up to date later than it is now by this clock.
    const isBehind = Date.now() < desk.roster.at - WRONG_CLOCK_MS;
    return desk.now === null || isBehind
      ? check("look", "clock_wrong", "clock_text")
      : check("neutral", "clock", "clock_unknown");
  }
  if (Math.abs(offset) <= WRONG_CLOCK_MS) {
    return check("done", "clock", "clock_ok", { seconds: Math.round(Math.abs(offset) / 1000) });
  }
  return check("look", offset < 0 ? "clock_fast" : "clock_slow", "clock_text", {
    span: span(offset),
  });
}

function cameraCheck(app: App): Check {
  const { camera } = app;
  const check = (kind: Check["kind"], key: string): Check => ({
    name: "camera",
    kind,
    title: say(`camera_${key}`),
    text: say(`camera_${key}_text`),
  });
  const retry = { label: say("camera_retry"), run: () => camera.open() };
  if (!app.decoderWorks) return check("refused", "decoder");
  switch (camera.state) {
    case "on":
      return { name: "camera", kind: "done", title: say("camera"), text: say("camera_ok") };
    case "blocked":
    case "missing":
    case "busy":
      return { ...check("refused", camera.state), action: retry };
    case "impossible":
    case "unsupported":
      return check("refused", camera.state);
    default:
      return { name: "camera", kind: "neutral", title: say("camera"), text: say("camera_opening") };
  }
}

function storageCheck({ isPersisted }: App): Check {
  const text = say(isPersisted ? "storage_ok" : "storage_lax");
  return { name: "storage", kind: "done", title: say("storage"), text };
}

function versionCheck({ version, service }: App): Check {
  if (service.isNewer) {
    return {
      name: "version",
      kind: "look",
      title: say("version_new"),
      text: say("version_new_text"),
    };
  }
  const text = say(service.isKept ? "version_ok" : "version_online", { version });
  return { name: "version", kind: "done", title: say("version"), text };
}

function networkCheck(app: App): Check {
  const { desk } = app;
  const [first] = desk.refusedWalkIns;
  const code = desk.refusal ?? first?.refused;
  if (code) {
    const values = { count: desk.unsent, code };
    const [title, text] = [say("network_refused"), say("network_refused_text", values)];
    if (!first) return { name: "network", kind: "look", title, text };
    const action = { label: say("correct"), run: () => app.open.walkIn({ correct: first }) };
    return { name: "network", kind: "look", title, text, action };
  }
  const kind = desk.network === "down" ? "look" : desk.network === "up" ? "done" : "neutral";
  const isEmpty = desk.network === "down" && desk.unsent === 0;
  const key = isEmpty ? "network_down_empty" : `network_${desk.network}`;
  const text = say(key, { count: desk.unsent });
  return { name: "network", kind, title: say("network"), text };
}
