import { ShapeError } from '../errors.ts';
import { topologicalOrder } from '../graph/traverse.ts';
import { isTensor } from '../ops/core/node.ts';
import { formatShape } from '../ops/core/shape.ts';
import type { Tensor } from '../ops/core/op.ts';
import { describe } from '../options.ts';

/** Throws unless a penalty can be averaged over any number of samples, as `evaluate` does. */
export function checkPenalty(model: string, loss: unknown, inputs: readonly Tensor[]): void {
  const [batch] = inputs[0].shape;
  if (isTensor(loss)) {
    if (loss.shape.length === 1 && loss.shape[0] === batch) return;
    const places = new Set(inputs.map(({ node }) => node));
    if (loss.shape.length === 0 && !topologicalOrder([loss]).some((node) => places.has(node))) return;
  }
  throw new ShapeError(
    `${model}: addLoss got ${isTensor(loss) ? formatShape(loss.shape) : describe(loss)} for a batch of ${batch} samples; give one value per sample, [${batch}], whose mean is then added, or a single number made of weights alone`,
  );
}
