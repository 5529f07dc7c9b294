import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { fuseEpilogues } from '../../../src/graph/passes/fuse.ts';
import { optimize } from '../../../src/graph/passes/optimize.ts';
import { transformerBlock } from '../../../src/nn/layers/transformerBlock.ts';
import { sequential } from '../../../src/nn/sequential.ts';
import { loadAllKernels } from '../../../src/ops/allKernels.ts';
import { constant, input, read } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { add, multiply, relu } from '../../../src/ops/elementwise/elementwise.ts';
import { normalize } from '../../../src/ops/normalization/normalize.ts';
import type { NormalizeOptions } from '../../../src/ops/normalization/normalize.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import { finiteDifference } from '../../helpers/close.ts';
import { share } from '../../helpers/share.ts';
import { evaluate, testGpu } from '../../helpers/evaluate.ts';
import type { EvaluateOptions } from '../../helpers/evaluate.ts';
import { full, inner, map, random } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { normalizeOver, normalizeOverGrad } from '../../reference/normalization.ts';

const constantOf = ({ data, shape }: Array64) => constant(Float32Array.from(data), shape);
const both = (variant: string) => ({ normalize: variant, normalizeGradientSums: variant });

interface Case {
  over: NormalizeOptions['over'];
  shape: number[];
  groups?: number;
  centered?: boolean;
}

/** A software adapter with WebGPU's default limits. */
const TARGET = {
  software: true,
  limits: {
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupsPerDimension: 65535,
    maxUniformBufferBindingSize: 65536,
  },
};

/** y, mean, variance and all three gradients of Σ dy y, on the GPU and in float64. */
async function check({ over, shape, groups, centered }: Case, options: EvaluateOptions): Promise<void> {
  const channels = shape.at(-1)!;
  const [x, dy] = [random(1, shape, -2, 3), random(2, shape)];
  const [gamma, beta] = [random(3, [channels], 0.5, 2), random(4, [channels])];
  const found = await evaluate(
    (...[t, g, b]) => {
      const { y, mean, variance } = normalize(t, { over, groups, gamma: g, beta: b, centered });
      return [y, mean, variance, ...gradients(reduceSum(multiply(y, constantOf(dy))), [t, g, b])] as Tensor[];
    },
    [x, gamma, beta],
    options,
  );
  const { y, mean, variance } = normalizeOver(x, gamma, beta, over, { groups, centered });
  const { dx, dgamma, dbeta } = normalizeOverGrad(x, gamma, dy, over, { groups, centered });
  [y, mean, variance, dx, dgamma, dbeta].forEach((expected, i) =>
    expect(found[i]).toBeAllClose(expected, { rtol: 2e-5, atol: 2e-5 }),
  );
}

const cases: Case[] = [
  { over: 'batch', shape: [1, 1] },
  { over: 'batch', shape: [5, 3] },
  { over: 'batch', shape: [64, 100] },
  { over: 'batch', shape: [2, 3, 5, 1] },
  { over: 'batch', shape: [1031, 2] },
  { over: 'batch', shape: [5, 29, 31, 4] },
  { over: 'instance', shape: [3, 5, 2, 3] },
  { over: 'instance', shape: [2, 25, 41, 8] },
  { over: 'group', shape: [2, 3, 5, 6], groups: 3 },
  { over: 'group', shape: [2, 5, 4, 16], groups: 4 },
  { over: 'group', shape: [2, 31, 37, 24], groups: 2 },
  { over: 'layer', shape: [3, 5] },
  { over: 'layer', shape: [2, 4100] },
];
const more: Case[] = [
  { over: 'batch', shape: [2, 1] },
  { over: 'batch', shape: [3, 8] },
  { over: 'batch', shape: [65, 63] },
  { over: 'batch', shape: [1, 1, 1, 5] },
  { over: 'batch', shape: [3, 7, 5, 4] },
  { over: 'batch', shape: [2, 3, 2, 3, 6] },
  { over: 'batch', shape: [40_000, 1] },
  { over: 'batch', shape: [9, 23, 5, 65] },
  { over: 'instance', shape: [1, 2, 1] },
  { over: 'instance', shape: [1, 5, 3] },
  { over: 'group', shape: [2, 6], groups: 2 },
  { over: 'group', shape: [2, 5, 4, 16], groups: 16 },
  { over: 'group', shape: [3, 23, 29, 8], groups: 1 },
  { over: 'layer', shape: [1] },
  { over: 'layer', shape: [5, 1] },
  { over: 'layer', shape: [1, 64] },
  { over: 'layer', shape: [2, 3, 65] },
  { over: 'layer', shape: [65, 12] },
];

it.each(share([...cases, ...more], 3, 0))('lanes over $over of $shape, groups $groups', (own) =>
  check(own, { variants: both('lanes') }),
);
it.each(share(cases, 4, 1))('workgroup over $over of $shape, groups $groups', (own) =>
  check(own, { variants: both('workgroup') }),
);

const rootMeanSquares: Case[] = [
  { over: 'layer', shape: [3, 5] },
  { over: 'layer', shape: [1, 1] },
  { over: 'layer', shape: [2, 4100] },
  { over: 'batch', shape: [1031, 2] },
  { over: 'group', shape: [2, 31, 37, 24], groups: 2 },
];
describe.each(['lanes', 'workgroup'])('%s, with the mean left in', (variant) => {
  it.each(share(rootMeanSquares, 2, 1))('over $over of $shape, groups $groups', (own) =>
    check({ ...own, centered: false }, { variants: both(variant) }),
  );
  it.each(rootMeanSquares.slice(0, 2))('in the simulator: over $over of $shape', (own) =>
    check({ ...own, centered: false }, { variants: both(variant), software: false, simulated: true }),
  );
});

// What a GPU gets; a CPU takes its time over these loops.
it.each([
  { over: 'batch', shape: [3, 9, 11, 3] },
  { over: 'batch', shape: [9000, 1] },
  { over: 'batch', shape: [5, 33] },
  { over: 'group', shape: [2, 3, 5, 6], groups: 3 },
  { over: 'layer', shape: [5, 40] },
  { over: 'layer', shape: [3, 5] },
] as Case[])('over $over of $shape, lowered for a GPU', (own) => check(own, { software: false }));

it.each(['lanes', 'workgroup'])('%s: more rows than one dimension of workgroups holds', async (variant) => {
  const x = random(8, [65_600, 2]);
  const options = { software: variant === 'lanes', variants: both(variant) };
  const [y] = await evaluate((t) => normalize(t, { over: 'layer' }).y, [x], options);
  expect(y).toBeAllClose(normalizeOver(x, full([2], 1), full([2], 0), 'layer').y);
});

describe('finite differences', () => {
  const options = { epsilon: 1e-2 };
  it.each([
    { over: 'batch', shape: [4, 3] },
    { over: 'batch', shape: [2, 2, 3, 4] },
    { over: 'instance', shape: [2, 5, 3] },
    { over: 'group', shape: [2, 3, 8], groups: 2 },
    { over: 'layer', shape: [3, 4] },
  ] as Case[])('over $over of $shape, of y, mean and variance', async ({ over, shape, groups }) => {
    const channels = shape.at(-1)!;
    const inputs = [random(1, shape), random(2, [channels], 0.5, 2), random(3, [channels])];
    const twin = (...[x, g, b]: Array64[]) => normalizeOver(x, g, b, over, { groups, ...options });
    const weights = Object.values(twin(...inputs)).map(({ shape: own }, i) => random(10 + i, own));
    const found = await evaluate((...[x, gamma, beta]) => {
      const outputs = Object.values(normalize(x, { over, groups, gamma, beta, ...options }));
      const terms = outputs.map((t: Tensor, i) => reduceSum(multiply(t, constantOf(weights[i]))));
      return gradients(terms.reduce(add), [x, gamma, beta]) as Tensor[];
    }, inputs);
    inputs.forEach((own, i) => {
      const expected = finiteDifference((probe) => {
        const outputs = Object.values(twin(...inputs.map((other, j) => (j === i ? probe : other))));
        return outputs.reduce((sum, output, k) => sum + inner(output, weights[k]), 0);
      }, own);
      expect(found[i]).toBeAllClose(expected, { rtol: 1e-3, atol: 1e-4 });
    });
  });
});

describe.each(['batch', 'group', 'layer'] as const)('over %s', (over) => {
  const [x, dy] = [random(1, [6, 3, 8]), random(2, [6, 3, 8])];
  const [gamma, beta] = [random(3, [8], 0.5, 2), random(4, [8])];
  const [ones, zeros] = [full([8], 1), full([8], 0)];
  const groups = 2;

  it.each([
    { name: 'neither', scale: false, center: false },
    { name: 'only γ', scale: true, center: false },
    { name: 'only β', scale: false, center: true },
  ])('goes with $name', async ({ scale, center }) => {
    const weights = [...(scale ? [gamma] : []), ...(center ? [beta] : [])];
    const found = await evaluate(
      (t, ...own) => {
        const y = normalize(t, {
          over,
          groups,
          gamma: scale ? own[0] : undefined,
          beta: center ? own.at(-1) : undefined,
        }).y;
        return [y, ...gradients(reduceSum(multiply(y, constantOf(dy))), [t, ...own])] as Tensor[];
      },
      [x, ...weights],
    );
    const g = scale ? gamma : ones;
    const { dx, dgamma, dbeta } = normalizeOverGrad(x, g, dy, over, { groups });
    const { y } = normalizeOver(x, g, center ? beta : zeros, over, { groups });
    const expected = [y, dx, ...(scale ? [dgamma] : []), ...(center ? [dbeta] : [])];
    expect(found.length).toBe(expected.length);
    expected.forEach((own, i) => expect(found[i]).toBeAllClose(own, { rtol: 1e-5, atol: 1e-5 }));
  });
});

describe('accuracy', () => {
  // A deviation of 1 upon a mean of 10,000: Σ x² − n mean² in f32 has no digit left.
  const far = (shape: number[]) => map(random(1, shape, -2, 2), (value) => Math.fround(1e4 + value));

  it.each([
    { variant: 'lanes', over: 'batch', shape: [3, 31, 31, 4] },
    { variant: 'workgroup', over: 'batch', shape: [3, 31, 31, 4] },
    { variant: 'lanes', over: 'batch', shape: [3001, 1] },
    { variant: 'workgroup', over: 'batch', shape: [3001, 1] },
    { variant: 'lanes', over: 'layer', shape: [3, 1001] },
    { variant: 'workgroup', over: 'layer', shape: [3, 1000] },
    { variant: 'lanes', over: 'group', shape: [2, 13, 17, 8] },
  ] as const)('$variant over $over of $shape: the mean may be large', async ({ variant, over, shape }) => {
    const x = far([...shape]);
    const channels = shape.at(-1)!;
    const [y, mean, variance] = await evaluate(
      (t) => Object.values(normalize(t, { over, groups: 2 })) as Tensor[],
      [x],
      { variants: both(variant), software: variant === 'lanes' },
    );
    const expected = normalizeOver(x, full([channels], 1), full([channels], 0), over, { groups: 2 });
    expect(mean).toBeAllClose(expected.mean, { rtol: 1.2e-7, atol: 0 });
    expect(variance).toBeAllClose(expected.variance, { rtol: 1e-5, atol: 0 });
    expect(y).toBeAllClose(expected.y, { rtol: 0, atol: 2e-3 }); // half a unit in the last place of the mean
  });

  it('the first entry may lie far off', async () => {
    const x = random(5, [2000, 4], 0, 1);
    x.data.set([1e4, -1e4, 300, 0], 0);
    const [, , variance] = await evaluate((t) => Object.values(normalize(t, { over: 'batch' })) as Tensor[], [x]); // prettier-ignore
    const twin = normalizeOver(x, full([4], 1), full([4], 0), 'batch');
    expect(variance).toBeAllClose(twin.variance, { rtol: 1e-5, atol: 0 });
  });

  it.each(['lanes', 'workgroup'])('%s: a constant has no variance, and gives β', async (variant) => {
    const x = full([700, 3], Math.fround(12345.678));
    const [y, , variance] = await evaluate(
      (t) => Object.values(normalize(t, { over: 'batch', beta: constant(Float32Array.of(1, 2, 3)) })) as Tensor[],
      [x],
      { variants: both(variant) },
    ); // prettier-ignore
    expect([...variance.data]).toEqual([0, 0, 0]);
    expect(y.data.slice(0, 6)).toEqual(Float64Array.of(1, 2, 3, 1, 2, 3));
  });

  it('equal inputs give equal bits', async () => {
    const x = random(6, [5, 21, 21, 8]);
    const run = () => evaluate((t) => Object.values(normalize(t, { over: 'batch' })) as Tensor[], [x]);
    expect(await run()).toEqual(await run());
  });
});

describe('dispatches', () => {
  const count = async (build: (x: Tensor, gamma: Tensor) => Tensor | Tensor[], shape: number[]) => {
    const gpu = await testGpu();
    const program = await gpu.compile(() => {
      const built = [build(input('x', shape), input('gamma', [shape.at(-1)!]))].flat();
      return Object.fromEntries(built.map((t, i) => [`output ${i}`, t]));
    });
    program.destroy();
    return program.commands.map(({ label }) => label);
  };
  const forward = (x: Tensor, gamma: Tensor) => relu(normalize(x, { over: 'batch', gamma }).y);

  it('what follows is computed in its last kernel', async () => {
    expect(await count(forward, [64, 7, 7, 32])).toEqual([
      'normalize.statistics',
      'normalize.merge_statistics',
      'normalize.apply',
    ]);
    expect(await count(forward, [64, 1568])).toEqual(['normalize.statistics', 'normalize.apply']);
    const x = random(7, [3, 5, 8], -2, 2);
    const [y] = await evaluate((t) => relu(normalize(t, { over: 'batch' }).y), [x]);
    const twin = normalizeOver(x, full([8], 1), full([8], 0), 'batch').y;
    expect(y).toBeAllClose(map(twin, (value) => Math.max(0, value))); // prettier-ignore
  });

  it('a gradient takes three, or two', async () => {
    const backward = (x: Tensor, gamma: Tensor) => {
      const y = forward(x, gamma);
      return gradients(reduceSum(multiply(y, input('dy', x.shape))), [x, gamma]) as Tensor[];
    };
    const own = async (shape: number[]) =>
      (await count(backward, shape)).filter((label) => label.includes('/normalizeGradient'));
    expect((await own([64, 7, 7, 32])).length).toBe(3);
    expect((await own([64, 1568])).length).toBe(2);
  });
});

describe('what goes around a normalization', () => {
  const groups = 2;
  it.each([
    ['layer', true],
    ['layer', false],
    ['group', true],
    ['instance', true],
    ['batch', true],
  ] as const)(
    '%s, centered %s: its gradient is added to that of the normalization, as apart',
    async (over, centered) => {
      const [x, dy] = [random(1, [2, 5, 8], -2, 3), random(2, [2, 5, 8])];
      const [gamma, beta] = [random(3, [8], 0.5, 2), random(4, [8])];
      const own = { ...(over === 'group' && { groups }), centered };
      const [y, slope] = await evaluate(
        (t, g, b) => {
          const output = add(t, normalize(t, { over, gamma: g, beta: b, ...own }).y);
          return [output, ...(gradients(reduceSum(multiply(output, constantOf(dy))), [t]) as Tensor[])];
        },
        [x, gamma, beta],
        { simulated: true },
      );
      const twin = normalizeOver(x, gamma, beta, over, own);
      const { dx } = normalizeOverGrad(x, gamma, dy, over, own);
      expect(y).toBeAllClose(map(twin.y, (value, i) => value + x.data[i]));
      expect(slope).toBeAllClose(
        map(dx, (value, i) => value + dy.data[i]),
        { rtol: 2e-5, atol: 2e-5 },
      );
    },
  );

  it.each([
    ['layer', 41],
    ['rms', 39],
  ] as const)(
    'costs no dispatch in a block of a transformer, forward or backward: %s',
    async (kind, count) => {
      const net = sequential([transformerBlock({ numHeads: 2, normalization: kind })], {
        inputShape: [6, 8],
      });
      const x = input('x', [2, 6, 8]);
      const y = net.call(x, { training: true });
      const loss = reduceSum(multiply(y, input('dy', y.shape)));
      const outputs = [loss, ...(gradients(loss, [x, ...net.variables.map(read)]) as Tensor[])];
      const labels = (all: Tensor[]) => lowerGraph(all, [], [], { target: TARGET }).map(({ label }) => label);
      await loadAllKernels();
      const [apart, fused] = [optimize(outputs, [fuseEpilogues]), optimize(outputs)].map(labels);
      const sums = (own: string[]) => own.filter((label) => /(^|\/)add$/.test(label)).length;
      expect(sums(apart)).toBeGreaterThan(4); // with those of biases
      expect(sums(fused)).toBe(0);
      expect(fused.length).toBe(count);
    },
  );

  it('a kernel is given no more buffers than a device binds: three inputs besides γ and β stay apart', async () => {
    const [x, a, b, c] = [1, 2, 3, 4].map((seed) => random(seed, [3, 8], -2, 2));
    const [gamma, beta] = [random(5, [8], 0.5, 2), random(6, [8])];
    const [y] = await evaluate(
      (t, g, s, p, q, r) => {
        const normal = normalize(t, { over: 'layer', gamma: g, beta: s }).y;
        return add(multiply(normal, p), multiply(q, r));
      },
      [x, gamma, beta, a, b, c],
    );
    const twin = normalizeOver(x, gamma, beta, 'layer').y;
    expect(y).toBeAllClose(map(twin, (value, i) => value * a.data[i] + b.data[i] * c.data[i]));
  });
});

describe('mistakes', () => {
  const x = input('x', [2, 3, 6]);
  it.each([
    ['γ of another length', () => normalize(x, { over: 'batch', gamma: input('g', [5]) }), ShapeError],
    ['groups that do not fit', () => normalize(x, { over: 'group', groups: 4 }), ShapeError],
    ['no groups', () => normalize(x, { over: 'group' }), ShapeError],
    ['an image without positions', () => normalize(input('x', [2, 3]), { over: 'instance' }), ShapeError],
    ['a vector as a batch', () => normalize(input('x', [2]), { over: 'batch' }), ShapeError],
    ['ε = 0', () => normalize(x, { over: 'batch', epsilon: 0 }), ArgumentError],
    ['integers', () => normalize(input('x', [2, 3], 'i32'), { over: 'batch' }), ArgumentError],
    ['a word for a flag', () => normalize(x, { over: 'batch', centered: 0 as never }), ArgumentError],
    ['another kind', () => normalize(x, { over: 'switchable' as 'batch' }), ArgumentError],
  ] as const)('%s', (_, build, type) => {
    expect(build).toThrow(type);
  });
});
