import { GradientError, ShapeError } from '../errors.ts';
import { add } from '../ops/elementwise/elementwise.ts';
import { fill } from '../ops/core/leaves.ts';
import { withScope } from '../ops/core/node.ts';
import { formatShape, sameShape, sizeOf } from '../ops/core/shape.ts';
import type { Equivalent, GradientRule, Node, Op, PullBack, Tensor } from '../ops/core/op.ts';
import { aliasOf } from '../ops/movement/movement.ts';
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
  return passBack([loss], [fill(loss.shape, 1)], wrt, recomputes);
}

/** dL/dt for each tensor t of `wrt`, from dL/d(output) of each output. */
function passBack(
  outputs: readonly Tensor[],
  outputGradients: readonly (Tensor | undefined)[],
  wrt: readonly Tensor[],
  recomputes: boolean,
): (Tensor | undefined)[] {
  const order = topologicalOrder(outputs);
  const needed = nodesBetween(order, wrt);
  const copies = new Map<Node, Node>();
  const gradientOf = new Map<Tensor, Tensor>();
  const collect = (tensor: Tensor, gradient: Tensor | undefined) => {
    if (!gradient || !needed.has(tensor.node)) return;
    const sum = gradientOf.get(tensor);
    gradientOf.set(tensor, sum ? add(sum, gradient) : gradient);
  };
  outputs.forEach((output, i) => collect(output, outputGradients[i]));

  for (const node of order.toReversed()) {
    if (!node.inputs.some((input) => needed.has(input.node))) continue;
    const own = node.outputs.map((output) => gradientOf.get(output));
    const reached = own.find((gradient) => gradient !== undefined);
    if (!reached) continue;
    const rule = ruleOf(node);
    const remade = (recomputes && remakers.get(node)?.(node, reached, copies)) || node;
    const parts = withScope(node.label + SCOPE.slice(0, -1), (): Part[] =>
      typeof rule === 'function'
        ? rule(remade, own).map((gradient, i) => [node.inputs[i], gradient])
        : throughGraph(rule, node, own),
    );
    for (const [tensor, gradient] of parts) {
      if (!gradient || !needed.has(tensor.node)) continue;
      if (!sameShape(gradient.shape, tensor.shape)) {
        throw new ShapeError(
          `gradient of ${node.label}: input ${node.inputs.indexOf(tensor)} has shape ${formatShape(tensor.shape)}, but its gradient has ${formatShape(gradient.shape)}; fix the op's \`gradient\` rule`,
        );
      }
      collect(tensor, gradient);
    }
  }
  return wrt.map((tensor) => gradientOf.get(tensor));
}

/** What reaches a tensor by one way. */
type Part = [tensor: Tensor, gradient: Tensor | undefined];

type Rules = ReadonlyMap<Op, GradientRule | Equivalent>;
let learnt: Rules | undefined;

/** From now on, these rules stand before those of the ops. */
export function learnRules(rules: Rules): void {
  learnt = rules;
}

/** What stands in the label of a gradient's node, between the label of the node that it belongs to and its own. */
const SCOPE = '/gradient/';

/** Whether a node was made by `gradients`, as part of the gradient of another node. Passes keep labels. */
export const isGradient = ({ label }: Node): boolean => label.includes(SCOPE);

/** The label of the node whose gradient this one belongs to; for others their own. */
export const differentiatedLabel = ({ label }: Node): string => label.split(SCOPE)[0];

function ruleOf(node: Node): GradientRule | Equivalent {
  const rule = learnt?.get(node.op) ?? node.op.gradient;
  if (typeof rule === 'function' || 'graph' in rule) return rule;
  throw new GradientError(
    `${node.label}: ${node.op.name} has no derivative, because ${rule.reason}; remove it from the path between the parameters and the loss, or cut the path with stopGradient`,
  );
}

/** By the graph that stands for a node. Aliases stand for where it begins: what these depend on is differentiated elsewhere. */
function throughGraph(
  { graph }: Equivalent,
  node: Node,
  outputGradients: readonly (Tensor | undefined)[],
): Part[] {
  const standIns = new Map<Tensor, Tensor>();
  const of = (tensor: Tensor) => {
    const known = standIns.get(tensor) ?? aliasOf(tensor);
    standIns.set(tensor, known);
    return known;
  };
  const pullBack: PullBack = (outputs, own, inputs) => passBack(outputs, own, inputs, true);
  const outputs = graph(node, of, pullBack);
  const found = pullBack(outputs, outputGradients, [...standIns.values()]);
  return [...standIns.keys()].map((tensor, i) => [tensor, found[i]]);
}

/** The nodes on some path from `wrt` to the end of `order`: the only ones whose gradients matter. */
function nodesBetween(order: readonly Node[], wrt: readonly Tensor[]): Set<Node> {
  const needed = new Set<Node>(wrt.map((tensor) => tensor.node));
  for (const node of order) {
    if (node.inputs.some((input) => needed.has(input.node))) needed.add(node);
  }
  return needed;
}
