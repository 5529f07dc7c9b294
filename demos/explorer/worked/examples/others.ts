import { add, relu } from '../../../../src/ops/elementwise/elementwise.ts';
import { gather } from '../../../../src/ops/movement/gather.ts';
import { cumsum } from '../../../../src/ops/scan/cumsum.ts';
import { argsort } from '../../../../src/ops/sort/sort.ts';
import { dropout } from '../../../../src/ops/random/dropout.ts';
import { randomBits } from '../../../../src/ops/random/random.ts';
import { neighbourProbabilities } from '../../../../src/ops/tsne/tsne.ts';
import { gatherBatch } from '../../../../src/ops/dataset/gatherBatch.ts';
import { toysOf } from '../../toys/index.ts';
import { line, lowered, tensor } from '../../toys/toy.ts';
import { inSum } from '../worked.ts';
import { written } from '../written.ts';
import type { Worked } from '../worked.ts';
import { toy, placeIn } from './words.ts';

const random = { stream: 1 };

/** Worked numbers of the other kernels. */
export const examples: Readonly<Record<string, readonly Worked[]>> = {
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
  scan: [
    {
      kind: 'elements',
      title: 'Running sums of five numbers',
      toy: toy('scan/chunks', () => lowered(cumsum(tensor('x', [5]))), {
        values: { x: [3, 1, 4, 1, 5] },
        small: line(1, 1),
      }),
      output: 'output',
      tell: ({ element, value }) => `Up to place ${element} the numbers add up to ${written(value)}.`,
    },
  ],
  sort: [
    {
      kind: 'elements',
      title: 'The places of five numbers in order',
      toy: toy('sort/rank', () => lowered(argsort(tensor('x', [5])), { variants: { argsort: 'rank' } }), {
        values: { x: [3, 1, 2, 1, 0] },
        small: line(5, 5),
      }),
      output: 'places',
      hidden: ['keys'],
      tell: ({ element, value }) =>
        `Place ${element} of the order goes to the number at place ${written(value)} of the row.`,
    },
  ],
  tsne: [
    {
      kind: 'elements',
      title: 'How near five neighbours are, as many as two in effect',
      toy: toy('tsne/perplexity', () => lowered(neighbourProbabilities(tensor('distances', [1, 5]), 2).p), {
        values: { distances: [1, 2, 3, 4, 5] },
        small: line(1, 1),
      }),
      output: 'output',
      hidden: ['scales'],
      tell: ({ element, value }) =>
        `exp(s − β · ${element + 1}) = ${written(value)}, with the β at which the entropy of all five is log 2.`,
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
