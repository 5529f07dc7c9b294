import { describe, expect, it } from 'vitest';
import { compareTrainings } from './report.ts';
import type { Report } from './report.ts';

const inBase64 = (weights: number[]) => Buffer.from(Float32Array.from(weights).buffer).toString('base64');

const report = (losses: number[], weights: number[], name = 'CNN'): Report => ({
  adapter: 'llvmpipe',
  trained: [{ name, losses, weights: inBase64(weights) }],
});

const compare = (a: Report, b: Report) => compareTrainings(a, b)[0];

describe('the comparison of two implementations', () => {
  const sound = report([2.5, 2], [1, -2, 0.5]);

  it('tells equal bits, and how far others are apart', () => {
    expect(compare(sound, report([2.5, 2], [1, -2, 0.5]))).toEqual({
      agree: true,
      line: 'agree: CNN: 2 losses equal, 3 weights equal bit by bit',
    });
    expect(compare(report([2.5, 2.001], [1, -2, 0.75]), sound)).toEqual({
      agree: true,
      line: expect.stringMatching(
        /2 losses apart by 0\.00050 of their size, 1 of 3 and 3 weights differ, by 0\.25/,
      ),
    });
    expect(compare(report([2.5, 2], [1, -2, 0]), report([2.5, 2], [1, -2, -0])).line).toContain('1 of 3');
  });

  it('does not take nothing, nor what is not a number on both', () => {
    for (const broken of [
      { adapter: '', trained: [] },
      report([], []),
      report([NaN], [1]),
      report([1], [NaN]),
    ])
      expect(compare(broken, broken).agree).toBe(false);
  });

  it.each<[string, Report]>([
    ['another loss', report([2.5, 2.01], [1, -2, 0.5])],
    ['a loss that is not a number', report([2.5, NaN], [1, -2, 0.5])],
    ['a step less', report([2.5], [1, -2, 0.5])],
    ['a weight less', report([2.5, 2], [1, -2])],
    ['a weight that is not a number', report([2.5, 2], [1, NaN, 0.5])],
    ['another training', report([2.5, 2], [1, -2, 0.5], 'DCGAN')],
    ['no training', { adapter: '', trained: [] }],
  ])('does not take %s', (_, other) => {
    expect(compare(other, sound).agree).toBe(false);
    expect(compare(sound, other).agree).toBe(false);
  });
});
