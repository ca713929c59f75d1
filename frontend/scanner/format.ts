/** Times and spans as people read them, in the drive's zone whatever the phone is set to. */

import { say } from "./texts";

let zone = "Asia/Ho_Chi_Minh";
let hours = clockIn(zone);

function clockIn(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
}

export function useZone(name: string): void {
  zone = name;
  hours = clockIn(name);
}

/** `08:30` */
export function clock(at: number): string {
  return hours.format(at);
}

/** `05/12` */
export function day(at: number): string {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    day: "2-digit",
    month: "2-digit",
  });
  return parts.format(at);
}

/** `55 phút`, `2 giờ 10 phút`, `3 ngày` */
export function span(ms: number): string {
  return words(ms).replace(/ /g, "\u00a0");
}

function words(ms: number): string {
  const minutes = Math.max(0, Math.round(Math.abs(ms) / 60_000));
  if (minutes < 60) return say("minutes", { count: minutes });
  if (minutes >= 48 * 60) return say("days", { count: Math.round(minutes / 1440) });
  const rest = minutes % 60;
  const whole = say("hours", { count: Math.floor(minutes / 60) });
  return rest === 0 ? whole : `${whole} ${say("minutes", { count: rest })}`;
}

/** `M2` is `Máy 2` */
export function deviceName(label: string | null): string {
  return label === null ? say("organizer") : say("device", { number: label.replace(/^M/, "") });
}
