import { describe, expect, it } from 'vitest';
import { halve } from '../../../src/runtime/tuning/halving.ts';

/** Candidates are their own times; noise adds what `noise` gives for the number of the sample. */
function stopwatch(noise: (sample: number) => number = () => 0) {
  const samples: number[] = [];
  const sample = async (candidate: number): Promise<number> => {
    samples.push(candidate);
    return candidate + noise(samples.length);
  };
  const count = (candidate: number) => samples.filter((own) => own === candidate).length;
  return { samples, sample, count };
}

describe('halve', () => {
  it('knows the fastest in the end, and how long each took at best', async () => {
    const { sample } = stopwatch((i) => i % 5);
    const times = await halve([20, 12, 15, 11, 30, 14, 10.5], 20, sample);
    const [fastest] = [...times].toSorted(([, a], [, b]) => a - b)[0];
    expect(fastest).toBe(10.5);
    for (const [candidate, time] of times) {
      expect(time).toBeGreaterThanOrEqual(candidate);
      expect(time).toBeLessThan(candidate + 5);
    }
  });

  it('times the faster ones more often than the slower ones', async () => {
    const { sample, count } = stopwatch();
    const field = [20, 19, 18, 17, 16, 15, 14, 13];
    await halve(field, 20, sample);
    const counts = field.slice(1).map(count);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(count(13)).toBeGreaterThan(4 * count(19));
  });

  it('keeps the one to compare with, however slow, as long as there is a rival', async () => {
    const { sample, count } = stopwatch();
    await halve([99, 50, 45, 40, 35], 99, sample);
    expect(count(99)).toBeGreaterThanOrEqual(count(35));
  });

  it('times what takes three times as long only once', async () => {
    const { sample, count } = stopwatch();
    await halve([10, 11, 31, 400], 10, sample);
    expect([count(31), count(400)]).toEqual([1, 1]);
    expect(count(11)).toBeGreaterThan(1);
  });

  it('takes turns, so that a slow while of the machine slows all', async () => {
    // Samples 4 to 10 take twice as long: of consecutive samples of each, whole candidates would.
    const { sample, samples } = stopwatch((i) => (i >= 4 && i <= 10 ? 12 : 0));
    const times = await halve([12, 11, 10], 12, sample);
    expect(samples.slice(0, 9)).toEqual([12, 11, 10, 12, 11, 10, 12, 11, 10]);
    expect([...times.values()]).toEqual([12, 11, 10]);
  });

  it('ends, and takes not too many samples', async () => {
    for (let size = 1; size <= 12; size++) {
      const { sample, samples } = stopwatch();
      const field = Array.from({ length: size }, (_, i) => 100 + i);
      const times = await halve(field, field[size >> 1], sample);
      expect(times.size).toBe(size);
      expect(samples.length).toBeLessThanOrEqual(13 * size + 10);
    }
  });

  it('hands on what a sample throws', async () => {
    const failing = () => Promise.reject(new Error('lost'));
    await expect(halve([1, 2], 1, failing)).rejects.toThrow('lost');
  });
});
