/** Registers the service worker, and lets a new version in when nobody is waiting for anything. */

import type { Service } from "./app";

const LOOK_EVERY_MS = 30 * 60_000;
const CALM_EVERY_MS = 2_000;
const CHANGED_TO = "changedTo";

interface Page {
  version: string;
  /** Nothing waits to be sent: the version before is not needed any more. */
  mayChange(): boolean;
  /** Nobody would notice if the page were loaded again now. */
  isCalm(): boolean;
  changed(): void;
}

export async function serve(script: string, service: Service, page: Page): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  try {
    navigator.serviceWorker.addEventListener("message", ({ data }: MessageEvent) => {
      const { version } = data as { version?: string };
      if (version && version !== page.version) changeTo(version, page);
    });
    const registration = await navigator.serviceWorker.register(script);
    const look = () => {
      service.isKept = registration.active !== null;
      service.isNewer = registration.waiting !== null && registration.active !== null;
      if (service.isNewer && page.mayChange() && page.isCalm()) {
        registration.waiting?.postMessage("activate");
      }
      page.changed();
    };
    const follow = (worker: ServiceWorker | null) => worker?.addEventListener("statechange", look);
    follow(registration.installing);
    registration.addEventListener("updatefound", () => follow(registration.installing));
    look();
    const update = () => void registration.update().catch(() => undefined);
    setInterval(update, LOOK_EVERY_MS);
    addEventListener("online", update);
    setInterval(() => {
      if (service.isNewer) look();
    }, CALM_EVERY_MS);
  } catch {
    service.isKept = false; // a private window, or storage refused: the page works from the network
  }
}

/** Load the page again, once for each version, as soon as nobody would notice. */
function changeTo(version: string, page: Page): void {
  if (sessionStorage.getItem(CHANGED_TO) === version) return;
  const timer = setInterval(() => {
    if (!page.isCalm()) return;
    clearInterval(timer);
    sessionStorage.setItem(CHANGED_TO, version);
    location.reload();
  }, 200);
}
