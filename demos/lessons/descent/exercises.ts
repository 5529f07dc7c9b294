import type { Exercise } from '../../frame/exercise.ts';

export interface State {
  readonly w: number;
  readonly total: number;
  readonly next: number;
  readonly steps: number;
  /** The weight before the first of the steps. */
  readonly first: number;
}

export const exercises: readonly Exercise<State>[] = [
  {
    task: 'Where else is the loss 30? Move w there.',
    reached: ({ w, total }) => w < 2 && Math.abs(total - 30) < 0.01,
    why: 'At w = 1, as far from 2 on the other side. There the slope is −60: downhill is to the right.',
  },
  {
    task: 'At w = 3, find a rate with which a single step lands within 0.05 of 2.',
    reached: ({ w, next }) => w === 3 && Math.abs(next - 2) < 0.05,
    why: 'The step is rate · 60 and has to be 1 long: the rate is 1/60, about 0.017.',
  },
  {
    task: 'Find a rate with which three steps lead away from 2.',
    reached: ({ w, steps, first }) => steps >= 3 && Math.abs(w - 2) > Math.abs(first - 2) + 0.001,
    why: 'A step multiplies the distance to 2 by 1 − 60 · rate. Above a rate of 1/30 that is below −1.',
  },
];
