import { describe, expect, it } from 'vitest';
import { DEPTHS, NAMES, XS } from '../../../demos/lessons/activations/functions.ts';
import type { FunctionName } from '../../../demos/lessons/activations/functions.ts';
import { create } from '../../../demos/lessons/activations/kernels.ts';
import '../../helpers/close.ts';
import { GPUS } from './gpus.ts';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
/** The share of a normal distribution below x, by Simpson's rule. */
function below(x: number): number {
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  const [steps, from] = [400, -12];
  const h = (x - from) / steps;
  let sum = density(from) + density(x);
  for (let i = 1; i < steps; i++) sum += (i % 2 ? 4 : 2) * density(from + i * h);
  return (sum * h) / 3;
}
const REFERENCE: Record<FunctionName, (x: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  leakyRelu: (x) => (x < 0 ? 0.2 * x : x),
  elu: (x) => (x < 0 ? Math.exp(x) - 1 : x),
  gelu: (x) => x * below(x),
  silu: (x) => x * sigmoid(x),
  sigmoid,
  tanh: Math.tanh,
  softplus: (x) => Math.log1p(Math.exp(x)),
};

describe.each(GPUS)('the lesson of activations on $name', async ({ open }) => {
  const { calls } = await create(await open());
  const curves = await calls.curves();

  it.each(NAMES)('%s has its values and slopes', async (name) => {
    const f = REFERENCE[name];
    expect(curves[name].values).toBeAllClose(XS.map(f));
    const bends = XS.map((x) => Math.abs(x) < 1e-9);
    const slopes = XS.map((x, i) => (bends[i] ? curves[name].slopes[i] : (f(x + 1e-5) - f(x - 1e-5)) / 2e-5));
    expect(curves[name].slopes).toBeAllClose(slopes, { atol: 1e-4 });
  });

  it('has what is left of a gradient behind many layers', async () => {
    const found = await calls.at(1.5);
    const slope = sigmoid(1.5) * (1 - sigmoid(1.5));
    expect(found.sigmoid.powers).toBeAllClose(
      DEPTHS.map((depth) => slope ** depth),
      { atol: 1e-12 },
    );
    expect(found.relu.powers).toEqual([1, 1, 1, 1, 1]);
    expect((await calls.at(-1)).relu.powers).toEqual([0, 0, 0, 0, 0]);
    const dip = (await calls.at(-2)).silu;
    expect(dip.slope).toBeLessThan(0);
    expect(dip.powers).toBeAllClose(
      DEPTHS.map((depth) => dip.slope ** depth),
      { atol: 1e-12 },
    );
  });
});
