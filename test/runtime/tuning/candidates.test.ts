import { describe, expect, it } from 'vitest';
import {
  conv2d,
  conv2dGradFilter,
  conv2dGradFilterBias,
  conv2dGradInput,
} from '../../../src/ops/conv2d/conv2d.ts';
import { add, relu } from '../../../src/ops/elementwise/elementwise.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { MOST_CANDIDATES } from '../../../src/ops/core/variant.ts';
import { matmul } from '../../../src/ops/matmul/matmul.ts';
import { build } from '../../../src/runtime/build.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import { evaluate, testGpu } from '../../helpers/evaluate.ts';
import type { Build } from '../../helpers/evaluate.ts';
import { map, random } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/conv2d.ts';
import { matmul as referenceMatmul } from '../../reference/matmul.ts';
import { loadAllKernels } from '../../../src/ops/allKernels.ts';
import { share } from '../../helpers/share.ts';

await loadAllKernels();

type Where = 'CPU' | 'CPU with subgroups' | 'GPU';

/** A call with a choice, at an odd size, and what it gives. */
interface Case {
  readonly name: string;
  /** Where its candidates are tried: compiling them takes the time of these tests. */
  readonly on: readonly Where[];
  readonly op: string;
  readonly inputs: readonly Array64[];
  readonly define: Build;
  /** Output 0 in float64. */
  readonly expected: Array64;
}

function product(
  name: string,
  on: readonly Where[],
  [M, N, K]: readonly number[],
  transposeA = false,
  transposeB = false,
): Case {
  const [a, b] = [random(1, transposeA ? [K, M] : [M, K]), random(2, transposeB ? [N, K] : [K, N])];
  const bias = random(3, [N]);
  const options = { transposeA, transposeB };
  return {
    name,
    on,
    op: 'matmul',
    inputs: [a, b, bias],
    define: (x, y, row) => relu(add(matmul(x, y, options), row)),
    expected: map(referenceMatmul(a, b, options), (value, i) => Math.max(0, value + bias.data[i % N])),
  };
}

const [image, kernel] = [random(4, [9, 7, 13, 3]), random(5, [3, 3, 3, 8])];
const strided: reference.Conv2dOptions = { strides: [2, 2], padding: [1, 1, 1, 1] };
const gradient = random(6, reference.conv2d(image, kernel, strided).shape);
const options = { stride: 2, padding: [1, 1, 1, 1] } as const;

const cases: Case[] = [
  product('A B, past the edges of every tile', ['CPU'], [67, 44, 70]),
  product('A B of few columns', ['CPU with subgroups'], [37, 10, 33]),
  product('Aᵀ B', ['CPU with subgroups'], [35, 63, 40], true),
  product('A Bᵀ', ['GPU'], [9, 70, 36], false, true),
  product('a long sum', ['CPU with subgroups'], [4, 32, 4099]),
  {
    name: 'forward',
    on: ['CPU'],
    op: 'conv2d',
    inputs: [image, kernel],
    define: (x, w) => conv2d(x, w, options),
    expected: reference.conv2d(image, kernel, strided),
  },
  {
    name: 'by its input',
    on: ['CPU with subgroups'],
    op: 'conv2dGradInput',
    inputs: [gradient, kernel],
    define: (dy, w) => conv2dGradInput(dy, w, image.shape, options),
    expected: reference.conv2dGradInput(gradient, kernel, image.shape, strided),
  },
  {
    name: 'by its weights',
    on: ['CPU with subgroups', 'GPU'],
    op: 'conv2dGradFilterBias',
    inputs: [image, gradient],
    define: (x, dy) => conv2dGradFilterBias(x, dy, [3, 3], options),
    expected: reference.conv2dGradFilter(image, gradient, kernel.shape, strided),
  },
];

const limits = {
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupsPerDimension: 65535,
  maxUniformBufferBindingSize: 65536,
};

// Nothing is compiled: every name must be one that the op takes, whatever divides its extents.
it.each([
  { software: true, subgroupSize: undefined },
  { software: true, subgroupSize: 8 },
  { software: false, subgroupSize: 32 },
  { software: false, subgroupSize: 32, subgroupMatrices: [{ element: 'f32', M: 8, N: 8, K: 8 } as const] },
])('every candidate has a plan, for any number of channels: %o', (device) => {
  const target = { ...device, limits };
  for (const channels of [1, 2, 3, 5, 6, 7, 8, 20]) {
    const [x, w, dy] = [input('x', [9, 8, 8, 3]), input('w', [3, 3, 3, channels]), input('dy', [9, 6, 6, channels])]; // prettier-ignore
    const matrix = input('a', [channels, 33]);
    const calls: Tensor[] = [
      conv2d(x, w),
      conv2dGradInput(dy, w, x.shape),
      conv2dGradFilter(x, dy, [3, 3]),
      conv2dGradFilterBias(x, dy, [3, 3])[0],
      matmul(matrix, input('b', [33, 7])),
      matmul(input('e', [16 * channels, 64]), input('f', [64, 64])), // all in fours
      matmul(input('c', [7, 33]), matrix, { transposeB: true }),
    ];
    for (const call of calls) {
      const [{ choice }] = lowerGraph([call], [], [], { target }).filter((own) => own.choice?.question);
      for (const variant of choice!.question!.candidates) {
        const lowered = lowerGraph([call], [], [], { target, variants: { [call.node.op.name]: variant } });
        expect(lowered.find((own) => own.choice)!.choice!.variant).toBe(variant);
      }
    }
  }
});

describe.each<{ device: Where; software: boolean; subgroups: boolean }>([
  { device: 'CPU', software: true, subgroups: false },
  { device: 'CPU with subgroups', software: true, subgroups: true },
  { device: 'GPU', software: false, subgroups: false },
])('every candidate of the tuner on a $device', ({ device, software, subgroups }) => {
  const some = cases.filter(({ on }) => on.includes(device));
  it.each(share(some, 2, 0))(
    'agrees with the reference: $op $name',
    async ({ op, inputs, define, expected }) => {
      const { target } = await testGpu(software, subgroups);
      const tensors = inputs.map(({ shape }, i) => input(`input ${i}`, shape));
      const outputs = Object.fromEntries(
        ([define(...tensors)].flat() as Tensor[]).map((t, i) => [`${i}`, t]),
      );
      const { dispatches } = build({ outputs, objectives: [], effects: [] }, { target });
      const { choice } = dispatches.find((own) => own.choice?.question !== undefined)!;
      const { candidates } = choice!.question!;
      expect(candidates).toContain(choice!.variant);
      expect(candidates.length).toBeGreaterThan(1);
      expect(candidates.length).toBeLessThanOrEqual(MOST_CANDIDATES + 1);
      for (const candidate of candidates) {
        const [found] = await evaluate(define, inputs, {
          software,
          subgroups,
          variants: { [op]: candidate },
        });
        expect(found, `${candidate}`).toBeAllClose(expected, { rtol: 2e-5, atol: 1e-4 });
      }
    },
  );
});
