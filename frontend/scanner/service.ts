/**
 * The service worker: a whole version of the scanner, or none.
 *
 * `/scan/sw.js` puts in front which version this is, its page and its files. A new version waits
 * until the page says that nothing is waiting to be sent, or until the scanner is closed. Requests
 * that are not GET are never touched.
 */

interface Version {
  version: string;
  page: string;
  files: string[];
}

// The types of a page and of a service worker cannot be had together.
interface ServiceScope {
  scanner: Version;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  addEventListener(type: string, listener: (event: ServiceEvent) => void): void;
}
interface ServiceEvent {
  data: unknown;
  request: Request;
  waitUntil(done: Promise<unknown>): void;
  respondWith(answer: Promise<Response>): void;
}

const scope = self as unknown as ServiceScope;
const { version, page, files } = scope.scanner;
const PREFIX = "scanner-";
const CACHE = PREFIX + version;
const PATIENCE_MS = 3_000;

scope.addEventListener("install", (event) => event.waitUntil(install()));
scope.addEventListener("activate", (event) => event.waitUntil(activate()));
scope.addEventListener("message", (event) => {
  if (event.data === "activate") void scope.skipWaiting();
});
scope.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== location.origin) return;
  if (files.includes(pathname)) event.respondWith(kept(event.request));
  else if (mode === "navigate" && pathname.startsWith(page))
    event.respondWith(opened(event.request));
});

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  // One that cannot be had, and there is no new version. Files are named by what is in them.
  await cache.addAll([new Request(page, { cache: "no-cache" }), ...files]);
}

async function activate(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await scope.clients.claim();
}

async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreVary: true })) ?? fetch(request);
}

/** The network's page while it comes quickly, else the kept one: it finds its files beside it. */
async function opened(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const own = await cache.match(page, { ignoreVary: true });
  if (!own) return fetch(request);
  const late = new Promise<Response>((resolve) => setTimeout(() => resolve(own), PATIENCE_MS));
  const fresh = fetch(request).then((response) => (response.status >= 500 ? own : response));
  return Promise.race([fresh.catch(() => own), late]);
}
