import { createNode } from '../ops/core/node.ts';
import type { Node, Tensor } from '../ops/core/op.ts';

/**
 * The nodes that `outputs` depend on, each after its inputs. Work that nothing depends on is not
 * among them: dead code is never reached. Iterative, so depth is not a limit.
 */
export function topologicalOrder(outputs: readonly Tensor[]): Node[] {
  const order: Node[] = [];
  const done = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  for (const { node } of outputs) {
    if (done.has(node)) continue;
    stack.push({ node, next: 0 });
    done.add(node);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.node.inputs.length) {
        const input = top.node.inputs[top.next++].node;
        if (!done.has(input)) {
          done.add(input);
          stack.push({ node: input, next: 0 });
        }
      } else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}

/** The nodes that read each tensor (a node once per tensor), in topological order. */
export function consumersOf(order: readonly Node[]): Map<Tensor, Node[]> {
  const consumers = new Map<Tensor, Node[]>();
  for (const node of order) {
    for (const tensor of new Set(node.inputs)) {
      const list = consumers.get(tensor);
      if (list) list.push(node);
      else consumers.set(tensor, [node]);
    }
  }
  return consumers;
}

/**
 * Rebuilds the graph of `outputs` from its leaves. For every node, `visit` gets the node and its
 * already rewritten inputs and returns replacements for the node's outputs, or undefined to keep it;
 * `lookUp` gives what tensors that came before have become.
 * Returns a function from old tensors to new ones.
 */
export function rewrite(
  outputs: readonly Tensor[],
  visit: (
    node: Node,
    inputs: readonly Tensor[],
    lookUp: (tensor: Tensor) => Tensor,
  ) => readonly Tensor[] | undefined,
): (tensor: Tensor) => Tensor {
  const replaced = new Map<Tensor, Tensor>();
  const lookUp = (tensor: Tensor): Tensor => replaced.get(tensor) ?? tensor;
  for (const node of topologicalOrder(outputs)) {
    const inputs = node.inputs.map(lookUp);
    const changed = inputs.some((tensor, i) => tensor !== node.inputs[i]);
    const replacement =
      visit(node, inputs, lookUp) ??
      (changed
        ? createNode(node.op, inputs, node.attrs, node.outputs, node.label, node.epilogue).outputs
        : undefined);
    replacement?.forEach((tensor, i) => {
      if (tensor !== node.outputs[i]) replaced.set(node.outputs[i], tensor);
    });
  }
  return lookUp;
}
