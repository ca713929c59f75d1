/**
 * The service worker: a whole version of the scanner, or none.
 *
 * `/scan/sw.js` puts in front which version this is, its page and its files. The page is always the
 * kept one, so that it never waits for a network and never names files that are not there. A new
 * version waits until the page says that nothing is waiting to be sent, or until the scanner is
 * closed. Requests that are not GET are never touched.
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
  clients: {
    claim(): Promise<void>;
    matchAll(): Promise<{ postMessage(message: unknown): void }[]>;
  };
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
const FILE_OF_OURS = /\/(?:scan|site|roster|zxing_reader)\b[^/]*$|\/scanner\.[^/]*$/;

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
  else if (FILE_OF_OURS.test(pathname)) event.respondWith(before(event.request));
  else if (mode === "navigate" && pathname.startsWith(page))
    event.respondWith(opened(event.request));
});

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  // One that cannot be had, and there is no new version. Files are named by what is in them.
  await cache.addAll([new Request(page, { cache: "no-cache" }), ...files]);
  // While servers are being changed the page may come from another one than this program.
  if (await isOurs((await cache.match(page, { ignoreVary: true }))!)) return;
  await caches.delete(CACHE);
  throw new Error("another version's page");
}

async function isOurs(response: Response): Promise<boolean> {
  return response.ok && (await response.text()).includes(`data-version="${version}"`);
}

async function activate(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  // A page of the version before may still be open, and start its decoder again.
  await Promise.all(old.slice(0, -1).map((name) => caches.delete(name)));
  await scope.clients.claim();
  for (const client of await scope.clients.matchAll()) client.postMessage({ version });
}

async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreVary: true })) ?? fetch(request);
}

/** A file of the version before, for a page of it that is still open. */
async function before(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

async function opened(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const own = await cache.match(page, { ignoreVary: true });
  if (!own) return fetch(request);
  const { pathname, searchParams } = new URL(request.url);
  // To enrol needs the network, and may be the first time in months; another language is asked for.
  if (pathname === page && !searchParams.has("lang")) return own;
  const late = new Promise<Response>((resolve) => setTimeout(() => resolve(own), PATIENCE_MS));
  const fresh = fetch(request).then(async (response) => {
    if (pathname === page && (await isOurs(response.clone())))
      await cache.put(page, response.clone());
    return response.status >= 500 ? own : response;
  });
  return Promise.race([fresh.catch(() => own), late]);
}
