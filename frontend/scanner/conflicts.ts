/** People who were let in twice, or after giving up, as far as this device had a hand in it. */

import type { Desk } from "./desk";
import { clock, deviceName } from "./format";
import { say } from "./texts";

export interface ConflictRow {
  key: string;
  text: string;
}

export function conflictRows(desk: Desk): ConflictRow[] {
  return desk.roster.conflicts
    .filter(({ scans }) => scans.some((scan) => scan.device === desk.device.label))
    .map(({ registration, kind, scans }) => {
      const name = desk.people.get(registration)?.name ?? "";
      const [first, second] = [scans[0]!, scans[1] ?? scans[0]!];
      const text =
        kind === "cancelled"
          ? say("cancelled_row", { name })
          : say("double_row", {
              name,
              first: deviceName(first.device),
              first_time: clock(Date.parse(first.at)),
              second: deviceName(second.device),
              second_time: clock(Date.parse(second.at)),
            });
      return { key: `${kind} ${registration} ${scans.map((scan) => scan.id).join(" ")}`, text };
    });
}
