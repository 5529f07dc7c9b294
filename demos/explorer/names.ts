import type { Operand } from '../../src/ops/core/op.ts';

/** What the graph calls it: an input's or a variable's name, else the op that makes it. */
export function nameOf(operand: Operand): string {
  if ('resource' in operand) return operand.resource;
  if ('scratch' in operand) return operand.scratch;
  const { op, attrs } = operand.node;
  const { name, variable } = (attrs ?? {}) as { name?: string; variable?: { name: string } };
  return name ?? variable?.name ?? op.name;
}
