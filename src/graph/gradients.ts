import type { Tensor } from '../ops/core/op.ts';
import { secondDerivatives } from '../ops/secondDerivatives.ts';
import { gradients as differentiate, learnRules } from './autodiff.ts';

/**
 * dL/dt for each tensor t of `tensors`, as new tensors of the graph; undefined where the loss does not depend on t. They can be
 * differentiated again, to any order: `gradients` of a sum of gradients, or `minimize` of a loss that contains them.
 *
 * @throws ShapeError unless the loss is a single number
 * @throws GradientError if an op on the way has no derivative
 */
export function gradients(loss: Tensor, tensors: readonly Tensor[]): (Tensor | undefined)[] {
  learnRules(secondDerivatives());
  return differentiate(loss, tensors);
}
