/** A compiled step as a page draws it: one node for each dispatch, in the order in which they run. Plain data, so that it can be posted. */
export interface StepGraph {
  readonly nodes: readonly StepNode[];
  /** Edges between dispatches, and from sources to them. */
  readonly edges: readonly StepEdge[];
  /** What the step reads and did not compute: variables, inputs, the data set, constants. */
  readonly sources: readonly StepSource[];
  readonly memory: StepMemory;
}

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
  /** Whether its first output can be drawn, and whether a gradient of it can: numbers of the nodes that write them. */
  readonly output: boolean;
  readonly gradient: number | undefined;
}

export interface StepBinding {
  readonly name: string;
  readonly access: 'read' | 'read_write' | 'uniform';
  readonly tensor: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly bytes: number;
}

export interface StepEdge {
  /** A node's index, or -1 - i for source i. */
  readonly from: number;
  readonly to: number;
  readonly tensor: string;
  readonly shape: readonly number[];
  readonly dtype: string;
}

export interface StepSource {
  readonly name: string;
  readonly kind: 'variable' | 'input' | 'constant' | 'state';
  readonly shape: readonly number[];
}

export interface StepMemory {
  /** Bytes of each slab. */
  readonly slabs: readonly number[];
  /** Each tensor of the plan: where it lies, and from which dispatch to which it is needed. */
  readonly tensors: readonly {
    readonly name: string;
    readonly slab: number;
    readonly offset: number;
    readonly bytes: number;
    readonly from: number;
    readonly to: number;
  }[];
  /** Bytes without sharing. */
  readonly unshared: number;
}

/** What "Measure" found. */
export interface StepTimes {
  /** Of each dispatch, in microseconds: the median. */
  readonly microseconds: readonly number[];
  /** Where these times come from: timestamp queries, or the CPU's clock around a dispatch repeated many times. */
  readonly clock: 'timestamps' | 'wall';
  /** What the machine can do, measured now: FLOP/s and bytes/s. */
  readonly ceilings: { readonly flops: number; readonly bytes: number };
  /** Microseconds of a whole step in one pass, for comparison with the sum. */
  readonly step: number;
}
