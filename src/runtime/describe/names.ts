import type { FillAttrs, InputAttrs, VariableAttrs } from '../../ops/core/leaves.ts';
import type { Node, Operand, Tensor } from '../../ops/core/op.ts';
import type { Build } from '../build.ts';
import { isTensor, ownerOf } from '../lower.ts';

/** What a table calls each operand: leaves and resources by their names, results by their dispatch. */
export function operandNames({ dispatches, pinned, assigned }: Build): (operand: Operand) => string {
  const names = new Map<Operand, string>();
  dispatches.forEach(({ bindings }, i) => {
    for (const { operand, access } of bindings) {
      if (names.has(operand) || access !== 'read_write') continue;
      const target = pinned.get(operand);
      const variable = assigned.get(operand);
      if (target) names.set(operand, `∇${target.variable.name}`);
      else if (variable) names.set(operand, `new ${leafName(variable.node)}`);
      else if ('scratch' in operand) names.set(operand, `%${i}.${operand.scratch.split('.').at(-1)}`);
      else if (isTensor(operand) && operand.node.op.kind !== 'leaf') {
        names.set(operand, operand.node.outputs.length > 1 ? `%${i}.${operand.index}` : `%${i}`);
      }
    }
  });
  return (operand) => {
    if ('resource' in operand) return operand.resource;
    return names.get(operand) ?? ('scratch' in operand ? operand.scratch : leafName(operand.node));
  };
}

/** Input, variable or constant: the name its maker gave it. Other nodes: their label. */
export function leafName({ op, attrs, label }: Node): string {
  if (op.name === 'input') return (attrs as InputAttrs).name;
  if (op.name === 'variable') return (attrs as VariableAttrs).variable.name;
  if (op.name === 'fill') return String((attrs as FillAttrs).value);
  return op.kind === 'leaf' ? op.name : label;
}

/** The names under which the program's outputs are read, by the tensor that holds them. */
export function outputNames({ outputs }: Build): (operand: Operand) => readonly string[] {
  const names = new Map<Operand, string[]>();
  for (const [output, tensor] of Object.entries(outputs)) {
    const owner: Tensor = ownerOf(tensor);
    names.set(owner, [...(names.get(owner) ?? []), output]);
  }
  return (operand) => names.get(operand) ?? [];
}
