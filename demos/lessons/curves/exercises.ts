import type { Exercise } from '../../frame/exercise.ts';
import type { Progress } from './kernels.ts';
import type { ScenarioName } from './scenarios.ts';

export interface State {
  readonly curve: ScenarioName;
  /** At the end of the training. */
  readonly end: Progress | undefined;
}

export const exercises: readonly Exercise<State>[] = [
  {
    task: 'Rate too low: find a rate that ends with a training loss below 0.3.',
    reached: ({ curve, end }) => curve === 'low' && end !== undefined && end.training < 0.3,
    why: 'The rate must be between 10 and 100 times as large. Rates are tried in powers of ten.',
  },
  {
    task: 'Overfitting: find a number of samples with which the validation loss ends below 0.7.',
    reached: ({ curve, end }) => curve === 'overfit' && end !== undefined && end.validation < 0.7,
    why: 'More samples are harder to learn by heart. The gap between the curves closes.',
  },
  {
    task: 'Validation below training: set dropout to 0. Which loss ends lower?',
    answers: ['training', 'validation', 'they are equal'],
    why: 'Without dropout both are measured on the whole network, and it knows its training data better.',
  },
];
