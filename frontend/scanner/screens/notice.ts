/** One thing to say, and what to do next: not enrolled, signed off, revoked, no storage. */

import type { Screen } from "../app";
import { copy, element, fill, type IconName, icon, part } from "../dom";

export interface Notice {
  shape: IconName;
  title: string;
  text: string;
  detail?: string;
  button?: { label: string; run: () => unknown };
}

const COLOURS: Partial<Record<IconName, string>> = {
  done: "icon-ok",
  look: "icon-warn",
  refused: "icon-no",
};

export function noticeScreen({ shape, title, text, detail = "", button }: Notice): Screen {
  const root = copy("notice");
  part(root, "shape").replaceWith(icon(shape, `ready-shape ${COLOURS[shape] ?? ""}`));
  fill(root, { title, text, detail });
  part(root, "detail").hidden = detail === "";
  if (button) {
    const made = element("button", "button button-wide", button.label) as HTMLButtonElement;
    made.type = "button";
    made.addEventListener("click", () => button.run());
    part(root, "bar").append(made);
    part(root, "bar").hidden = false;
  }
  return { root, scans: false, focus: part(root, "title") };
}
