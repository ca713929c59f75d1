/** Registers the service worker, and lets a new version in when nothing waits to be sent. */

import type { Service } from "./app";

const LOOK_EVERY_MS = 30 * 60_000;

export async function serve(
  script: string,
  service: Service,
  mayChange: () => boolean,
  changed: () => void,
): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  try {
    const registration = await navigator.serviceWorker.register(script);
    const look = () => {
      service.isKept = registration.active !== null;
      service.isNewer = registration.waiting !== null && registration.active !== null;
      // A page that came from the network is the new version already.
      if (service.isNewer && mayChange()) registration.waiting?.postMessage("activate");
      changed();
    };
    const follow = (worker: ServiceWorker | null) => worker?.addEventListener("statechange", look);
    follow(registration.installing);
    registration.addEventListener("updatefound", () => follow(registration.installing));
    look();
    setInterval(() => void registration.update().catch(() => undefined), LOOK_EVERY_MS);
  } catch {
    service.isKept = false; // a private window, or storage refused: the page works from the network
  }
}
