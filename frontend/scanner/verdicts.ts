/** What a verdict looks like and says: class, shape, words, what staff may do. Pure but for words. */

import { driveMidnight } from "../shared/tickets";
import { correctedAt } from "./clock";
import type { Desk } from "./desk";
import type { IconName } from "./dom";
import { clock, day, deviceName, span } from "./format";
import type { Taken } from "./scans";
import type { Tone } from "./sounds";
import type { ScanRecord } from "./store";
import { say } from "./texts";
import type { Answer } from "./wire";

export type Action = "undo" | "next" | "admit" | "search" | "walk-in";

export interface Button {
  action: Action;
  label: string;
}

export interface View {
  verdict: Answer;
  tone: Tone;
  shape: IconName;
  word: string;
  name: string;
  details: string[];
  number: { label: string; figure: string } | null;
  /** A number is on its way. */
  waitsForNumber: boolean;
  /** The last one is the main one. */
  buttons: Button[];
}

const TONES: Record<Answer, Tone> = {
  accepted: "go",
  recorded: "go",
  already_scanned: "look",
  visit_ended: "look",
  waitlisted: "look",
  too_early: "look",
  too_late: "look",
  out_of_order: "look",
  unknown: "look",
  wrong_drive: "stop",
  wrong_day: "stop",
  revoked: "stop",
  bad_signature: "stop",
  malformed: "stop",
  not_allowed: "stop",
};
const SHAPES: Partial<Record<Answer, IconName>> = {
  already_scanned: "twice",
  visit_ended: "twice",
  waitlisted: "waiting",
};
const BY_TONE: Record<Tone, IconName> = { go: "done", look: "look", stop: "refused" };

export function toneOf(verdict: Answer): Tone {
  return TONES[verdict] ?? "stop";
}

export function shapeOf(verdict: Answer): IconName {
  return SHAPES[verdict] ?? BY_TONE[toneOf(verdict)];
}

/** Give the verdict without its span: "Early" may not say how much any more. */
export function shortWord(verdict: string): string {
  const short = say(`b_${verdict}`);
  return verdict === "accepted" || short === `b_${verdict}` ? say(verdict) : short;
}

/** What is true of a scan by now: the server's word, once it has come, goes before the device's. */
export function verdictOf({ result, wire }: ScanRecord): Answer | null {
  return result?.verdict ?? wire.shown;
}

/** Give what to show of a scan by now, from what device and server know. */
export function view(taken: Taken, desk: Desk, showTemporary: boolean): View {
  const verdict = verdictOf(taken.record) ?? "unknown";
  const { result, wire, temporary, person: id } = taken.record;
  const known = (id === null ? null : desk.people.get(id)) ?? taken.person;
  const name = result?.registration?.name ?? known?.name ?? "";
  const unit = result?.registration?.unit ?? known?.unit ?? "";
  const slot = slotOf(
    taken,
    desk,
    result?.registration?.slot_starts_at,
    known?.slotStartsAt ?? null,
  );
  const at = correctedAt(wire);
  const number = result?.registration?.number ?? known?.number ?? null;
  const given = number ?? (id === null ? null : desk.temporaryOf(id));
  const base = {
    verdict,
    tone: toneOf(verdict),
    shape: shapeOf(verdict),
    name,
    number: null,
    waitsForNumber: false,
  };
  const next: Button = { action: "next", label: say("scan_next") };
  const search: Button = { action: "search", label: say("find_by_name") };
  const walkIn: Button = { action: "walk-in", label: say("register_on_site") };
  switch (verdict) {
    case "accepted": {
      const isLate = wire.admit && slot !== null && at > slot;
      const key = wire.admit ? (isLate ? "let_in_late" : "let_in_early") : "on_time";
      const when = slot === null ? say("walk_in") : say(key, { time: clock(slot) });
      const isWaiting = number === null && !(showTemporary && temporary !== null);
      return {
        ...base,
        word: say("accepted"),
        name: name || say("not_on_device"),
        details: [when, unit, conflictLine(taken)].filter(Boolean),
        number:
          number !== null
            ? { label: say("number"), figure: String(number) }
            : showTemporary && temporary !== null
              ? { label: say("temporary_number"), figure: temporary }
              : null,
        waitsForNumber: isWaiting && result === null,
        buttons: [{ action: "undo", label: say("undo") }],
      };
    }
    case "already_scanned":
      return {
        ...base,
        word: say("already_scanned"),
        details: [
          ...firstScan(taken, desk),
          given === null ? "" : say("has_number", { number: given }),
          conflictLine(taken),
        ].filter(Boolean),
        buttons: [{ action: "search", label: say("not_this_person") }, next],
      };
    case "too_early":
    case "too_late": {
      const away = slot === null ? 0 : at - slot;
      const time = slot === null ? "" : clock(slot);
      const wait = verdict === "too_early" ? say("wait_until", { time }) : say("ask_to_wait");
      return {
        ...base,
        word: say(verdict, { span: span(away) }),
        details: [say("appointment", { time, now: clock(at) }), unit].filter(Boolean),
        buttons: [
          { action: "next", label: wait },
          { action: "admit", label: say("let_in") },
        ],
      };
    }
    case "waitlisted":
      return {
        ...base,
        word: say("waitlisted"),
        details: [
          slot === null ? "" : say("waiting_slot", { time: clock(slot) }),
          unit,
          say("waitlisted_next"),
        ].filter(Boolean),
        buttons: [walkIn, next],
      };
    case "unknown":
      return {
        ...base,
        word: say("unknown"),
        name: say(taken.isFromElsewhere ? "walk_in_elsewhere" : "unknown_name"),
        details: [say(taken.isFromElsewhere ? "walk_in_elsewhere_next" : "unknown_next")],
        buttons: [search, next],
      };
    case "wrong_day": {
      const { date, zone } = desk.device.drive;
      const of = driveMidnight(date, zone) + 12 * 3_600_000;
      return {
        ...base,
        word: say("wrong_day"),
        name: say("wrong_day_name", { day: day(of) }),
        details: [say("wrong_day_next", { day: day(at) })],
        buttons: [search, next],
      };
    }
    case "wrong_drive":
      return {
        ...base,
        word: say("wrong_drive"),
        name: say("wrong_drive_name"),
        details: [say("wrong_drive_next")],
        buttons: [walkIn, next],
      };
    case "revoked":
      if (desk.facts.cancelled && !conflictLine(taken)) {
        return {
          ...base,
          word: say("drive_cancelled"),
          details: [say("drive_cancelled_next")],
          buttons: [next],
        };
      }
      return {
        ...base,
        word: say("revoked"),
        name: name || say("revoked_name"),
        details: [name ? say("revoked_name") : "", conflictLine(taken), say("revoked_next")].filter(
          Boolean,
        ),
        buttons: [walkIn, next],
      };
    case "bad_signature":
    case "malformed":
      if (taken.card) {
        // Nothing of the card is shown: the screen is seen by whoever stands around.
        return {
          ...base,
          word: say("card_shown"),
          name: say("card_shown_name"),
          details: [say("card_shown_next")],
          buttons: [search, walkIn],
        };
      }
      return {
        ...base,
        word: say(verdict),
        name: say(`${verdict}_name`),
        details: [say("bad_code_next")],
        buttons: [search, next],
      };
    default:
      return {
        ...base,
        word: say(verdict),
        details: [say(`${verdict}_next`)],
        buttons: [search, next],
      };
  }
}

/** What is said while nobody here can tell, for this page cannot check signatures or has no name. */
export function unchecked(isAsking: boolean, isWalkIn: boolean): Omit<View, "verdict"> {
  return {
    tone: "look",
    shape: "look",
    word: say(isAsking ? "checking" : "not_checked"),
    name: say(isWalkIn ? "walk_in_elsewhere" : "not_checked_name"),
    details: isWalkIn ? [] : [say("not_checked_next")],
    number: null,
    waitsForNumber: false,
    buttons: [
      { action: "search", label: say("find_by_name") },
      { action: "next", label: say("scan_next") },
    ],
  };
}

function slotOf(
  taken: Taken,
  desk: Desk,
  said: string | null | undefined,
  listed: number | null,
): number | null {
  if (typeof said === "string") return Date.parse(said);
  if (listed !== null) return listed;
  const claims = taken.ticket?.claims;
  if (!claims || claims.walkIn || taken.person) return null;
  return desk.facts.midnight + claims.slotMinutes * 60_000;
}

function firstScan(taken: Taken, desk: Desk): string[] {
  const first = taken.record.result?.first;
  const id = taken.record.person;
  const here = id === null ? null : desk.checkIn(id);
  const at = first ? Date.parse(first.scanned_at) : here?.at;
  if (at === undefined) return [];
  const where = first
    ? first.device === desk.device.label
      ? say("scanned_here")
      : say("scanned_by", { device: deviceName(first.device) })
    : here?.own
      ? say("scanned_here")
      : "";
  const passed = desk.about - at;
  const key = passed < 60_000 ? "just_now" : "scanned_ago";
  return [say(key, { time: clock(at), span: span(passed) }), where].filter(Boolean);
}

function conflictLine(taken: Taken): string {
  const conflict = taken.record.result?.conflict;
  if (!conflict) return "";
  if (conflict.kind === "cancelled") return say("let_in_cancelled");
  return say("double", {
    device: deviceName(conflict.device),
    time: clock(Date.parse(conflict.scanned_at)),
  });
}
