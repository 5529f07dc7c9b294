import { reshape } from '../../ops/movement/movement.ts';
import { reduceOps } from '../../ops/reduce/reduce.ts';
import { createNode } from '../../ops/core/node.ts';
import type { Node, Tensor } from '../../ops/core/op.ts';
import { rewrite, topologicalOrder } from '../traverse.ts';

/**
 * A convolution's filter gradient and its bias gradient both sum over all of dy. Where a graph has
 * both, one kernel computes them in one pass over dy: the bias is one more row of the product, whose
 * inputs are all 1. Saves the two dispatches of the sum.
 */
export function fuseBiasGradients(outputs: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const order = topologicalOrder(outputs);
  const filters = new Map<Tensor, Node>();
  const sums = new Set<Tensor>();
  for (const node of order) {
    if (node.op.withSum) filters.set(node.inputs[1], node);
    if (isChannelSum(node)) sums.add(node.inputs[0]);
  }
  const pairs = new Map<Tensor, readonly Tensor[]>();
  // Whichever of the two comes first makes both: neither depends on the other.
  const pair = (dy: Tensor): readonly Tensor[] => {
    const filter = filters.get(dy)!;
    const made = pairs.get(dy) ?? combined(filter);
    pairs.set(dy, made);
    return made;
  };
  return rewrite(outputs, (node) => {
    const dy = node.op.withSum ? node.inputs[1] : node.inputs[0];
    if (!filters.has(dy) || !sums.has(dy)) return undefined;
    if (node === filters.get(dy)) return [pair(dy)[0]];
    return isChannelSum(node) ? [reshape(pair(dy)[1], node.outputs[0].shape)] : undefined;
  });
}

function combined({ op, inputs, attrs, outputs: [dw], label }: Node): readonly Tensor[] {
  const db = { shape: [dw.shape.at(-1)!], dtype: dw.dtype };
  return createNode(op.withSum!, inputs, attrs, [dw, db], label).outputs;
}

/** Σ over batch and positions of an NHWC tensor: one value per channel. */
function isChannelSum({ op, attrs, inputs }: Node): boolean {
  return op === reduceOps.sum && inputs[0].shape.length === 4 && attrs.axes.join() === '0,1,2';
}
