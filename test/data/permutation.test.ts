import { describe, expect, it } from 'vitest';
import { permutationKey, permute, sampleAt } from '../../src/data/permutation.ts';

const order = (size: number, seed: number, epoch: number, salt = 0) => {
  const key = permutationKey(seed, epoch, salt);
  return Uint32Array.from({ length: size }, (_, position) => permute(position, size, key));
};

const isPermutation = (values: Uint32Array) => {
  const seen = new Uint8Array(values.length);
  for (const value of values) if (value < values.length) seen[value] = 1;
  return seen.every((flag) => flag === 1);
};

describe('permute', () => {
  it('is a bijection of [0, size) for every size up to 2000', () => {
    const sizes = Array.from({ length: 2000 }, (_, i) => i + 1);
    expect(sizes.filter((size) => !isPermutation(order(size, 7, size)))).toEqual([]);
  });

  it.each([2 ** 16, 2 ** 16 + 1, 60_000, 99_991, 1_000_003])('is a bijection for size %i', (size) => {
    expect(isPermutation(order(size, 2 ** 40 + 3, 5))).toBe(true);
  });

  it('stays below sizes of the full 32 bits', () => {
    const key = permutationKey(1, 0);
    for (const size of [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1]) {
      const values = [0, 1, 2, size - 2, size - 1].map((position) => permute(position, size, key));
      expect(new Set(values).size).toBe(5);
      for (const value of values) expect(value).toBeLessThan(size);
    }
  });

  it('gives another order for another epoch, seed, upper half of the seed, or salt', () => {
    const base = order(100, 1, 0);
    for (const other of [
      order(100, 1, 1),
      order(100, 2, 0),
      order(100, 1 + 2 ** 32, 0),
      order(100, 1, 0, 1),
    ]) {
      // Of 100 positions one coincides by chance on average.
      expect(base.filter((value, position) => value === other[position]).length).toBeLessThan(10);
    }
  });

  it('reaches every order of three samples about equally often', () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 6000; epoch++) {
      const text = order(3, 11, epoch).join();
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // Deviation of a count of 1000: √(6000 · 1/6 · 5/6) = 29
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * 29);
  });

  it.each([10, 16, 64, 100])('sends each of %i positions everywhere equally often (chi-square)', (size) => {
    const epochs = 2000;
    const counts = Array.from({ length: size }, () => new Uint32Array(size));
    for (let epoch = 0; epoch < epochs; epoch++) {
      order(size, 3, epoch).forEach((value, position) => counts[position][value]++);
    }
    const expected = epochs / size;
    for (const row of counts) {
      const chiSquare = row.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      // Mean size − 1, variance 2 (size − 1); six deviations and a little for the skew of small sizes.
      expect(chiSquare).toBeLessThan(size - 1 + 6 * Math.sqrt(2 * (size - 1)) + 12);
    }
  });

  it('leaves no order: neighbours end up apart, as in a random permutation', () => {
    const size = 10_000;
    const values = order(size, 9, 2);
    let mean = 0;
    let rising = 0;
    for (let i = 1; i < size; i++) {
      mean += Math.abs(values[i] - values[i - 1]) / (size - 1);
      if (values[i] > values[i - 1]) rising++;
    }
    expect(mean / (size / 3)).toBeCloseTo(1, 1); // E|a − b| = size / 3
    expect(rising / size).toBeCloseTo(0.5, 1);
  });
});

describe('sampleAt', () => {
  it.each([
    { size: 10, batchSize: 3 },
    { size: 7, batchSize: 7 },
    { size: 5, batchSize: 12 },
    { size: 64, batchSize: 48 },
  ])('shows every sample once per epoch, $size samples in batches of $batchSize', (stream) => {
    const steps = 40;
    const samples = Array.from({ length: steps * stream.batchSize }, (_, s) =>
      sampleAt(Math.floor(s / stream.batchSize), s % stream.batchSize, { ...stream, seed: 4 }),
    );
    for (let start = 0; start + stream.size <= samples.length; start += stream.size) {
      expect(new Set(samples.slice(start, start + stream.size)).size).toBe(stream.size);
    }
  });

  it('goes through the samples in order, over and over, where it does not shuffle', () => {
    const stream = { size: 5, batchSize: 3, shuffle: false };
    const samples = [0, 1, 2, 3].flatMap((step) => [0, 1, 2].map((row) => sampleAt(step, row, stream)));
    expect(samples).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]);
  });
});
