import type { Exercise } from '../../frame/exercise.ts';

export interface State {
  /** The weights of the filter. */
  readonly weights: readonly number[];
}

const COPY = [0, 0, 0, 0, 1, 0, 0, 0, 0];

export const exercises: readonly Exercise<State>[] = [
  {
    task: 'What does the blur filter give where all nine pixels are 1?',
    answers: ['1', '9', '1/9'],
    why: 'Nine times 1/9: the mean of the pixels under it.',
  },
  {
    task: 'Stride 2 with padding same: how many outputs are there?',
    answers: ['16', '9', '25'],
    why: '(9 − 3) / 2 + 1 = 4 in each direction.',
  },
  {
    task: 'Make a filter of your own that copies the image.',
    reached: ({ weights }) => weights.every((weight, i) => weight === COPY[i]),
    why: 'A 1 in the middle of zeros: each output is the pixel under the middle.',
  },
];
