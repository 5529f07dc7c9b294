import { describe, expect, it } from 'vitest';
import { create, INPUTS, WEIGHTS } from '../../../demos/lessons/descent/kernels.ts';
import '../../helpers/close.ts';
import { GPUS } from './gpus.ts';

describe.each(GPUS)('the lesson of one weight on $name', async ({ open }) => {
  const { calls } = await create(await open());
  const lossAt = (w: number) => INPUTS.reduce((sum, x) => sum + ((w - 2) * x) ** 2, 0);

  it('has the errors, squares, total and slope of w = 3', async () => {
    const found = await calls.look(3, 0.005);
    expect(found.prediction).toEqual([0, 3, 6, 9, 12]);
    expect(found.error).toEqual([0, 1, 2, 3, 4]);
    expect(found.squared).toEqual([0, 1, 4, 9, 16]);
    expect(found.total).toEqual([30]);
    expect(found.shares).toEqual([0, 2, 8, 18, 32]);
    expect(found.slope).toEqual([60]);
    expect(found.change).toBeAllClose([0.3]);
    expect(found.next).toBeAllClose([2.7]);
    expect(found.tangent).toBeAllClose([0, 60]);
  });

  it('has a loss that grows 60 times as much as w near w = 3', async () => {
    for (const [w, loss] of [
      [3.0001, 30.006],
      [2.9999, 29.994],
    ]) {
      const [total] = (await calls.look(w, 0.005)).total;
      expect(Number(total.toPrecision(5))).toBe(loss);
    }
  });

  it('draws the loss over all weights', async () => {
    expect(await calls.parabola()).toBeAllClose(WEIGHTS.map(lossAt));
  });

  it('steps as it says that it would', async () => {
    for (const [w, rate] of [
      [3, 0.005],
      [0.4, 0.04],
      [2, 0.01],
    ]) {
      expect([await calls.step(w, rate)]).toBeAllClose((await calls.look(w, rate)).next);
      expect([await calls.step(w, rate)]).toBeAllClose([w - rate * 60 * (w - 2)]);
    }
  });
});
