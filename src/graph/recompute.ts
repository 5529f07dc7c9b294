import { ArgumentError } from '../errors.ts';
import { describe, isPromise } from '../options.ts';
import { apply, createNode, isTensor, nextNode } from '../ops/core/node.ts';
import type { Node, Op, Tensor } from '../ops/core/op.ts';
import { remakers } from './autodiff.ts';
import { topologicalOrder } from './traverse.ts';

/**
 * Trades time for memory (gradient checkpointing, Chen et al. 2016): what `block` computes on the way to its result is not
 * kept for the backward pass, but computed again when that begins to pass the block. Its result is kept, and all that it
 * reads from outside. Values and gradients are the same bits, random ops draw the same numbers again. A network of n layers
 * in blocks of √n needs memory for about 2√n of them, and one forward pass more.
 *
 * Blocks within a block are part of it.
 *
 * @param block builds a part of a graph: `() => layer.call(x)`
 * @throws ArgumentError unless it gives a tensor, or a list of tensors
 */
export function recompute<T extends Tensor | readonly Tensor[]>(block: () => T): T {
  if (typeof block !== 'function') {
    throw new ArgumentError(
      `recompute: was given ${describe(block)}; give a function that builds a part of the graph, () => …`,
    );
  }
  const first = nextNode();
  const result = block();
  const list: readonly unknown[] = Array.isArray(result) ? result : [result];
  if (isPromise(result) || !list.every(isTensor)) {
    throw new ArgumentError(
      `recompute: its function gave ${describe(result)}; it has to return a tensor, or a list of tensors, without async`,
    );
  }
  const results = new Set(list as Tensor[]);
  const nodes = topologicalOrder([...results]).filter(({ id, op }) => id >= first && op.kind !== 'leaf');
  const remake = (node: Node, dy: Tensor, copies: Map<Node, Node>): Node => {
    if (!copies.has(node)) copyBehind(nodes, results, dy, copies);
    return copies.get(node)!;
  };
  for (const node of nodes) remakers.set(node, remake);
  return result;
}

/** The same tensor, computed in no case before another: an alias of input 0. */
const afterOp: Op<Record<string, never>> = {
  name: 'after',
  kind: 'alias',
  infer: ([x]) => [x],
  lower: () => {},
  gradient: (_node, [dy]) => [dy, undefined],
};

/**
 * Makes nodes again of what they read from outside, to be computed behind dy, a gradient that has reached one of them. They are
 * nodes of their own, whose inputs are others, so that passes do not take them for the first ones.
 *
 * @param nodes each after its inputs
 * @param results are kept, and not made again
 */
function copyBehind(
  nodes: readonly Node[],
  results: ReadonlySet<Tensor>,
  dy: Tensor,
  copies: Map<Node, Node>,
): void {
  const within = new Set(nodes);
  for (const node of nodes) {
    const inputs = node.inputs.map((input) => {
      if (!within.has(input.node)) return apply(afterOp, [input, dy], {});
      return results.has(input) ? input : copies.get(input.node)!.outputs[input.index];
    });
    const copy = createNode(node.op, inputs, node.attrs, node.outputs, node.label);
    const isKept = node.outputs.every((output) => results.has(output));
    copies.set(node, isKept ? { ...copy, outputs: node.outputs } : copy);
  }
}
