import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import * as ops from '../../../src/ops/index.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { expectSame, inf, nan } from '../../helpers/nonFinite.ts';
import { array, random, randomIntegers } from '../../reference/array.ts';
import { cumsum } from '../../reference/scan.ts';

const orders = [{}, { exclusive: true }, { reverse: true }, { exclusive: true, reverse: true }];
/** One chunk; not whole chunks; chunks of totals; many rows; along a dimension that is not the last. */
const cases = [
  { shape: [1], axis: 0 },
  { shape: [3, 63], axis: 1 },
  { shape: [2, 129], axis: -1 },
  { shape: [130, 3], axis: 0 },
  { shape: [2, 200, 4], axis: 1 },
  { shape: [8300], axis: 0 },
  { shape: [520, 20], axis: 1 },
];

describe('cumsum', () => {
  it.each(cases)('of $shape along $axis, in every order', async ({ shape, axis }) => {
    const x = random(1, shape);
    const few = x.data.length > 5000 ? orders.slice(3) : orders;
    const found = await evaluate((t) => few.map((own) => ops.cumsum(t, axis, own)), [x], { simulated: true });
    found.forEach((y, i) => expect(y).toBeAllClose(naive(x, axis, few[i]), { rtol: 1e-5, atol: 1e-4 }));
  });

  it('runs on a device, with small errors and the same bits in every run', async () => {
    const x = random(2, [100_000], 0, 1);
    const run = () => evaluate((t) => ops.cumsum(t), [x]);
    const [[y], [again]] = [await run(), await run()];
    expect(Buffer.compare(Buffer.from(again.data.buffer), Buffer.from(y.data.buffer))).toBe(0);
    let sum = 0;
    let worst = 0;
    x.data.forEach((value, i) => {
      sum += value;
      worst = Math.max(worst, Math.abs(y.data[i] - sum) / sum);
    });
    expect(worst).toBeLessThan(2e-6);
  });

  it('has its gradient, which has one', async () => {
    for (const own of orders) {
      await checkGradient((t) => ops.cumsum(t, 0, own), [random(3, [7, 2])], {
        reference: (x) => cumsum(x, 0, own),
        simulated: true,
      });
    }
    const dy = random(3, [150]);
    const [dx] = await evaluate(
      (t, d) => gradients(ops.reduceSum(ops.multiply(ops.cumsum(t), d)), [t]).map((g) => g!),
      [dy, dy],
      { simulated: true },
    );
    expect(dx).toBeAllClose(cumsum(dy, 0, { reverse: true }), { rtol: 1e-5, atol: 1e-4 });
    const x = random(4, [5]);
    const [found] = await evaluate(
      (t) => {
        const [dx] = gradients(ops.reduceSum(ops.square(ops.cumsum(t))), [t]);
        return gradients(ops.reduceSum(ops.multiply(dx!, t)), [t])[0]!;
      },
      [x],
      { simulated: true },
    );
    // the gradient of Σ (L x)² is 2 Lᵀ L x, and that of its product with x is 4 Lᵀ L x
    const expected = cumsum(cumsum(x), 0, { reverse: true });
    expect(found).toBeAllClose(array([5], expected.data.map((value) => 4 * value)), { rtol: 1e-5, atol: 1e-5 }); // prettier-ignore
  });

  it('takes integers, and passes NaN and infinities on from where they are', async () => {
    const whole = randomIntegers(5, [3, 70], 1000);
    const [sums] = await evaluate((t) => ops.cumsum(t), [whole], { dtypes: ['i32'], simulated: true });
    expect(sums).toBeAllClose(cumsum(whole), { rtol: 0, atol: 0 });
    const x = array([2, 4], [1, inf, 2, -inf, 1, nan, 2, 3]);
    const [y] = await evaluate((t) => ops.cumsum(t), [x], { simulated: true });
    expectSame(y, array([2, 4], [1, inf, inf, nan, 1, nan, nan, nan]));
  });

  it('refuses what it does not know', () => {
    expect(() => ops.cumsum(ops.input('x', [3]), 0, { reversed: true } as never)).toThrow(ArgumentError);
  });
});

/** The reference, row by row in one pass where it would take too long. */
function naive(x: ReturnType<typeof random>, axis: number, order: object) {
  if (x.data.length <= 5000) return cumsum(x, axis, order);
  const length = x.shape.at(-1)!;
  const y = { shape: x.shape, data: new Float64Array(x.data.length) };
  for (let begin = 0; begin < x.data.length; begin += length) {
    let sum = 0;
    for (let j = length - 1; j >= 0; j--) {
      y.data[begin + j] = sum; // exclusive and reversed
      sum += x.data[begin + j];
    }
  }
  return y;
}
