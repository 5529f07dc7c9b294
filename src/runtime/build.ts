import { KernelError } from '../errors.ts';
import { gradients } from '../graph/autodiff.ts';
import { optimize } from '../graph/passes/optimize.ts';
import { read } from '../ops/leaves.ts';
import type { Variable } from '../ops/leaves.ts';
import { mapOp } from '../ops/map.ts';
import type { Effect, Operand } from '../ops/op.ts';
import { bytesOf, createNode } from '../ops/tensor.ts';
import type { Tensor } from '../ops/tensor.ts';
import { isTensor, lowerGraph, ownerOf } from './lower.ts';
import type { LoweredDispatch, LowerOptions } from './lower.ts';
import { planMemory } from './plan.ts';
import type { Block, MemoryPlan, Usage } from './plan.ts';

/** "Change these variables so that this loss gets smaller." */
export interface Objective {
  readonly loss: Tensor;
  readonly variables: readonly Variable[];
}

export interface BuildInput {
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly objectives: readonly Objective[];
  readonly effects: readonly Effect[];
}

/** A program before it meets a device's memory: its dispatches in order, and where everything lies. */
export interface Build {
  readonly dispatches: readonly LoweredDispatch[];
  /** The outputs as they are after the passes. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Tensors whose place is given: the gradient of each variable, by the variable. */
  readonly pinned: ReadonlyMap<Operand, Variable>;
  readonly plan: MemoryPlan<Operand>;
  readonly blocks: readonly Block<Operand>[];
}

/** Differentiates, runs the passes, lowers to kernels and plans the memory. Pure: needs no GPU. */
export function build(input: BuildInput, options: LowerOptions & { maxSlabBytes?: number }): Build {
  const names = Object.keys(input.outputs);
  const wrt: { variable: Variable; gradient: Tensor }[] = [];
  for (const { loss, variables } of input.objectives) {
    const found = gradients(loss, variables.map(read));
    found.forEach((gradient, i) => gradient && wrt.push({ variable: variables[i], gradient }));
  }
  const effectInputs = input.effects.map((effect) => effect.inputs);
  const roots = [...names.map((name) => input.outputs[name]), ...wrt.map((w) => w.gradient), ...effectInputs.flat()];
  const optimized = optimize(roots);
  const outputs = Object.fromEntries(names.map((name, i) => [name, optimized[i]]));
  const gradientTensors = optimized.slice(names.length, names.length + wrt.length);
  const newEffectInputs: Tensor[][] = [];
  let next = names.length + wrt.length;
  for (const inputs of effectInputs) newEffectInputs.push(optimized.slice(next, (next += inputs.length)));

  const pinned = new Map<Operand, Variable>();
  const pinnedRoots = gradientTensors.map((tensor, i) => {
    const root = pinnable(tensor, pinned) ? tensor : copyOf(tensor);
    pinned.set(ownerOf(root), wrt[i].variable);
    return root;
  });

  const dispatches = lowerGraph([...Object.values(outputs), ...pinnedRoots], input.effects, newEffectInputs, options);
  const blocks = lifetimes(dispatches, pinned, new Set(Object.values(outputs).map(ownerOf)));
  const placed = new Set(blocks.map((block) => block.key));
  const usages = dispatches.map(({ bindings }): Usage<Operand> => {
    const of = (access: string) =>
      bindings.filter((b) => b.access === access && placed.has(b.operand)).map((b) => b.operand);
    return { reads: of('read'), writes: of('read_write') };
  });
  return { dispatches, outputs, pinned, blocks, plan: planMemory(blocks, usages, { maxSlabBytes: options.maxSlabBytes }) };
}

/** A gradient can be computed right where it is wanted, unless that memory is somebody else's. */
function pinnable(tensor: Tensor, pinned: ReadonlyMap<Operand, Variable>): boolean {
  const owner = ownerOf(tensor);
  return owner.node.op.kind !== 'leaf' && !pinned.has(owner);
}

function copyOf(tensor: Tensor): Tensor {
  const attrs = { expression: { inputs: 1, steps: [] }, shape: tensor.shape };
  return createNode(mapOp, [tensor], attrs, [tensor], `${tensor.node.label}/copy`).outputs[0];
}

/** From which dispatch to which each intermediate is needed; outputs stay until the end. */
function lifetimes(
  dispatches: readonly LoweredDispatch[],
  pinned: ReadonlyMap<Operand, Variable>,
  outputs: ReadonlySet<Operand>,
): Block<Operand>[] {
  const blocks = new Map<Operand, { key: Operand; bytes: number; first: number; last: number }>();
  dispatches.forEach(({ bindings, label }, index) => {
    for (const { operand, access, name } of bindings) {
      if ('resource' in operand || pinned.has(operand)) continue;
      if (isTensor(operand) && operand.node.op.kind === 'leaf') continue;
      const block = blocks.get(operand);
      if (block) block.last = index;
      else if (access === 'read') {
        throw new KernelError(`${label}: reads ${name} before any kernel has written it; mend the op's lowering`);
      } else blocks.set(operand, { key: operand, bytes: bytesOf(operand), first: index, last: index });
    }
  });
  for (const output of outputs) {
    const block = blocks.get(output);
    if (block) block.last = dispatches.length;
  }
  return [...blocks.values()];
}
