import type { Exercise } from '../../frame/exercise.ts';
import type { FunctionName } from './functions.ts';

export interface State {
  readonly f: FunctionName;
  readonly x: number;
  readonly slope: number;
}

export const exercises: readonly Exercise<State>[] = [
  {
    task: 'Find the input at which sigmoid has its largest slope.',
    reached: ({ f, x }) => f === 'sigmoid' && Math.abs(x) < 0.001,
    why: '0.25, at x = 0. Even there, ten layers leave less than a millionth of the gradient.',
  },
  {
    task: 'At x = −2, which of these has the larger slope?',
    answers: ['leaky ReLU', 'ReLU', 'tanh'],
    why: '0.2. The slope of tanh is 0.071 there, and that of ReLU 0.',
  },
  {
    task: 'Find a place where a larger input makes the output smaller.',
    reached: ({ slope }) => slope < 0,
    why: 'GELU and SiLU dip before they rise. Left of the lowest point their slope is below 0.',
  },
];
