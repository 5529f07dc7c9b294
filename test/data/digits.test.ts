import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { syntheticDigits } from '../../src/data/digits.ts';
import { ArgumentError } from '../../src/errors.ts';
import { nearestNeighbourAccuracy } from './nearestNeighbour.ts';

const { train, test } = syntheticDigits({ train: 1000, test: 300, seed: 7 });
const ink = train.x.data as Uint8Array;
const image = (index: number) => ink.subarray(784 * index, 784 * (index + 1));

describe('synthetic digits', () => {
  it('say that they are synthetic', () => {
    for (const set of [train, test]) expect([set.synthetic, set.name]).toEqual([true, 'synthetic digits']);
    expect([train.size, test.size, train.x.shape, train.y.shape]).toEqual([1000, 300, [28, 28, 1], []]);
    expect(train.classNames).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });

  it('depend on the seed alone, and are the same bytes on every machine', () => {
    const hash = createHash('sha256')
      .update(train.x.data as Uint8Array)
      .update(train.y.data as Uint8Array)
      .digest('hex');
    expect(hash).toBe('87319c72597731e3f743413905bb495eb7891004c059f9d7fddc7554eb18d608');
    expect(syntheticDigits({ train: 10, test: 1, seed: 8 }).train.x.data).not.toEqual(
      train.x.data.subarray(0, 7840),
    );
  });

  it('are the same images however many are asked for', () => {
    const few = syntheticDigits({ train: 25, test: 3, seed: 7 });
    expect(few.train.x.data).toEqual(train.x.data.subarray(0, 25 * 784));
    expect(few.test.x.data).toEqual(test.x.data.subarray(0, 3 * 784));
  });

  it('hold each digit once in every ten', () => {
    for (let start = 0; start < 1000; start += 10) {
      expect(new Set(train.y.data.subarray(start, start + 10)).size).toBe(10);
    }
  });

  it('lie like MNIST: ink in a box of about 20 pixels, mass near the centre, nothing at the rim', () => {
    for (let index = 0; index < train.size; index++) {
      const pixels = image(index);
      const inked = [...pixels.keys()].filter((at) => pixels[at] > 0);
      const rows = inked.map((at) => Math.floor(at / 28));
      const columns = inked.map((at) => at % 28);
      const [top, bottom, left, right] = [
        Math.min(...rows),
        Math.max(...rows),
        Math.min(...columns),
        Math.max(...columns),
      ];
      const longest = Math.max(bottom - top, right - left) + 1;
      expect(longest, `image ${index}`).toBeGreaterThanOrEqual(18);
      expect(longest, `image ${index}`).toBeLessThanOrEqual(23);
      expect(Math.min(top, left, 27 - bottom, 27 - right), `image ${index}`).toBeGreaterThanOrEqual(0);
      const mass = pixels.reduce((sum, value) => sum + value, 0);
      const centre = (of: number[]) =>
        inked.reduce((sum, at, i) => sum + pixels[at] * (of[i] + 0.5), 0) / mass;
      expect(Math.hypot(centre(rows) - 14, centre(columns) - 14), `image ${index}`).toBeLessThan(3);
      expect(Math.max(...pixels)).toBeGreaterThan(200);
    }
  });

  it('have the ink of MNIST: mean 0.13, standard deviation 0.31 of white', () => {
    const mean = ink.reduce((sum, value) => sum + value / 255, 0) / ink.length;
    const variance = ink.reduce((sum, value) => sum + (value / 255 - mean) ** 2, 0) / ink.length;
    expect(mean).toBeGreaterThan(0.11);
    expect(mean).toBeLessThan(0.15);
    expect(Math.sqrt(variance)).toBeGreaterThan(0.27);
    expect(Math.sqrt(variance)).toBeLessThan(0.34);
  });

  it('can be told apart, but no test image is a training image', () => {
    const { accuracy, nearest } = nearestNeighbourAccuracy(train, test);
    expect(accuracy).toBeGreaterThan(0.85);
    expect(nearest).toBeGreaterThan(0);
  });

  it('refuses odd sizes', () => {
    for (const size of [0, -1, 1.5, NaN, 1e9])
      expect(() => syntheticDigits({ train: size })).toThrow(ArgumentError);
    expect(() => syntheticDigits({ test: 0 })).toThrow(/test is 0/);
  });
});
