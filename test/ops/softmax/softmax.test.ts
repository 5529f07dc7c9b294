import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { constant, input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { multiply, relu, scale, square } from '../../../src/ops/elementwise/elementwise.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { logSoftmax, softmax } from '../../../src/ops/softmax/softmax.ts';
import { finiteDifference } from '../../helpers/close.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { array, inner, map, random } from '../../reference/array.ts';
import * as reference from '../../reference/softmax.ts';
import { share } from '../../helpers/share.ts';

const tolerance = { rtol: 1e-5, atol: 1e-6 };
const shapes = [
  [1, 1],
  [1, 2],
  [3, 5],
  [128, 10],
  [2, 3, 8],
  [5, 63],
  [4, 64],
  [3, 65],
  [2, 1000],
  [1, 1024],
  [7],
];
const both = (variant: string) => ({
  softmax: variant,
  logSoftmax: variant,
  softmaxGradient: variant,
  logSoftmaxGradient: variant,
});

describe.each(['rows', 'workgroup'])('variant %s', (variant) => {
  const options = { software: variant === 'rows', variants: both(variant) };
  for (const shape of share(shapes, variant === 'rows' ? 1 : 3, 0)) {
    it(`[${shape}]`, async () => {
      const x = random(1, shape, -4, 4);
      const [y, z] = await evaluate((t) => [softmax(t), logSoftmax(t)], [x], options);
      expect(y).toBeAllClose(reference.softmax(x), tolerance);
      expect(z).toBeAllClose(reference.logSoftmax(x), tolerance);
    });
  }

  for (const shape of [
    [1, 1],
    [3, 5],
    [2, 3, 8],
    [2, 65],
  ]) {
    it(`gradients at [${shape}]`, async () => {
      const x = random(2, shape, -2, 2);
      await checkGradient((t) => softmax(t), [x], { ...options, reference: (a) => reference.softmax(a) });
      await checkGradient((t) => logSoftmax(t), [x], {
        ...options,
        reference: (a) => reference.logSoftmax(a),
      });
    });
  }

  it('folds what follows into its kernel', async () => {
    const x = random(3, [6, 12], -4, 4);
    const [y] = await evaluate((t) => relu(scale(logSoftmax(t), -2)), [x], options);
    expect(y).toBeAllClose(map(reference.logSoftmax(x), (v) => Math.max(-2 * v, 0)), tolerance); // prettier-ignore
  });

  it('stays finite at the extremes', async () => {
    const x = array(
      [5, 4],
      [
        1e4, -1e4, 0, 1e4, -88, 88, 0, -88, 1e-42, 0, -1e-42, 1e-40, 3e38, -3e38, 0, 1, -1e4, -1e4, -1e4,
        -1e4,
      ],
    );
    const rounded = map(x, Math.fround);
    const [y, z] = await evaluate((t) => [softmax(t), logSoftmax(t)], [rounded], options);
    expect(y).toBeAllClose(reference.softmax(rounded), { rtol: 1e-5, atol: 1e-6 });
    expect(z.data.slice(0, 12).every(Number.isFinite)).toBe(true);
    expect(array([3, 4], z.data.slice(0, 12))).toBeAllClose(
      array([3, 4], reference.logSoftmax(rounded).data.slice(0, 12)),
      tolerance,
    );
  });
});

describe('other axes', () => {
  for (const [shape, axis] of [
    [[3, 5], 0],
    [[2, 4, 3], 1],
    [[2, 4, 3], -3],
  ] as [number[], number][]) {
    // prettier-ignore
    it(`[${shape}] along ${axis}`, async () => {
      const x = random(4, shape, -3, 3);
      const [y, z] = await evaluate((t) => [softmax(t, axis), logSoftmax(t, axis)], [x]);
      const positive = (axis + shape.length) % shape.length;
      expect(y).toBeAllClose(reference.softmax(x, positive), tolerance);
      expect(z).toBeAllClose(reference.logSoftmax(x, positive), tolerance);
      await checkGradient((t) => softmax(t, axis), [x], { reference: (a) => reference.softmax(a, positive) });
    });
  }
});

describe('second derivatives', () => {
  // L = Σ w · (dM/dx)², M = Σ v · y²: the gradient of a gradient, against differences of the first one
  const weights = random(5, [2, 4]);
  const w = () => constant(Float32Array.from(weights.data), weights.shape);
  const cases = [
    { name: 'softmax', build: softmax, forward: reference.softmax, backward: reference.softmaxGrad },
    {
      name: 'logSoftmax',
      build: logSoftmax,
      forward: reference.logSoftmax,
      backward: reference.logSoftmaxGrad,
    },
  ];
  it.each(cases)('of $name', async ({ build, forward, backward }) => {
    const x = random(6, [2, 4]);
    const [found] = await evaluate(
      (t) => {
        const first = gradients(reduceSum(multiply(square(build(t)), w())), [t])[0]!;
        return gradients(reduceSum(multiply(square(first), w())), [t]) as Tensor[];
      },
      [x],
    );
    const expected = finiteDifference((a) => {
      const y = forward(a);
      const first = backward(
        y,
        map(y, (v, i) => 2 * v * weights.data[i]),
      );
      return inner(map(first, (v) => v * v), weights); // prettier-ignore
    }, x);
    expect(found).toBeAllClose(expected, { rtol: 1e-3, atol: 1e-5 });
  });
});

it('has more rows than one dimension of workgroups holds', async () => {
  const rows = 65_600;
  const x = map(random(7, [rows, 2]), (v) => v);
  const [y] = await evaluate((t) => softmax(t), [x], { software: false, variants: both('workgroup') });
  expect(y).toBeAllClose(reference.softmax(x), tolerance);
});

it('refuses scalars and integers', () => {
  expect(() => softmax(input('x', []))).toThrow(ShapeError);
  expect(() => softmax(input('x', [3], 'i32'))).toThrow(ArgumentError);
});
