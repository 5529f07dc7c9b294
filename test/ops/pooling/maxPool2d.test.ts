import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { constant, input } from '../../../src/ops/core/leaves.ts';
import { applyAll } from '../../../src/ops/core/node.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { multiply, relu } from '../../../src/ops/elementwise/elementwise.ts';
import { globalMaxPool2d, maxPool2d, maxPool2dOp } from '../../../src/ops/pooling/maxPool2d.ts';
import { poolAttrs } from '../../../src/ops/pooling/pool2d.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { evaluate, testGpu } from '../../helpers/evaluate.ts';
import { poolTwin } from '../../helpers/pool.ts';
import type { PoolCase } from '../../helpers/pool.ts';
import { full, inner, map, random, randomIntegers } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/pooling.ts';
import { share } from '../../helpers/share.ts';

const exact = { rtol: 0, atol: 0 };

const apart: PoolCase[] = [
  { shape: [1, 1, 1, 1], poolSize: 1 },
  { shape: [1, 2, 2, 1], poolSize: 2 },
  { shape: [2, 4, 6, 4] },
  { shape: [3, 5, 7, 3] },
  { shape: [2, 28, 28, 8] },
  { shape: [2, 7, 5, 8], padding: 'same' },
  { shape: [2, 6, 6, 5], poolSize: 3 },
  { shape: [1, 9, 8, 4], poolSize: [3, 2], stride: [4, 3] },
  { shape: [2, 5, 5, 4], poolSize: 2, stride: 3, padding: 'same' },
  { shape: [1, 6, 6, 4], poolSize: 3, padding: [2, 1, 1, 2] },
  { shape: [1, 16, 17, 4], poolSize: [16, 17] },
  { shape: [2, 16, 16, 4], poolSize: 16 },
  { shape: [65, 2, 2, 63], poolSize: 2 },
  { shape: [2, 9, 10, 4], poolSize: 2, stride: 3, dilation: 2 },
  { shape: [1, 11, 11, 3], poolSize: [3, 2], stride: 5, dilation: [2, 4], padding: [2, 0, 1, 3] },
];
const overlapping: PoolCase[] = [
  { shape: [2, 6, 6, 4], poolSize: 2, stride: 1 },
  { shape: [2, 7, 7, 3], poolSize: 3, stride: 2 },
  { shape: [2, 14, 14, 8], poolSize: 3, stride: 2, padding: 'same' },
  { shape: [1, 5, 4, 4], poolSize: [3, 2], stride: [1, 2], padding: [1, 2, 0, 1] },
  { shape: [1, 8, 8, 1], poolSize: 5, stride: 2, padding: 'same' },
  { shape: [1, 20, 20, 4], poolSize: 17, stride: 1 },
  { shape: [2, 9, 11, 4], poolSize: 3, stride: 2, dilation: 2 },
  { shape: [1, 8, 9, 3], poolSize: [2, 3], stride: 1, dilation: [3, 2] },
  { shape: [2, 7, 7, 4], poolSize: 3, stride: 1, padding: 'same', dilation: 2 },
  { shape: [1, 6, 5, 1], poolSize: 3, stride: [2, 3], padding: [3, 2, 1, 3], dilation: 2 },
];

/** Values, winners (unpacked) and, for given output gradients, dL/dx. */
async function run(test: PoolCase, x: Array64, dy: Array64, options: Parameters<typeof evaluate>[2]) {
  const [y, packed, dx] = await evaluate(
    (t) => {
      const [values, taps] = applyAll(maxPool2dOp, [t], poolAttrs(test));
      const loss = reduceSum(
        multiply(maxPool2d(t, poolAttrs(test)), constant(Float32Array.from(dy.data), dy.shape)),
      );
      return [values, taps, gradients(loss, [t])[0]!];
    },
    [x],
    options,
  );
  const perWord = y.data.length / packed.data.length;
  const argmax = map(
    y,
    (_, i) =>
      Math.floor(packed.data[Math.floor(i / perWord)] / 256 ** (i % perWord)) %
      (perWord === 4 ? 256 : 2 ** 32),
  );
  return { y, argmax, dx };
}

async function check(test: PoolCase, options: Parameters<typeof evaluate>[2]) {
  // distinct values, then few values and so many ties, then all below zero with ties
  const inputs = [
    random(1, test.shape),
    randomIntegers(2, test.shape, 3),
    map(randomIntegers(3, test.shape, 2), (v) => v - 9),
  ];
  for (const x of inputs) {
    const expected = reference.maxPool2d(x, poolTwin(test));
    const dy = random(4, expected.output.shape);
    const { y, argmax, dx } = await run(test, x, dy, options);
    expect(y).toBeAllClose(expected.output, exact);
    expect(argmax).toBeAllClose(expected.argmax, exact);
    expect(dx).toBeAllClose(reference.maxPool2dGrad(dy, expected.argmax, test.shape, poolTwin(test)), {
      rtol: 1e-6,
      atol: 1e-6,
    });
  }
}

describe('windows apart', () => {
  const variants = ['cells', 'gather'].flatMap((variant) =>
    [true, false].map((software) => ({ variant, software })),
  );
  describe.each(variants)('gradient $variant, software $software', ({ variant, software }) => {
    it.each(share(apart, 2, software ? 0 : 1))(
      '$shape, window $poolSize, stride $stride, padding $padding, dilation $dilation',
      async (test) => {
        await check(test, { software, variants: { maxPool2dGradient: variant } });
        expect.hasAssertions();
      },
    );
  });
});

describe('overlapping windows', () => {
  describe.each([true, false])('software %s', (software) => {
    it.each(share(overlapping, 2, software ? 0 : 1))(
      '$shape, window $poolSize, stride $stride, padding $padding, dilation $dilation',
      async (test) => {
        await check(test, { software });
        expect.hasAssertions();
      },
    );
  });

  it('have no cells', async () => {
    const x = random(5, [1, 6, 6, 4]);
    const build = (t: Tensor) =>
      gradients(reduceSum(maxPool2d(t, { poolSize: 3, stride: 2 })), [t]) as Tensor[];
    await expect(evaluate(build, [x], { variants: { maxPool2dGradient: 'cells' } })).rejects.toThrow(
      ArgumentError,
    );
  });
});

it('finds the largest where all entries are minus infinity, or the lowest float', async () => {
  for (const value of [-Infinity, -3.4028234663852886e38]) {
    const x = full([1, 4, 4, 4], value);
    const [y] = await evaluate((t) => maxPool2d(t, { padding: [1, 1, 1, 1] }), [x]);
    expect(y.data.every((v) => v === value)).toBe(true);
  }
});

it('takes one dispatch forward and one backward, the activation’s gradient included', async () => {
  const gpu = await testGpu();
  for (const test of [{ poolSize: 2 }, { poolSize: 3, stride: 2 }]) {
    const x = input('x', [2, 8, 8, 8]);
    const program = await gpu.compile(() => {
      const y = relu(x);
      const loss = reduceSum(maxPool2d(y, poolAttrs(test)));
      return { dx: gradients(loss, [x])[0]! };
    });
    const kernels = program.commands.map(({ label }) => label.split('/').at(-1));
    program.destroy();
    expect(kernels.filter((label) => label!.startsWith('maxPool2d'))).toHaveLength(2);
    expect(program.commands.length).toBeLessThanOrEqual(3); // relu, pool, gradient of both
  }
});

it('folds an activation’s gradient into both variants of its gradient', async () => {
  const x = random(6, [2, 6, 6, 4]);
  const pool = { size: [2, 2] as const };
  const weights = random(7, [2, 3, 3, 4]);
  for (const variant of ['cells', 'gather']) {
    const [dx] = await evaluate(
      (t) =>
        gradients(
          reduceSum(multiply(maxPool2d(relu(t)), constant(Float32Array.from(weights.data), weights.shape))),
          [t],
        ) as Tensor[],
      [x],
      { variants: { maxPool2dGradient: variant } },
    );
    const { argmax } = reference.maxPool2d(map(x, (v) => Math.max(v, 0)), pool); // prettier-ignore
    const expected = reference.maxPool2dGrad(weights, argmax, x.shape, pool);
    expect(dx).toBeAllClose(map(expected, (v, i) => (x.data[i] > 0 ? v : 0)), exact); // prettier-ignore
  }
});

it('has more outputs than one dimension of workgroups holds', async () => {
  const shape = [1, 2900, 2900, 1];
  const x = map(randomIntegers(8, shape, 1000), (v) => v);
  const [y] = await evaluate((t) => maxPool2d(t, { poolSize: 2, stride: 1 }), [x]);
  let wrong = 0;
  for (let i = 0; i < 2899; i++) {
    for (let j = 0; j < 2899; j++) {
      const at = i * 2900 + j;
      const expected = Math.max(x.data[at], x.data[at + 1], x.data[at + 2900], x.data[at + 2901]);
      if (y.data[i * 2899 + j] !== expected) wrong++;
    }
  }
  expect(wrong).toBe(0);
});

it('globalMaxPool2d takes the largest of each channel; ties share the gradient', async () => {
  const x = random(9, [3, 5, 7, 6]);
  for (const software of [true, false]) {
    const [y] = await evaluate((t) => globalMaxPool2d(t), [x], { software });
    expect(y).toBeAllClose(reference.globalMaxPool2d(x).output, exact);
  }
  const dy = random(10, [3, 6]);
  const [dx] = await evaluate(
    (t) =>
      gradients(reduceSum(multiply(globalMaxPool2d(t), constant(Float32Array.from(dy.data), dy.shape))), [
        t,
      ]) as Tensor[],
    [x],
  );
  const { argmax } = reference.globalMaxPool2d(x);
  expect(dx).toBeAllClose(reference.globalMaxPool2dGrad(dy, argmax, x.shape), exact);
  expect(inner(dx, full(x.shape, 1))).toBeCloseTo(inner(dy, full(dy.shape, 1)), 5);
});

it('refuses other ranks and types, windows that do not fit, and padding as large as the window', () => {
  expect(() => maxPool2d(input('x', [4, 4, 1]))).toThrow(ShapeError);
  expect(() => maxPool2d(input('x', [1, 4, 4, 1], 'i32'))).toThrow(ArgumentError);
  expect(() => maxPool2d(input('x', [1, 1, 4, 1]))).toThrow(ShapeError);
  expect(() => maxPool2d(input('x', [1, 4, 4, 1]), { padding: [2, 0, 0, 0] })).toThrow(/without any element/);
  expect(() => maxPool2d(input('x', [1, 4, 4, 1]), { stride: 0 })).toThrow(ShapeError);
  expect(() => maxPool2d(input('x', [1, 4, 4, 1]), { dilation: 0 })).toThrow(ShapeError);
  expect(() => maxPool2d(input('x', [1, 4, 4, 1]), { dilation: 4 })).toThrow(/spans 5 along height/);
  // a window whose elements all lie in the padding, though it spans the image
  expect(() => maxPool2d(input('x', [1, 1, 4, 1]), { dilation: [2, 1], stride: 1, padding: 'same' })).toThrow(
    /window of \[2, 2\] with dilation \[2, 1\] without any element/,
  );
  expect(() => globalMaxPool2d(input('x', [4, 4]))).toThrow(ShapeError);
});
