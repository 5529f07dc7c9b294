import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { muon } from '../../src/nn/optimizers.ts';
import { loadAllKernels } from '../../src/ops/allKernels.ts';
import { conv2d, conv2dTranspose } from '../../src/ops/index.ts';
import { input, read, Variable } from '../../src/ops/core/leaves.ts';
import type { Target, Tensor } from '../../src/ops/core/op.ts';
import { relu } from '../../src/ops/elementwise/elementwise.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { maxPool2d } from '../../src/ops/pooling/maxPool2d.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { build } from '../../src/runtime/build.ts';
import { testAdapter } from '../helpers/device.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { array, map, random } from '../reference/array.ts';
import * as reference from '../reference/matmul.ts';
import '../helpers/close.ts';

await loadAllKernels();
const { features } = await testAdapter();
const limits = {
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxUniformBufferBindingSize: 65_536,
};
const targets: readonly (readonly [string, Target])[] = [
  ['a GPU', { software: false, limits }],
  ['a CPU', { software: true, limits }],
  ['a CPU with subgroups', { software: true, subgroupSize: 8, limits }],
];

/** What computes a graph, in mixed precision: kernels, those with tiles of f16 marked. */
function kernelsOf(target: Target, outputs: Tensor | readonly Tensor[], half = true): string[] {
  const named = Object.fromEntries([outputs].flat().map((tensor, i) => [`${i}`, tensor as Tensor]));
  const { dispatches } = build({ outputs: named, objectives: [], effects: [] }, { target, half });
  return dispatches.map(({ kernel }) =>
    kernel.features.includes('shader-f16') ? `${kernel.name} of f16` : kernel.name,
  );
}
const isHalf = (name: string) => name.endsWith('f16');
const tensor = (...shape: number[]) => input('x', shape);
const backward = (y: Tensor, wrt: readonly Tensor[]) => gradients(reduceSum(y), wrt) as Tensor[];

describe.each(targets)('mixed precision on %s', (_, target) => {
  const kernels = (outputs: Tensor | readonly Tensor[]) => kernelsOf(target, outputs).filter(isHalf);

  it('multiplies tiles of f16 in matrix products', () => {
    expect(kernels(matmul(tensor(64, 32), tensor(32, 24)))).toEqual(['matmul/7_register_blocks of f16']);
    expect(kernels(matmul(tensor(64, 33), tensor(33, 21)))).toEqual(['matmul/3_register_tiled of f16']);
    const broadcast = matmul(tensor(3, 2, 20, 32), tensor(2, 32, 20));
    expect(kernels(broadcast)).toEqual(['matmul/3_register_tiled of f16']);
    const [a, b] = [tensor(40, 20), tensor(20, 24)];
    expect(kernels(backward(relu(matmul(a, b)), [a, b])).length).toBe(3);
  });

  it('multiplies tiles of f16 in convolutions and their gradients', () => {
    const [x, w] = [tensor(2, 9, 9, 16), tensor(3, 3, 16, 16)];
    const convolved = conv2d(x, w);
    expect(kernels(convolved)).toEqual(['conv2d/3_implicit_gemm of f16']);
    expect(kernels(maxPool2d(relu(convolved)))).toEqual(['conv2d/3_implicit_gemm of f16']);
    expect(kernels(backward(relu(convolved), [x, w])).toSorted()).toEqual([
      'conv2d/3_implicit_gemm of f16',
      'conv2d/3_implicit_gemm of f16',
      'conv2d/grad_filter_3_implicit_gemm of f16',
    ]);
    expect(kernels(conv2dTranspose(tensor(2, 4, 4, 16), tensor(5, 5, 16, 16), { stride: 2 }))).toEqual([
      'conv2d/3_implicit_gemm of f16',
    ]);
  });

  it('leaves alone what uses each number but a few times: it computes as in f32', () => {
    const few = [
      matmul(tensor(64, 256), tensor(256, 10)),
      matmul(tensor(8, 512), tensor(100, 512), { transposeB: true }),
      conv2d(tensor(2, 12, 12, 1), tensor(5, 5, 1, 8)), // 25 products per output
      conv2d(tensor(2, 12, 12, 16), tensor(3, 3, 16, 4)), // 4 channels
      conv2d(tensor(2, 12, 12, 8), tensor(3, 3, 1, 8), { groups: 8 }),
    ];
    for (const output of few) {
      expect(kernelsOf(target, output)).toEqual(kernelsOf(target, output, false));
      expect(kernels(output)).toEqual([]);
    }
  });
});

describe.skipIf(!features.has('shader-f16'))('a program of mixed precision', () => {
  it('keeps the products of an optimizer in f32', async () => {
    const gpu = await testGpu(false, false, true);
    const w = new Variable({ name: 'w', shape: [20, 24], initialize: (values) => values.fill(0.1) });
    const program = await gpu.compile(
      (g) => {
        g.minimize(reduceSum(matmul(tensor(20, 20), read(w))), [w], muon({ excludeEmbeddings: false }));
        return {};
      },
      { precision: 'mixed', lossScale: false },
    );
    const products = program.build.dispatches.filter(({ kernel }) => kernel.name.startsWith('matmul/'));
    const [own, others] = [true, false].map((updates) => products.filter((d) => d.updates === updates));
    expect(own.length).toBeGreaterThan(3);
    expect(own.flatMap(({ kernel }) => kernel.features)).toEqual([]);
    expect(others.every(({ kernel }) => kernel.features.includes('shader-f16'))).toBe(true);
    program.destroy();
  });

  it('rounds what it multiplies, also where an operand is broadcast, and adds in f32', async () => {
    const [a, b] = [random(1, [3, 18, 40]), random(2, [1, 40, 17])];
    const exact = (x: typeof a) => map(x, (value) => Math.round(value * 256) / 256);
    /** As it is broadcast: three times. */
    const repeated = ({ shape, data }: typeof a) =>
      array([3, ...shape.slice(1)], [...data, ...data, ...data]);
    const options = { software: false, half: true, precision: 'mixed' } as const;
    const product = (inputs: (typeof a)[]) => evaluate((x, y) => matmul(x, y), inputs, options);
    const form = { transposeA: false, transposeB: false };
    const product64 = ([x, y]: (typeof a)[]) => reference.matmul(x, repeated(y), form);
    const [found] = await product([exact(a), exact(b)]);
    expect(found).toBeAllClose(product64([exact(a), exact(b)]), { rtol: 1e-5, atol: 1e-5 });
    const [rounded] = await product([a, b]);
    expect(rounded).toBeAllClose(product64([a, b]), { rtol: 2e-3, atol: 4e-3 });
    expect(rounded).not.toBeAllClose(product64([a, b]), { rtol: 1e-5, atol: 1e-5 });
  });
});
