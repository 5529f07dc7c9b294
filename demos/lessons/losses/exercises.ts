import type { Exercise } from '../../frame/exercise.ts';
import type { CaseName } from './cases.ts';

export interface State {
  readonly question: CaseName;
  /** In the order of the case. */
  readonly losses: readonly number[];
  readonly targets: readonly number[];
}

export const exercises: readonly Exercise<State>[] = [
  {
    task: 'Yes or no, target yes: bring the cross-entropy below 0.05.',
    reached: ({ question, losses: [loss], targets: [target] }) =>
      question === 'two' && target === 1 && loss < 0.05,
    why: 'It is −log of the prediction, which must be above 0.951: z is 3 or more.',
  },
  {
    task: 'A number: find a z where the squared error is below the absolute one.',
    reached: ({ question, losses: [squared, absolute] }) => question === 'regression' && squared < absolute,
    why: 'Closer than 1 to the target. A square is smaller than a number below 1, and larger than one above it.',
  },
  {
    task: 'A distribution: bring both divergences below 0.01.',
    reached: ({ question, losses }) => question === 'divergence' && losses.every((loss) => loss < 0.01),
    why: 'Softmax gives the target where z is its logarithm, plus any number that is the same for all.',
  },
];
