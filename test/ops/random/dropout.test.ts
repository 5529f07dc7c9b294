import { describe, expect, it } from 'vitest';
import { gradients } from '../../../src/graph/autodiff.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import { add, multiply, relu } from '../../../src/ops/elementwise/elementwise.ts';
import { slice } from '../../../src/ops/movement/movement.ts';
import { dropout } from '../../../src/ops/random/dropout.ts';
import { broadcastTo, reduceSum } from '../../../src/ops/reduce/sum.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import { map, random } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { dropoutMask, uniformAt } from '../../reference/random.ts';

const seed = 77;
const times = (a: Array64, b: Array64) => map(a, (value, i) => value * b.data[i]);

const cases: { shape: number[]; variant: string }[] = [
  { shape: [1], variant: 'scalar' },
  { shape: [3, 5], variant: 'scalar' },
  { shape: [65, 63], variant: 'scalar' },
  { shape: [9, 8], variant: 'scalar' },
  { shape: [4], variant: 'vector' },
  { shape: [3, 5, 4], variant: 'vector' },
  { shape: [17, 64], variant: 'vector' },
];

describe.each(cases)('shape $shape, variant $variant', ({ shape, variant }) => {
  it.each([0.5, 0.1])('rate %f: output and gradient have the mask of the contract', async (rate) => {
    const x = random(1, shape, 1, 2);
    const weights = random(2, shape, 1, 2);
    const [y, gradient] = await evaluate(
      (tensor, w) => {
        const dropped = dropout(tensor, rate, { stream: 5 });
        return [dropped, gradients(reduceSum(multiply(dropped, w)), [tensor])[0]!];
      },
      [x, weights],
      { seed, variants: { dropout: variant } },
    );
    const mask = dropoutMask(shape, { seed, stream: 5 }, rate);
    expect(y).toBeAllClose(times(x, mask), { rtol: 1e-6, atol: 0 });
    expect(gradient).toBeAllClose(times(weights, mask), { rtol: 1e-6, atol: 0 });
  });
});

it('has another mask in every step, and for every dropout of a graph', async () => {
  const x = { shape: [64, 64], data: new Float64Array(4096).fill(1) };
  const masks = async (steps: number) =>
    evaluate((t) => [dropout(t, 0.5, { stream: 1 }), dropout(t, 0.5, { stream: 2 })], [x], { seed, steps });
  const [a, b] = await masks(1);
  const [c] = await masks(2);
  const share = (p: Array64, q: Array64) => p.data.filter((value, i) => value === q.data[i]).length / 4096;
  // Independent masks agree in half of the places; deviation 1 / (2 √4096) = 0.008.
  expect(Math.abs(share(a, b) - 0.5)).toBeLessThan(0.04);
  expect(Math.abs(share(a, c) - 0.5)).toBeLessThan(0.04);
  expect(a).toBeAllClose(dropoutMask([64, 64], { seed, stream: 1 }, 0.5));
  expect(c).toBeAllClose(dropoutMask([64, 64], { seed, stream: 1, step: 1 }, 0.5));
});

it.each([
  [6, 8],
  [6, 7],
])('takes what follows into its kernel: relu(dropout(x) + bias), shape [%i, %i]', async (...shape) => {
  const x = random(1, shape);
  const bias = random(2, [shape[1]]);
  const [y] = await evaluate((t, b) => relu(add(dropout(t, 0.3, { stream: 3 }), b)), [x, bias], { seed });
  const kept = times(x, dropoutMask(shape, { seed, stream: 3 }, 0.3));
  expect(y).toBeAllClose(map(kept, (value, i) => Math.max(0, value + bias.data[i % shape[1]])));
});

it('keeps the share of elements that it should, even at rates near 0 and 1', async () => {
  const x = { shape: [1000, 100], data: new Float64Array(100_000).fill(1) };
  for (const rate of [0.001, 0.25, 0.999]) {
    const [y] = await evaluate((t) => dropout(t, rate, { stream: 8 }), [x], { seed });
    const kept = y.data.filter((value) => value !== 0).length / 100_000;
    expect(Math.abs(kept - (1 - rate))).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / 100_000));
  }
});

it.each([
  ['vector', 4],
  ['scalar', 1],
])('takes more elements than a dispatch has workgroups along x (%s)', async (variant, channels) => {
  const shape = [(4 * 64 * 65_535 + 12) / channels, channels];
  const first = shape[0] - 8 / channels;
  const [tail] = await evaluate(
    (one) =>
      slice(dropout(broadcastTo(one, shape), 0.5, { stream: 2 }), [first, 0], [8 / channels, channels]),
    [{ shape: [1, 1], data: Float64Array.of(1) }],
    { seed, variants: { dropout: variant } },
  );
  const size = shape[0] * channels;
  const expected = Array.from({ length: 8 }, (_, i) =>
    uniformAt(size - 8 + i, { seed, stream: 2 }) >= 0.5 ? 2 : 0,
  );
  expect([...tail.data]).toEqual(expected);
});

it('is the identity at rate 0, and refuses rates outside [0, 1)', () => {
  const x = input('x', [2, 2]);
  expect(dropout(x, 0)).toBe(x);
  for (const rate of [1, -0.1, 1.5, NaN]) expect(() => dropout(x, rate)).toThrow(`dropout: rate is ${rate}`);
});
