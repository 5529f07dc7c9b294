import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PipelineCache } from '../../../src/kernels/pipelineCache.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { SubgroupMatrix } from '../../../src/ops/core/op.ts';
import { add, relu } from '../../../src/ops/elementwise/elementwise.ts';
import { matmul } from '../../../src/ops/matmul/matmul.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import type { Gpu } from '../../../src/runtime/session.ts';
import { testAdapter } from '../../helpers/device.ts';
import { share } from '../../helpers/share.ts';
import { evaluate, testGpu } from '../../helpers/evaluate.ts';
import { usesSubgroupMatrices, withoutSubgroupMatrices } from '../../helpers/subgroupMatrix.ts';
import { map, random } from '../../reference/array.ts';
import * as reference from '../../reference/matmul.ts';

// No adapter of these tests has matrix units. The engine is told that there are some, and the kernels get what they call
// of them out of shuffles between lanes: their loads, tiles, edges, splits and epilogues are the kernel's own.

const APPLE: SubgroupMatrix = { element: 'f32', M: 8, N: 8, K: 8 };
const AMD: SubgroupMatrix = { element: 'f16', M: 16, N: 16, K: 16 };
const INTEL: SubgroupMatrix = { element: 'f16', M: 8, N: 16, K: 16 };
const { features } = await testAdapter();
const device = { software: false, subgroups: true, half: features.has('shader-f16') };
const { get } = PipelineCache.prototype;
let gpu: Gpu;
let emulated = 0;

function tellMatrices(subgroupMatrices: readonly SubgroupMatrix[]): void {
  const target = { ...gpu.target, subgroupMatrices };
  Object.defineProperty(gpu, 'target', { value: target, configurable: true });
}

beforeEach(async () => {
  gpu = await testGpu(device.software, device.subgroups, device.half);
  emulated = 0;
  PipelineCache.prototype.get = function (kernel, label) {
    if (!usesSubgroupMatrices(kernel.code)) return get.call(this, kernel, label);
    emulated++;
    const features = kernel.features.filter((name) => !name.includes('subgroup-matrix'));
    return get.call(this, { ...kernel, code: withoutSubgroupMatrices(kernel.code), features }, label);
  };
});

afterEach(() => {
  PipelineCache.prototype.get = get;
  delete (gpu as { target?: unknown }).target; // the class has it
});

/** relu(a b + bias) by a variant, and what it should be. Operands are rounded to what f16 holds exactly. */
async function product(variant: string, [batch, M, N, K]: readonly number[], tA = false, tB = false) {
  const exact = (seed: number, shape: number[]) =>
    map(random(seed, shape), (value) => Math.round(value * 256) / 256);
  const lead = batch > 0 ? [batch] : [];
  const a = exact(1, [...lead, ...(tA ? [K, M] : [M, K])]);
  const b = exact(2, [...lead, ...(tB ? [N, K] : [K, N])]);
  const bias = random(3, [N]);
  const options = { transposeA: tA, transposeB: tB };
  const [found] = await evaluate((x, y, v) => relu(add(matmul(x, y, options), v)), [a, b, bias], {
    ...device,
    variants: { matmul: variant },
  });
  const sums = reference.matmul(a, b, options);
  return { found, expected: map(sums, (value, i) => Math.max(0, value + bias.data[i % N])) };
}

describe.skipIf(!features.has('subgroups'))('matmul subgroup_matrix', () => {
  // A driver on the CPU takes 5 to 10 seconds to compile each.
  const products = [
    { name: 'A B, several tiles', size: [0, 66, 68, 36], tA: false, tB: false },
    { name: 'A Bᵀ', size: [0, 5, 8, 20], tA: false, tB: true },
    { name: 'Aᵀ B, exactly one tile', size: [2, 32, 32, 13], tA: true, tB: false },
  ];
  it.each(share(products, 6, 1))('computes $name of f32', async ({ size, tA, tB }) => {
    tellMatrices([APPLE]);
    const { found, expected } = await product('subgroup_matrix:2x2', size, tA, tB);
    expect(found).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-5 });
    expect(emulated).toBe(1);
  });

  it('computes partial sums', async () => {
    tellMatrices([APPLE]);
    const { found, expected } = await product('subgroup_matrix:2x2:split2', [0, 12, 16, 300]);
    expect(found).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-5 });
  });

  const halves = [
    { matrix: AMD, variant: 'subgroup_matrix:1x1:half', size: [0, 36, 44, 52] },
    { matrix: INTEL, variant: 'subgroup_matrix:2x1:half', size: [0, 36, 44, 20] },
  ];
  it.skipIf(!device.half).each(share(halves, 4, 0))(
    'computes a product of f16, where the units take those: $variant',
    async ({ matrix, variant, size }) => {
      tellMatrices([matrix]);
      const { found, expected } = await product(variant, size);
      expect(found).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-5 });
      expect(emulated).toBe(1);
    },
  );

  it('is for the tuner where the units take f32, and for the caller where they take f16', () => {
    const names = (matrices: readonly SubgroupMatrix[]) => {
      tellMatrices(matrices);
      const y = matmul(input('a', [256, 256]), input('b', [256, 256]));
      const [{ choice, kernel }] = lowerGraph([y], [], [], { target: gpu.target });
      expect(kernel.name).toBe('matmul/7_register_blocks');
      return choice!.question!.candidates.filter((name) => name.startsWith('subgroup_matrix'));
    };
    expect(names([APPLE, AMD])).toEqual(['subgroup_matrix:4x4', 'subgroup_matrix:2x2']);
    expect(names([AMD])).toEqual([]);
    const y = matmul(input('a', [256, 256]), input('b', [256, 256]));
    const lower = (variant: string) =>
      lowerGraph([y], [], [], { target: gpu.target, variants: { matmul: variant } });
    expect(lower('subgroup_matrix:2x2:half')[0].kernel.features).toEqual([
      'shader-f16',
      'subgroups',
      'chromium-experimental-subgroup-matrix',
    ]);
    expect(() => lower('subgroup_matrix:4x4')).toThrow('has no variant "subgroup_matrix:4x4"');
  });
});
