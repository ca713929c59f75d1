/** A phone becomes a device. What works is seen first; the code is spent by the button only. */

import { canVerify } from "../../shared/tickets";
import { Away, enrol, Refusal } from "../api";
import { Camera } from "../camera";
import type { Check } from "../checks";
import { copy, element, icon, part } from "../dom";
import { deviceName } from "../format";
import { newId } from "../ids";
import type { DeviceRecord, Store } from "../store";
import { say } from "../texts";
import type { Enrolled } from "../wire";
import { drawCheck } from "./ready";

export interface Enrolment {
  store: Store;
  camera: Camera;
  /** Rejects where this browser cannot decode. */
  decoder: Promise<void>;
  isPersisted: boolean;
  /** What this phone is now, and what it has not sent. */
  present: { device: DeviceRecord; unsent: number; erase(): Promise<void> } | null;
  openScanner(): void;
  done(): void;
}

const KNOWN_REFUSALS = new Set(["code_used", "code_expired", "not_found"]);

export function enrolScreen(code: string, enrolment: Enrolment): HTMLElement {
  const root = copy("enrol");
  const { store, camera, present } = enrolment;
  const rows = new Map<string, HTMLElement>();
  let decoderWorks: boolean | null = null;
  let isBusy = false;

  function drawChecks(): void {
    const found = [cameraCheck(camera, decoderWorks), storageCheck(enrolment.isPersisted)];
    if (!canVerify()) {
      found.push({
        name: "keys",
        kind: "look",
        title: say("keys_bad"),
        text: say("keys_bad_text"),
      });
    }
    part(root, "checks").replaceChildren(...found.map((check) => drawCheck(rows, check)));
  }

  function trouble(key: string, values: Record<string, string | number> = {}): void {
    const notice = element("div", "notice notice-refused");
    const text = element("div", "notice-text");
    text.append(element("b", "", say(key, values)), element("p", "", say(`${key}_text`, values)));
    notice.append(icon("refused"), text);
    part(root, "trouble").replaceChildren(notice);
    part(root, "trouble").scrollIntoView({ block: "nearest" });
  }

  function inform(text: string, link: boolean): void {
    const notice = element("div", "notice notice-look");
    const said = element("div", "notice-text");
    said.append(element("p", "", text));
    if (link) {
      const button = element(
        "button",
        "button button-plain",
        say("enrol_open_scanner"),
      ) as HTMLButtonElement;
      button.type = "button";
      button.addEventListener("click", () => enrolment.openScanner());
      said.append(button);
    }
    notice.append(icon("look"), said);
    part(root, "trouble").replaceChildren(notice);
  }

  function busy(is: boolean): void {
    isBusy = is;
    if (is) part(root, "submit").setAttribute("aria-disabled", "true");
    else part(root, "submit").removeAttribute("aria-disabled");
  }

  async function submit(): Promise<void> {
    if (isBusy) return;
    if (present && present.unsent > 0) {
      inform(
        say("enrol_unsent", { drive: present.device.drive.name, count: present.unsent }),
        true,
      );
      return;
    }
    busy(true);
    try {
      const typed = part<HTMLInputElement>(root, "field").querySelector("input")!.value.trim();
      const kept = await store.get("attempt");
      // The answer to an earlier press may have been lost: the same key is answered with the same.
      const attempt =
        kept?.code === code ? kept : { code, name: typed || deviceKind(), key: newId() };
      await store.set("attempt", attempt);
      const enrolled = await enrol({ code, name: attempt.name }, attempt.key);
      // Other tabs of the old device hear of it.
      await present?.erase();
      await store.begin(deviceRecord(enrolled, attempt.name));
      enrolment.done();
    } catch (error) {
      if (error instanceof Away) trouble("enrol_away");
      else if (error instanceof Refusal && KNOWN_REFUSALS.has(error.code)) {
        trouble(`enrol_${error.code.replace(/^code_/, "")}`);
      } else trouble("enrol_other", { code: error instanceof Refusal ? error.code : "storage" });
    } finally {
      busy(false);
    }
  }

  root.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });
  camera.addEventListener("change", drawChecks);
  enrolment.decoder.then(
    () => {
      decoderWorks = true;
      drawChecks();
    },
    () => {
      decoderWorks = false;
      drawChecks();
    },
  );
  drawChecks();
  if (code === "") {
    trouble("enrol_no_code");
    part(root, "submit").hidden = true;
  } else if (present) {
    const { label, drive } = present.device;
    const device = deviceName(label);
    inform(say("enrol_replaces", { device, drive: drive.name }), true);
  }
  return root;
}

function cameraCheck(camera: Camera, decoderWorks: boolean | null): Check {
  const name = "camera";
  const state = decoderWorks === false ? "decoder" : camera.state;
  switch (state) {
    case "on":
      return decoderWorks
        ? { name, kind: "done", title: say("camera"), text: say("camera_ok") }
        : { name, kind: "neutral", title: say("camera"), text: say("camera_opening") };
    case "off":
    case "opening":
      return { name, kind: "neutral", title: say("camera"), text: say("camera_opening") };
    default: {
      const title = say(`camera_${state}`);
      const text = say(`camera_${state}_text`);
      const action = { label: say("camera_retry"), run: () => camera.open() };
      const mends = Camera.isPossible() && state !== "decoder";
      return { name, kind: "look", title, text, ...(mends ? { action } : {}) };
    }
  }
}

function storageCheck(isPersisted: boolean): Check {
  const text = say(isPersisted ? "storage_ok" : "storage_lax");
  return { name: "storage", kind: "done", title: say("storage"), text };
}

function deviceRecord(enrolled: Enrolled, name: string): DeviceRecord {
  return {
    token: enrolled.token,
    label: enrolled.device,
    name,
    drive: enrolled.drive,
    stations: enrolled.stations,
    keys: enrolled.keys,
    expiresAt: Date.parse(enrolled.expires_at),
  };
}

/** Stands for a name that nobody typed. */
function deviceKind(): string {
  const { userAgent } = navigator;
  if (/iPhone|Android.*Mobile/.test(userAgent)) return say("helper_phone");
  if (/iPad|Android/.test(userAgent)) return say("helper_tablet");
  return say("helper_computer");
}
