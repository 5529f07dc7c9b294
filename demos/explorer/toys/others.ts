import { gradients } from '../../../src/graph/autodiff.ts';
import { add, multiply, relu } from '../../../src/ops/elementwise/elementwise.ts';
import { remainder } from '../../../src/ops/elementwise/integers.ts';
import { erf } from '../../../src/ops/elementwise/special.ts';
import { orthonormalize } from '../../../src/ops/linalg/orthonormalize.ts';
import { cast } from '../../../src/ops/movement/cast.ts';
import { concat } from '../../../src/ops/movement/concat.ts';
import { gather, oneHot } from '../../../src/ops/movement/gather.ts';
import { slice, transpose } from '../../../src/ops/movement/movement.ts';
import { normalize } from '../../../src/ops/normalization/normalize.ts';
import { dropout } from '../../../src/ops/random/dropout.ts';
import {
  randomBits,
  randomNormal,
  randomTruncatedNormal,
  randomUniform,
} from '../../../src/ops/random/random.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { cumprod } from '../../../src/ops/scan/cumprod.ts';
import { cumsum } from '../../../src/ops/scan/cumsum.ts';
import { argsort } from '../../../src/ops/sort/sort.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { line, lowered, tensor } from './toy.ts';
import type { Small, Toy } from './toy.ts';

const simple = (
  kernel: string,
  title: string,
  of: () => Tensor,
  more: Partial<Toy> = {},
  variants = {},
): Toy => ({
  kernel,
  title,
  lower: () => lowered(of(), { variants }),
  ...more,
});

const matrix = () => tensor('x', [4, 3]);
const random = { stream: 1 };

/** Two channels side by side, and four rows of invocations for each. */
const TABLE: Small = {
  constants: { WORKGROUP_SIZE: 8, COLUMNS: 2, LEVELS: 2, GRID_X: 1 },
  workgroups: [1, 1, 1],
};

function normalized(part: string, variant: 'lanes' | 'workgroup', gradient: boolean, small: Small): Toy {
  return {
    kernel: `normalization/${part}`,
    title: gradient
      ? 'the gradient of a batch normalization of 8 × 2 numbers'
      : 'a batch normalization of 8 × 2 numbers',
    lower: () => {
      const [x, gamma, beta] = [tensor('x', [8, 2]), tensor('gamma', [2]), tensor('beta', [2])];
      const { y } = normalize(x, { over: 'batch', gamma, beta });
      const loss = reduceSum(multiply(y, tensor('weight', [8, 2])));
      return lowered(gradient ? gradients(loss, [x, gamma]) : y, {
        variants: { normalize: variant, ...(gradient && { normalizeGradientSums: variant }) },
      });
    },
    small,
  };
}

/** Elementwise, movement, random, normalization, linear algebra. */
export const toys: readonly Toy[] = [
  simple(
    'elementwise/map',
    'erf(relu(x + bias)) of 4 × 3 numbers, fused',
    () => erf(relu(add(matrix(), tensor('bias', [3])))),
    { small: line(12), values: { bias: [0.5, -1, 1] } },
  ),
  simple(
    'elementwise/integers',
    '4 × 3 whole numbers modulo 3',
    () => remainder(tensor('x', [4, 3], 'i32'), 3),
    { values: { x: [7, -7, 2, 0, 3, -1, 5, 11, -4, 9, 1, 6] }, small: line(12) },
  ),
  simple(
    'movement/transpose_tiled',
    'the transpose of 5 × 6 numbers',
    () => transpose(tensor('x', [5, 6])),
    { small: { constants: { TILE: 4, STRIPS: 2 }, workgroups: [2, 2, 1] } },
    { transpose: 'tiled' },
  ),
  simple('movement/strided_copy', 'rows 1 and 2 of 4 × 3 numbers', () => slice(matrix(), [1, 0], [2, 3]), {
    small: line(6, 3),
  }),
  simple(
    'movement/concat',
    'two matrices side by side',
    () => concat([tensor('x', [3, 2]), tensor('y', [3, 3])]),
    { small: line(15, 5) },
  ),
  simple('movement/cast', '4 × 3 numbers made whole', () => cast(matrix(), 'i32'), { small: line(12) }),
  simple(
    'movement/gather',
    'rows 2, 0 and 3 of 4 × 3 numbers',
    () => gather(matrix(), tensor('rows', [3], 'i32')),
    { values: { rows: [2, 0, 3] }, small: line(9, 3) },
  ),
  ...(['gather_links', 'gather_gradient_linked'] as const).map((name): Toy => ({
    kernel: `movement/${name}`,
    title: 'the gradient of a table of which 6 rows were taken, three of them twice',
    lower: () => {
      const [x, rows] = [tensor('x', [4, 3]), tensor('rows', [6], 'i32')];
      const loss = reduceSum(multiply(gather(x, rows), tensor('weight', [6, 3])));
      return lowered(gradients(loss, [x]), { variants: { gatherGradient: 'linked' } });
    },
    values: { rows: [2, 0, 2, 3, 0, 3] },
    small: line(name === 'gather_links' ? 6 : 12, 3),
  })),
  {
    kernel: 'movement/gather_gradient',
    title: 'what each row of 4 × 3 numbers gets back when rows 2, 0 and 2 were taken',
    lower: () => {
      const [x, rows] = [matrix(), tensor('rows', [3], 'i32')];
      return lowered(gradients(reduceSum(multiply(gather(x, rows), tensor('weight', [3, 3]))), [x]));
    },
    values: { rows: [2, 0, 2] },
    small: line(12),
  },
  simple(
    'movement/one_hot',
    'labels 1, 0 and 3 of four classes',
    () => oneHot(tensor('labels', [3], 'i32'), 4),
    { values: { labels: [1, 0, 3] }, small: line(12) },
  ),
  simple('scan/chunks', 'running sums of 2 × 6 numbers', () => cumsum(tensor('x', [2, 6])), {
    small: line(2, 2),
  }),
  simple('scan/recurrence', 'running products of 2 × 4 numbers', () => cumprod(tensor('x', [2, 4])), {
    small: line(2, 2),
  }),
  simple(
    'sort/rank',
    'the order of each of two rows of 5 numbers',
    () => argsort(tensor('x', [2, 5])),
    { values: { x: [3, 1, 2, 1, 0, -1, 5, 4, 5, 2] }, small: line(10, 5) },
    { argsort: 'rank' },
  ),
  simple(
    'sort/bitonic',
    'the order of 8 numbers',
    () => argsort(tensor('x', [8])),
    { values: { x: [3, 1, 2, 1, 0, -1, 5, 4] } },
    { argsort: 'bitonic' },
  ),
  simple(
    'sort/merge',
    'the order of 24 numbers, from two sorted runs of 16 and 8',
    () => argsort(tensor('x', [24])),
    { small: line(24, 8) },
    { argsort: 'rank' },
  ),
  simple('random/uniform', '8 numbers between 0 and 1', () => randomUniform([8], 0, 1, random), {
    small: line(2, 2),
  }),
  simple('random/normal', '8 numbers with mean 0 and deviation 1', () => randomNormal([8], 0, 1, random), {
    small: line(2, 2),
  }),
  simple(
    'random/truncated_normal',
    '8 numbers within two deviations',
    () => randomTruncatedNormal([8], 0, 1, random),
    { small: line(2, 2) },
  ),
  simple('random/bits', '8 words of random bits', () => randomBits([8], random), { small: line(2, 2) }),
  simple(
    'random/dropout',
    '12 numbers, each kept with probability ½',
    () => dropout(tensor('x', [12]), 0.5, random),
    {
      small: line(3),
    },
  ),
  simple(
    'random/dropout_scalar',
    '6 numbers, each kept with probability ½',
    () => dropout(tensor('x', [6]), 0.5, random),
    { small: line(6, 3) },
  ),
  simple('linalg/orthonormalize', 'orthonormal columns from 4 × 2 numbers', () =>
    orthonormalize(tensor('x', [4, 2])),
  ),
  normalized('statistics', 'lanes', false, line(2, 2)),
  normalized('statistics_workgroup', 'workgroup', false, TABLE),
  normalized('apply', 'lanes', false, line(16)),
  normalized('gradient_sums', 'lanes', true, line(2, 2)),
  normalized('gradient_sums_workgroup', 'workgroup', true, TABLE),
  normalized('gradient_input', 'lanes', true, line(16)),
];
