import { describe, expect, it } from 'vitest';
import { compareCommands, comparisonOf } from '../../bench/kernels/timing.ts';
import { ops } from '../../src/index.ts';
import { testGpu } from '../helpers/evaluate.ts';

/** Eleven pairs of milliseconds; the second is `factor` times as fast, beside what the machine adds. */
const pairs = (factor: number, noise: (pair: number) => readonly [number, number]) =>
  Array.from({ length: 11 }, (_, pair) => {
    const [first, second] = noise(pair);
    return [first, second / factor] as const;
  });

describe('a comparison of two groups of kernels', () => {
  it('finds no difference where one of them was slowed down now and then', () => {
    const { least, most } = comparisonOf(pairs(1, (pair) => [1 + 0.01 * pair, pair % 3 === 0 ? 1.6 : 1]));
    expect(least).toBeLessThan(1);
    expect(most).toBeGreaterThan(1);
  });

  it('sees through a machine that slows both down, and one pair that went wrong', () => {
    const slow = (pair: number) => 1 + pair ** 2;
    const found = comparisonOf(pairs(1.5, (pair) => [slow(pair), pair === 4 ? 40 * slow(pair) : slow(pair)]));
    expect(found.ratio).toBeCloseTo(1.5);
    expect(found.least).toBeCloseTo(1.47);
    expect(found.most).toBeCloseTo(1.53);
    expect(found).toMatchObject({ first: 26, second: expect.closeTo(37 / 1.5) });
  });

  it('takes what a browser rounds off for no difference', () => {
    const { least, most } = comparisonOf(pairs(1.01, () => [1, 1]));
    expect([least < 1, most > 1]).toEqual([true, true]);
  });

  it('is one of their times in turns', async () => {
    const gpu = await testGpu();
    const x = ops.input('x', [2048]);
    const [one, many] = await Promise.all(
      [1, 8].map((count) =>
        gpu.compile(() => {
          let y = ops.sort(x);
          for (let i = 1; i < count; i++) y = ops.sort(ops.add(y, x));
          return { y };
        }),
      ),
    );
    const { ratio, least, most, first, second } = await compareCommands(gpu, many.commands, one.commands, {
      sampleMs: 1,
    });
    expect(ratio).toBeGreaterThan(1.2);
    expect(least).toBeLessThanOrEqual(ratio);
    expect(most).toBeGreaterThanOrEqual(ratio);
    expect(first).toBeGreaterThan(second);
    for (const program of [one, many]) program.destroy();
  });
});
