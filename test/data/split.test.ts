import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { trainTestSplit } from '../../src/data/split.ts';

/** Sample i has the features i and −i; one in three is of class 1. */
const data = (size: number) =>
  dataset({
    name: 'numbers',
    x: Float32Array.from({ length: 2 * size }, (_, i) => (i % 2 === 0 ? i / 2 : -(i - 1) / 2)),
    y: Uint8Array.from({ length: size }, (_, i) => (i % 3 === 0 ? 1 : 0)),
    inputShape: [2],
    weights: Float32Array.from({ length: size }, (_, i) => i),
  });

const ones = (labels: ArrayLike<number>) => Array.from(labels).filter((label) => label === 1).length;

describe('trainTestSplit', () => {
  it('gives each sample to one part, whole', () => {
    const { train, test } = trainTestSplit(data(30), { testSize: 0.2 });
    expect([train.size, test.size]).toEqual([24, 6]);
    const seen = [train, test].flatMap((part) =>
      Array.from({ length: part.size }, (_, i) => {
        const value = part.x.data[2 * i];
        expect(part.x.data[2 * i + 1]).toBe(-value);
        expect(part.y.data[i]).toBe(value % 3 === 0 ? 1 : 0);
        expect(part.weights!.data[i]).toBe(value);
        return value;
      }),
    );
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i));
  });

  it('rounds a share of test samples up, as scikit-learn does, and takes a number', () => {
    expect(trainTestSplit(data(569), { testSize: 0.2 }).test.size).toBe(114);
    expect(trainTestSplit(data(10)).test.size).toBe(3);
    expect(trainTestSplit(data(10), { testSize: 4 }).test.size).toBe(4);
  });

  it.each([30, 31, 569])('keeps the shares of the classes, of %i samples', (size) => {
    const { train, test } = trainTestSplit(data(size), { testSize: 0.2, stratify: true, seed: 3 });
    expect(train.size + test.size).toBe(size);
    expect(test.size).toBe(Math.ceil(size * 0.2));
    const exact = (Math.ceil(size / 3) * test.size) / size;
    expect(Math.abs(ones(test.y.data) - exact)).toBeLessThan(1);
    expect(ones(train.y.data) + ones(test.y.data)).toBe(Math.ceil(size / 3));
  });

  it('has another order for another seed, and the same for the same', () => {
    const order = (seed: number) => [...trainTestSplit(data(50), { seed, stratify: true }).test.x.data];
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
    // Classes do not come one after another.
    const { y } = trainTestSplit(data(300), { stratify: true }).train;
    expect(ones(y.data.subarray(0, 100))).toBeGreaterThan(15);
    expect(ones(y.data.subarray(0, 100))).toBeLessThan(55);
  });

  it.each([0, 1.5, -1, NaN, 10, 11, '0.2' as unknown as number])(
    'refuses a test size of %s of 10',
    (testSize) => {
      expect(() => trainTestSplit(data(10), { testSize })).toThrow(/testSize is/);
    },
  );

  it('refuses to stratify by numbers that are no classes', () => {
    const y = Float32Array.from([0.5, 1, 2]);
    const numbers = dataset({ x: new Float32Array(3), y, inputShape: [1], targetShape: [1] });
    expect(() => trainTestSplit(numbers, { stratify: true })).toThrow(/needs class indices.*of shape \[1\]/);
  });
});
