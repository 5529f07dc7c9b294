import type { Exercise } from '../../frame/exercise.ts';
import type { Kind, Task } from './kernels.ts';

export interface State {
  readonly kind: Kind;
  readonly task: Task;
  readonly weights: readonly number[];
  /** Corners whose answer is right. */
  readonly right: number;
}

export const exercises: readonly Exercise<State>[] = [
  {
    task: 'Set w₁ = 1, w₂ = 1 and b = −0.5. Which gate is it?',
    answers: ['OR', 'AND', 'XOR'],
    why: 'z is −0.5 for 0, 0 and above 0 for all others: yes as soon as one input is 1.',
  },
  {
    task: 'Choose AND, set w₁ = w₂ = 2, and get 4 of 4 right by the bias alone.',
    reached: ({ kind, task, weights: [w1, w2], right }) =>
      kind === 'one' && task === 'and' && w1 === 2 && w2 === 2 && right === 4,
    why: 'b must lie between −4 and −2: then only both inputs together lift z above 0.',
  },
  {
    task: 'XOR with two layers: find a random start that training brings to 4 of 4.',
    reached: ({ kind, task, right }) => kind === 'two' && task === 'xor' && right === 4,
    why: 'The two thin lines cut the plane into three strips: one answer between them, the other on both sides.',
  },
];
