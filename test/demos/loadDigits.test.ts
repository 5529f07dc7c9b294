import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DIGIT_FILES } from '../../demos/frame/digits/digitFiles.ts';
import { digitSettings } from '../../demos/frame/digits/digitSettings.ts';
import { digitsFor, firstDigits, loadDigits, loadTestDigits } from '../../demos/frame/digits/loadDigits.ts';
import { digitFolder } from '../../demos/site/digits.ts';
import { digitsPlugin } from '../../demos/site/digitsPlugin.ts';
import { MNIST_PARTS, MNIST_SETS } from '../../src/data/mnistFiles.ts';
import { useSmallMnist } from '../data/smallMnist.ts';

/** A set of 40 + 20 images in place of MNIST, cut to files of 5, 20, 25 and 15 images. */
const packed = useSmallMnist();
const limits: { file: string; from: number; to: number }[] = Object.values(DIGIT_FILES);
[5, 20, 25, 40].forEach((to, i) => (limits[i].to = to));
limits[3].from = 25;

const root = mkdtempSync(join(tmpdir(), 'wgrad-site-digits-'));
const requests: string[] = [];
let folder: string;
let url: string;
const server = createServer(({ url = '' }, response) => {
  const file = url.split('/').at(-1)!;
  requests.push(file);
  try {
    response.end(readFileSync(join(folder, file)));
  } catch {
    response.writeHead(404).end();
  }
});

beforeAll(async () => {
  process.env.WGRAD_CACHE = join(root, 'cache');
  mkdirSync(join(root, 'mnist'));
  for (const part of MNIST_PARTS) {
    writeFileSync(join(root, 'mnist', `${MNIST_SETS.mnist.files[part].file}.gz`), packed[part]);
  }
  folder = await digitFolder({ dataDir: root });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/data/mnist`;
});
afterAll(() => {
  server.close();
  delete process.env.WGRAD_CACHE;
  rmSync(root, { recursive: true });
});

/** The same files under another address: what was fetched from one is kept. */
const from = (folder: string) => url.replace('data', folder);

/** What comes after the header of a packed IDX file. */
const values = (file: Uint8Array, headerBytes = 16) => new Uint8Array(gunzipSync(file).subarray(headerBytes));
const requested = () =>
  requests
    .splice(0)
    .map((file) => file.split('.')[0])
    .toSorted();

it('a site brings the images of the published files, in files of their own', async () => {
  const { train, test, notice } = await loadDigits({ name: 'mnist', train: 40 }, url);
  expect([train.size, test.size, train.name, notice]).toEqual([40, 20, 'MNIST', undefined]);
  expect(train.x.data).toEqual(values(packed.trainImages));
  expect(test.x.data).toEqual(values(packed.testImages));
  expect(train.y.data).toEqual(values(packed.trainLabels, 8));
  expect(requested()).toEqual(['test-10000', 'train-10000', 'train-50000']);
});

it('pages fetch no more than they use', async () => {
  const seen: number[] = [];
  const site = from('site');
  const few = await loadTestDigits({ name: 'mnist' }, site);
  expect([few.test.size, few.notice, 'train' in few]).toEqual([5, undefined, false]);
  expect(requested()).toEqual(['test-500']);
  const { train, test } = await loadDigits({ name: 'mnist', test: 4 }, `${site}/`, ({ loaded, total }) =>
    seen.push(loaded / total),
  );
  expect([train.size, test.size]).toEqual([25, 4]);
  expect(requested()).toEqual(['train-10000']); // the test images are there
  expect(seen.every((share, i) => share <= 1 && share >= (seen[i - 1] ?? 0))).toBe(true);

  expect((await loadTestDigits({ name: 'mnist', test: 12 }, site)).test.size).toBe(12);
  expect((await loadDigits({ name: 'mnist', train: 40 }, site)).train.size).toBe(40);
  expect(requested()).toEqual(['test-10000', 'train-50000']);
});

it('draws digits where there are none, or damaged ones, and says why', async () => {
  const file = join(folder, DIGIT_FILES.few.file);
  const whole = readFileSync(file);
  const damaged = Uint8Array.from(whole);
  damaged[damaged.length >> 1] ^= 4;
  writeFileSync(file, damaged);
  try {
    const { test, notice } = await loadTestDigits({ name: 'mnist', test: 3 }, from('worn'));
    expect([test.size, test.synthetic]).toEqual([3, true]);
    expect(notice).toMatch(/^SYNTHETIC DATA.*test-500\.safetensors\.gz/s);
    rmSync(file);
    const { test: drawn, notice: reason } = await loadTestDigits({ name: 'mnist', test: 3 }, from('worn'));
    expect([drawn.synthetic, reason]).toEqual([true, expect.stringContaining('HTTP 404')]);
  } finally {
    writeFileSync(file, whole);
  }
  requested();
  const asked = await loadDigits({ name: 'synthetic', train: 7, test: 3 }, url);
  expect([asked.train.size, asked.notice, requested()]).toEqual([7, expect.stringMatching(/synthetic/i), []]);
});

it('draws none in place of a part that does not come, where another has come', async () => {
  const { test } = await loadTestDigits({ name: 'mnist', test: 3 }, from('partly'));
  expect(test.synthetic).toBe(false);
  const file = join(folder, DIGIT_FILES.train.file);
  const whole = readFileSync(file);
  rmSync(file);
  try {
    await expect(loadDigits({ name: 'mnist', train: 7, test: 3 }, from('partly'))).rejects.toThrow(
      /HTTP 404/,
    );
  } finally {
    writeFileSync(file, whole);
  }
  const { train } = await loadDigits({ name: 'mnist', train: 7, test: 3 }, from('partly'));
  expect([train.size, train.synthetic]).toEqual([7, false]);
  requested();
});

describe('a build', () => {
  const build = async (dataDir: string) => {
    const { config, generateBundle } = digitsPlugin({ dataDir, mirrors: [] });
    const emitFile = vi.fn<(file: { fileName: string }) => void>();
    const call = (hook: unknown, ...args: unknown[]) =>
      (hook as (...args: unknown[]) => Promise<unknown>).call({ emitFile }, ...args);
    const { define } = (await call(config, {}, { command: 'build' })) as { define: Record<string, string> };
    await call(generateBundle);
    return { define, files: emitFile.mock.calls.map(([{ fileName }]) => fileName).toSorted() };
  };

  it('puts the files into data/mnist', async () => {
    const { define, files } = await build(root);
    expect(define).toEqual({ 'import.meta.env.WGRAD_WITHOUT_MNIST': 'false' });
    expect(files).toEqual(limits.map(({ file }) => `data/mnist/${file}`).toSorted());
  });

  it('goes on without MNIST, says so, and lets the pages know', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    process.env.WGRAD_CACHE = join(root, 'other');
    try {
      const { define, files } = await build('');
      expect(define).toEqual({ 'import.meta.env.WGRAD_WITHOUT_MNIST': 'true' });
      expect(files).toEqual([]);
      expect(warn).toHaveBeenCalledWith(expect.stringMatching(/WITHOUT MNIST.*MNIST is not available/));
    } finally {
      process.env.WGRAD_CACHE = join(root, 'cache');
      warn.mockRestore();
    }
  });
});

it('is told to a page: a first look has no training images, and the number of all is an epoch', async () => {
  const loading = {
    values: { data: 'mnist', train: 40, test: undefined },
    base: url.replace('/mnist', ''),
    progress: () => {},
  } as const;
  const first = await firstDigits(loading);
  expect([first.data.test.size, first.data.train, first.facts]).toEqual([
    5,
    undefined,
    { synthetic: false, notice: undefined },
  ]);
  expect((await firstDigits(loading, 12)).data.test.size).toBe(12);
  const all = await digitsFor(loading);
  expect([all.data.train.size, all.facts.trainSize]).toEqual([40, 40]);
});

it('the setting tells what more images cost, and takes any number from the address', () => {
  const { train } = digitSettings;
  expect([train.initial, train.acts, train.parse('3000'), train.parse('60001')]).toEqual([
    10_000,
    'data',
    3000,
    undefined,
  ]);
  expect(train.hint).toBe('60,000 need another 8 MB of data.');
});
