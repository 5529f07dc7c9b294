import { expect, it } from 'vitest';
import { gradients } from '../../../src/graph/autodiff.ts';
import { constant, input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import type { DType } from '../../../src/ops/core/shape.ts';
import { add, multiply, relu } from '../../../src/ops/elementwise/elementwise.ts';
import { cast } from '../../../src/ops/movement/cast.ts';
import { gather, oneHot } from '../../../src/ops/movement/gather.ts';
import { pad, reverse, slice, transpose } from '../../../src/ops/movement/movement.ts';
import { averagePool2d } from '../../../src/ops/pooling/averagePool2d.ts';
import { maxPool2d } from '../../../src/ops/pooling/maxPool2d.ts';
import { reduceMean } from '../../../src/ops/reduce/reduce.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { logSoftmax, softmax } from '../../../src/ops/softmax/softmax.ts';
import { evaluate, testGpu } from '../../helpers/evaluate.ts';
import { map, random, randomIntegers } from '../../reference/array.ts';

/** dL/dx of Σ op(x)², whose last kernel is the op's gradient. */
const gradientOf = (op: (x: Tensor) => Tensor) => (x: Tensor) =>
  gradients(reduceSum(multiply(op(x), op(x))), [x])[0]!;
const rows = () => constant(Int32Array.of(3, 0, 3, 1), [2, 2]);

interface Case {
  name: string;
  shape: number[];
  build: (x: Tensor) => Tensor;
  dtype?: DType;
  variants?: Record<string, string>;
}

const cases: Case[] = [
  { name: 'transpose, strided', shape: [3, 4, 8], build: (x) => transpose(x, [1, 0, 2]) },
  {
    name: 'transpose, tiled, rows merged',
    shape: [4, 5, 6],
    build: (x) => transpose(x, [2, 0, 1]),
    variants: { transpose: 'tiled' },
  },
  { name: 'slice', shape: [4, 5, 6], build: (x) => slice(x, [1, 0, 0], [2, 5, 6]) },
  { name: 'pad, wide', shape: [2, 3, 8], build: (x) => pad(x, [[1, 0], [0, 1], [0, 0]]) }, // prettier-ignore
  { name: 'reverse', shape: [3, 2, 4], build: (x) => reverse(x, [0, 1]) },
  { name: 'cast', shape: [3, 8], build: (x) => cast(x, 'f32'), dtype: 'i32' },
  { name: 'gather', shape: [4, 3, 4], build: (x) => gather(x, rows()) },
  { name: 'gather, inner dimensions merged', shape: [4, 2, 2], build: (x) => gather(x, rows()) },
  { name: 'oneHot', shape: [2, 5], build: (x) => oneHot(x, 7), dtype: 'i32' },
  {
    name: 'sum, lanes',
    shape: [5, 6, 8],
    build: (x) => reduceSum(x, { axes: [0] }),
    variants: { reduceSum: 'lanes' },
  },
  { name: 'sum, inner dimensions merged', shape: [5, 6, 2], build: (x) => reduceSum(x, { axes: [0] }) },
  {
    name: 'mean, tree',
    shape: [3, 70, 8],
    build: (x) => reduceMean(x, { axes: [1] }),
    variants: { reduceMean: 'tree' },
  },
  { name: 'mean, rows kept as 1', shape: [6, 8], build: (x) => reduceMean(x, { axes: [1], keepDims: true }) },
  { name: 'mean, in two dispatches', shape: [9000, 4], build: (x) => reduceMean(x, { axes: [0] }) },
  { name: 'softmax, rows', shape: [3, 10], build: (x) => softmax(x), variants: { softmax: 'rows' } },
  {
    name: 'logSoftmax, workgroup',
    shape: [3, 12],
    build: (x) => logSoftmax(x),
    variants: { logSoftmax: 'workgroup' },
  },
  { name: 'gradient of softmax', shape: [3, 12], build: gradientOf((x) => softmax(x)) },
  {
    name: 'gradient of logSoftmax',
    shape: [3, 5],
    build: gradientOf((x) => logSoftmax(x)),
    variants: { logSoftmaxGradient: 'workgroup' },
  },
  { name: 'average pool', shape: [2, 4, 4, 8], build: (x) => averagePool2d(x) },
  { name: 'gradient of average pool', shape: [2, 4, 5, 3], build: gradientOf((x) => averagePool2d(x)) },
  { name: 'gradient of max pool, cells', shape: [2, 5, 4, 8], build: gradientOf((x) => maxPool2d(x)) },
  {
    name: 'gradient of max pool, gather',
    shape: [2, 4, 4, 3],
    build: gradientOf((x) => maxPool2d(x)),
    variants: { maxPool2dGradient: 'gather' },
  },
];

it.each(cases)(
  'what follows $name is computed in its kernel',
  async ({ build, shape, dtype = 'f32', variants }) => {
    const x = dtype === 'i32' ? randomIntegers(1, shape, 8) : random(1, shape);
    const [plain] = await evaluate(build, [x], { dtypes: [dtype], variants });
    const channels = plain.shape.at(-1)!;
    const factor = random(2, plain.shape);
    const bias = random(3, [channels]);
    const tail = (y: Tensor) =>
      relu(
        add(
          multiply(y, constant(Float32Array.from(factor.data), factor.shape)),
          constant(Float32Array.from(bias.data)),
        ),
      );
    const [fused] = await evaluate((t) => tail(build(t)), [x], { dtypes: [dtype], variants });
    const expected = map(plain, (v, i) => Math.max(0, v * factor.data[i] + bias.data[i % channels])); // prettier-ignore
    expect(fused).toBeAllClose(expected, { rtol: 1e-6, atol: 1e-6 });

    const gpu = await testGpu();
    const dispatches = async (make: (t: Tensor) => Tensor) => {
      const t = input('x', shape, dtype);
      const program = await gpu.compile(() => ({ y: make(t) }), { variants });
      program.destroy();
      return program.commands.length;
    };
    expect(await dispatches((t) => tail(build(t)))).toBe(await dispatches(build));
  },
);
