/**
 * A compiled step as plain data, to be drawn or posted: one node for each dispatch, in the order in which they run. The
 * terminal's tables (`formatGraph`, `formatPlan`) are made of the same.
 */
export interface StepGraph {
  readonly nodes: readonly StepNode[];
  /** Edges between dispatches, and from sources to them. */
  readonly edges: readonly StepEdge[];
  /** What the step reads and nothing in it has written before: variables, inputs, the data set, constants. */
  readonly sources: readonly StepSource[];
  readonly memory: StepMemory;
}

/**
 * - `data`: gathers or draws what goes into the networks
 * - `forward`: layers
 * - `loss`: what is computed of their outputs, losses and metrics
 * - `backward`: gradients
 * - `optimizer`: the trial of an update, the verdict, the update; moving statistics
 * - `record`: everything else that outlives the step, such as the values that are reported
 */
export type Phase = 'data' | 'forward' | 'loss' | 'backward' | 'optimizer' | 'record';

/** One dispatch. */
export interface StepNode {
  /** Its number in the program: `Program.replace`, `Program.inspect`. */
  readonly index: number;
  readonly label: string;
  /** The layer (or network and layer) that it belongs to, for grouping; '' where there is none. */
  readonly group: string;
  readonly phase: Phase;
  /** Kernel file, without `.wgsl`. */
  readonly kernel: string;
  /** The variant and who chose it; '' where there was no choice. */
  readonly variant: string;
  /** Functions that are fused into it. */
  readonly fused: readonly string[];
  readonly workgroups: readonly [number, number, number];
  readonly flops: number;
  /** Bytes that it reads and writes, each bound tensor counted once. */
  readonly bytes: number;
  readonly bindings: readonly StepBinding[];
  /** Whether its first output can be drawn: it is of f32. */
  readonly output: boolean;
  /**
   * The node that writes the gradient of its first output, with as many elements: how the loss changes with it. Where an
   * activation is fused into the node, the gradient may be that of its argument. Undefined where there is none.
   */
  readonly gradient: number | undefined;
}

export interface StepBinding {
  /** The shader's variable. */
  readonly name: string;
  /** As the shader declares it. */
  readonly access: 'read' | 'read_write' | 'uniform';
  /** Whether the code writes to it: a file may declare `read_write` for the sake of another of its forms. */
  readonly writes: boolean;
  /** `%3` is the result of dispatch 3, `∇w` the gradient of w; others have names of their own. */
  readonly tensor: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly bytes: number;
  /** Names under which the program gives the tensor. */
  readonly outputs: readonly string[];
}

/** What memory is for: what a dispatch has computed, the gradient of a variable, or what lasts from step to step. */
export type MemoryKind = 'tensor' | 'gradient' | StepSource['kind'];

export interface StepEdge {
  /** A node's index, or -1 - i for source i. */
  readonly from: number;
  readonly to: number;
  readonly tensor: string;
  readonly kind: MemoryKind;
  readonly shape: readonly number[];
  readonly dtype: string;
}

export interface StepSource {
  readonly name: string;
  /** `state`: counters, an optimizer's memory, the guard. */
  readonly kind: 'variable' | 'input' | 'constant' | 'state';
  readonly shape: readonly number[];
}

export interface StepMemory {
  /** Bytes of each slab. */
  readonly slabs: readonly number[];
  /** Each tensor of the plan, by slab and offset: where it lies, and from which dispatch to which it is needed. */
  readonly tensors: readonly PlannedTensor[];
  /** Bytes without sharing. */
  readonly unshared: number;
  /** Bytes of the slabs if nothing were computed again in the backward pass; only where something is. */
  readonly kept?: number;
  /** Gradients in the memory of the optimizers. */
  readonly gradients: { readonly count: number; readonly bytes: number };
}

export interface PlannedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly slab: number;
  readonly offset: number;
  readonly bytes: number;
  readonly from: number;
  /** Outputs of the program stay until the end: the number of dispatches. */
  readonly to: number;
  /** The label of what computes it; '' for memory between the dispatches of a node. */
  readonly of: string;
  /** Names under which the program gives it. */
  readonly outputs: readonly string[];
}
