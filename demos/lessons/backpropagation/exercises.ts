import type { Exercise } from '../../frame/exercise.ts';

export interface State {
  readonly loss: number;
  readonly updates: number;
}

export const exercises: readonly Exercise<State>[] = [
  {
    task: 'Which product is the gradient of w₁₁?',
    answers: ['∂z₁ · x₁', '∂h₁ · w₁₁', '∂p · v₁'],
    why: 'w₁₁ is multiplied by x₁ on the way to z₁, so z₁’s gradient comes back times x₁.',
  },
  {
    task: 'Set x₂ = 0. Which gradients become 0?',
    answers: ['of w₂₁ and w₂₂', 'of w₁₂ and w₂₂', 'of b₁ and b₂'],
    why: 'Both are multiplied by x₂. A weight learns nothing from an input of 0.',
  },
  {
    task: 'Bring the loss below 0.001 with at most two updates.',
    reached: ({ loss, updates }) => updates > 0 && updates <= 2 && loss < 0.001,
    why: 'A larger rate needs fewer updates, until a step goes too far and the loss grows.',
  },
];
