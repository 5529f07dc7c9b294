import { fillOp } from '../../ops/core/leaves.ts';
import { createNode } from '../../ops/core/node.ts';
import type { Node, Tensor } from '../../ops/core/op.ts';
import { rewrite } from '../traverse.ts';

/**
 * Common subexpressions: nodes of the same op with the same inputs and attributes become one.
 * Leaves are their own identity (equal fills are one); random ops carry their stream among the
 * attributes, so two dropouts never become one.
 */
export function eliminateCommonSubexpressions(outputs: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const seen = new Map<string, readonly Tensor[]>();
  return rewrite(outputs, (node, inputs) => {
    if (node.op.kind === 'leaf' && node.op !== fillOp) return undefined;
    const key = JSON.stringify([node.op.name, node.attrs, inputs.map((t) => [t.node.id, t.index])], exact);
    const existing = seen.get(key) ?? rebuilt(node, inputs);
    seen.set(key, existing);
    return existing;
  });
}

/** JSON writes null for both infinities and 0 for −0: they would become one. */
const exact = (_name: string, value: unknown): unknown => {
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
};

function rebuilt(node: Node, inputs: readonly Tensor[]): readonly Tensor[] {
  if (inputs.every((tensor, i) => tensor === node.inputs[i])) return node.outputs;
  return createNode(node.op, inputs, node.attrs, node.outputs, node.label, node.epilogue).outputs;
}
