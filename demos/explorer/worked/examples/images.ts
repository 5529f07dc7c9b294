import { gradients } from '../../../../src/graph/autodiff.ts';
import { conv2d } from '../../../../src/ops/conv2d/conv2d.ts';
import { maxPool2d } from '../../../../src/ops/pooling/maxPool2d.ts';
import { reduceSum } from '../../../../src/ops/reduce/sum.ts';
import { resize2d } from '../../../../src/ops/resize/resize2d.ts';
import { line, lowered, tensor } from '../../toys/toy.ts';
import { products } from '../worked.ts';
import { written } from '../written.ts';
import type { Told, Worked } from '../worked.ts';
import { toy, placeIn, list } from './words.ts';

/** The numbers that a maximum was taken from. */
const windowOf = (at: Told) => at.read('input').slice(-4);

/** Worked numbers of kernels of images. */
export const examples: Readonly<Record<string, readonly Worked[]>> = {
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
      tell(at) {
        const met = [...new Set(at.read('input'))];
        const where = `The pixel in ${placeIn(at, 4)}`;
        return met.length === 1
          ? `${where} lies beyond the middle of the corner’s pixel, and is the same: ${written(at.value)}.`
          : `${where} lies between ${list(met)}, and nearer to some of them: it is ${written(at.value)}.`;
      },
    },
  ],
};
