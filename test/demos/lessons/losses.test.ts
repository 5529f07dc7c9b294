import { describe, expect, it } from 'vitest';
import { CASES, placesOf } from '../../../demos/lessons/losses/cases.ts';
import { create } from '../../../demos/lessons/losses/kernels.ts';
import '../../helpers/close.ts';
import { GPUS } from './gpus.ts';

describe.each(GPUS)('the lesson of losses on $name', async ({ open }) => {
  const { calls } = await create(await open());
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  const softmax = (z: readonly number[]) => {
    const powers = z.map(Math.exp);
    const sum = powers.reduce((total, power) => total + power);
    return powers.map((power) => power / sum);
  };

  it('a number: squared, absolute and Huber error with their slopes', async () => {
    const { prediction, losses } = await calls.judge('regression', [3.5], [1]);
    expect(prediction).toEqual([3.5]);
    expect(losses.map(({ value }) => value)).toBeAllClose([6.25, 2.5, 2]);
    expect(losses.map(({ slopes }) => slopes[0])).toBeAllClose([5, 1, 1]);
    expect(losses[0].curve).toBeAllClose(placesOf(CASES.regression.range).map((z) => (z - 1) ** 2));
  });

  it('yes or no: the cross-entropy has a slope where the squared error has none', async () => {
    const { prediction, losses } = await calls.judge('two', [-6], [1]);
    const p = sigmoid(-6);
    expect(prediction).toBeAllClose([p]);
    expect(losses.map(({ value }) => value)).toBeAllClose([-Math.log(p), (p - 1) ** 2]);
    expect(losses.map(({ slopes }) => slopes[0])).toBeAllClose([p - 1, 2 * (p - 1) * p * (1 - p)]);
  });

  it('one of many: the slope is prediction minus target', async () => {
    const z = [2, 1, 0];
    const p = softmax(z);
    const { prediction, losses } = await calls.judge('many', z, [1, 0, 0]);
    expect(prediction).toBeAllClose(p);
    expect([losses[0].value]).toBeAllClose([-Math.log(p[0])]);
    expect(losses[0].slopes).toBeAllClose([p[0] - 1, p[1], p[2]]);
    const curve = placesOf(CASES.many.range).map((first) => -Math.log(softmax([first, 1, 0])[0]));
    expect(losses[0].curve).toBeAllClose(curve);
  });

  it('a distribution: the divergence both ways', async () => {
    const [z, y] = [
      [0.5, -1, 0.25],
      [0.6, 0.3, 0.1],
    ];
    const q = softmax(z);
    const divergence = (from: readonly number[], to: readonly number[]) =>
      from.reduce((sum, own, i) => sum + own * Math.log(own / to[i]), 0);
    const { losses } = await calls.judge('divergence', z, y);
    expect(losses.map(({ value }) => value)).toBeAllClose([divergence(y, q), divergence(q, y)]);
    expect(losses[0].slopes).toBeAllClose(q.map((own, i) => own - y[i]));
  });
});
