import { describe, expect, it } from 'vitest';
import { optimize } from '../../../src/graph/passes/optimize.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { conv2d } from '../../../src/ops/conv2d/conv2d.ts';
import type { Conv2dOptions } from '../../../src/ops/conv2d/conv2d.ts';
import { constant, input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { add, multiply, relu } from '../../../src/ops/elementwise/elementwise.ts';
import { maxPool2d } from '../../../src/ops/pooling/maxPool2d.ts';
import type { Pool2dOptions } from '../../../src/ops/pooling/pool2d.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import type { Question } from '../../../src/runtime/tuning/choice.ts';
import '../../helpers/close.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { map, random, randomIntegers, full } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as conv from '../../reference/conv2d.ts';
import * as pooling from '../../reference/pooling.ts';
import { share } from '../../helpers/share.ts';

interface Case {
  x: [number, number, number, number];
  w: [number, number, number, number];
  options?: Conv2dOptions & { padding?: conv.Padding };
  pool?: Pool2dOptions;
}

/** Windows that fit and that reach over the edge, strides, padding, dilation, groups, channels that 4 divides or not. */
const cases: Case[] = [
  { x: [1, 2, 2, 1], w: [1, 1, 1, 1] },
  { x: [2, 28, 28, 1], w: [5, 5, 1, 8] },
  { x: [9, 9, 10, 1], w: [3, 3, 1, 16], pool: { padding: 'same' } },
  { x: [2, 9, 8, 3], w: [3, 2, 3, 5], options: { padding: [1, 2, 0, 1] }, pool: { poolSize: [3, 2] } },
  { x: [2, 15, 12, 2], w: [4, 3, 2, 12], options: { stride: [2, 1], padding: [1, 1, 1, 1] } },
  {
    x: [3, 12, 13, 4],
    w: [3, 3, 2, 8],
    options: { groups: 2, dilation: [2, 1] },
    pool: { poolSize: [1, 3] },
  },
  {
    x: [1, 13, 12, 1],
    w: [2, 2, 1, 4],
    options: { stride: 2, dilation: 2 },
    pool: { poolSize: 3, padding: 'same' },
  },
];

const layer =
  ({ options, pool }: Case) =>
  (x: Tensor, w: Tensor, b: Tensor) =>
    maxPool2d(relu(add(conv2d(x, w, options), b)), pool);

function twin({ options = {}, pool = {} }: Case): (...own: Array64[]) => Array64 {
  const pair = (value: number | readonly [number, number] = 1) =>
    typeof value === 'number' ? ([value, value] as const) : value;
  const { stride, dilation, groups, padding } = options;
  const size = pair(pool.poolSize ?? 2);
  return (x, w, b) => {
    const y = conv.conv2d(x, w, { strides: pair(stride), dilations: pair(dilation), groups, padding });
    const activated = map(y, (value, i) => Math.max(0, value + b.data[i % b.data.length]));
    const around =
      pool.padding === 'same' ? conv.padding2d('same', [y.shape[1], y.shape[2]], size, size) : undefined;
    return pooling.maxPool2d(activated, { size, strides: size, padding: around }).output;
  };
}

const values = ({ x, w }: Case) => [random(1, x), random(2, w), random(3, [w[3]])];
const tolerance = { rtol: 2e-5, atol: 2e-5 };

const targetOf = (software: boolean, subgroupSize?: number) => ({
  software,
  subgroupSize,
  limits: {
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupsPerDimension: 65535,
    maxUniformBufferBindingSize: 65536,
  },
});

const namesOf = (outputs: readonly Tensor[], software: boolean, subgroupSize?: number, variants = {}) =>
  lowerGraph(optimize(outputs), [], [], { target: targetOf(software, subgroupSize), variants }).map(
    ({ kernel }) => kernel.name,
  );

describe('a convolution and its max pooling', () => {
  it.each(share(cases, 2, 0))('in one kernel: $x, $w, $options, $pool', async (each) => {
    const [y] = await evaluate((x, w, b) => layer(each)(x, w, b), values(each), {
      software: true,
      subgroups: true,
      variants: { conv2dMaxPool: 'broadcast' },
    });
    expect(y).toBeAllClose(twin(each)(...values(each)), tolerance);
  });

  it.each(share([cases[2], cases[5]], 2, 0))('gradients: $x, $w', async (each) => {
    // With the output wanted too: an activation's gradient would go into the pool otherwise, which then is a kernel of its own.
    const run = (variant: string) =>
      evaluate(
        (x, w, b) => {
          const y = layer(each)(x, w, b);
          const weight = constant(Float32Array.from(random(7, y.shape).data), y.shape);
          return [y, ...(gradients(reduceSum(multiply(y, weight)), [x, w, b]) as Tensor[])];
        },
        values(each),
        { software: true, subgroups: true, variants: { conv2dMaxPool: variant } },
      );
    const [together, apart] = [await run('broadcast'), await run('separate')];
    together.forEach((found, i) => expect(found).toBeAllClose(apart[i], tolerance));
    await checkGradient((x, w, b) => layer(each)(x, w, b), values(each), { reference: twin(each) });
  });

  it.each([
    { software: true, subgroups: false },
    { software: true, subgroups: true, variants: { conv2dMaxPool: 'separate' } },
    { software: false, subgroups: false },
  ])('in two: $software, $subgroups', async (device) => {
    const each = cases[4];
    const [y] = await evaluate((x, w, b) => layer(each)(x, w, b), values(each), device);
    expect(y).toBeAllClose(twin(each)(...values(each)), tolerance);
  });

  it('every tile that the tuner may try gives the same', async () => {
    const each: Case = { x: [3, 11, 15, 1], w: [3, 3, 1, 16] };
    const expected = twin(each)(...values(each));
    for (const tile of ['1x1', '2x2', '4x1', '1x4']) {
      const [y] = await evaluate((x, w, b) => layer(each)(x, w, b), values(each), {
        software: true,
        subgroups: true,
        variants: { conv2dMaxPool: `broadcast:${tile}` },
      });
      expect(y).toBeAllClose(expected, tolerance);
    }
  });

  it('ties go to the first, NaN before all numbers, as in the pool alone', async () => {
    // Four channels with the weight 1 each: the pool sees x itself.
    const shape = [2, 6, 8, 1];
    const tied = randomIntegers(4, shape, 3);
    const spoiled = map(random(5, shape), (value, i) =>
      i % 23 === 0 ? NaN : i % 7 === 0 ? -Infinity : value,
    );
    const ones = full([1, 1, 1, 4], 1);
    for (const x of [tied, spoiled]) {
      const build = (t: Tensor, w: Tensor) => {
        const y = maxPool2d(conv2d(t, w));
        return [y, gradients(reduceSum(y), [t])[0]!];
      };
      const run = (variant: string) =>
        evaluate((t, w) => build(t, w), [x, ones], {
          software: true,
          subgroups: true,
          variants: { conv2dMaxPool: variant },
        });
      const [together, apart] = [await run('broadcast'), await run('separate')];
      together.forEach((found, i) => expect([...found.data]).toEqual([...apart[i].data]));
      expect(together[0].data.some(Number.isNaN)).toBe(x !== tied);
    }
  });

  it('are one kernel where a software adapter has subgroups, and few products make an output', () => {
    const [x, b] = [input('x', [64, 28, 28, 1]), input('b', [8])];
    const y = layer({} as Case)(x, input('w', [5, 5, 1, 8]), b);
    expect(namesOf([y], true, 8)).toEqual(['conv2d/broadcast_max_pool']);
    expect(namesOf([y], true)).toEqual(['conv2d/2_direct', 'pooling/max']);
    expect(namesOf([y], false)).toEqual(['conv2d/2_direct', 'pooling/max']);
    const small = layer({} as Case)(input('x', [64, 28, 28, 1]), input('w', [3, 3, 1, 8]), b);
    expect(namesOf([small], true, 4)).toEqual(['conv2d/2_direct', 'pooling/max']); // as the convolution alone
    const deep = layer({} as Case)(input('x', [64, 12, 12, 8]), input('w', [5, 5, 8, 8]), b);
    expect(namesOf([deep], true, 8)).toEqual(['conv2d/4_broadcast', 'pooling/max']);
  });

  it('stay apart where the caller names a kernel of the convolution, and not of both', () => {
    const y = layer({} as Case)(input('x', [64, 28, 28, 1]), input('w', [5, 5, 1, 8]), input('b', [8]));
    expect(namesOf([y], true, 8, { conv2d: 'naive' })).toEqual(['conv2d/1_naive', 'pooling/max']);
    expect(namesOf([y], true, 8, { conv2d: 'naive', conv2dMaxPool: 'broadcast' })).toEqual([
      'conv2d/broadcast_max_pool',
    ]);
  });

  it('where there is no kernel for both, the convolution’s is the choice that is measured', () => {
    const y = layer({} as Case)(input('x', [64, 28, 28, 1]), input('w', [5, 5, 1, 8]), input('b', [8]));
    const asked: Question[] = [];
    const answers = {
      find(question: Question) {
        asked.push(question);
        return undefined;
      },
    };
    const [first] = lowerGraph(optimize([y]), [], [], { target: targetOf(false), variants: {}, answers });
    expect(asked).toHaveLength(1);
    expect(asked[0].key).toMatch(/^conv2dMaxPool /);
    expect(asked[0].candidates).toContain(first.choice!.variant);
    expect(asked[0].candidates.some((name) => name.startsWith('implicit_gemm:'))).toBe(true);
  });

  it.each<[string, (y: Tensor) => Tensor[]]>([
    ['others read', (y) => [maxPool2d(y), reduceSum(y)]],
    ['is wanted', (y) => [maxPool2d(y), y]],
    ['windows share', (y) => [maxPool2d(y, { poolSize: 3, stride: 2 })]],
    ['windows skip', (y) => [maxPool2d(y, { poolSize: 2, stride: 3 })]],
    ['is padded before', (y) => [maxPool2d(y, { padding: [1, 1, 0, 0] })]],
  ])('stay apart where the output %s', (_, build) => {
    const y = relu(conv2d(input('x', [64, 28, 28, 1]), input('w', [5, 5, 1, 8])));
    expect(namesOf(build(y), true, 8)).toContain('pooling/max');
  });

  it('are one kernel in a training step, too', () => {
    const [x, w, b] = [input('x', [64, 28, 28, 1]), input('w', [5, 5, 1, 8]), input('b', [8])];
    const loss = reduceSum(layer({} as Case)(x, w, b));
    const names = namesOf([loss, ...(gradients(loss, [w, b]) as Tensor[])], true, 8);
    expect(names.filter((name) => name.startsWith('conv2d/broadcast') || name === 'pooling/max')).toEqual([
      'conv2d/broadcast_max_pool',
    ]);
  });
});
