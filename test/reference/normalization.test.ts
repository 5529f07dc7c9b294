import { describe, expect, it } from 'vitest';
import { finiteDifference } from '../helpers/close.ts';
import { array, inner, random } from './array.ts';
import type { Array64 } from './array.ts';
import { normalizeOver, normalizeOverGrad, normalizeWith, runningUpdate } from './normalization.ts';

it('has the values of the formula', () => {
  // mean 2, variance 2/3: x̂ = ∓√(3/2)
  const x = array([3, 1], [1, 2, 3]);
  const { y, mean, variance } = normalizeOver(x, array([1], [2]), array([1], [10]), 'batch', { epsilon: 0 });
  expect([mean.data[0], variance.data[0]]).toEqual([2, 2 / 3]);
  expect(y).toBeAllClose(array([3, 1], [10 - 2 * Math.sqrt(1.5), 10, 10 + 2 * Math.sqrt(1.5)]));
  const known = normalizeWith(x, mean, variance, array([1], [2]), array([1], [10]), 0);
  expect(known).toBeAllClose(y);
  expect(runningUpdate(array([1], [1]), mean, 0.75).data[0]).toBe(1.25);
});

it('groups of all channels and of one are a layer and an instance where there is one position', () => {
  const x = random(1, [4, 1, 6]);
  const [gamma, beta] = [random(2, [6]), random(3, [6])];
  const of = (over: 'group' | 'layer' | 'instance', groups?: number) =>
    normalizeOver(x, gamma, beta, over, { groups }).y;
  expect(of('group', 1)).toBeAllClose(of('layer'), { rtol: 1e-12 });
  expect(of('group', 6)).toBeAllClose(of('instance'), { rtol: 1e-12 });
});

describe.each(['batch', 'instance', 'group', 'layer'] as const)('over %s', (over) => {
  const inputs = [random(1, [2, 3, 2, 4]), random(2, [4]), random(3, [4])];
  const dy = random(4, [2, 3, 2, 4]);

  it('the gradients are those of finite differences', () => {
    const { dx, dgamma, dbeta } = normalizeOverGrad(inputs[0], inputs[1], dy, over, { groups: 2 });
    [dx, dgamma, dbeta].forEach((found, i) => {
      const f = (probe: Array64) => {
        const [x, gamma, beta] = inputs.map((own, j) => (j === i ? probe : own));
        return inner(normalizeOver(x, gamma, beta, over, { groups: 2 }).y, dy);
      };
      expect(found).toBeAllClose(finiteDifference(f, inputs[i]), { rtol: 1e-6, atol: 1e-8 });
    });
  });
});
