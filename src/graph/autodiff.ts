import { GradientError, ShapeError } from '../errors.ts';
import { add } from '../ops/elementwise/elementwise.ts';
import { fill } from '../ops/core/leaves.ts';
import { withScope } from '../ops/core/node.ts';
import { formatShape, sameShape, sizeOf } from '../ops/core/shape.ts';
import type { GradientRule, Node, Op, Tensor } from '../ops/core/op.ts';
import { topologicalOrder } from './traverse.ts';

/**
 * Gives nodes of `recompute` as they are made again for a backward pass: for a gradient that has reached the node, and with the
 * copies of this pass so far.
 */
type Remaker = (node: Node, dy: Tensor, copies: Map<Node, Node>) => Node;

/** The nodes that are not kept for a backward pass. */
export const remakers = new WeakMap<Node, Remaker>();

/** Whether a part of a tensor's graph is not kept. */
export const recomputesPartOf = (tensor: Tensor): boolean =>
  topologicalOrder([tensor]).some((node) => remakers.has(node));

/**
 * Reverse-mode differentiation: dL/dt for each tensor t of `wrt`, as new nodes of the graph.
 * `loss` holds a single element. The result is undefined for a tensor that the loss does not
 * depend on. Gradients of a tensor used several times are summed in a fixed order.
 *
 * @param options.recomputes whether blocks of `recompute` are computed again; else all that they compute is kept
 */
export function gradients(
  loss: Tensor,
  wrt: readonly Tensor[],
  { recomputes = true } = {},
): (Tensor | undefined)[] {
  if (sizeOf(loss.shape) !== 1) {
    throw new ShapeError(
      `gradients: the loss must be a single number, but ${loss.node.label} has shape ${formatShape(loss.shape)}; reduce it with reduceMean or reduceSum`,
    );
  }
  const order = topologicalOrder([loss]);
  const needed = nodesBetween(order, wrt);
  const copies = new Map<Node, Node>();
  const gradientOf = new Map<Tensor, Tensor>([[loss, fill(loss.shape, 1)]]);

  for (const node of order.toReversed()) {
    if (!node.inputs.some((input) => needed.has(input.node))) continue;
    const outputGradients = node.outputs.map((output) => gradientOf.get(output));
    const reached = outputGradients.find((g) => g !== undefined);
    if (!reached) continue;
    const own = recomputes ? (remakers.get(node)?.(node, reached, copies) ?? node) : node;
    const inputGradients = withScope(node.label + SCOPE.slice(0, -1), () =>
      differentiate(own, outputGradients),
    );
    inputGradients.forEach((gradient, i) => {
      const input = node.inputs[i];
      if (!gradient || !needed.has(input.node)) return;
      if (!sameShape(gradient.shape, input.shape)) {
        throw new ShapeError(
          `gradient of ${node.label}: input ${i} has shape ${formatShape(input.shape)}, but its gradient has ${formatShape(gradient.shape)}; fix the op's \`gradient\` rule`,
        );
      }
      const sum = gradientOf.get(input);
      gradientOf.set(input, sum ? add(sum, gradient) : gradient);
    });
  }
  return wrt.map((tensor) => gradientOf.get(tensor));
}

let learnt: ReadonlyMap<Op, GradientRule> | undefined;

/** From now on, these rules stand before those of the ops. */
export function learnRules(rules: ReadonlyMap<Op, GradientRule>): void {
  learnt = rules;
}

/** What stands in the label of a gradient's node, between the label of the node that it belongs to and its own. */
const SCOPE = '/gradient/';

/** Whether a node was made by `gradients`, as part of the gradient of another node. Passes keep labels. */
export const isGradient = ({ label }: Node): boolean => label.includes(SCOPE);

/** The label of the node whose gradient this one belongs to; for others their own. */
export const differentiatedLabel = ({ label }: Node): string => label.split(SCOPE)[0];

function differentiate(node: Node, outputGradients: readonly (Tensor | undefined)[]) {
  const rule = learnt?.get(node.op) ?? node.op.gradient;
  if (typeof rule !== 'function') {
    throw new GradientError(
      `${node.label}: ${node.op.name} has no derivative, because ${rule.reason}; remove it from the path between the parameters and the loss, or cut the path with stopGradient`,
    );
  }
  return rule(node, outputGradients);
}

/** The nodes on some path from `wrt` to the end of `order`: the only ones whose gradients matter. */
function nodesBetween(order: readonly Node[], wrt: readonly Tensor[]): Set<Node> {
  const needed = new Set<Node>(wrt.map((tensor) => tensor.node));
  for (const node of order) {
    if (node.inputs.some((input) => needed.has(input.node))) needed.add(node);
  }
  return needed;
}
