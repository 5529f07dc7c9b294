import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LoadProgress } from '../../src/data/mnist.ts';
import { MNIST_PARTS, MNIST_SETS } from '../../src/data/mnistFiles.ts';
import { EnvironmentError, FormatError } from '../../src/errors.ts';
import { loadMnistNode } from '../../src/node/mnist.ts';
import type { LoadMnistNodeOptions } from '../../src/node/mnist.ts';
import { SMALL, startMirror, useSmallMnist } from './smallMnist.ts';
import type { Manner } from './smallMnist.ts';

const packed = useSmallMnist();
const [first, second] = await Promise.all([startMirror(packed, 'good'), startMirror(packed, 'good')]);
afterAll(() => [first, second].forEach((mirror) => mirror.close()));

let root: string;
let cacheDir: string;
let notices: string[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wgrad-mnist-'));
  cacheDir = join(root, 'cache');
  notices = [];
  for (const mirror of [first, second]) mirror.requests.length = 0;
  first.manner = 'good';
  second.manner = 'good';
});
afterEach(() => rm(root, { recursive: true }));

const load = (options: LoadMnistNodeOptions = {}) =>
  loadMnistNode({
    dataDir: '',
    cacheDir,
    mirrors: [first.url, second.url],
    timeoutMs: 1000,
    fallback: false,
    onNotice: (notice) => notices.push(notice),
    ...options,
  });
const path = (folder: string, part: keyof typeof packed, ending = '.gz') =>
  join(folder, 'mnist', MNIST_SETS.mnist.files[part].file + ending);
async function fill(folder: string, parts: readonly (keyof typeof packed)[] = MNIST_PARTS): Promise<void> {
  await mkdir(join(folder, 'mnist'), { recursive: true });
  for (const part of parts) await writeFile(path(folder, part), packed[part]);
}

describe('the mirrors and the cache', () => {
  it('downloads once, with progress, then reads the cache', async () => {
    const seen: LoadProgress[] = [];
    const { train, test, source } = await load({ onProgress: (p) => seen.push(p) });
    expect([train.size, test.size, source]).toEqual([SMALL.train, SMALL.test, first.url]);
    const total = MNIST_PARTS.reduce((sum, part) => sum + packed[part].length, 0);
    expect(seen.at(-1)).toEqual({ loaded: total, total });
    expect(first.requests.length).toBe(4);
    const again = await load();
    expect(again.source).toBe(join(cacheDir, 'mnist'));
    expect(again.train).toEqual(train);
    expect(first.requests.length).toBe(4);
    expect((await readdir(join(cacheDir, 'mnist'))).sort()).toEqual(
      MNIST_PARTS.map((part) => `${MNIST_SETS.mnist.files[part].file}.gz`).sort(),
    );
    expect(notices).toEqual([]);
  });

  it.each(['corrupt', 'truncated', 'missing', 'silent', 'stalling', 'page', 'endless'] as Manner[])(
    'turns to the next mirror when the first is %s',
    async (manner) => {
      first.manner = manner;
      const { train, source } = await load();
      expect([train.size, train.synthetic, source]).toEqual([SMALL.train, false, second.url]);
      expect(first.requests.length).toBe(1);
    },
  );

  it('keeps the good files of a mirror that fails midway', async () => {
    const fetch: typeof globalThis.fetch = (url, init) => {
      if (String(url).includes('t10k') && String(url).startsWith(first.url)) first.manner = 'missing';
      return globalThis.fetch(url, init);
    };
    await load({ fetch: fetch as LoadMnistNodeOptions['fetch'] });
    expect([first.requests.length, second.requests.length]).toEqual([3, 2]);
  });

  it('keeps what arrives unpacked as a plain file', async () => {
    first.manner = 'encoded';
    await load();
    expect(await readdir(join(cacheDir, 'mnist'))).toContain('train-labels-idx1-ubyte');
    expect((await load({ mirrors: [] })).train.size).toBe(SMALL.train);
  });

  it('downloads a corrupted cached file again, and only that', async () => {
    await fill(cacheDir);
    await writeFile(path(cacheDir, 'testLabels'), packed.testLabels.subarray(0, 20));
    expect((await load()).test.size).toBe(SMALL.test);
    expect(first.requests).toEqual(['t10k-labels-idx1-ubyte.gz']);
    expect(notices).toEqual([
      expect.stringMatching(/downloaded again.*t10k-labels-idx1-ubyte\.gz.*truncated/),
    ]);
    await load({ mirrors: [] });
  });

  it('uses a download that cannot be kept', async () => {
    await writeFile(join(root, 'file'), 'not a folder');
    const { train } = await load({ cacheDir: join(root, 'file', 'cache') });
    expect(train.size).toBe(SMALL.train);
    expect(notices[0]).toMatch(/used but not stored.*not a folder/);
  });

  it('stops when the signal says so', async () => {
    first.manner = 'stalling';
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 30);
    await expect(load({ signal: controller.signal, fallback: true, timeoutMs: 5000 })).rejects.toThrow(
      'enough',
    );
    expect(second.requests).toEqual([]);
  });
});

describe('the data folder', () => {
  it('comes first, packed or plain', async () => {
    await fill(root, ['trainImages', 'trainLabels', 'testImages']);
    const { gunzipSync } = await import('node:zlib');
    await writeFile(path(root, 'testLabels', ''), gunzipSync(packed.testLabels));
    const { train, source } = await load({ dataDir: root });
    expect([train.size, source]).toEqual([SMALL.train, join(root, 'mnist')]);
    expect(first.requests).toEqual([]);
  });

  it('is passed over if it has no such set', async () => {
    expect((await load({ dataDir: root })).source).toBe(first.url);
  });

  it('must not be damaged, incomplete or missing', async () => {
    await fill(root, MNIST_PARTS.slice(0, 3));
    await expect(load({ dataDir: root })).rejects.toThrow(
      /lacks t10k-labels-idx1-ubyte \(plain or \.gz\)\. Add/,
    );
    await writeFile(path(root, 'testLabels'), packed.testLabels.subarray(0, 30));
    await expect(load({ dataDir: root, fallback: true })).rejects.toThrow(FormatError);
    await expect(load({ dataDir: root })).rejects.toThrow(`${path(root, 'testLabels')}: `);
    await writeFile(path(root, 'testLabels'), packed.trainLabels);
    await expect(load({ dataDir: root })).rejects.toThrow(FormatError);
    await expect(load({ dataDir: join(root, 'nowhere') })).rejects.toThrow(
      /nowhere.*does not exist\. Correct it/,
    );
  });
});

describe('without any', () => {
  it('draws digits, loudly, with every reason', async () => {
    first.manner = 'missing';
    second.manner = 'silent';
    const set = await load({ fallback: true });
    expect([set.train.synthetic, set.test.synthetic, set.train.size, set.test.size]).toEqual([
      true,
      true,
      60000,
      10000,
    ]);
    expect(set.train.name).toBe('synthetic digits');
    expect(set.notice).toMatch(
      /^SYNTHETIC DATA.*WGRAD_DATA is not set.*404.*nothing arrived.*Set WGRAD_DATA/,
    );
    expect(notices).toEqual([set.notice]);
  });

  it('throws the same reasons if drawn digits are not wanted', async () => {
    first.manner = 'missing';
    await expect(load({ mirrors: [first.url] })).rejects.toThrow(EnvironmentError);
    await expect(load({ mirrors: [] })).rejects.toThrow(/MNIST is not available.*no mirror was allowed/);
  });
});
