import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { constant, input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { multiply, relu, square } from '../../../src/ops/elementwise/elementwise.ts';
import { poolAttrs } from '../../../src/ops/pooling/pool2d.ts';
import { averagePool2d, globalAveragePool2d } from '../../../src/ops/pooling/averagePool2d.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { poolTwin } from '../../helpers/pool.ts';
import type { PoolCase } from '../../helpers/pool.ts';
import { map, random } from '../../reference/array.ts';
import * as reference from '../../reference/pooling.ts';
import { share } from '../../helpers/share.ts';

const cases: PoolCase[] = [
  { shape: [1, 1, 1, 1], poolSize: 1 },
  { shape: [2, 4, 6, 4] },
  { shape: [2, 5, 7, 3] },
  { shape: [1, 28, 28, 8] },
  { shape: [2, 5, 7, 4], padding: 'same' },
  { shape: [1, 6, 6, 3], poolSize: 2, stride: 1 },
  { shape: [2, 7, 7, 4], poolSize: 3, stride: 2, padding: 'same' },
  { shape: [1, 9, 8, 1], poolSize: [3, 2], stride: [4, 3] },
  { shape: [1, 5, 4, 4], poolSize: [3, 2], stride: [1, 2], padding: [1, 2, 0, 1] },
  { shape: [1, 9, 9, 4], poolSize: 7, stride: 2, padding: 'same' },
  { shape: [2, 9, 11, 4], poolSize: 3, stride: 2, dilation: 2 },
  { shape: [1, 8, 9, 3], poolSize: [2, 3], stride: 1, dilation: [3, 2] },
  { shape: [2, 7, 7, 4], poolSize: 3, stride: 1, padding: 'same', dilation: 2 },
  { shape: [1, 6, 5, 1], poolSize: 3, stride: [2, 3], padding: [3, 2, 1, 3], dilation: 2 },
];

describe.each([true, false])('software %s', (software) => {
  it.each(share(cases, 2, software ? 0 : 1))(
    '$shape, window $poolSize, stride $stride, padding $padding, dilation $dilation',
    async (test) => {
      const x = random(1, test.shape);
      const [y, z] = await evaluate(
        (t) => [averagePool2d(t, poolAttrs(test)), relu(averagePool2d(t, poolAttrs(test)))],
        [x],
        {
          software,
        },
      );
      const expected = reference.avgPool2d(x, poolTwin(test));
      expect(y).toBeAllClose(expected);
      expect(z).toBeAllClose(map(expected, (v) => Math.max(v, 0)));
      const dy = random(2, expected.shape);
      const [dx] = await evaluate(
        (t) =>
          gradients(
            reduceSum(
              multiply(averagePool2d(t, poolAttrs(test)), constant(Float32Array.from(dy.data), dy.shape)),
            ),
            [t],
          ) as Tensor[],
        [x],
        { software },
      );
      expect(dx).toBeAllClose(reference.avgPool2dGrad(dy, x.shape, poolTwin(test)));
    },
  );
});

it.each([1, 2])(
  'agrees with finite differences, and so does its second derivative: dilation %i',
  async (dilation) => {
    const options = { poolSize: 3, stride: 2, padding: 'same' as const, dilation };
    const x = random(3, [1, 5, 4, 2]);
    const window = poolTwin({ shape: [1, 5, 4, 2], ...options });
    await checkGradient((t) => averagePool2d(t, options), [x], {
      reference: (a) => reference.avgPool2d(a, window),
    });
    // y = dM/dx with M = Σ pool(x)²: 2 · poolᵀ(pool(x))
    await checkGradient((t) => gradients(reduceSum(square(averagePool2d(t, options))), [t])[0]!, [x], {
      reference: (a) =>
        map(reference.avgPool2dGrad(reference.avgPool2d(a, window), a.shape, window), (v) => 2 * v),
    });
    expect.assertions(2);
  },
);

it('globalAveragePool2d takes the mean of each channel', async () => {
  const x = random(4, [3, 7, 7, 20]);
  for (const software of [true, false]) {
    const [y] = await evaluate((t) => globalAveragePool2d(t), [x], { software });
    expect(y).toBeAllClose(reference.globalAvgPool2d(x));
  }
  await checkGradient((t) => globalAveragePool2d(t), [random(5, [2, 3, 3, 2])], {
    reference: (a) => reference.globalAvgPool2d(a),
  });
});

it('refuses other ranks, windows that do not fit, and padding as large as the window', () => {
  expect(() => averagePool2d(input('x', [4, 4, 1]))).toThrow(ShapeError);
  expect(() => averagePool2d(input('x', [1, 1, 4, 1]))).toThrow(ShapeError);
  // More windows than a list can hold.
  expect(() => averagePool2d(input('x', [1, 4, 4, 1]), { padding: [2 ** 31, 0, 0, 0] })).toThrow(
    /without any element/,
  );
  expect(() => averagePool2d(input('x', [1, 4, 4, 1]), { padding: [0, 0, 0, 2] })).toThrow(
    /without any element/,
  );
  expect(() => globalAveragePool2d(input('x', [4]))).toThrow(ShapeError);
});
