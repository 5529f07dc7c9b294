import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import * as ops from '../../../src/ops/index.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { expectSame, inf, nan } from '../../helpers/nonFinite.ts';
import { array, map, random } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { moments, reduce } from '../../reference/reduce.ts';
import { softmax } from '../../reference/softmax.ts';

const close = { rtol: 1e-5, atol: 1e-6 };
const options = { axes: [0, -1], keepDims: true };

const logSumExp = (x: Array64, own: object = {}) => map(reduce('sum', map(x, Math.exp), own), Math.log); // prettier-ignore
const std = (x: Array64, own: object = {}) => map(moments(x, own).variance, Math.sqrt); // prettier-ignore
const shaped = (x: Array64, like: Array64) => array(like.shape, x.data);

describe.each([
  { name: 'logSumExp', build: ops.logSumExp, twin: logSumExp },
  { name: 'variance', build: ops.variance, twin: (x: Array64, own: object) => shaped(moments(x, own).variance, reduce('sum', x, own)) },
  { name: 'std', build: ops.std, twin: (x: Array64, own: object) => shaped(std(x, own), reduce('sum', x, own)) },
])('$name', ({ build, twin }) => {
  it('of any axes agrees with its reference, and has its gradient', async () => {
    for (const own of [{}, { axes: [1] }, options]) {
      const x = random(1, [3, 4, 5]);
      const [y] = await evaluate((t) => build(t, own), [x], { simulated: true });
      expect(y).toBeAllClose(twin(x, own), close);
      await checkGradient((t) => build(t, own), [x], { reference: (t) => twin(t, own), simulated: true });
    }
  });

  it('runs on a device', async () => {
    const x = random(2, [7, 33]);
    const [y] = await evaluate((t) => build(t, { axes: [1] }), [x]);
    expect(y).toBeAllClose(twin(x, { axes: [1] }), close);
  });
}); // prettier-ignore

describe('logSumExp', () => {
  it('of large numbers does not overflow, and of masks is what is left', async () => {
    const x = array([6, 2], [1000, 1000, -inf, 3, -inf, -inf, inf, 1, inf, -inf, nan, 0]);
    const [y, dx] = await evaluate(
      (t) => {
        const sums = ops.logSumExp(t, { axes: [1] });
        return [sums, gradients(ops.reduceSum(sums), [t])[0]!];
      },
      [x],
      { simulated: true },
    );
    expectSame(y, array([6], [1000 + Math.log(2), 3, -inf, inf, inf, nan]));
    expectSame(dx, array([6, 2], [0.5, 0.5, 0, 1, nan, nan, nan, 0, nan, 0, nan, nan]));
    const own = array([2, 2], [1, -inf, 2, 3]);
    const [smooth] = await evaluate((t) => gradients(ops.reduceSum(ops.logSumExp(t, { axes: [1] })), [t])[0]!, [own], { simulated: true }); // prettier-ignore
    expectSame(smooth, softmax(own));
  });
});

describe('variance', () => {
  it('of numbers far from 0 keeps its digits, and takes a correction', async () => {
    const x = map(random(3, [100]), (value) => Math.fround(5000 + value));
    const [y, unbiased] = await evaluate((t) => [ops.variance(t), ops.variance(t, { correction: 1 })], [x], { simulated: true }); // prettier-ignore
    const { variance } = moments(x);
    expect(y).toBeAllClose(variance, { rtol: 2e-3, atol: 0 });
    expect(unbiased.data[0] / y.data[0]).toBeCloseTo(100 / 99, 5);
  });

  it('has second derivatives', async () => {
    const x = random(4, [6]);
    const [found] = await evaluate(
      (t) => {
        const [dx] = gradients(ops.variance(t), [t]);
        return gradients(ops.reduceSum(ops.square(dx!)), [t])[0]!;
      },
      [x],
      { simulated: true },
    );
    // dx = 2/n (x − mean), so the gradient of its square is 8/n² (x − mean)
    const mean = x.data.reduce((sum, value) => sum + value / 6, 0);
    expect(found).toBeAllClose(map(x, (value) => (8 / 36) * (value - mean)), { rtol: 1e-4, atol: 1e-6 }); // prettier-ignore
  });

  it('is NaN with a NaN or an infinity, and refuses a correction that takes all', async () => {
    const x = array([3, 2], [nan, 1, inf, 1, 2, 2]);
    const [y] = await evaluate((t) => ops.variance(t, { axes: [1] }), [x], { simulated: true });
    expectSame(y, array([3], [nan, nan, 0]));
    expect(() => ops.variance(ops.input('x', [3]), { correction: 3 })).toThrow(ArgumentError);
    expect(() => ops.std(ops.input('x', [3]), { correction: 3 })).toThrow(
      'std: the correction is 3; it must be a number below the 3 elements',
    );
  });
});
