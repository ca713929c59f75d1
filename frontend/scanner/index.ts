/** Puts the scanner together: which screen first, and what happens between them. */

import { readTicket } from "../shared/tickets";
import type { App, Screen } from "./app";
import { Camera } from "./camera";
import { Decoder } from "./decoder";
import { Desk } from "./desk";
import { puller } from "./puller";
import { Reader } from "./reader";
import { type Read, Scans } from "./scans";
import { cameraScreen } from "./screens/camera";
import { handOverScreen, signOffScreen } from "./screens/device";
import { enrolScreen } from "./screens/enrol";
import { type Notice, noticeScreen } from "./screens/notice";
import { readyScreen } from "./screens/ready";
import { searchScreen } from "./screens/search";
import { VerdictScreen } from "./screens/verdict";
import { walkInScreen } from "./screens/walk-in";
import { serve } from "./serving";
import { allowSound } from "./sounds";
import { Store } from "./store";
import { Sync } from "./sync";
import { loadTexts, say } from "./texts";
import { keepAwake } from "./wake";
import { listenToWedge } from "./wedge-listener";

const { body } = document;
const main = document.getElementById("main")!;
const SCANNING = "scanning";
const DECODER_AGAIN_MS = 5_000;
/** So long after a scan nobody stands at the table. */
const CALM_AFTER_MS = 8_000;
/** Where the clock was never compared, it may be wrong by a day or two: erase later. */
const UNSURE_MS = 48 * 3_600_000;

function put(root: HTMLElement, focus?: HTMLElement): void {
  main.replaceChildren(root);
  scrollTo(0, 0);
  focus?.focus({ preventScroll: true });
}

function notice(what: Notice): void {
  delete body.dataset.ready;
  const screen = noticeScreen(what);
  put(screen.root, screen.focus);
}

async function openStore(): Promise<Store | null> {
  try {
    const store = await Store.open();
    await store.set("camera", (await store.get("camera")) ?? "");
    return store;
  } catch {
    return null;
  }
}

async function persisted(): Promise<boolean> {
  try {
    return (await navigator.storage?.persist?.()) ?? false;
  } catch {
    return false;
  }
}

async function start(): Promise<void> {
  loadTexts(JSON.parse(body.dataset.texts!));
  addEventListener("pointerdown", allowSound);
  addEventListener("keydown", allowSound);
  const store = await openStore();
  if (!store) {
    notice({ shape: "refused", title: say("no_storage"), text: say("no_storage_text") });
    return;
  }
  const camera = new Camera((await store.get("camera")) || null);
  const decoder = new Decoder(body.dataset.worker!, body.dataset.wasm!);
  const desk = await Desk.load(store);
  if (location.pathname !== body.dataset.scan) {
    await startEnrolment(store, camera, decoder, desk);
  } else if (desk) await startScanning(desk, camera, decoder);
  else notEnrolled();
}

function notEnrolled(): void {
  const always = () => true;
  const page = { version: body.dataset.version!, mayChange: always, isCalm: always };
  const service = { isKept: false, isNewer: false };
  void serve(body.dataset.service!, service, { ...page, changed: () => undefined });
  notice({ shape: "device", title: say("not_enrolled"), text: say("not_enrolled_text") });
}

async function startEnrolment(
  store: Store,
  camera: Camera,
  decoder: Decoder,
  desk: Desk | null,
): Promise<void> {
  const code = decodeURIComponent(location.hash.slice(1));
  const isDone = async () => {
    // The code leaves the address; the camera stays open.
    history.replaceState(null, "", body.dataset.scan!);
    sessionStorage.removeItem(SCANNING); // that of a device before; this one shows its checks first
    const made = await Desk.load(store);
    if (made) await startScanning(made, camera, decoder);
  };
  const isPersisted = await persisted();
  const root = enrolScreen(code, {
    store,
    camera,
    decoder: decoder.start(),
    isPersisted,
    present: desk && {
      device: desk.device,
      unsent: desk.unsent,
      erase: () => desk.erase(),
    },
    openScanner: () => location.assign(body.dataset.scan!),
    done: () => void isDone(),
  });
  put(root);
  await camera.open();
}

async function startScanning(desk: Desk, camera: Camera, decoder: Decoder): Promise<void> {
  const version = body.dataset.version!;
  const sync = new Sync(desk, version, puller(body.dataset.roster!, desk.store));
  const scans = new Scans(desk, sync.soon);
  desk.recallClock();
  addEventListener("pagehide", () => desk.rememberClock());
  const seen = new Set((await desk.store.get("seenConflicts")) ?? []);
  let screen: Screen | null = null;
  let isOver = false;

  const app: App = {
    desk,
    camera,
    decoder,
    scans,
    sync,
    version,
    service: { isKept: false, isNewer: false },
    decoderWorks: Decoder.isPossible(),
    isPersisted: false,
    typedOnly: false,
    last: lastOf(desk),
    show(next) {
      if (isOver) return;
      screen?.leave?.();
      screen = next;
      put(next.root, next.focus);
      refresh();
    },
    open: {
      ready: () => app.show(readyScreen(app, sessionStorage.getItem(SCANNING) !== null)),
      camera: () => {
        sessionStorage.setItem(SCANNING, "1");
        keepAwake();
        app.show(cameraScreen(app, seen));
      },
      search: (typed) => app.show(searchScreen(app, typed)),
      walkIn: (start) => app.show(walkInScreen(app, start)),
      handOver: () => app.show(handOverScreen(app)),
      signOff: () => app.show(signOffScreen(app)),
      end: (why) => void end(why),
    },
    take: (read, admit) => take(read, admit ?? false, null),
    async undo(scan) {
      await scans.undo(scan);
      refresh();
    },
  };

  /** Under a verdict lies the camera: the next ticket is read whatever screen this one came from. */
  const overCamera = () => {
    if (main.querySelector(".camera") === null) app.open.camera();
  };

  const verdict = new VerdictScreen(app, () => {
    main.inert = false;
    overCamera();
    screen?.focus?.focus({ preventScroll: true });
    refresh();
  });

  async function take(read: Read, admit: boolean, frameAt: number | null): Promise<void> {
    try {
      const taken = await scans.take(read, admit);
      if (isOver) return;
      if (taken.record.person !== null) app.last = taken;
      overCamera();
      verdict.show(taken, frameAt);
    } catch {
      overCamera();
      verdict.fail();
    }
    main.inert = verdict.isOpen;
  }

  async function end(why: string): Promise<void> {
    if (isOver) return;
    isOver = true;
    sync.stop();
    camera.close();
    verdict.close();
    await desk.erase();
    sessionStorage.removeItem(SCANNING);
    notice({ shape: "done", title: say(why), text: say(`${why}_text`) });
  }

  /** The server has ended this device: what it still holds is sent, then all is erased. */
  function showEnd(): void {
    camera.close();
    verdict.close();
    screen = null;
    const { ended, unsent } = desk;
    const isExpired = desk.about > desk.device.expiresAt;
    if (unsent === 0 && ended !== "unknown") {
      void end(isExpired ? "expired_device" : "revoked_device");
      return;
    }
    const title = say(ended === "unknown" ? "unknown_device" : "revoked_device");
    const revoked = desk.refusal === null ? "revoked_unsent" : "revoked_refused";
    const text = say(ended === "unknown" ? "unknown_device_text" : revoked, { count: unsent });
    const button = { label: say("erase_all_the_same"), run: () => end("signed_off") };
    if (main.dataset.ended === text) return;
    main.dataset.ended = text;
    notice({ shape: "refused", title, text, button });
  }

  const canRead = () =>
    desk.roster.whole &&
    ((camera.state === "on" && app.decoderWorks) || app.typedOnly || !Camera.isPossible());

  function refresh(): void {
    if (isOver) return;
    if (desk.ended !== null) {
      showEnd();
      return;
    }
    const expiresAt = desk.device.expiresAt + (desk.offsetMs === null ? UNSURE_MS : 0);
    if (desk.about > expiresAt && desk.unsent === 0) {
      void end("expired_device");
      return;
    }
    verdict.refresh();
    screen?.refresh?.();
    if (screen?.scans && canRead()) body.dataset.ready = "";
    else delete body.dataset.ready;
  }

  let isAsked = false;
  const refreshSoon = () => {
    if (isAsked) return;
    isAsked = true;
    queueMicrotask(() => {
      isAsked = false;
      refresh();
    });
  };
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") verdict.close();
  });
  desk.addEventListener("change", refreshSoon);
  camera.addEventListener("change", refreshSoon);
  desk.addEventListener("erased", () => {
    if (isOver) return;
    isOver = true;
    sync.stop();
    camera.close();
    notEnrolled();
  });
  setInterval(refresh, 1_000);

  listenToWedge((text) => {
    if (isOver || desk.ended !== null || screen?.takes?.(text, true)) return;
    void take(readTicket(text) ? { text } : { code: text }, false, null);
  });

  /** Try again for as long as it takes: its files may only be out of reach. */
  function decoderBroke(): void {
    app.decoderWorks = false;
    refreshSoon();
    setTimeout(() => {
      decoder.start().then(() => {
        app.decoderWorks = true;
        refreshSoon();
      }, decoderBroke);
    }, DECODER_AGAIN_MS);
  }

  const reader = new Reader(camera, decoder, {
    reads: () => {
      if (!screen?.scans || !canRead() || camera.state !== "on") return null;
      return screen.takes || main.querySelector(".camera") ? "all" : "tickets";
    },
    isBusy: () => verdict.isBusy,
    offer: (text) => !verdict.isOpen && (screen?.takes?.(text, false) ?? false),
    take: (text, frameAt) => take({ text }, false, frameAt),
    broken: () => decoderBroke(),
  });

  if (sessionStorage.getItem(SCANNING) !== null) app.open.camera();
  else app.open.ready();
  sync.start();
  void camera.open();
  void persisted().then((is) => {
    app.isPersisted = is;
    refreshSoon();
  });
  void serve(body.dataset.service!, app.service, {
    version,
    mayChange: () => desk.unsent === 0 && desk.network === "up",
    isCalm: () =>
      (document.hidden || screen?.scans === true) &&
      !verdict.isOpen &&
      Date.now() - Date.parse(app.last?.record.wire.scanned_at ?? "1970-01-01") > CALM_AFTER_MS,
    changed: refreshSoon,
  });
  if (app.decoderWorks) {
    void decoder
      .start()
      .catch(decoderBroke)
      .then(() => reader.run());
  }
}

/** After a reload the row of the last scan is there again. */
function lastOf(desk: Desk): App["last"] {
  const passes = [...desk.scans.values()].filter(
    ({ wire, person }) => wire.kind === "pass" && (person !== null || wire.walk_in !== undefined),
  );
  const record = passes.sort((a, b) => b.order - a.order)[0];
  if (!record) return null;
  const person = record.person === null ? null : (desk.people.get(record.person) ?? null);
  return { record, person, ticket: null };
}

void start();
