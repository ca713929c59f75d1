/** The work goes over to the next helper's phone, or ends on this one. */

import { handOver, Refusal, signOff } from "../api";
import type { App, Screen } from "../app";
import { bind, copy, fill, part } from "../dom";
import { clock, deviceName } from "../format";
import { qr } from "../qr";
import { say } from "../texts";

export function handOverScreen(app: App): Screen {
  const root = copy("hand-over");
  const { desk } = app;
  fill(root, { drive: desk.device.drive.name, said: say("checking") });
  bind(root, { back: () => app.open.ready() });
  handOver(desk.device.token).then(
    ({ enroll_url, expires_at }) => {
      part(root, "qr").replaceChildren(qr(enroll_url, say("qr_enrol")));
      part(root, "qr").hidden = false;
      fill(root, { said: say("hand_over_until", { time: clock(Date.parse(expires_at)) }) });
    },
    (error) => {
      const code = error instanceof Refusal ? error.code : "";
      fill(root, { said: code ? say("hand_over_refused", { code }) : say("hand_over_away") });
    },
  );
  return { root, scans: false, focus: part(root, "title") };
}

export function signOffScreen(app: App): Screen {
  const root = copy("sign-off");
  const { desk } = app;
  fill(root, {
    device: deviceName(desk.device.label),
    text: say("sign_off_text"),
  });

  async function end(): Promise<void> {
    // The data go in any case; that the server hears of it is a courtesy.
    await signOff(desk.device.token).catch(() => undefined);
    app.open.end("signed_off");
  }
  async function go(): Promise<void> {
    if (desk.unsent > 0) {
      fill(root, { said: say("sign_off_sending") });
      await app.sync.drain();
    }
    if (desk.unsent > 0) {
      fill(root, { said: say("sign_off_unsent", { count: desk.unsent }) });
      part(root, "force").hidden = false;
      return;
    }
    await end();
  }
  bind(root, { back: () => app.open.ready(), go, force: end });
  return { root, scans: false, focus: part(root, "title") };
}
