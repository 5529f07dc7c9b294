import { ArgumentError } from '../../errors.ts';
import type { VariableAttrs } from '../core/leaves.ts';
import { isTensor } from '../core/node.ts';
import type { Assignments, Changes, Operand, Tensor } from '../core/op.ts';

const isVariable = (operand: Operand): operand is Tensor =>
  isTensor(operand) && operand.node.op.name === 'variable';

/** What programs do about the assignments among their effects; it comes with the effects, so that others do without it. */
export const assignments: Assignments = {
  check(label, { effects, minimized }, isElsewhere) {
    const assigned = new Set<Tensor>();
    const proposed = new Set(effects.flatMap(({ proposes = [] }) => proposes));
    const optimized = new Set(minimized);
    for (const { assigns } of effects) {
      if (!assigns) continue;
      const { target } = assigns;
      const fail = (what: string) => {
        const { name } = (target.node.attrs as VariableAttrs).variable;
        throw new ArgumentError(`${label}: assigns ${name}, ${what}`);
      };
      if (assigned.has(target)) fail('twice; join the two values in one tensor, with where or add');
      if (optimized.has(target)) {
        fail('which minimize changes, too; leave it out of the variables of minimize, or do not assign it');
      }
      if (proposed.has(target)) fail('which is a moving statistic that its layer updates by itself');
      if (isElsewhere(target)) {
        fail('which belongs to a model on another GPU; compile the program on that one');
      }
      assigned.add(target);
    }
  },

  readsChanged({ effects, minimized }: Changes) {
    const changed = new Set(minimized);
    for (const { assigns, proposes = [] } of effects) {
      for (const tensor of assigns ? [assigns.target, ...proposes] : proposes) changed.add(tensor);
    }
    return (tensor) => {
      let owner = tensor;
      while (owner.node.op.kind === 'alias') owner = owner.node.inputs[0];
      return changed.has(owner);
    };
  },

  inPlace(dispatches, outputs) {
    const assigned = new Map<Operand, Tensor>();
    const left = new Set<unknown>();
    const inVariables = (operand: Operand) => isVariable(operand) || assigned.has(operand);
    for (const copy of dispatches) {
      if (!copy.assigns) continue;
      const [value, target] = ['read', 'read_write'].map(
        (access) => copy.bindings.find((own) => own.access === access)!.operand,
      );
      const isComputed = isTensor(value) && value.node.op.kind !== 'leaf';
      if (!isComputed || outputs.has(value) || assigned.has(value)) continue;
      const others = dispatches.filter((own) => own !== copy);
      const first = others.findIndex(({ bindings }) => bindings.some(({ operand }) => operand === value));
      const fits = others.every(({ bindings }, i) => {
        const own = bindings.find(({ operand }) => operand === value);
        if (bindings.some(({ operand }) => operand === target) && i >= first) return false;
        if (!own) return true;
        if (own.access === 'uniform') return false;
        return bindings.every(({ operand, access }) => access === own.access || !inVariables(operand));
      });
      if (!fits) continue;
      assigned.set(value, target as Tensor);
      left.add(copy);
    }
    return { dispatches: dispatches.filter((own) => !left.has(own)), assigned };
  },
};
