import { KernelError } from '../errors.ts';
import { gradients, recomputesPartOf } from '../graph/autodiff.ts';
import { optimize } from '../graph/passes/optimize.ts';
import { unfuse } from '../graph/passes/unfuse.ts';
import { topologicalOrder } from '../graph/traverse.ts';
import { fill, programState, read } from '../ops/core/leaves.ts';
import type { Variable } from '../ops/core/leaves.ts';
import { LateKernels } from '../ops/core/late.ts';
import { createNode } from '../ops/core/node.ts';
import type { Effect, Operand, Tensor } from '../ops/core/op.ts';
import { bytesOf } from '../ops/core/shape.ts';
import { advanceDispatch } from '../ops/dataset/advance.ts';
import { mapOp } from '../ops/elementwise/map.ts';
import { isTensor, lowerGraph, ownerOf } from './lower.ts';
import type { LoweredDispatch, LowerOptions } from './lower.ts';
import { planMemory } from './plan.ts';
import type { Block, MemoryPlan, Usage } from './plan.ts';

const halfStorage = /* @__PURE__ */ new LateKernels(
  'mixed precision',
  async () => (await import('./halfStorage.ts')).storeHalf,
);

/** The request to change these variables so that this loss gets smaller. */
export interface Objective {
  readonly loss: Tensor;
  readonly variables: readonly Variable[];
}

export interface BuildInput {
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly objectives: readonly Objective[];
  readonly effects: readonly Effect[];
}

/** The gradient of a variable for one of the objectives. */
export interface GradientTarget {
  readonly variable: Variable;
  /** Index of the objective. */
  readonly objective: number;
}

/** A program without device memory yet: its dispatches in order, and the planned place of every operand. */
export interface Build {
  readonly dispatches: readonly LoweredDispatch[];
  /** The outputs as they are after the passes. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Tensors whose place is fixed: gradients, in their minimizer's flat buffer. */
  readonly pinned: ReadonlyMap<Operand, GradientTarget>;
  /** Tensors that are computed in the place of a variable, as the tensor that reads it. */
  readonly assigned: ReadonlyMap<Operand, Tensor>;
  /** What is stored as f16 in the place of which operand, in mixed precision. */
  readonly halves?: ReadonlyMap<Operand, Operand>;
  readonly plan: MemoryPlan<Operand>;
  /** Where the backward pass of `minimize` computes something again: what the slabs would take if it were kept. */
  readonly keptBytes?: number;
  readonly blocks: readonly Block<Operand>[];
}

type BuildOptions = LowerOptions & { maxSlabBytes?: number };

/**
 * Differentiates, runs the passes, lowers to kernels and plans the memory. Pure: needs no GPU.
 *
 * @throws MissingKernels if some of it is not loaded
 */
export function build(input: BuildInput, options: BuildOptions): Build {
  const built = buildWith(input, options, true);
  if (!input.objectives.some(({ loss }) => recomputesPartOf(loss))) return built;
  const { slabBytes } = buildWith(input, options, false).plan;
  return { ...built, keptBytes: slabBytes.reduce((sum, bytes) => sum + bytes, 0) };
}

function buildWith(input: BuildInput, options: BuildOptions, recomputes: boolean): Build {
  const names = Object.keys(input.outputs);
  const isForced = (name: string) => options.variants?.[name] !== undefined;
  const now = unfuse(
    [
      ...Object.values(input.outputs),
      ...input.objectives.map(({ loss }) => loss),
      ...input.effects.flatMap(({ inputs }) => inputs),
    ],
    options.target,
    ({ name }) => isForced(name) || isForced(`${name}Gradient`),
  );
  const wrt: (GradientTarget & { gradient: Tensor })[] = [];
  input.objectives.forEach(({ loss, variables }, objective) => {
    const unique = [...new Set(variables)];
    // A variable without influence on the loss has the gradient 0, not what the last program left there.
    gradients(now(loss), unique.map(read), { recomputes }).forEach((gradient, i) =>
      wrt.push({ variable: unique[i], objective, gradient: gradient ?? fill(unique[i].shape, 0) }),
    );
  });
  const effectInputs = input.effects.map((effect) => effect.inputs.map(now));
  const roots = [
    ...names.map((name) => now(input.outputs[name])),
    ...wrt.map((w) => w.gradient),
    ...effectInputs.flat(),
  ];
  const optimized = optimize(roots);
  const outputs = Object.fromEntries(names.map((name, i) => [name, optimized[i]]));
  const gradientTensors = optimized.slice(names.length, names.length + wrt.length);
  const newEffectInputs: Tensor[][] = [];
  let next = names.length + wrt.length;
  const minimized = input.objectives.flatMap(({ variables }) => variables.map(read));
  const rules = input.effects.find(({ assigns }) => assigns)?.assigns?.rules;
  const isOld = rules?.readsChanged({ effects: input.effects, minimized });
  effectInputs.forEach((inputs, i) => {
    const [first, ...others] = optimized.slice(next, (next += inputs.length));
    const copies = input.effects[i].assigns && isOld!(first);
    newEffectInputs.push(copies ? [copyOf(first), ...others] : first ? [first, ...others] : []);
  });

  const isFree = freeToPin(optimized, gradientTensors);
  const pinned = new Map<Operand, GradientTarget>();
  const pinnedRoots = gradientTensors.map((tensor, i) => {
    const root = isFree(tensor) ? tensor : copyOf(tensor);
    pinned.set(ownerOf(root), wrt[i]);
    return root;
  });

  // Backward: gradients of the last layers come first, and what they need is then free for those before.
  const lowered = lowerGraph(
    [...Object.values(outputs), ...pinnedRoots.toReversed()],
    input.effects,
    newEffectInputs,
    options,
  );
  advanceState(lowered, options);
  const wanted = new Set(Object.values(outputs).map(ownerOf));
  // In a program that trains, the guard decides about each copy.
  const { dispatches: placing, assigned } =
    rules && !options.guard
      ? rules.inPlace(lowered, wanted)
      : { dispatches: lowered, assigned: new Map<Operand, Tensor>() };
  const isPlaced = (operand: Operand) => pinned.has(operand) || assigned.has(operand);
  const { dispatches, halves } = options.half
    ? halfStorage.value(placing, (operand) => isPlaced(operand) || (isTensor(operand) && wanted.has(operand)))
    : { dispatches: placing, halves: undefined };
  const blocks = lifetimes(dispatches, isPlaced, wanted);
  const placed = new Set(blocks.map((block) => block.key));
  const usages = dispatches.map(({ bindings }): Usage<Operand> => {
    const of = (writes: boolean) =>
      bindings
        .filter((b) => (b.access === 'read_write') === writes && placed.has(b.operand))
        .map((b) => b.operand);
    return { reads: of(false), writes: of(true) };
  });
  return {
    dispatches,
    outputs,
    pinned,
    assigned,
    halves,
    blocks,
    plan: planMemory(blocks, usages, { maxSlabBytes: options.maxSlabBytes }),
  };
}

/**
 * Which gradients can be computed directly in their place: those that are computed, wanted once, and read by nothing
 * else. Gradients share a flat buffer, and no dispatch may read one part of a buffer while it writes another; all other
 * gradients are copied there.
 */
function freeToPin(
  roots: readonly Tensor[],
  gradientTensors: readonly Tensor[],
): (tensor: Tensor) => boolean {
  const read = new Set<Tensor>();
  for (const node of topologicalOrder(roots)) {
    if (node.op.kind !== 'alias') for (const tensor of node.inputs) read.add(ownerOf(tensor));
  }
  const wanted = new Map<Tensor, number>();
  for (const owner of gradientTensors.map(ownerOf)) wanted.set(owner, (wanted.get(owner) ?? 0) + 1);
  return (tensor) => {
    const owner = ownerOf(tensor);
    return owner.node.op.kind !== 'leaf' && wanted.get(owner) === 1 && !read.has(owner);
  };
}

/** A step whose kernels read the step counter ends by advancing it, unless an effect already does. */
function advanceState(dispatches: LoweredDispatch[], options: LowerOptions): void {
  const state = programState();
  const uses = dispatches.some((d) => d.bindings.some((b) => b.operand === state));
  if (!uses || dispatches.some((d) => d.advances)) return;
  const advance: Effect = {
    label: 'advance',
    inputs: [state],
    lower: (context, [operand]) => context.dispatch(advanceDispatch(operand, context.guard)),
  };
  dispatches.push(...lowerGraph([], [advance], [[state]], options));
}

function copyOf(tensor: Tensor): Tensor {
  const attrs = { expression: { inputs: 1, steps: [] }, shape: tensor.shape };
  return createNode(mapOp, [tensor], attrs, [tensor], `${tensor.node.label}/copy`).outputs[0];
}

/** From which dispatch to which each intermediate is needed; outputs stay until the end. */
function lifetimes(
  dispatches: readonly LoweredDispatch[],
  hasPlace: (operand: Operand) => boolean,
  outputs: ReadonlySet<Operand>,
): Block<Operand>[] {
  const blocks = new Map<Operand, { key: Operand; bytes: number; first: number; last: number }>();
  dispatches.forEach(({ bindings, label }, index) => {
    for (const { operand, access, name } of bindings) {
      if ('resource' in operand || hasPlace(operand)) continue;
      if (isTensor(operand) && operand.node.op.kind === 'leaf') continue;
      const block = blocks.get(operand);
      if (block) block.last = index;
      else if (access !== 'read_write') {
        throw new KernelError(
          `${label}: reads ${name} before any kernel has written it; fix the op's \`lower\``,
        );
      } else blocks.set(operand, { key: operand, bytes: bytesOf(operand), first: index, last: index });
    }
  });
  for (const output of outputs) {
    const block = blocks.get(output);
    if (block) block.last = dispatches.length;
  }
  return [...blocks.values()];
}
