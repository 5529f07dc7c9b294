import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { loadMnist, loadMnistOrSynthetic } from '../../src/data/mnist.ts';
import type { LoadProgress } from '../../src/data/mnist.ts';
import { MNIST_PARTS, MNIST_SETS } from '../../src/data/mnistFiles.ts';
import { ArgumentError, EnvironmentError, FormatError } from '../../src/errors.ts';
import { SMALL, startMirror, useSmallMnist } from './smallMnist.ts';

const packed = useSmallMnist();
const mirror = await startMirror(packed, 'good');
afterAll(() => mirror.close());
beforeEach(() => {
  mirror.manner = 'good';
  mirror.requests.length = 0;
});

describe('loadMnist', () => {
  it('loads the four files, with progress up to the end', async () => {
    const seen: LoadProgress[] = [];
    const { train, test, source, notice } = await loadMnist({
      baseUrl: `${mirror.url}/`,
      onProgress: (p) => seen.push(p),
    });
    expect([train.size, test.size, train.name, train.synthetic]).toEqual([
      SMALL.train,
      SMALL.test,
      'MNIST',
      false,
    ]);
    expect([train.x.shape, train.y.shape, train.classNames?.length]).toEqual([[28, 28, 1], [], 10]);
    expect([source, notice]).toEqual([`${mirror.url}/`, undefined]);
    const total = MNIST_PARTS.reduce((sum, part) => sum + packed[part].length, 0);
    expect(seen.at(-1)).toEqual({ loaded: total, total });
    seen.forEach((p, i) => expect(p.loaded).toBeGreaterThan(i ? seen[i - 1].loaded : 0));
  });

  it('does not mind a server that unpacks on the way (Content-Encoding)', async () => {
    mirror.manner = 'encoded';
    const seen: LoadProgress[] = [];
    const { train } = await loadMnist({ baseUrl: mirror.url, onProgress: (p) => seen.push(p) });
    expect(train.size).toBe(SMALL.train);
    expect(seen.at(-1)!.loaded / seen.at(-1)!.total).toBeCloseTo(1, 2);
  });

  it('names the URL and the reason of every failure', async () => {
    const load = (manner: typeof mirror.manner) => {
      mirror.manner = manner;
      return loadMnist({ baseUrl: mirror.url, timeoutMs: 1000 });
    };
    await expect(load('missing')).rejects.toThrow(/^http:.*-ubyte\.gz: HTTP 404 Not Found$/);
    await expect(load('page')).rejects.toThrow(/not an IDX file.*HTML page/);
    await expect(load('silent')).rejects.toThrow(/nothing arrived for 1 s/);
    await expect(load('stalling')).rejects.toThrow(/nothing arrived for 1 s/);
    await expect(load('endless')).rejects.toThrow(/longer than the \d+ bytes expected/);
    for (const manner of ['missing', 'truncated', 'silent'] as const) {
      await expect(load(manner)).rejects.toBeInstanceOf(EnvironmentError);
    }
    for (const manner of ['page', 'corrupt', 'endless'] as const) {
      await expect(load(manner)).rejects.toBeInstanceOf(FormatError);
    }
    const closed = await startMirror(packed, 'good');
    closed.close();
    await expect(loadMnist({ baseUrl: closed.url })).rejects.toThrow(/the download failed \(.*ECONNREFUSED/);
  });

  it('recognises other data by its checksum', async () => {
    const images = MNIST_SETS.mnist.files.trainImages;
    const fetch = async (url: string) =>
      new Response((url.includes('train-images') ? wrong : packedOf(url)) as BodyInit);
    const packedOf = (url: string) =>
      packed[MNIST_PARTS.find((part) => url.includes(MNIST_SETS.mnist.files[part].file))!];
    const wrong = new Uint8Array(images.bytes);
    wrong.set([0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 28, 0, 0, 0, 28]);
    await expect(loadMnist({ baseUrl: 'data', fetch })).rejects.toThrow(
      new RegExp(`^data/train-images-idx3-ubyte.gz: corrupted .*expected ${images.sha256}`),
    );
  });

  it('stops when the signal says so, also before it starts', async () => {
    mirror.manner = 'stalling';
    const controller = new AbortController();
    const loading = loadMnist({ baseUrl: mirror.url, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 30);
    await expect(loading).rejects.toThrow('enough');
    await expect(loadMnist({ baseUrl: mirror.url, signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });

  it('knows two sets', async () => {
    await expect(loadMnist({ baseUrl: mirror.url, name: 'kmnist' as never })).rejects.toThrow(ArgumentError);
  });
});

describe('loadMnistOrSynthetic', () => {
  it('prefers the real set', async () => {
    const { train, notice } = await loadMnistOrSynthetic({ baseUrl: mirror.url });
    expect([train.synthetic, notice]).toEqual([false, undefined]);
  });

  it('draws digits otherwise and says so, with the reason', async () => {
    mirror.manner = 'missing';
    const set = await loadMnistOrSynthetic({ baseUrl: mirror.url, synthetic: { train: 30, test: 10 } });
    expect([set.train.size, set.test.size, set.train.name, set.test.synthetic]).toEqual([
      30,
      10,
      'synthetic digits',
      true,
    ]);
    expect(set.notice).toMatch(
      /^SYNTHETIC DATA: generated digits are used in place of MNIST.*Reason: http.*HTTP 404/,
    );
  });

  it('does not hide an abort or a wrong name', async () => {
    const options = { baseUrl: mirror.url, synthetic: { train: 10, test: 10 } };
    await expect(loadMnistOrSynthetic({ ...options, signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    await expect(loadMnistOrSynthetic({ ...options, name: 'x' as never })).rejects.toThrow(ArgumentError);
  });
});
