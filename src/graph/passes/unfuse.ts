import type { Op, Target, Tensor } from '../../ops/core/op.ts';
import { differentiatedLabel, isGradient, recomputesPartOf } from '../autodiff.ts';
import { rewrite, topologicalOrder } from '../traverse.ts';

/**
 * Replaces nodes by other ops where these are faster on the device, as their op knows. It comes before differentiation: a node
 * whose gradient is in the graph already stays, and so does a graph that computes some of it again.
 *
 * @param keeps ops that stay
 */
export function unfuse(
  outputs: readonly Tensor[],
  target: Target,
  keeps: (op: Op) => boolean,
): (tensor: Tensor) => Tensor {
  const order = topologicalOrder(outputs);
  const none = order.every(({ op }) => !op.unfused);
  if (none || outputs.some(recomputesPartOf)) return (tensor) => tensor;
  const differentiated = new Set(order.filter(isGradient).map(differentiatedLabel));
  return rewrite(outputs, (node, inputs) =>
    keeps(node.op) || differentiated.has(node.label) ? undefined : node.op.unfused?.(node, inputs, target),
  );
}
