import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { muon } from '../../src/nn/optimizers.ts';
import { loadAllKernels } from '../../src/ops/allKernels.ts';
import { conv2d, conv2dGradInput } from '../../src/ops/conv2d/conv2d.ts';
import { conv2dTranspose } from '../../src/ops/conv2d/transpose.ts';
import { input, read, Variable } from '../../src/ops/core/leaves.ts';
import { withKernels } from '../../src/ops/core/late.ts';
import type { Target, Tensor } from '../../src/ops/core/op.ts';
import { relu, scale, tanh } from '../../src/ops/elementwise/elementwise.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { maxPool2d } from '../../src/ops/pooling/maxPool2d.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { build } from '../../src/runtime/build.ts';
import type { Build } from '../../src/runtime/build.ts';
import { describeProgram } from '../../src/runtime/describe/index.ts';
import { decodeHalf } from '../../src/runtime/decodeHalf.ts';
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
  return dispatches.map(({ kernel, source }) =>
    source.specialization.aliases?.Left === 'vec4h' ? `${kernel.name} of f16` : kernel.name,
  );
}
const isHalf = (name: string) => name.endsWith('f16');
const tensor = (...shape: number[]) => input('x', shape);
const backward = (y: Tensor, wrt: readonly Tensor[]) => gradients(reduceSum(y), wrt) as Tensor[];
// What stores f16 is loaded where a program needs it.
await withKernels(() => kernelsOf(targets[0][1], matmul(tensor(64, 32), tensor(32, 24))));

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

  it('stores as f16 what nothing else reads, the halves of which the planner sees', () => {
    const x = tensor(2, 9, 9, 16);
    const hidden = tanh(conv2d(x, tensor(3, 3, 16, 16)));
    const named = { y: conv2d(hidden, tensor(3, 3, 16, 16)) };
    const more: Record<string, Tensor>[] = [{}, { hidden }, { sum: reduceSum(hidden) }];
    const plans = more.map((own) =>
      build({ outputs: { ...named, ...own }, objectives: [], effects: [] }, { target, half: true }),
    );
    const labels = ({ halves }: Build) => [...halves!.keys()].map((own) => (own as Tensor).node.label);
    expect(plans.map(labels)).toEqual([['conv2d'], [], []]); // of outputs, and of what a sum reads, none
    const [{ dispatches, blocks }] = plans;
    const stored = dispatches.map(({ bindings }) => bindings.map(({ operand }) => 'half' in operand));
    expect(stored).toEqual([
      [false, false, true],
      [true, false, false],
    ]);
    const size = 2 * 7 * 7 * 16;
    expect(blocks.map(({ bytes }) => bytes).toSorted((a, b) => a - b)).toEqual(
      [2 * size, 4 * 2 * 5 * 5 * 16].toSorted((a, b) => a - b),
    );
    const { halves } = build({ outputs: named, objectives: [], effects: [] }, { target });
    expect(halves).toBeUndefined();
    const gradient = conv2dGradInput(tensor(2, 7, 7, 16), tensor(3, 3, 16, 16), [2, 9, 9, 16]);
    const own = build({ outputs: { gradient }, objectives: [], effects: [] }, { target, half: true });
    expect([...own.halves!.keys()].map((operand) => 'scratch' in operand && operand.scratch)).toEqual([
      'conv2dGradInput.phase weights',
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

  it('computes the same bits from what it stores as f16, and shows it as numbers', async () => {
    const [x, w, v] = [random(1, [2, 6, 7, 12]), random(2, [3, 3, 12, 13]), random(3, [3, 3, 13, 12])];
    const outputs = async (isShown: boolean) => {
      const gpu = await testGpu(false, false, true);
      const [image, ...weights] = [x, w, v].map(({ shape }, i) => input(`${i}`, shape));
      const hidden = scale(conv2d(image, weights[0]), 3);
      const y = relu(conv2d(hidden, weights[1], { padding: 'same' }));
      const program = await gpu.compile((): Record<string, Tensor> => (isShown ? { y, hidden } : { y }), {
        precision: 'mixed',
      });
      [image, ...weights].forEach((own, i) => program.write(own, Float32Array.from([x, w, v][i].data)));
      await program.step();
      const found = { y: await program.read('y'), hidden: isShown && (await program.read('hidden')) };
      const { bindings, source } = await program.inspect(1);
      const bytes = program.planBytes;
      const graph = describeProgram(program);
      program.destroy();
      return { ...found, bytes, read: bindings[0], halves: source.specialization.halves, graph };
    };
    const [shown, stored] = [await outputs(true), await outputs(false)];
    expect(stored.y).toEqual(shown.y);
    expect(stored.bytes).toBeLessThan(shown.bytes);
    expect(stored.halves).toBeUndefined(); // where it is run again, it is run in f32
    expect([stored.read.dtype, stored.read.shape, stored.read.tensor]).toEqual([
      'f32',
      [2, 4, 5, 13],
      'conv2d',
    ]);
    const hidden = shown.hidden as Float32Array;
    const numbers = stored.read.data as Float32Array;
    expect(numbers.length).toBe(hidden.length);
    expect(numbers.some((value) => value !== 0)).toBe(true);
    numbers.forEach((value, i) =>
      expect(Math.abs(value - hidden[i])).toBeLessThanOrEqual(Math.abs(hidden[i]) * 2 ** -10),
    );
    expect(stored.graph.nodes.map(({ bindings }) => bindings.map(({ bytes }) => bytes))).toEqual([
      [2 * 6 * 7 * 12 * 4, 3 * 3 * 12 * 13 * 4, 2 * 4 * 5 * 13 * 2],
      [2 * 4 * 5 * 13 * 2, 3 * 3 * 13 * 12 * 4, 2 * 4 * 5 * 12 * 4],
    ]);
  });

  it('decodes f16 as it is defined', () => {
    const words = [0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0xfc00, 0x7e00, 0x3555];
    expect([...decodeHalf(Uint16Array.from(words))]).toEqual([
      0,
      -0,
      1,
      -2,
      65_504,
      2 ** -24,
      2 ** -14,
      Infinity,
      -Infinity,
      NaN,
      0.333251953125,
    ]);
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
