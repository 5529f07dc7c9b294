import { describe, expect, it } from 'vitest';
import { ArgumentError, LimitError, ShapeError } from '../../../src/errors.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Target } from '../../../src/ops/core/op.ts';
import { add, relu } from '../../../src/ops/elementwise/elementwise.ts';
import { matmul } from '../../../src/ops/matmul/matmul.ts';
import { comesInFours, hasFewLines } from '../../../src/ops/matmul/gpuPlans.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import { testAdapter } from '../../helpers/device.ts';
import { checkGradient, evaluate, testGpu } from '../../helpers/evaluate.ts';
import type { EvaluateOptions } from '../../helpers/evaluate.ts';
import { share } from '../../helpers/share.ts';
import { array, map, random } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/matmul.ts';

const forms = [
  { form: 'A B', transposeA: false, transposeB: false },
  { form: 'A Bᵀ', transposeA: false, transposeB: true },
  { form: 'Aᵀ B', transposeA: true, transposeB: false },
  { form: 'Aᵀ Bᵀ', transposeA: true, transposeB: true },
];
type Form = (typeof forms)[number];
const optionsOf = ({ transposeA, transposeB }: Form) => ({ transposeA, transposeB });

const rungs = [
  'naive',
  'tiled',
  'register_tiled',
  'register_only',
  'register_dot',
  'broadcast',
  'register_blocks',
  'register_blocks:64x64x8',
  'subgroup_rows:16x8',
  'subgroup_rows:8x16',
  'row_block',
];
const splits = [
  'register_tiled_split',
  'register_only_split',
  'register_dot_split',
  'broadcast_split',
  'register_blocks_split',
];
/** Forces a variant, on a device that lets it have what it needs. */
const forced = (variant: string) => ({
  variants: { matmul: variant },
  subgroups: /^(broadcast|subgroup)/.test(variant),
  software: !variant.includes(':'), // the tiles that are named here are for GPUs
});
/** register_dot is for A Bᵀ only. */
function formsOf(variant: string): Form[] {
  if (variant.startsWith('register_dot')) return [forms[1]];
  return variant === 'subgroup_rows:8x16' ? [forms[0], forms[3]] : forms;
}
/** 4 must divide K for register_dot, and lines and columns for register_blocks; row_block is for few columns or rows. */
function takes(variant: string, [, M, N, K]: Size, { transposeA, transposeB }: Form): boolean {
  const size = { batch: 1, M, N, K, transposeA, transposeB };
  if (/^(register_blocks|subgroup)/.test(variant)) return comesInFours(size);
  if (variant === 'row_block') return hasFewLines(size);
  return !variant.startsWith('register_dot') || K % 4 === 0;
}

/** [batch, M, N, K]; batch 0: matrices. */
type Size = readonly [number, number, number, number];

function operands([batch, M, N, K]: Size, { transposeA, transposeB }: Form): [Array64, Array64] {
  const lead = batch > 0 ? [batch] : [];
  const a = random(1, [...lead, ...(transposeA ? [K, M] : [M, K])]);
  return [a, random(2, [...lead, ...(transposeB ? [N, K] : [K, N])])];
}

/** relu(a b + bias), which the passes fold into the kernel's epilogue, held against the reference. */
async function checkFused(size: Size, form: Form, options: EvaluateOptions) {
  const [a, b] = operands(size, form);
  const N = size[2];
  const bias = random(3, [N]);
  const expected = map(reference.matmul(a, b, form), (value, i) => Math.max(0, value + bias.data[i % N]));
  const [c] = await evaluate((x, y, v) => relu(add(matmul(x, y, optionsOf(form)), v)), [a, b, bias], options);
  expect(c, `${options.variants?.matmul ?? 'chosen'}, ${form.form}, size ${size}`).toBeAllClose(expected, {
    rtol: 1e-5,
    atol: 1e-5,
  });
}

// Tiny; odd; past the edges of every tile, with and without whole vec4s; fitting exactly; batches; tall and narrow.
const sizes: Size[] = [
  [0, 65, 63, 64],
  [0, 64, 64, 32],
  [3, 35, 36, 68],
  [0, 5, 16, 63],
  [2, 3, 2, 8],
  [0, 1, 1, 4],
  [2, 67, 10, 30],
  [2, 36, 44, 12],
  [0, 12, 8, 6],
];
// Workgroup memory and barriers take a software adapter a second to compile.
function sizesFor(variant: string): Size[] {
  if (variant === 'register_tiled') return sizes.slice(0, 3);
  if (variant === 'register_blocks' || variant === 'subgroup_rows:16x8') return sizes.slice(-2);
  return variant.includes(':') ? [sizes[1]] : sizes;
}

describe.each(rungs)('matmul %s', (variant) => {
  const options = forced(variant);
  it.each(formsOf(variant))('computes $form with a fused epilogue', async (form) => {
    const taken = sizesFor(variant).filter((size) => takes(variant, size, form));
    for (const size of share(taken, 6, forms.indexOf(form))) await checkFused(size, form, options);
  });

  it('computes a product without an epilogue', async () => {
    const form = forms[1];
    const [a, b] = operands([2, 7, 12, 20], form);
    const [c] = await evaluate((x, y) => matmul(x, y, optionsOf(form)), [a, b], options);
    expect(c).toBeAllClose(reference.matmul(a, b, form), { rtol: 1e-5, atol: 1e-5 });
  });
});

describe.each(splits)('matmul %s', (variant) => {
  const options = forced(variant);
  // 3 splits of 43, which do not divide K; whole splits of a batch.
  const long: Size[] = [
    [0, 6, 7, 1700],
    [2, 9, 8, 128],
    [0, 8, 12, 260],
  ];
  it.each(formsOf(variant))('computes $form from partial sums', async (form) => {
    const some = variant === 'register_blocks_split' ? long : long.slice(0, 2);
    const fitting = some.filter((own) => takes(variant, own, form));
    for (const size of share(fitting, 4, forms.indexOf(form))) await checkFused(size, form, options);
  });
});

/** Exactly f16, so that a kernel which keeps it as f16 gives what it gives of f32. */
const rounded = (a: Array64) => map(a, (value) => Math.round(value * 256) / 256);

const { features } = await testAdapter();

describe.skipIf(!features.has('shader-f16'))('matmul with tiles of f16', () => {
  const product = async (variant: string, form: Form, [a, b]: readonly Array64[]) => {
    const options = { software: false, half: true, variants: { matmul: variant } };
    const [found] = await evaluate((x, y) => matmul(x, y, optionsOf(form)), [a, b], options);
    return { found, expected: reference.matmul(a, b, form) };
  };
  const runs = [
    { variant: 'register_tiled:half', size: [2, 35, 37, 67] as Size, form: forms[0] },
    { variant: 'register_tiled:half', size: [0, 9, 12, 1030] as Size, form: forms[1] }, // K is split, as by the rule
    { variant: 'register_blocks:half', size: [2, 36, 44, 12] as Size, form: forms[2] },
    { variant: 'register_blocks:64x64x8:half', size: [0, 64, 64, 32] as Size, form: forms[3] },
  ];

  it.each(runs)(
    '$variant rounds its operands and nothing else: $form.form',
    async ({ variant, size, form }) => {
      const given = operands(size, form);
      const exact = await product(variant, form, given.map(rounded));
      expect(exact.found).toBeAllClose(exact.expected, { rtol: 1e-5, atol: 1e-5 });
      const { found, expected } = await product(variant, form, given);
      expect(found).toBeAllClose(expected, { rtol: 2e-3, atol: 5e-4 * Math.sqrt(size[3]) });
      expect(found).not.toBeAllClose(expected, { rtol: 1e-5, atol: 1e-5 });
    },
  );

  it('keeps NaN and infinities, and numbers beyond 65,504 become infinite', async () => {
    const form = forms[0];
    const a = array([2, 4], [1, NaN, 0, 0, 70_000, 0, 0, 1]);
    const b = array([4, 4], [1, 2, Infinity, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 2, 3, 4]);
    const { found } = await product('register_blocks:half', form, [a, b]);
    expect(found.data.slice(0, 4).every(Number.isNaN)).toBe(true);
    expect(found.data.slice(4, 7).every((value) => value === Infinity)).toBe(true);
  });

  it('is refused on a device without f16, and no rule or tuner takes it', async () => {
    const run = evaluate((x, y) => matmul(x, y), operands([0, 8, 8, 8], forms[0]), {
      software: false,
      variants: { matmul: 'register_blocks:half' },
    });
    await expect(run).rejects.toThrow(LimitError);
    await expect(run).rejects.toThrow('needs the feature shader-f16, which this device does not have');
    const { target } = await testGpu(false, true, true);
    const y = matmul(input('a', [256, 256]), input('b', [256, 256]));
    const [{ choice, kernel }] = lowerGraph([y], [], [], { target });
    expect(choice!.question!.candidates.filter((name) => name.includes('half'))).toEqual([]);
    expect(kernel.features).toEqual([]);
  });
});

describe('matmul as chosen', () => {
  const extents = [1, 2, 3, 5, 8, 16, 63, 64, 65];
  /** Each extent once in each place, next to different neighbours. */
  const mixed = extents.map((M, i): Size => [i % 3, M, extents[(i * 4 + 3) % 9], extents[(i * 7 + 5) % 9]]);
  const layers: Size[] = [
    [0, 64, 10, 256],
    [0, 10, 64, 256],
    [0, 96, 128, 72],
    [0, 64, 1, 1030],
  ];

  it.each(forms)('for a software adapter computes $form', async (form) => {
    for (const size of share([...mixed, ...layers], 6, forms.indexOf(form))) {
      await checkFused(size, form, { software: true });
    }
  });

  it.each(forms)('for a software adapter with subgroups computes $form', async (form) => {
    for (const size of share([mixed[7], ...layers], 6, forms.indexOf(form)))
      await checkFused(size, form, { software: true, subgroups: true });
  });

  it.each(forms.map((form, i) => ({ ...form, i })))('for a GPU computes $form', async ({ i, ...form }) => {
    await checkFused([mixed[7], layers[0], mixed[2], layers[3]][i], form, { software: false });
  });

  it('for a GPU with subgroups of one size may be lane to lane', async () => {
    const options = { software: false, subgroups: true, variants: { matmul: 'broadcast' } };
    await checkFused(layers[2], forms[0], options);
  });
});

describe('matmul gradient', () => {
  it.each(forms)('of $form', async (form) => {
    for (const size of [
      [0, 5, 3, 4],
      [2, 3, 4, 5],
    ] as Size[]) {
      await checkGradient((a, b) => matmul(a, b, optionsOf(form)), operands(size, form), {
        reference: (a, b) => reference.matmul(a, b, form),
      });
    }
  });

  it('with an epilogue', async () => {
    const form = forms[0];
    await checkGradient((a, b) => relu(matmul(a, b, optionsOf(form))), operands([0, 9, 12, 20], form), {
      reference: (a, b) => map(reference.matmul(a, b, form), (value) => Math.max(0, value)),
      variants: { matmul: 'register_only' },
    });
  });
});

describe('matmul shapes', () => {
  const product = (a: number[], b: number[], options = {}) => matmul(input('a', a), input('b', b), options);

  it('follow from the operands', () => {
    expect(product([2, 3], [3, 4]).shape).toEqual([2, 4]);
    expect(product([3, 2], [4, 3], { transposeA: true, transposeB: true }).shape).toEqual([2, 4]);
    expect(product([7, 2, 3], [7, 4, 3], { transposeB: true }).shape).toEqual([7, 2, 4]);
  });

  it('that do not fit are refused, with the fix', () => {
    expect(() => product([2, 3], [4, 5])).toThrow(ShapeError);
    expect(() => product([2, 3], [4, 5])).toThrow(
      'a [2, 3] times b [4, 5]: the inner extents 3 and 4 differ',
    );
    expect(() => product([2, 3], [3, 4], { transposeB: true })).toThrow('b [3, 4] (transposed)');
    expect(() => product([2, 2, 3], [3, 3, 4])).toThrow(
      'a [2, 2, 3] times b [3, 3, 4]: batches of [2] and [3] matrices do not broadcast',
    );
  });

  it('of other types are refused', () => {
    expect(() => matmul(input('a', [2, 3], 'i32'), input('b', [3, 4]))).toThrow(ArgumentError);
  });
});

describe('the choice of matmul', () => {
  const target = (software: boolean, subgroupSize?: number): Target => ({
    software,
    subgroupSize,
    limits: {
      maxComputeWorkgroupStorageSize: 16384,
      maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupsPerDimension: 65535,
      maxUniformBufferBindingSize: 65536,
    },
  });
  function lowered(software: boolean, a: number[], b: number[], options = {}) {
    const y = matmul(input('a', a), input('b', b), options);
    return lowerGraph([y], [], [], { target: target(software) });
  }
  const names = (...args: Parameters<typeof lowered>) => lowered(...args).map(({ kernel }) => kernel.name);

  it('on a GPU has large tiles for large products and splits a long K', () => {
    expect(names(false, [4096, 256], [256, 4096])).toEqual(['matmul/7_register_blocks']);
    expect(names(false, [4096, 255], [255, 4096])).toEqual(['matmul/3_register_tiled']);
    const [large] = lowered(false, [4096, 256], [256, 4096]);
    expect(large.workgroups).toEqual([32 * 32, 1, 1]);
    expect(large.kernel.workgroupSize).toEqual([256, 1, 1]);
    expect(large.kernel.workgroupBytes).toBeLessThanOrEqual(16384);
    const [partial, reduce] = lowered(false, [40_000, 256], [40_000, 10], { transposeA: true });
    expect(partial.workgroups[0]).toBe(8 * 16);
    expect(reduce.kernel.name).toBe('matmul/reduce_partials');
    expect(partial.flops).toBe(2 * 256 * 10 * 40_000);
  });

  it('on a GPU shares a long sum of few columns, or rows, among the invocations', () => {
    expect(names(false, [64, 256], [256, 10])).toEqual(['matmul/row_block']);
    expect(names(false, [256, 6272], [6272, 1])).toEqual(['matmul/row_block']);
    expect(names(false, [8, 512], [1000, 512], { transposeB: true })).toEqual(['matmul/row_block']);
    expect(names(false, [64, 10], [256, 10], { transposeB: true })).toEqual(['matmul/3_register_tiled']);
    const [{ workgroups, kernel }] = lowered(false, [64, 256], [256, 10]);
    expect([workgroups[0], kernel.workgroupSize[0]]).toEqual([64, 64]);
  });

  it('on a software adapter has no workgroup memory', () => {
    expect(names(true, [4, 4], [4, 4])).toEqual(['matmul/1_naive']);
    expect(names(true, [64, 256], [256, 64])).toEqual(['matmul/4_register_only']);
    expect(names(true, [64, 256], [64, 256], { transposeB: true })).toEqual(['matmul/5_register_dot']);
    expect(names(true, [64, 10], [256, 10], { transposeB: true })).toEqual(['matmul/4_register_only']);
    expect(names(true, [40_000, 8], [40_000, 4], { transposeA: true })).toEqual([
      'matmul/4_register_only',
      'matmul/reduce_partials',
    ]);
    expect(names(true, [16, 6272], [6272, 1])).toEqual(['matmul/5_register_dot', 'matmul/reduce_partials']);
  });

  it('passes values between lanes where a software adapter has subgroups of one size', () => {
    const chosen = (subgroupSize: number, a: number[], b: number[], options = {}) =>
      lowerGraph([matmul(input('a', a), input('b', b), options)], [], [], {
        target: target(true, subgroupSize),
      });
    const [wide] = chosen(8, [64, 784], [784, 128]);
    expect(wide.kernel.name).toBe('matmul/6_broadcast');
    expect(wide.kernel.workgroupSize).toEqual([8, 1, 1]);
    expect(wide.workgroups).toEqual([4 * 4, 1, 1]);
    const [narrow] = chosen(4, [64, 256], [10, 256], { transposeB: true });
    expect(narrow.kernel.workgroupSize).toEqual([4, 1, 1]);
    expect(narrow.workgroups).toEqual([64 / 16, 1, 1]); // lanes along the rows
    const long = chosen(8, [40_000, 8], [40_000, 4], { transposeA: true });
    expect(long.map(({ kernel }) => kernel.name)).toEqual(['matmul/6_broadcast', 'matmul/reduce_partials']);
    const [onGpu] = lowerGraph([matmul(input('a', [64, 64]), input('b', [64, 64]))], [], [], {
      target: target(false, 32),
    });
    expect(onGpu.kernel.name).toBe('matmul/7_register_blocks');
    const { candidates } = onGpu.choice!.question!;
    expect(candidates).toEqual(
      expect.arrayContaining(['broadcast', 'subgroup_rows:16x8', 'subgroup_rows:8x16']),
    );
  });

  it('leaves subgroups that are too small, too large or not all alike to other kernels', () => {
    for (const subgroupSize of [undefined, 1, 2, 128]) {
      const y = matmul(input('a', [64, 64]), input('b', [64, 64]));
      const [{ choice }] = lowerGraph([y], [], [], { target: target(false, subgroupSize) });
      expect(choice!.question!.candidates.filter((name) => name.startsWith('subgroup'))).toEqual([]);
    }
  });

  it('stays within 65,535 workgroups per dimension', () => {
    const [{ workgroups }] = lowered(false, [3_000_000, 32], [32, 32]);
    expect(workgroups[0] * workgroups[1]).toBeGreaterThanOrEqual(3_000_000 / 128);
    const [tall] = lowered(true, [3_000_000, 32], [32, 40]);
    expect(Math.max(...tall.workgroups)).toBeLessThanOrEqual(65535);
  });
});
