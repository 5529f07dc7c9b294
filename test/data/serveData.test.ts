import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer } from 'vite';
import { loadMnist, loadMnistOrSynthetic } from '../../src/data/mnist.ts';
import { MNIST_SETS } from '../../src/data/mnistFiles.ts';
import { dataMiddleware, dataPlugin } from '../../src/node/serveData.ts';
import { SMALL, startMirror, useSmallMnist } from './smallMnist.ts';

const packed = useSmallMnist();
const mirror = await startMirror(packed, 'good');
afterAll(() => mirror.close());

let root: string;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wgrad-serve-'));
  mirror.requests.length = 0;
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(root, { recursive: true });
});

const options = () => ({
  dataDir: '',
  cacheDir: root,
  mirrors: [mirror.url],
  timeoutMs: 5000,
  onNotice: () => undefined,
});

/** A bare server with the middleware; what it passes on is answered 'passed on'. */
async function serve(middleware: ReturnType<typeof dataMiddleware>): Promise<string> {
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

describe('dataMiddleware', () => {
  it('downloads a missing set once, however many ask, and serves its files', async () => {
    const url = await serve(dataMiddleware(options()));
    const sets = await Promise.all([
      loadMnist({ baseUrl: `${url}/mnist` }),
      loadMnist({ baseUrl: `${url}/mnist` }),
    ]);
    for (const { train, test } of sets) expect([train.size, test.size]).toEqual([SMALL.train, SMALL.test]);
    expect(mirror.requests.length).toBe(4);
    const head = await fetch(`${url}/mnist/train-labels-idx1-ubyte.gz?v=1`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([
      200,
      'application/octet-stream',
      '',
    ]);
  });

  it('answers 404 with the reason where the set cannot be had, and the page draws digits', async () => {
    const url = await serve(dataMiddleware({ ...options(), mirrors: [] }));
    const response = await fetch(`${url}/mnist/train-labels-idx1-ubyte.gz`);
    expect(response.status).toBe(404);
    expect(await response.text()).toMatch(
      /^MNIST cannot be had: WGRAD_DATA is not set.*no mirror was allowed/,
    );
    const set = await loadMnistOrSynthetic({ baseUrl: `${url}/mnist`, synthetic: { train: 10, test: 10 } });
    expect(set.train.synthetic).toBe(true);
  });

  it('serves nothing but the known files', async () => {
    await writeFile(join(root, 'secret'), 'secret');
    const url = await serve(dataMiddleware(options()));
    for (const path of ['mnist/secret', 'mnist/..%2fsecret', 'mnist/', 'mnist', 'fashion-mnist/train.gz']) {
      const response = await fetch(`${url}/${path}`);
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.text()).toMatch(/^There is no file/);
    }
    for (const path of [
      'secret',
      '%2e%2e/secret',
      'mnist/train-labels-idx1-ubyte.gz/x',
      'constructor/x',
      '',
    ]) {
      expect(await (await fetch(`${url}/${path}`)).text()).toBe('passed on');
    }
  });
});

it('dataPlugin serves the files in a Vite server, under /data', async () => {
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [dataPlugin(options())],
    server: { port: 0, host: '127.0.0.1', watch: null, hmr: false, ws: false },
    optimizeDeps: { noDiscovery: true },
  });
  closing.push(() => server.close());
  await server.listen();
  const { port } = server.httpServer!.address() as AddressInfo;
  const { train } = await loadMnist({ baseUrl: `http://127.0.0.1:${port}/data/mnist` });
  expect(train.size).toBe(SMALL.train);
  const { file } = MNIST_SETS.mnist.files.testImages;
  const bytes = new Uint8Array(
    await (await fetch(`http://127.0.0.1:${port}/data/mnist/${file}.gz`)).arrayBuffer(),
  );
  expect(bytes).toEqual(packed.testImages);
});
