import { describe, expect, it } from 'vitest';
import { answersOf } from '../../../demos/frame/exercise.ts';
import type { Exercise } from '../../../demos/frame/exercise.ts';
import { contour, gridPoints } from '../../../demos/lessons/common/field.ts';
import { fixed, number, operand, share } from '../../../demos/lessons/common/numbers.ts';
import { ticksOf } from '../../../demos/lessons/common/plot.ts';
import { batches, moons } from '../../../demos/lessons/curves/points.ts';

describe('how lessons write numbers', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [2.70000005, '2.7'],
    [-0.3, '−0.3'],
    [123_456.7, '123500'],
    [1.25e-7, '1.25·10⁻⁷'],
    [-3e9, '−3·10⁹'],
    [Infinity, '∞'],
    [-Infinity, '−∞'],
    [NaN, 'NaN'],
  ])('%d as %s', (value, text) => expect(number(value)).toBe(text));

  it('with brackets behind an operator, with digits that stay', () => {
    expect([operand(2), operand(-2)]).toEqual(['2', '(−2)']);
    expect([fixed(-0.001), fixed(-1.5), fixed(2, 3)]).toEqual(['0.00', '−1.50', '2.000']);
  });
});

it('shares are written so that their logarithms come out right', () => {
  for (const z of [-12, -3, -0.4, 0, 1, 3, 6.5, 12]) {
    const [value, rest] = [1 / (1 + Math.exp(-z)), 1 / (1 + Math.exp(z))];
    const text = share(value, rest).replaceAll('−', '-').replace('·10⁻⁶', 'e-6');
    const written: number = new Function(`return ${text}`)();
    expect(Math.log(written) / Math.log(value)).toBeCloseTo(1, 2);
  }
  expect([share(0.9999783, 2.17e-5), share(0.95257, 0.04743)]).toEqual(['1 − 2.17·10⁻⁵', '0.95257']);
});

describe('plots', () => {
  it('have ticks at round numbers', () => {
    expect(ticksOf({ range: [0, 4] })).toEqual([0, 1, 2, 3, 4]);
    expect(ticksOf({ range: [-0.35, 1.2] })).toEqual([0, 0.5, 1]);
    expect(ticksOf({ range: [0.001, 1], scale: 'log' })).toEqual([0.001, 0.01, 0.1, 1]);
    expect(ticksOf({ range: [0, 10], ticks: [-1, 5, 11] })).toEqual([5]);
  });

  it('find the contour of a field: here a circle', () => {
    const [side, range] = [41, [-2, 2] as const];
    const values = gridPoints(side, range).map(([x, y]) => Math.hypot(x, y));
    const lines = contour({ side, range, values }, 1.5);
    expect(lines.length).toBeGreaterThan(60);
    for (const [x, y] of lines.flat()) expect(Math.abs(Math.hypot(x, y) - 1.5)).toBeLessThan(0.01);
    const ends = lines.flat().map((point) => point.map((value) => value.toFixed(6)).join());
    for (const end of ends) expect(ends.filter((other) => other === end).length % 2).toBe(0); // it is closed
    expect(contour({ side, range, values }, 9)).toEqual([]);
  });
});

describe('the data of the loss curves', () => {
  it('are the same for the same seed, with both classes', () => {
    expect(moons(40, 1)).toEqual(moons(40, 1));
    expect(moons(40, 1)).not.toEqual(moons(40, 2));
    expect(moons(40, 1).y.filter((y) => y === 1).length).toBeGreaterThan(12);
  });

  it('come in batches with every sample once an epoch', () => {
    const order = batches(12, 4, 3);
    const epoch = () => [0, 1, 2].flatMap(() => order.next().value).toSorted((a, b) => a - b);
    const all = Array.from({ length: 12 }, (_, i) => i);
    expect(epoch()).toEqual(all);
    expect(epoch()).toEqual(all);
  });
});

describe('the exercises', () => {
  const files = import.meta.glob<readonly Exercise[]>('../../../demos/lessons/*/exercises.ts', {
    eager: true,
    import: 'exercises',
  });
  const lists = Object.values(files);

  it('are three a lesson, each with a right answer or an aim', () => {
    expect(lists).toHaveLength(8);
    for (const list of lists) {
      expect(list).toHaveLength(3);
      for (const exercise of list) {
        expect([exercise.answers, exercise.reached].filter(Boolean)).toHaveLength(1);
        expect(new Set(answersOf(exercise)).size).toBe(exercise.answers?.length ?? 0);
      }
    }
  });

  it('do not give the answer away by its place', () => {
    const places = lists
      .flat()
      .filter(({ answers }) => answers)
      .map((exercise) => answersOf(exercise).indexOf(exercise.answers![0]));
    expect(new Set(places)).toEqual(new Set([0, 1, 2]));
  });
});
