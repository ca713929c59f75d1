/** What waits to be sent, in shape and word; it opens the readiness page. */

import type { Desk } from "./desk";
import { element, icon } from "./dom";
import { say } from "./texts";

export function drawChip(button: HTMLElement, desk: Desk): void {
  const { unsent, network } = desk;
  const isWaiting = unsent > 0 || network === "down";
  const kind = isWaiting ? "unsent" : network === "unknown" ? "neutral" : "done";
  const label = unsent
    ? say("unsent", { count: unsent })
    : say(network === "down" ? "no_network" : network === "unknown" ? "not_synced" : "all_sent");
  if (button.dataset.shown === kind + label) return;
  button.dataset.shown = kind + label;
  const badge = element("span", `badge badge-${kind}`);
  badge.append(icon(kind), element("span", "", label));
  button.replaceChildren(badge);
}
