import { describe, expect, it } from 'vitest';
import { create, FIRST } from '../../../demos/lessons/backpropagation/kernels.ts';
import { explain, QUANTITIES, valuesOf } from '../../../demos/lessons/backpropagation/quantities.ts';
import '../../helpers/close.ts';
import { GPUS } from './gpus.ts';

/** The loss in float64, of weights as one list: w, b, v, c. */
function lossOf(
  [w11, w12, w21, w22, b1, b2, v1, v2, c]: readonly number[],
  [x1, x2]: readonly number[],
  y: number,
): number {
  const h1 = Math.tanh(x1 * w11 + x2 * w21 + b1);
  const h2 = Math.tanh(x1 * w12 + x2 * w22 + b2);
  return (h1 * v1 + h2 * v2 + c - y) ** 2;
}

describe.each(GPUS)('the lesson of backpropagation on $name', async ({ open }) => {
  const { calls } = await create(await open());
  const [input, target, rate] = [[1.3, -0.7], 0.4, 0.2];
  const first = [...FIRST.w, ...FIRST.b, ...FIRST.v, ...FIRST.c];
  const slopes = first.map((_, i) => {
    const at = (by: number) =>
      lossOf(
        first.map((value, k) => value + (k === i ? by : 0)),
        input,
        target,
      );
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  });

  it('has the loss and the gradient of every weight', async () => {
    const found = await calls.look(input, target, rate);
    expect(found.loss).toBeAllClose([lossOf(first, input, target)]);
    expect([...found.dw, ...found.db, ...found.dv, ...found.dc]).toBeAllClose(slopes, { rtol: 1e-3 });
    const next = first.map((value, i) => value - rate * slopes[i]);
    expect([...found.nextW, ...found.nextB, ...found.nextV, ...found.nextC]).toBeAllClose(next);
  });

  it('explains each number by others that give it', async () => {
    const values = valuesOf(await calls.look(input, target, rate), input, target, rate);
    const given = Object.values(QUANTITIES).map(({ filled }) => {
      const formula = filled((source) => `(${values[source]})`)
        .replaceAll('·', '*')
        .replaceAll('−', '-')
        .replaceAll('²', '**2')
        .replaceAll('tanh', 'Math.tanh');
      return Number(new Function(`return ${formula}`)());
    });
    expect(given).toBeAllClose(Object.keys(QUANTITIES).map((id) => values[id]));
    expect(explain('dc', values).formula).toMatch(/^∂L\/∂p = \S+$/);
    expect(explain('x1', values).formula).toBe('set by you: 1.3');
    expect(explain('w12', values).title).toBe('w₁₂: a weight; its value after an update');
  });

  it('updates as it says that it would, and resets', async () => {
    const { nextW, nextC } = await calls.look(input, target, rate);
    await calls.update(input, target, rate);
    const after = await calls.look(input, target, rate);
    expect(after.w).toBeAllClose(nextW);
    expect(after.c).toBeAllClose(nextC);
    expect(after.loss[0]).toBeLessThan(lossOf(first, input, target));
    calls.reset();
    expect((await calls.look(input, target, rate)).w).toBeAllClose(FIRST.w);
  });
});
