import { describe, expect, it } from 'vitest';
import { rocCurve } from '../../src/models/rocCurve.ts';

describe('rocCurve', () => {
  it('is scikit-learn’s example', () => {
    const { points, area } = rocCurve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]);
    expect(area).toBe(0.75);
    expect(points).toEqual([
      { threshold: Infinity, falsePositives: 0, truePositives: 0 },
      { threshold: 0.8, falsePositives: 0, truePositives: 0.5 },
      { threshold: 0.4, falsePositives: 0.5, truePositives: 0.5 },
      { threshold: 0.35, falsePositives: 0.5, truePositives: 1 },
      { threshold: 0.1, falsePositives: 1, truePositives: 1 },
    ]);
  });

  it('has the area 1, 0 and one half for scores that are right, wrong and all the same', () => {
    expect(rocCurve([0, 1, 1], [-1, 2, 3]).area).toBe(1);
    expect(rocCurve([1, 0, 0], [-1, 2, 3]).area).toBe(0);
    expect(rocCurve([1, 0, 1, 0], [5, 5, 5, 5])).toMatchObject({ area: 0.5, points: { length: 2 } });
  });

  it('counts pairs, equal scores one half', () => {
    const labels = Array.from({ length: 60 }, (_, i) => ((i * 7) % 5 < 2 ? 1 : 0));
    const scores = labels.map((label, i) => ((i * 13) % 11) + 2 * label);
    let won = 0;
    let pairs = 0;
    labels.forEach((a, i) =>
      labels.forEach((b, j) => {
        if (a !== 1 || b !== 0) return;
        pairs++;
        won += scores[i] > scores[j] ? 1 : scores[i] === scores[j] ? 0.5 : 0;
      }),
    );
    expect(rocCurve(labels, scores).area).toBeCloseTo(won / pairs, 12);
  });

  it('needs both classes and numbers', () => {
    expect(() => rocCurve([1, 1], [0, 1])).toThrow('2 positives and 0 negatives');
    expect(() => rocCurve([0, 1], [0, NaN])).toThrow('all of them numbers');
  });
});
