import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import type { Layer } from '../../src/nn/layers/layer.ts';
import { alphaDropout, gaussianDropout, spatialDropout1d } from '../../src/nn/layers/noise.ts';
import { dropout } from '../../src/nn/layers/shaping.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { FIRST_STREAM, withStreams } from '../../src/ops/random/random.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { at, fromFunction, full, map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { dropoutMask, normal } from '../reference/random.ts';
import '../helpers/close.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { modelOf } from '../helpers/layer.ts';

const seed = 11;
/** Of the only random op of each graph. */
const key = { seed, stream: FIRST_STREAM };

/** Output and gradient in a step. */
async function run(layer: Layer, x: Array64, training = true, steps = 1) {
  const network = modelOf(layer, [x]);
  return evaluate(
    (t) => {
      const y = withStreams(() => network.call(t, { training }));
      return [y, gradients(reduceSum(y), [t])[0]!];
    },
    [x],
    { seed, steps },
  );
}

const moments = ({ data }: Array64) => {
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  return { mean, variance: data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length };
};

const large = full([64, 32, 8], 1);

describe('gaussianDropout', () => {
  it('multiplies by N(1, rate / (1 − rate))', async () => {
    const [y, gradient] = await run(gaussianDropout(0.2), large);
    const { mean, variance } = moments(y);
    const size = y.data.length;
    expect(Math.abs(mean - 1)).toBeLessThan((5 * 0.5) / Math.sqrt(size));
    expect(Math.abs(variance - 0.25)).toBeLessThan(5 * 0.25 * Math.sqrt(2 / size));
    expect(y).toBeAllClose(normal(large.shape, key, 1, 0.5));
    expect(gradient).toBeAllClose(y); // x is 1, so that the output is the factor
    const [twice] = await run(
      gaussianDropout(0.2),
      map(large, () => 2),
    );
    expect(twice).toBeAllClose(map(y, (v) => 2 * v)); // equal seeds, equal numbers
    expect((await run(gaussianDropout(0.2), large, true, 2))[0]).not.toEqual(y);
  });
});

describe('alphaDropout', () => {
  const lost = -1.0507009873554805 * 1.6732632423543772;

  it('keeps mean and variance of what selu gives, and takes away what saturates', async () => {
    const rate = 0.3;
    const a = ((1 - rate) * (1 + rate * lost ** 2)) ** -0.5;
    const b = -a * lost * rate;
    const x = normal([64, 32, 8], { seed: 5 });
    const [y, gradient] = await run(alphaDropout(rate), x);
    const kept = map(dropoutMask(x.shape, key, rate), (m) => (m > 0 ? 1 : 0));
    expect(y).toBeAllClose(map(x, (v, i) => a * (kept.data[i] ? v : lost) + b));
    expect(gradient).toBeAllClose(map(kept, (m) => a * m));
    const size = y.data.length;
    expect(Math.abs(moments(kept).mean - 0.7)).toBeLessThan(5 * Math.sqrt(0.21 / size));
    const { mean, variance } = moments(y);
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });
});

it('noiseShape says which values share their numbers', async () => {
  const x = random(3, [4, 3, 5]);
  const noiseShape = [null, 1, 5];
  const mask = dropoutMask([4, 1, 5], key, 0.5);
  const spread = (f: (m: number, v: number) => number) =>
    fromFunction([4, 3, 5], (n, t, c) => f(at(mask, n, 0, c), at(x, n, t, c)));
  expect((await run(dropout(0.5, { noiseShape }), x))[0]).toBeAllClose(spread((m, v) => m * v));
  const [y] = await run(alphaDropout(0.5, { noiseShape }), x);
  const kept = spread((m) => (m > 0 ? 1 : 0));
  expect(new Set([...y.data].filter((_, i) => kept.data[i] === 0).map((v) => v.toFixed(4))).size).toBe(1);
  for (const wrong of [[null, 1], [null, 2, 5], 3, []]) {
    const layer = dropout(0.5, { noiseShape: wrong as number[] });
    expect(() => sequential([layer], { inputShape: [3, 5] })).toThrow('give 1, the extent or null');
  }
});

describe('spatialDropout1d', () => {
  it('drops channels over all steps', async () => {
    const [y, gradient] = await run(spatialDropout1d(0.25), large);
    const channels = fromFunction([64, 8], (n, c) => at(y, n, 0, c));
    expect(channels.data).toBeAllClose(dropoutMask([64, 1, 8], key, 0.25).data);
    expect(y).toEqual(fromFunction([64, 32, 8], (n, _, c) => at(channels, n, c)));
    expect(gradient).toBeAllClose(y);
    const dropped = channels.data.filter((v) => v === 0).length;
    expect(channels.data.every((v) => v === 0 || Math.abs(v - 4 / 3) < 1e-5)).toBe(true);
    expect(Math.abs(dropped / 512 - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / 512));
    expect(() => sequential([spatialDropout1d(0.5)], { inputShape: [2, 3, 4] })).toThrow(
      'rank 2 (steps, channels)',
    );
  });
});

it.each([gaussianDropout, alphaDropout, spatialDropout1d])(
  '%o does nothing outside of training, or at a rate of 0, and refuses what is no rate',
  async (make) => {
    const x = random(1, [3, 5, 2]);
    expect((await run(make(0.5), x, false))[0]).toBeAllClose(x, { rtol: 0, atol: 1e-7 });
    expect((await run(make(0), x))[0]).toBeAllClose(x, { rtol: 0, atol: 1e-7 });
    for (const rate of [1, -0.1, NaN, '0.5' as unknown as number])
      expect(() => make(rate)).toThrow('rate is');
  },
);
