import { describe, expect, it } from 'vitest';
import { ArgumentError, GradientError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import * as ops from '../../../src/ops/index.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { expectSame, inf, nan } from '../../helpers/nonFinite.ts';
import { array, map, random, randomIntegers } from '../../reference/array.ts';
import { takeAlongAxis } from '../../reference/rearrange.ts';
import * as reference from '../../reference/sort.ts';

const exact = { rtol: 0, atol: 0 };
/** One block; blocks that are not full; merges, also of an odd number of runs. */
const cases = [
  { shape: [1], axis: 0 },
  { shape: [3, 2], axis: 1 },
  { shape: [2, 17], axis: 1 },
  { shape: [2, 63], axis: -1 },
  { shape: [65, 2], axis: 0 },
  { shape: [2, 200], axis: 1 },
  { shape: [1, 321, 2], axis: 1 },
];

describe.each(['rank', 'bitonic'])('sort, blocks by %s', (variant) => {
  const options = { simulated: true, variants: { argsort: variant } };

  it.each(cases)('of $shape along $axis, either way, with many equal elements', async ({ shape, axis }) => {
    const x = map(randomIntegers(1, shape, 20), (value) => value / 4 - 2);
    for (const descending of [false, true]) {
      const [y, places] = await evaluate(
        (t) => [ops.sort(t, axis, { descending }), ops.argsort(t, axis, { descending })],
        [x],
        options,
      );
      expect(places).toBeAllClose(reference.argsort(x, axis, descending), exact);
      expect(y).toBeAllClose(reference.sort(x, axis, descending), exact);
    }
  });

  it('puts NaN last, or first of the largest, and −0 beside 0', async () => {
    const x = array([9], [nan, 1, -inf, -0, 0, -1, nan, inf, -0]);
    for (const descending of [false, true]) {
      const [y, places] = await evaluate(
        (t) => [ops.sort(t, 0, { descending }), ops.argsort(t, 0, { descending })],
        [x],
        options,
      );
      const order = reference.argsort(x, 0, descending);
      expect([...places.data]).toEqual(
        descending ? [0, 6, 7, 1, 3, 4, 8, 5, 2] : [2, 5, 3, 4, 8, 1, 7, 0, 6],
      );
      expect(places).toBeAllClose(order, exact);
      expectSame(y, takeAlongAxis(x, order, 0));
    }
  });

  it('runs on a device', async () => {
    const x = random(2, [2, variant === 'rank' ? 150 : 1500]);
    const [y, places] = await evaluate((t) => [ops.sort(t), ops.argsort(t)], [x], {
      variants: { argsort: variant },
    });
    expect(y).toBeAllClose(reference.sort(x), exact);
    expect(places).toBeAllClose(reference.argsort(x), exact);
  });
});

describe('sort', () => {
  it('takes integers of either kind', async () => {
    const signed = map(randomIntegers(3, [90], 1000), (value) => (value - 500) * 4_000_000);
    const unsigned = map(randomIntegers(4, [90], 1000), (value) => value * 4_000_000);
    const found = await evaluate(
      (a, b) => [ops.sort(a), ops.sort(b, 0, { descending: true })],
      [signed, unsigned],
      {
        dtypes: ['i32', 'u32'],
        simulated: true,
      },
    );
    expect(found[0]).toBeAllClose(reference.sort(signed), exact);
    expect(found[1]).toBeAllClose(reference.sort(unsigned, 0, true), exact);
  });

  it('gives each gradient back to its element, and has second derivatives', async () => {
    const x = random(5, [3, 70]);
    await checkGradient((t) => ops.sort(t, -1, { descending: true }), [x], {
      reference: (own) => reference.sort(own, -1, true),
      simulated: true,
    });
    const [found] = await evaluate(
      (t) => {
        const [dx] = gradients(ops.reduceSum(ops.power(ops.sort(t), 3)), [t]);
        return gradients(ops.reduceSum(dx!), [t])[0]!;
      },
      [map(x, Math.abs)],
      { simulated: true },
    );
    expect(found).toBeAllClose(map(x, (value) => 6 * Math.abs(value)), { rtol: 1e-4, atol: 1e-4 }); // prettier-ignore
  });
});

describe('topK', () => {
  it('gives the largest and their places, and gradients to them alone', async () => {
    const x = random(6, [3, 4, 5]);
    for (const axis of [-1, 1]) {
      const at = axis < 0 ? 2 : axis;
      const first = (own: ReturnType<typeof random>) =>
        takeAlongAxis(own, array(x.shape.with(at, 2), firstTwo(own, at)), at);
      const [values, indices] = await evaluate((t) => Object.values(ops.topK(t, 2, axis)), [x], {
        simulated: true,
      });
      expect(values).toBeAllClose(first(x), exact);
      expect([...indices.data]).toEqual(firstTwo(x, at));
      await checkGradient((t) => ops.topK(t, 2, axis).values, [x], { reference: first, simulated: true });
    }
  });

  it('refuses a k that is not there, and a gradient of places', () => {
    const x = ops.input('x', [2, 3]);
    expect(() => ops.topK(x, 4)).toThrow(ArgumentError);
    expect(() => ops.topK(x, 4)).toThrow('topK: k is 4; axis 1 of [2, 3] has 3 elements');
    expect(() => gradients(ops.reduceSum(ops.cast(ops.argsort(x), 'f32')), [x])).not.toThrow(GradientError);
    expect(gradients(ops.reduceSum(ops.cast(ops.argsort(x), 'f32')), [x])).toEqual([undefined]);
  });
});

/** Places of the two largest along an axis. */
function firstTwo(x: ReturnType<typeof random>, axis: number): number[] {
  const order = reference.argsort(x, axis, true);
  const [stride, extent] = [x.shape.slice(axis + 1).reduce((a, b) => a * b, 1), x.shape[axis]];
  return [...order.data].filter((_, i) => Math.floor(i / stride) % extent < 2);
}
