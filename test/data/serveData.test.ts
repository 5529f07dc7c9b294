import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createServer } from 'vite';
import { DIGIT_FILES } from '../../demos/frame/digits/digitFiles.ts';
import { loadDigits } from '../../demos/frame/digits/loadDigits.ts';
import { digitFolder } from '../../demos/site/digits.ts';
import { digitsMiddleware, digitsPlugin } from '../../demos/site/digitsPlugin.ts';
import { pagesMiddleware } from '../../src/node/servePages.ts';
import { SMALL, startMirror, useSmallMnist } from './smallMnist.ts';

const packed = useSmallMnist();
const mirror = await startMirror(packed, 'good');
afterAll(() => mirror.close());

const FILE = DIGIT_FILES.few.file;
let root: string;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wgrad-serve-'));
  mirror.requests.length = 0;
  process.env.WGRAD_CACHE = root;
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(root, { recursive: true });
  delete process.env.WGRAD_CACHE;
});

const options = () => ({
  dataDir: '',
  mirrors: [mirror.url],
  timeoutMs: 5000,
  onNotice: () => undefined,
});

/** A bare server with the middleware; what it passes on is answered 'passed on'. */
async function serve(middleware: ReturnType<typeof digitsMiddleware>): Promise<string> {
  const server = createHttpServer((request, response) =>
    middleware(request, response, () => response.end('passed on')),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('digitsMiddleware', () => {
  it('downloads a missing set once, however many ask, and serves its files', async () => {
    const url = await serve(digitsMiddleware(options()));
    const load = () => loadDigits({ name: 'mnist' }, url);
    for (const { train, test } of await Promise.all([load(), load()])) {
      expect([train.size, test.size]).toEqual([SMALL.train, SMALL.test]);
    }
    expect(mirror.requests.length).toBe(4);
    const head = await fetch(`${url}/${FILE}?v=1`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([
      200,
      'application/octet-stream',
      '',
    ]);
  });

  it('answers 404 with the reason where the set cannot be had, and the page draws digits', async () => {
    const url = await serve(digitsMiddleware({ ...options(), mirrors: [] }));
    const response = await fetch(`${url}/${FILE}`);
    expect(response.status).toBe(404);
    expect(await response.text()).toMatch(
      /^MNIST is not available: WGRAD_DATA is not set.*no mirror was allowed/,
    );
    const set = await loadDigits({ name: 'mnist', train: 10, test: 10 }, url);
    expect(set.train.synthetic).toBe(true);
  });

  it('serves nothing but the known files', async () => {
    await writeFile(join(root, 'secret'), 'secret');
    const url = await serve(digitsMiddleware(options()));
    for (const path of ['secret', '..%2fsecret', '%2e%2e/secret', `${FILE}/x`, 'constructor', '']) {
      expect(await (await fetch(`${url}/${path}`)).text()).toBe('passed on');
    }
  });
});

describe('a request for a file', () => {
  const path = `/${FILE}`;
  const file = async () => join(await digitFolder(), FILE);

  it('may be for a part of it, or for its head', async () => {
    const url = await serve(digitsMiddleware(options()));
    await fetch(url + path);
    const whole = new Uint8Array(await readFile(await file()));
    const size = whole.length;
    const get = async (range: string, headers: Record<string, string> = {}) => {
      const response = await fetch(url + path, { headers: { range, ...headers } });
      const bytes = new Uint8Array(await response.arrayBuffer());
      return [response.status, response.headers.get('content-range'), bytes];
    };
    expect(await get('bytes=0-9')).toEqual([206, `bytes 0-9/${size}`, whole.subarray(0, 10)]);
    expect(await get('bytes=5-')).toEqual([206, `bytes 5-${size - 1}/${size}`, whole.subarray(5)]);
    expect(await get('bytes=-3')).toEqual([206, `bytes ${size - 3}-${size - 1}/${size}`, whole.subarray(-3)]);
    expect(await get('bytes=0-999999')).toEqual([206, `bytes 0-${size - 1}/${size}`, whole]);
    expect(await get('bytes=-999999')).toEqual([206, `bytes 0-${size - 1}/${size}`, whole]);
    for (const range of [`bytes=${size}-`, 'bytes=-0', 'bytes=99999999999999999999-']) {
      expect((await get(range)).slice(0, 2)).toEqual([416, `bytes */${size}`]);
    }
    for (const range of ['bytes=9-3', 'bytes=-', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=a-b', 'bytes']) {
      expect(await get(range)).toEqual([200, null, whole]);
    }
    expect(await get('bytes=0-1', { 'if-range': '"tag"' })).toEqual([200, null, whole]);
    const head = await fetch(url + path, { method: 'HEAD', headers: { range: 'bytes=0-1' } });
    expect([head.status, head.headers.get('content-length'), head.headers.get('accept-ranges')]).toEqual([
      200,
      String(size),
      'bytes',
    ]);
  });

  it('only reads', async () => {
    const url = await serve(digitsMiddleware(options()));
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const response = await fetch(url + path, { method });
      expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'GET, HEAD']);
    }
  });

  it('is answered where the file is empty, and where it cannot be read', async () => {
    const url = await serve(digitsMiddleware(options()));
    await fetch(url + path);
    await truncate(await file(), 0);
    const empty = await fetch(url + path);
    expect([empty.status, await empty.text()]).toEqual([200, '']);
    await rm(await file());
    await mkdir(await file());
    const folder = await fetch(url + path);
    expect([folder.status, await folder.text()]).toEqual([500, expect.stringContaining('is not a file')]);
  });

  it('tries again after a failure', async () => {
    const settings = { ...options(), mirrors: [] as string[] };
    const url = await serve(digitsMiddleware(settings));
    expect((await fetch(url + path)).status).toBe(404);
    settings.mirrors.push(mirror.url);
    expect((await fetch(url + path)).status).toBe(200);
  });

  it.skipIf(process.platform !== 'linux')('that is broken off leaves no file open', async () => {
    const url = new URL(await serve(digitsMiddleware(options())));
    await fetch(url.href + path.slice(1));
    await truncate(await file(), 200_000_000); // more than fits into any buffer on the way
    const name = await file();
    const open = async () => {
      const links = await readdir('/proc/self/fd');
      const targets = await Promise.all(links.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
      return targets.filter((target) => target === name).length;
    };
    for (const after of ['headers', 'nothing']) {
      const sockets = Array.from({ length: 5 }, () => connect(Number(url.port), '127.0.0.1'));
      for (const socket of sockets) socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
      if (after === 'headers') {
        await Promise.all(sockets.map((socket) => once(socket, 'data')));
        expect(await open()).toBe(5);
      }
      for (const socket of sockets) socket.destroy();
      await vi.waitFor(async () => expect(await open()).toBe(0), 5000);
    }
    expect((await fetch(url.href + path.slice(1), { method: 'HEAD' })).status).toBe(200);
  });

  it('is refused by Node where its address is too long', async () => {
    const url = await serve(digitsMiddleware(options()));
    expect((await fetch(`${url}/${'x'.repeat(10_000)}`)).status).toBe(200); // passed on
    expect((await fetch(`${url}/${'x'.repeat(30_000)}`)).status).toBe(431);
  });
});

describe('pagesMiddleware', () => {
  it('answers as a static host does', async () => {
    await mkdir(join(root, 'page'));
    await writeFile(join(root, 'page', 'index.html'), '');
    await mkdir(join(root, 'folder', 'page'), { recursive: true });
    await writeFile(join(root, 'folder', 'page', 'index.html'), '');
    const url = await serve(pagesMiddleware(root));
    const get = async (path: string, method = 'GET') => {
      const response = await fetch(url + path, { method, redirect: 'manual' });
      return [response.status, response.headers.get('location')];
    };
    expect(await get('/page')).toEqual([302, './page/']);
    expect(await get('/page?batch=8&play=1')).toEqual([302, './page/?batch=8&play=1']);
    expect(await get('/folder/page?w=3')).toEqual([302, './page/?w=3']); // relative to /folder/
    for (const path of [
      '/page/',
      '/folder',
      '/none',
      '/',
      '/page/x',
      '/..%2fpage',
      '//page',
      '/index.html',
    ]) {
      expect([path, ...(await get(path))]).toEqual([path, 200, null]); // passed on
    }
    expect(await get('/page', 'HEAD')).toEqual([302, './page/']);
    expect(await get('/', 'OPTIONS')).toEqual([200, null]); // Vite answers those of browsers that ask for permission
    for (const method of ['POST', 'DELETE']) expect((await get('/page/', method))[0]).toBe(405);
  });
});

it('digitsPlugin serves the files in a Vite server, under /data/mnist', async () => {
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [digitsPlugin(options())],
    server: { port: 0, host: '127.0.0.1', watch: null, hmr: false, ws: false },
    optimizeDeps: { noDiscovery: true },
  });
  closing.push(() => server.close());
  await server.listen();
  const { port } = server.httpServer!.address() as AddressInfo;
  const { train } = await loadDigits({ name: 'mnist' }, `http://127.0.0.1:${port}/data/mnist`);
  expect([train.size, train.synthetic]).toEqual([SMALL.train, false]);
});
