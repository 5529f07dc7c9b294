import { gradients } from '../../../src/graph/autodiff.ts';
import { conv2d } from '../../../src/ops/conv2d/conv2d.ts';
import { add, relu } from '../../../src/ops/elementwise/elementwise.ts';
import { orthonormalize } from '../../../src/ops/linalg/orthonormalize.ts';
import { sparseSoftmaxCrossEntropy } from '../../../src/ops/loss/softmaxCrossEntropy.ts';
import { matmul } from '../../../src/ops/matmul/matmul.ts';
import { gather } from '../../../src/ops/movement/gather.ts';
import { maxPool2d } from '../../../src/ops/pooling/maxPool2d.ts';
import { dropout } from '../../../src/ops/random/dropout.ts';
import { randomBits } from '../../../src/ops/random/random.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { resize2d } from '../../../src/ops/resize/resize2d.ts';
import { softmax } from '../../../src/ops/softmax/softmax.ts';
import { gatherBatch } from '../../../src/ops/dataset/gatherBatch.ts';
import { normalize } from '../../../src/ops/normalization/normalize.ts';
import { toysOf } from '../toys/index.ts';
import { line, lowered, tensor } from '../toys/toy.ts';
import type { Toy } from '../toys/toy.ts';
import { inSum, products } from './worked.ts';
import { written } from './written.ts';
import type { Told, Worked } from './worked.ts';

const LOGITS = [2, 1, 0];
const random = { stream: 1 };

const toy = (kernel: string, lower: Toy['lower'], more: Partial<Toy> = {}): Toy => ({
  kernel,
  title: kernel,
  lower,
  ...more,
});

/** `row 1, column 2` of a matrix with so many columns. */
const placeIn = ({ element }: Told, columns: number) =>
  `row ${Math.floor(element / columns)}, column ${element % columns}`;

/** `3, 1 and 2` */
const list = (numbers: readonly number[]) =>
  numbers.length < 2
    ? numbers.map(written).join('')
    : `${numbers.slice(0, -1).map(written).join(', ')} and ${written(numbers.at(-1)!)}`;

/** What is worked out on the pages of each family, by their folders. */
export const EXAMPLES: Readonly<Record<string, readonly Worked[]>> = {
  matmul: [
    {
      kind: 'elements',
      title: 'A (2 × 3) times B (3 × 2)',
      toy: toy(
        'matmul/1_naive',
        () => lowered(matmul(tensor('a', [2, 3]), tensor('b', [3, 2])), { variants: { matmul: 'naive' } }),
        { values: { a: [1, 2, 3, 4, 5, 6], b: [7, 8, 9, 10, 11, 12] }, small: line(4) },
      ),
      output: 'c',
      tell: (at) =>
        `In ${placeIn(at, 2)}: row ${Math.floor(at.element / 2)} of a times column ${at.element % 2} of b, ${products(at.read('a'), at.read('b'))} = ${written(at.value)}.`,
    },
  ],
  conv2d: [
    {
      kind: 'elements',
      title: 'A 3 × 3 window slides over an image of 4 × 4',
      toy: toy(
        'conv2d/1_naive',
        () =>
          lowered(conv2d(tensor('image', [1, 4, 4, 1]), tensor('filter', [3, 3, 1, 1])), {
            variants: { conv2d: 'naive' },
          }),
        {
          values: {
            image: [0, 0, 2, 2, 0, 1, 2, 2, 0, 0, 2, 3, 0, 0, 2, 2],
            filter: [-1, 0, 1, -2, 0, 2, -1, 0, 1],
          },
          filters: ['weights'],
          small: line(4),
        },
      ),
      output: 'output',
      tell: (at) =>
        `The window at ${placeIn(at, 2)} meets nine numbers, each with the weight above it: ${products(at.read('input'), at.read('weights'))} = ${written(at.value)}. The filter looks for a step from dark to bright.`,
    },
    {
      kind: 'elements',
      title: 'Which taps meet an input at stride 2',
      toy: toy(
        'conv2d/grad_input_naive',
        () => {
          const x = tensor('image', [1, 5, 5, 1]);
          const y = conv2d(x, tensor('filter', [3, 3, 1, 1]), { stride: 2 });
          return lowered(gradients(reduceSum(y), [x]), { variants: { conv2dGradInput: 'naive' } });
        },
        { values: { filter: [1, 2, 3, 4, 5, 6, 7, 8, 9] }, filters: ['weights'], small: line(25, 25) },
      ),
      output: 'dx',
      tell(at) {
        const [row, column] = [Math.floor(at.element / 5), at.element % 5];
        const parity = (place: number) => (place % 2 === 0 ? 'even' : 'odd');
        const taps = at.read('weights');
        return `The input in row ${row} (${parity(row)}) and column ${column} (${parity(column)}) met ${taps.length} of nine taps: its gradient is ${products(at.read('dy'), taps)} = ${written(at.value)}. All inputs of one phase meet the same taps, except at the edges.`;
      },
    },
  ],
  elementwise: [
    {
      kind: 'elements',
      title: 'A bias and ReLU in one pass',
      toy: toy('elementwise/map', () => lowered(relu(add(tensor('x', [2, 3]), tensor('bias', [3])))), {
        values: { x: [2, -1, 3, 0.5, -2, 1], bias: [0.5, -1, 1] },
        small: line(6, 3),
      }),
      output: 'output',
      tell: (at) =>
        `max(0, ${[...at.read('in_0'), ...at.read('in_1')].map(inSum).join(' + ')}) = ${written(at.value)}. The sum never goes to memory.`,
    },
  ],
  reduce: [
    {
      kind: 'levels',
      title: 'A tree of sums: 8 → 4 → 2 → 1',
      toy: toy(
        'reduce/tree',
        () => lowered(reduceSum(tensor('x', [8, 3]), { axes: [0] }), { variants: { reduceSum: 'tree' } }),
        {
          values: { x: [3, 0, 0, 1, 0, 0, 4, 0, 0, 1, 0, 0, 5, 0, 0, 9, 0, 0, 2, 0, 0, 6, 0, 0] },
          small: {
            constants: { WORKGROUP_SIZE: 8, COLUMNS: 1, LEVELS: 3, GROUPS: 3 },
            workgroups: [3, 1, 1],
          },
        },
      ),
      memory: 'table',
      counts: [8, 4, 2, 1],
      tell: ({ values }) =>
        `The memory of the workgroup before each barrier. Invocation i adds the number of invocation i + 4, then i + 2, then i + 1; after three levels the first has the sum, ${written(values.output[0])}.`,
    },
  ],
  softmax: [
    {
      kind: 'elements',
      title: 'Softmax of three logits',
      toy: toy(
        'softmax/rows',
        () => lowered(softmax(tensor('x', [1, 3])), { variants: { softmax: 'rows' } }),
        { values: { x: LOGITS }, small: line(1, 1) },
      ),
      output: 'output',
      tell: ({ element, value, values }) =>
        `e^${written(LOGITS[element])} as a share of ${LOGITS.map((x) => `e^${written(x)}`).join(' + ')} is ${written(value)}. Together the three are ${written(Math.fround(values.output[0] + values.output[1] + values.output[2]))}.`,
    },
  ],
  loss: [
    {
      kind: 'elements',
      title: 'The cross entropy of logits (2, 1, 0) for label 0',
      toy: toy(
        'loss/softmax_cross_entropy',
        () =>
          lowered(sparseSoftmaxCrossEntropy(tensor('x', [1, 3]), tensor('labels', [1], 'i32')), {
            variants: { sparseSoftmaxCrossEntropy: 'row' },
          }),
        { values: { x: LOGITS, labels: [0] }, small: line(1, 1) },
      ),
      output: 'gradient',
      tell({ element, value, values }) {
        const loss = `The loss is ${written(values.loss[0])}: minus the logarithm of the probability of class 0.`;
        return element === 0
          ? `${loss} The gradient of the label’s own logit is its probability minus 1: ${written(value)}.`
          : `${loss} The gradient of logit ${element} is the probability of its class: ${written(value)}.`;
      },
    },
  ],
  pooling: [
    {
      kind: 'elements',
      title: 'The largest of each 2 × 2 window',
      toy: toy('pooling/max', () => lowered(maxPool2d(tensor('image', [1, 4, 4, 1]), { poolSize: 2 })), {
        values: { image: [1, 3, 0, 2, 2, 4, 5, 1, 0, 1, 7, 6, 2, 8, 3, 4] },
        small: line(4),
      }),
      output: 'output',
      hidden: ['argmax'],
      tell: (at) => `The largest of ${list(windowOf(at))} is ${written(at.value)}.`,
    },
  ],
  normalization: [
    {
      kind: 'elements',
      title: 'A batch normalization of four samples of two channels',
      toy: toy(
        'normalization/apply',
        () =>
          lowered(
            normalize(tensor('x', [4, 2]), {
              over: 'batch',
              gamma: tensor('gamma', [2]),
              beta: tensor('beta', [2]),
            }).y,
            {
              variants: { normalize: 'lanes' },
            },
          ),
        { values: { x: [1, 10, 2, 20, 3, 30, 4, 40], gamma: [1, 2], beta: [0, 1] }, small: line(8) },
      ),
      output: 'output',
      tell(at) {
        const [x, mean, variance, gamma, beta] = ['input', 'mean', 'variance', 'gamma', 'beta'].map(
          (name) => at.read(name)[0],
        );
        return `(${written(x)} − ${written(mean)}) / √(${written(variance)} + 0.001) · ${written(gamma)} + ${written(beta)} = ${written(at.value)}. The mean and the variance of the channel come from another kernel.`;
      },
    },
  ],
  optimizer: [
    {
      kind: 'steps',
      title: 'Three steps of Adam down ½ w², at a learning rate of 0.1',
      toy: toysOf('optimizer/adam')[0],
      steps: 3,
      head: ['step', 'gradient', 'm', 'v', 'w before', 'w after'],
      // the gradient of ½ w² is w itself
      before: ({ parameters }, step) => ({ gradients: parameters, state: [step, 0, 0, 0, 0, 0, 0, 0] }),
      row: (before, after, step) => [
        step,
        before.gradients[0],
        after.mean[0],
        after.mean_square[0],
        before.parameters[0],
        after.parameters[0],
      ],
      tell: (rows) =>
        `m and v start at 0 and grow slowly, but each step takes that into account: the first one is as long as the learning rate, ${written(rows[0][4] - rows[0][5])}, whatever the size of the gradient.`,
    },
  ],
  movement: [
    {
      kind: 'elements',
      title: 'Rows 2, 0 and 2 of a table',
      toy: toy(
        'movement/gather',
        () => lowered(gather(tensor('table', [4, 3]), tensor('rows', [3], 'i32'))),
        {
          values: { table: [1, 2, 3, 11, 12, 13, 21, 22, 23, 31, 32, 33], rows: [2, 0, 2] },
          small: line(9, 3),
        },
      ),
      output: 'output',
      tell: (at) =>
        `In ${placeIn(at, 3)}: the list of rows says ${written(at.read('indices')[0])}, so it is column ${at.element % 3} of that row, ${written(at.value)}.`,
    },
  ],
  random: [
    {
      kind: 'elements',
      title: 'Dropout: six numbers, each kept with probability ½',
      toy: toy('random/dropout_scalar', () => lowered(dropout(tensor('x', [6]), 0.5, random)), {
        values: { x: [1, 2, 3, 4, 5, 6] },
        small: line(6, 3),
      }),
      output: 'output',
      hidden: ['state'],
      tell: ({ element, value }) =>
        value === 0
          ? `Number ${element} is dropped: its random number was below ½.`
          : `Number ${element} is kept and doubled to ${written(value)}, so that the sum stays the same on average.`,
    },
  ],
  resize: [
    {
      kind: 'elements',
      title: 'An image of 2 × 2 made 4 × 4, bilinearly',
      toy: toy(
        'resize/bilinear',
        () => lowered(resize2d(tensor('image', [1, 2, 2, 1]), [4, 4], { interpolation: 'bilinear' })),
        { values: { image: [0, 4, 8, 12] }, small: line(16) },
      ),
      output: 'output',
      tell: (at) =>
        `The pixel in ${placeIn(at, 4)} lies between ${list([...new Set(at.read('input'))])}, and nearer to some of them: it is ${written(at.value)}.`,
    },
  ],
  linalg: [
    {
      kind: 'elements',
      title: 'Two columns made orthonormal',
      toy: toy('linalg/orthonormalize', () => lowered(orthonormalize(tensor('x', [3, 2]))), {
        values: { x: [2, 1, 0, 2, 0, 2] },
      }),
      output: 'q',
      tell({ values: { q } }) {
        const dot = (a: number, b: number) => [0, 1, 2].map((row) => q[2 * row + a] * q[2 * row + b]);
        const total = (numbers: readonly number[]) => numbers.reduce((x, y) => x + y, 0);
        return `Column 0 is divided by its length; then what column 1 has in its direction is taken off. The squares of column 1 add up to ${written(Number(total(dot(1, 1)).toFixed(3)))}, and the products of both columns to ${written(Math.abs(Number(total(dot(0, 1)).toFixed(3))))}.`;
      },
    },
  ],
  dataset: [
    {
      kind: 'elements',
      title: 'A batch of two from five shuffled samples',
      toy: toy(
        'dataset/gather',
        () => lowered(gatherBatch({ source: tensor('samples', [5, 3]), batchSize: 2 })),
        {
          values: { samples: [1, 2, 3, 11, 12, 13, 21, 22, 23, 31, 32, 33, 41, 42, 43] },
          small: { constants: { WORKGROUP_SIZE: 4 }, workgroups: [2, 1, 1] },
        },
      ),
      output: 'batch',
      hidden: ['state'],
      tell: (at) =>
        `Row ${Math.floor(at.element / 3)} of the first batch of this epoch is sample ${Math.floor(at.value / 10)}: the order is computed by each invocation, and no list of it is kept.`,
    },
  ],
  shared: [
    {
      kind: 'elements',
      title: 'Philox: a counter becomes random bits',
      toy: toy('random/bits', () => lowered(randomBits([8], random)), { small: line(2, 2) }),
      output: 'output',
      hidden: ['state'],
      tell: ({ element, value }) =>
        `Invocation ${Math.floor(element / 4)} mixes its number with the seed and the step, in ten rounds, into four words of 32 bits. Word ${element % 4} is ${(value >>> 0).toString(16).padStart(8, '0')} in hexadecimal: the same in every run and on every GPU.`,
    },
  ],
};

/** The numbers that a maximum was taken from. */
const windowOf = (at: Told) => at.read('input').slice(-4);
