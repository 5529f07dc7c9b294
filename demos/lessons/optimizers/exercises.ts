import type { Exercise } from '../../frame/exercise.ts';
import type { Racer, Surface } from './surfaces.ts';

export interface State {
  readonly surface: Surface;
  readonly steps: number;
  /** Optimizers that have left the map. */
  readonly gone: readonly Racer[];
  /** Where SGD and momentum began, and where they are, along x. */
  readonly start: number;
  readonly sgd: number;
  readonly momentum: number;
}

export const exercises: readonly Exercise<State>[] = [
  {
    task: 'Long valley: let them run for 60 steps. Which has the highest loss?',
    answers: ['SGD', 'Adam', 'RMSprop'],
    why: 'The rate that just fits the steep direction is too small for the flat one.',
  },
  {
    task: 'Bent valley: raise the rates until SGD leaves the map.',
    reached: ({ surface, gone }) => surface === 'bend' && gone.includes('sgd'),
    why: 'Its step grows with the slope. Those that divide by the size of the slopes stay.',
  },
  {
    task: 'Two wells: find a start on the right from which only momentum gets to the left, deeper one.',
    reached: ({ surface, steps, start, sgd, momentum }) =>
      surface === 'wells' && steps >= 60 && start > 0 && sgd > 0 && momentum < 0,
    why: 'From high up it is fast enough for the hill between them. From other starts, the same speed carries it out of the deeper one.',
  },
];
