/** The screen that is turned to the donor: the number, and the ticket to take along. */

import { formatCode, readCode } from "../../shared/tickets";
import type { App, Screen } from "../app";
import { bind, copy, fill, part } from "../dom";
import { walkInText } from "../numbers";
import { qr } from "../qr";
import { signal } from "../sounds";
import { say } from "../texts";

export function numberScreen(app: App, id: string): Screen {
  const root = copy("number");
  const { desk } = app;
  let drawn = "";
  bind(root, {
    next: () => app.open.camera(),
    undo: () => {
      const { wire, result } = desk.walkIns.get(id)!;
      void app.undo({ id, person: result?.registration ?? id, name: wire.full_name });
      app.open.camera();
    },
  });
  function refresh(): void {
    const { wire, result, temporary } = desk.walkIns.get(id)!;
    const key = result ? "final" : "temporary";
    if (drawn === key) return;
    drawn = key;
    fill(root, {
      name: wire.full_name,
      title: say(result ? "your_number" : "your_temporary_number"),
      number: result?.number == null ? (temporary ?? "") : String(result.number),
      next: result
        ? [result.merged ? say("number_merged") : "", say("number_next")].filter(Boolean).join(" ")
        : say("number_offline"),
    });
    // Until there is a ticket, a code that any device reads again stands for it.
    const text = result?.ticket ?? walkInText(id);
    part(root, "qr").replaceChildren(qr(text, say(result ? "qr_ticket" : "qr_temporary")));
    const code = readCode(result?.code ?? "");
    fill(root, {
      keep: say(result ? "keep_ticket" : "keep_temporary"),
      code: code === null ? (result?.code ?? "") : formatCode(code),
    });
  }
  refresh();
  signal("go");
  return { root, scans: false, refresh, focus: part(root, "title") };
}
