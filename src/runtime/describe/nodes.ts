import { differentiatedLabel, isGradient } from '../../graph/autodiff.ts';
import { usesOf } from '../../kernels/uses.ts';
import type { Node, Operand } from '../../ops/core/op.ts';
import { bytesOf } from '../../ops/core/shape.ts';
import { mapOp } from '../../ops/elementwise/map.ts';
import type { MapAttrs } from '../../ops/elementwise/map.ts';
import type { Build } from '../build.ts';
import type { LoweredDispatch } from '../lower.ts';
import { formatChoice } from '../tuning/report.ts';
import { operandNames, outputNames } from './names.ts';
import type { Phase, StepNode } from './types.ts';

/** What is known of each dispatch without the others: all but the gradients. */
export function describeNodes(build: Build): Omit<StepNode, 'gradient'>[] {
  const { dispatches } = build;
  const [name, outputs] = [operandNames(build), outputNames(build)];
  const places = new Places(build);
  return dispatches.map((dispatch, index) => {
    const { label, kernel, workgroups, flops, node, choice } = dispatch;
    const uses = usesOf(kernel);
    const bindings = dispatch.bindings.map(({ name: variable, access, operand, slice }) => ({
      name: variable,
      access,
      writes: uses.get(variable)!.writes,
      tensor: name(operand),
      shape: operand.shape,
      dtype: operand.dtype,
      bytes: slice?.bytes ?? bytesOf(operand),
      outputs: outputs(operand),
    }));
    const isLast = dispatches[index + 1]?.node !== node;
    return {
      index,
      label,
      ...places.of(dispatch),
      kernel: kernel.name,
      variant: formatChoice(choice),
      fused: node && isLast ? fusedFunctions(node) : [],
      workgroups,
      flops,
      bytes: bytesMoved(dispatch),
      bindings,
      output: bindings.find(({ writes }) => writes)?.dtype === 'f32',
    };
  });
}

/** Functions that one kernel computes besides its own: the steps of a map, or of an epilogue. */
function fusedFunctions({ op, attrs, epilogue }: Node): string[] {
  const expression = op === mapOp ? (attrs as MapAttrs).expression : epilogue?.expression;
  return expression?.steps.filter(({ fn }) => fn !== 'Value').map(({ fn }) => fn) ?? [];
}

/** What a dispatch must read and write at least: each operand once, however often a kernel comes back to it. */
export function bytesMoved({ bindings }: LoweredDispatch): number {
  const sizes = new Map<Operand, number>();
  for (const { operand, slice } of bindings) {
    sizes.set(operand, Math.max(sizes.get(operand) ?? 0, slice?.bytes ?? bytesOf(operand)));
  }
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** What holds of a node, or of one that it depends on. Worked out once for each. */
function orAnyInput(holds: (node: Node) => boolean): (node: Node) => boolean {
  const known = new Map<Node, boolean>();
  const find = (node: Node): boolean => {
    const found = known.get(node) ?? (holds(node) || node.inputs.some((input) => find(input.node)));
    known.set(node, found);
    return found;
  };
  return find;
}

/** Which layer, and which phase of the step, dispatches belong to. */
class Places {
  readonly #groups: ReadonlySet<string>;
  readonly #isLearned = orAnyInput(({ op }) => op.name === 'variable');
  readonly #isLayered = orAnyInput((node) => node.op.kind !== 'leaf' && scopeOf(node) !== '');
  readonly #isBackward: (node: Node) => boolean;

  constructor({ dispatches, pinned }: Build) {
    const isPinned = ({ outputs }: Node) => outputs.some((tensor) => pinned.has(tensor));
    // Not every gradient has a label that says so: where a tensor has several, they are added up outside of all scopes.
    this.#isBackward = orAnyInput((node) => isGradient(node) || isPinned(node));
    this.#groups = new Set(dispatches.flatMap(({ node }) => (node ? [scopeOf(node)] : [])));
  }

  of({ node, label, updates }: LoweredDispatch): { group: string; phase: Phase } {
    if (node) return { group: this.#groupOf(node), phase: this.#phaseOf(node) };
    const inside = [...this.#groups].filter((group) => group !== '' && label.startsWith(`${group}/`));
    const group = inside.toSorted((a, b) => b.length - a.length).at(0) ?? '';
    return { group, phase: updates ? 'optimizer' : 'record' };
  }

  #phaseOf(node: Node): Phase {
    if (this.#isBackward(node)) return 'backward';
    if (scopeOf(node) !== '') return 'forward';
    if (!this.#isLearned(node)) return 'data';
    return this.#isLayered(node) ? 'loss' : 'forward';
  }

  #groupOf(node: Node): string {
    const own = scopeOf(node);
    if (own !== '' || !this.#isBackward(node)) return own;
    const summand = node.inputs.find((input) => this.#isBackward(input.node));
    return summand && !isGradient(node) ? this.#groupOf(summand.node) : '';
  }
}

/** The scopes that an op was made in, without those of its gradient: `generator/dense` of `generator/dense/matmul`. */
function scopeOf(node: Node): string {
  const own = differentiatedLabel(node);
  return own.slice(0, Math.max(0, own.lastIndexOf('/')));
}
