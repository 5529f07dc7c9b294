/**
 * The site's service worker: keeps all its files, so that pages open and train without a network. offlinePlugin.ts puts
 * the list of files and a version in place of these names.
 */
declare const SITE_VERSION: string;
/** Paths in the site that are kept at once, and those that are kept when a page asks for them. A page is its folder. */
declare const SITE_FILES: readonly string[];
declare const LATER_FILES: readonly string[];

interface LifeEvent {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
/** What TypeScript's library for service workers has, which cannot be used beside that for pages. */
const worker = globalThis as unknown as {
  readonly registration: { readonly scope: string };
  addEventListener(type: 'install' | 'activate', listener: (event: LifeEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
};

const { scope } = worker.registration;
/** Several sites may share a host, in folders of their own. */
const OWN = `wgrad ${scope} `;
const NAME = OWN + SITE_VERSION;
const addresses = new Set([...SITE_FILES, ...LATER_FILES].map((file) => new URL(file, scope).href));

/** Files that are there already stay: after an interrupted installation, the next one continues. */
async function install(): Promise<void> {
  const cache = await caches.open(NAME);
  for (const file of SITE_FILES) {
    const address = new URL(file, scope).href;
    if (await cache.match(address)) continue;
    // Data sets never change, whatever the version of the site.
    const kept = file.startsWith('data/') ? await caches.match(address) : undefined;
    const response = kept ?? (await fetch(address, { cache: 'no-cache' }));
    if (!response.ok) throw new Error(`${address}: HTTP ${response.status}`);
    await cache.put(address, response);
  }
}

/** Takes away what older versions have kept. */
async function activate(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(OWN) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** The address of a file of the site; undefined for anything else. */
function addressOf({ method, url }: Request): string | undefined {
  const address = new URL(url);
  address.search = '';
  address.hash = '';
  address.pathname = address.pathname.replace(/\/index\.html$/, '/');
  return method === 'GET' && addresses.has(address.href) ? address.href : undefined;
}

/** A file of the site: the one that is kept, else that of the host, which is kept from then on. */
async function answer(request: Request, address: string): Promise<Response> {
  const cache = await caches.open(NAME);
  const kept = await cache.match(address);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.status === 200 && !response.redirected) await cache.put(address, response.clone());
  return response;
}

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
worker.addEventListener('fetch', (event) => {
  const address = addressOf(event.request);
  if (address) event.respondWith(answer(event.request, address));
});
