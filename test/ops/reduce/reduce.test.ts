import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { relu } from '../../../src/ops/elementwise/elementwise.ts';
import { reduceMax, reduceMean, reduceMin, reduceProd } from '../../../src/ops/reduce/reduce.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import type { ReduceOptions } from '../../../src/ops/reduce/sum.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { array, full, map, random, randomIntegers, zeros } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/reduce.ts';
import { share } from '../../helpers/share.ts';

const builders: Record<reference.Reduction, (x: Tensor, options?: ReduceOptions) => Tensor> = {
  sum: reduceSum,
  mean: reduceMean,
  max: reduceMax,
  min: reduceMin,
  prod: reduceProd,
};
const names = Object.keys(builders) as reference.Reduction[];
const opNames = names.map((name) => `reduce${name[0].toUpperCase()}${name.slice(1)}`);
const forced = (variant: string) => Object.fromEntries(opNames.map((name) => [name, variant]));

/** Every layout of kept (K) and reduced (R) groups, wide and narrow, one and two passes. */
const cases = [
  { shape: [1], axes: [0] },
  { shape: [2], axes: [0] },
  { shape: [5], axes: [0] },
  { shape: [128], axes: [0] },
  { shape: [4097], axes: [0] },
  { shape: [3, 4], axes: [1] },
  { shape: [3, 63], axes: [1] },
  { shape: [65, 10], axes: [1] },
  { shape: [3, 4], axes: [0] },
  { shape: [63, 5], axes: [0] },
  { shape: [130, 8], axes: [0] },
  { shape: [2, 65, 3], axes: [1] },
  { shape: [2, 33, 64], axes: [1] },
  { shape: [2, 7, 7, 12], axes: [1, 2] },
  { shape: [3, 5, 7], axes: [0, 2] },
  { shape: [3, 5, 8], axes: [0, 2] },
  { shape: [2, 3, 4, 5], axes: [1, 3] },
  { shape: [2, 3, 2, 3, 2, 3], axes: [0, 2, 4] },
  { shape: [2, 1, 3, 1, 4], axes: [1, 2, 3] },
  { shape: [3, 4, 2], axes: [] },
  { shape: [4, 1, 5], axes: [1] },
];

const long = [
  { shape: [70_001], axes: [0] },
  { shape: [20_480, 8], axes: [0] },
  { shape: [9_001, 5], axes: [0] },
  { shape: [2, 30_000], axes: [1] },
  { shape: [3, 4_099, 4], axes: [1] },
];

describe.each(['lanes', 'tree'])('variant %s', (variant) => {
  const software = variant === 'lanes';
  const tried = software ? names : (['mean', 'max'] as const); // a tree takes long to compile on a CPU
  it.each(share(cases, software ? 2 : 4, 0))('reduces $shape over $axes', async ({ shape, axes }) => {
    const x = random(1, shape, 0.5, 1.5);
    const calls = [true, false].flatMap((keepDims) => tried.map((name) => ({ name, keepDims })));
    const build = (t: Tensor) =>
      calls.map(({ name, keepDims }) => relu(builders[name](t, { axes, keepDims })));
    const results = await evaluate(build, [x], { software, variants: forced(variant) });
    const expected = calls.map(({ name, keepDims }) => reference.reduce(name, x, { axes, keepDims }));
    results.forEach((y, i) => expect(y).toBeAllClose(expected[i], { rtol: 1e-5, atol: 1e-6 }));
  });

  it.each(names)('has the operation %s, also over two groups of axes', async (name) => {
    const x = random(8, [3, 40, 2, 3], 0.5, 1.5);
    const build = (t: Tensor) => [builders[name](t, { axes: [1] }), builders[name](t, { axes: [0, 2] })];
    const [one, two] = await evaluate(build, [x], { software, variants: forced(variant) });
    expect(one).toBeAllClose(reference.reduce(name, x, { axes: [1] }), { rtol: 1e-5 });
    expect(two).toBeAllClose(reference.reduce(name, x, { axes: [0, 2] }), { rtol: 1e-5 });
  });

  it.each(share(long, software ? 1 : 3, 0))(
    'reduces $shape over $axes in two dispatches',
    async ({ shape, axes }) => {
      const x = random(2, shape);
      const build = (t: Tensor) => [reduceSum(t, { axes }), reduceMean(t, { axes }), reduceMax(t, { axes })];
      const [sum, mean, max] = await evaluate(build, [x], { software, variants: forced(variant) });
      expect(sum).toBeAllClose(reference.reduce('sum', x, { axes }), { rtol: 1e-5, atol: 1e-3 });
      expect(mean).toBeAllClose(reference.reduce('mean', x, { axes }), { rtol: 1e-4, atol: 1e-7 });
      expect(max).toBeAllClose(reference.reduce('max', x, { axes }), { rtol: 0, atol: 0 });
    },
  );

  it('finds extremes of rows that are far below or above zero', async () => {
    const x = map(random(3, [5, 70]), (v) => v - 1e30);
    const rounded = map(x, Math.fround);
    const build = (t: Tensor) => [reduceMax(t, { axes: [1] }), reduceMin(t, { axes: [0] })];
    const [max, min] = await evaluate(build, [rounded], { software, variants: forced(variant) });
    expect(max).toBeAllClose(reference.reduce('max', rounded, { axes: [1] }), { rtol: 0, atol: 0 });
    expect(min).toBeAllClose(reference.reduce('min', rounded, { axes: [0] }), { rtol: 0, atol: 0 });
    const lowest = full([3, 40], -Infinity);
    const [infinite] = await evaluate((t) => reduceMax(t, { axes: [1] }), [lowest], {
      software,
      variants: forced(variant),
    });
    expect([...infinite.data]).toEqual([-Infinity, -Infinity, -Infinity]);
  });

  it('works on integers', async () => {
    const x = randomIntegers(4, [6, 12], 1000);
    const build = (t: Tensor) => [reduceSum(t), reduceMax(t, { axes: [0] }), reduceMin(t, { axes: [1] })];
    const [sum, max, min] = await evaluate(build, [x], {
      software,
      variants: forced(variant),
      dtypes: ['i32'],
    });
    expect(sum).toBeAllClose(reference.reduce('sum', x), { rtol: 0, atol: 0 });
    expect(max).toBeAllClose(reference.reduce('max', x, { axes: [0] }), { rtol: 0, atol: 0 });
    expect(min).toBeAllClose(reference.reduce('min', x, { axes: [1] }), { rtol: 0, atol: 0 });
  });

  it('is bit-equal from run to run', async () => {
    const x = random(5, [50_000]);
    const runs = [];
    for (let run = 0; run < 3; run++)
      runs.push(
        (await evaluate((t) => reduceSum(t), [x], { software, variants: forced(variant) }))[0].data[0],
      );
    expect(new Set(runs).size).toBe(1);
  });
});

it('sums millions without drifting', async () => {
  const x = full([4_194_240 + 65], 0.1);
  const expected = Math.fround(0.1) * x.data.length;
  for (const software of [true, false]) {
    const [y] = await evaluate((t) => reduceSum(t), [x], { software });
    expect(Math.abs(y.data[0] / expected - 1)).toBeLessThan(3e-6); // one by one it would be 1e-2
  }
});

it('gives more results than one dimension of workgroups holds', async () => {
  const rows = 65_535 * 32 + 33;
  const x = map(zeros([rows, 2]), (_, i) => i % 97);
  const [y] = await evaluate((t) => reduceSum(t, { axes: [1] }), [x]);
  expect(y.data.every((value, i) => value === ((2 * i) % 97) + ((2 * i + 1) % 97))).toBe(true);
  const tall = map(zeros([65_537, 64]), (_, i) => (i % 13) - 6);
  const [z] = await evaluate((t) => reduceMax(t, { axes: [1] }), [tall], {
    software: false,
    variants: { reduceMax: 'tree' },
  });
  expect(z.data.every((value) => value === 6)).toBe(true);
});

describe('gradients', () => {
  const shapes = [
    { shape: [5], axes: [0] },
    { shape: [3, 4], axes: [0] },
    { shape: [3, 4], axes: [1] },
    { shape: [2, 3, 4], axes: [0, 2] },
    { shape: [2, 3, 4], axes: [1] },
  ];
  describe.each(names)('%s', (name) => {
    it.each(shapes)('of $shape over $axes', async ({ shape, axes }) => {
      const x = random(6, shape, 0.5, 1.5);
      for (const keepDims of [false, true]) {
        const twin = (a: Array64) => reference.reduce(name, a, { axes, keepDims });
        await checkGradient((t) => builders[name](t, { axes, keepDims }), [x], { reference: twin });
      }
      expect.assertions(2);
    });
  });

  const dx = async (name: reference.Reduction, x: number[], shape: number[], axes: number[]) => {
    const build = (t: Tensor) => gradients(reduceSum(builders[name](t, { axes })), [t]) as Tensor[];
    const found = (await evaluate(build, [array(shape, x)]))[0];
    const dy = full(reference.reduce(name, array(shape, x), { axes }).shape, 1);
    expect(found).toBeAllClose(reference.reduceGrad(name, array(shape, x), dy, { axes }));
    return [...found.data];
  };

  it('entries that tie for the maximum share its gradient', async () => {
    expect(await dx('max', [1, 3, 3, 2, 2, 2], [2, 3], [1])).toEqual([
      0,
      0.5,
      0.5,
      ...[1, 1, 1].map((v) => Math.fround(v / 3)),
    ]);
    await dx('min', [1, 1, 3, 0, 2, 0], [2, 3], [1]);
  });

  it('a product with zeros has the product of the others', async () => {
    expect(await dx('prod', [2, 0, 3, 0, 0, 4], [2, 3], [1])).toEqual([0, 6, 0, 0, 0, 0]);
    await dx('prod', [2, 0, 3, 5, 1, 4, 1, 2], [2, 2, 2], [0, 2]);
  });
});

it('refuses axes that do not exist, and means of integers', () => {
  expect(() => reduceSum(input('x', [2, 3]), { axes: [2] })).toThrow(ShapeError);
  expect(() => reduceMean(input('x', [2, 3], 'i32'))).toThrow(ArgumentError);
  expect(reduceSum(input('x', [2, 3]), { axes: [-1] }).shape).toEqual([2]);
});
