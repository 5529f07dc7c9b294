import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { optimize } from '../../src/graph/passes/optimize.ts';
import { cropUnreadOutputs } from '../../src/graph/passes/unreadOutputs.ts';
import { topologicalOrder } from '../../src/graph/traverse.ts';
import { conv2d } from '../../src/ops/conv2d/conv2d.ts';
import type { Conv2dOptions } from '../../src/ops/conv2d/conv2d.ts';
import { add, multiply, relu } from '../../src/ops/elementwise/elementwise.ts';
import { constant, input } from '../../src/ops/core/leaves.ts';
import { averagePool2d } from '../../src/ops/pooling/averagePool2d.ts';
import { maxPool2d } from '../../src/ops/pooling/maxPool2d.ts';
import type { Pool2dOptions } from '../../src/ops/pooling/pool2d.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import '../helpers/close.ts';
import { checkGradient } from '../helpers/evaluate.ts';
import { array, map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as conv from '../reference/conv2d.ts';
import * as pooling from '../reference/pooling.ts';

const shapesOf = (outputs: readonly Tensor[], name: string) =>
  topologicalOrder(outputs).flatMap(({ op, outputs: [{ shape }] }) => (op.name === name ? [shape] : []));

const [x, w, b] = [input('x', [2, 7, 9, 12]), input('w', [3, 3, 12, 4]), input('b', [4])];
const layer = () => relu(add(conv2d(x, w), b)); // 5 × 7

describe('what pooling leaves over of a convolution', () => {
  it('is computed neither forward nor backward', () => {
    const loss = reduceSum(maxPool2d(layer()));
    const optimized = optimize([loss, ...(gradients(loss, [x, w, b]) as Tensor[])]);
    expect(shapesOf(optimized, 'conv2d')).toEqual([[2, 4, 6, 4]]);
    expect(shapesOf(optimized, 'maxPool2dGradient')).toEqual([[2, 4, 6, 4]]);
    expect(shapesOf(optimized, 'conv2dGradInput')).toEqual([[2, 7, 9, 12]]);
    expect(shapesOf(optimized, 'conv2dGradFilterBias')).toEqual([[3, 3, 12, 4]]);
  });

  it.each<[string, () => Tensor[]]>([
    ['is nothing', () => [averagePool2d(layer(), { poolSize: [5, 7] })]],
    ['is padded', () => [maxPool2d(layer(), { padding: 'same' })]],
    ['is wanted', () => [layer()].flatMap((y) => [y, maxPool2d(y)])],
    ['is read by others', () => [layer()].flatMap((y) => [reduceSum(y), maxPool2d(y)])],
    ['meets a tensor of the same size', () => [maxPool2d(add(conv2d(x, w), input('skip', [2, 5, 7, 4])))]],
  ])('stays where it %s', (_, build) => {
    const outputs = optimize(build());
    expect(outputs.map(cropUnreadOutputs(outputs))).toEqual(outputs);
    expect(shapesOf(outputs, 'conv2d')).toEqual([[2, 5, 7, 4]]);
  });

  it('stays where the gradient of the whole is wanted too', () => {
    const y = conv2d(x, w);
    const optimized = optimize(gradients(reduceSum(averagePool2d(y)), [y, x]) as Tensor[]);
    expect(shapesOf(optimized, 'averagePool2dGradient')).toEqual([[2, 5, 7, 4]]);
  });
});

describe('what pooling leaves over stays where others send a gradient to it, too', () => {
  /** Both are fused into the kernel of the pool's gradient, as a number and as one for each channel. */
  const others: [string, (y: Tensor) => Tensor, (y: Array64) => number][] = [
    ['its sum', (y) => reduceSum(y), (y) => total(y)],
    [
      'its weighted channels',
      (y) => reduceSum(multiply(reduceSum(y, { axes: [0, 1, 2] }), constant(Float32Array.of(1, -2), [2]))),
      (y) => total(map(y, (value, i) => (i % 2 === 0 ? value : -2 * value))),
    ],
  ];
  const total = ({ data }: Array64) => data.reduce((sum, value) => sum + value, 0);

  it.each(others.flatMap((own) => (['max', 'average'] as const).map((kind) => [kind, ...own] as const)))(
    '%s pool and %s',
    async (kind, _, other, twin) => {
      const pool = kind === 'max' ? maxPool2d : averagePool2d;
      await checkGradient(
        (a, c) => {
          const y = conv2d(a, c);
          return add(reduceSum(pool(y)), other(y));
        },
        [random(1, [1, 6, 6, 1]), random(2, [2, 2, 1, 2])],
        {
          reference: (a, c) => {
            const y = conv.conv2d(a, c);
            const own = { size: [2, 2], strides: [2, 2] } as const;
            const pooled = kind === 'max' ? pooling.maxPool2d(y, own).output : pooling.avgPool2d(y, own);
            return array([], [total(pooled) + twin(y)]);
          },
        },
      );
    },
  );
});

interface Case {
  x: [number, number, number, number];
  w: [number, number, number, number];
  options: Conv2dOptions & { stride: readonly [number, number]; padding: conv.Padding };
  pool: Pool2dOptions & { poolSize: readonly [number, number]; stride: readonly [number, number] };
}
const cases: Case[] = [
  {
    x: [2, 7, 9, 3],
    w: [3, 3, 3, 4],
    options: { stride: [1, 1], padding: [0, 0, 0, 0] },
    pool: { poolSize: [2, 2], stride: [2, 2] },
  },
  {
    x: [3, 14, 11, 2],
    w: [4, 3, 2, 5],
    options: { stride: [2, 1], padding: [1, 2, 0, 1] },
    pool: { poolSize: [2, 3], stride: [3, 3] },
  },
];

const devices = [
  { software: true, subgroups: true },
  { software: true, subgroups: false },
  { software: false, subgroups: false },
];
it.each(cases.flatMap((each) => devices.map((device) => ({ ...each, ...device }))))(
  'the numbers stay: $x, $w, $pool, software $software, subgroups $subgroups',
  async ({ x, w, options, pool, ...device }) => {
    const values = [random(1, x), random(2, w), random(3, [w[3]])];
    const twin = { strides: options.stride, padding: options.padding };
    const window = { size: pool.poolSize, strides: pool.stride };
    const activated = (own: readonly Array64[]) =>
      map(conv.conv2d(own[0], own[1], twin), (value, i) =>
        Math.max(0, value + own[2].data[i % own[2].data.length]),
      );
    const build = (a: Tensor, c: Tensor, d: Tensor) => maxPool2d(relu(add(conv2d(a, c, options), d)), pool);
    await checkGradient((a, c, d) => build(a, c, d), values, {
      ...device,
      reference: (...own) => pooling.maxPool2d(activated(own), window).output,
    });
  },
);
