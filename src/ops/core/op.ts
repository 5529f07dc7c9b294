import type { ConstantValue, KernelFile } from '../../kernels/kernel.ts';
import type { Expression, Step } from './expression.ts';
import type { LateKernels } from './late.ts';
import type { DType, Shape, TensorSpec } from './shape.ts';

/**
 * A symbolic tensor: the `index`-th output of a node. It has a shape and a type, but no data:
 * data exists only on the GPU, while a compiled program runs.
 */
export interface Tensor extends TensorSpec {
  readonly node: Node;
  readonly index: number;
}

/** One application of an op. Nodes are immutable and form a DAG through their inputs. */
export interface Node<A = any> {
  readonly id: number;
  readonly op: Op<A>;
  readonly inputs: readonly Tensor[];
  readonly attrs: A;
  readonly outputs: readonly Tensor[];
  /** Where it came from, for errors, labels and profiles: `conv2d_1/conv2d`. */
  readonly label: string;
  /** Elementwise work folded into this node's last kernel; its extra tensors follow the op's own inputs. */
  readonly epilogue?: Epilogue;
}

/**
 * An op: its shape rule, its kernels and its gradient, together. `gradient` has no default, so an
 * op without a rule is a compile error; an op that has no derivative says so with a reason.
 */
export interface Op<A = any> {
  readonly name: string;
  /** Shapes and types of the outputs. Throws a ShapeError naming the op, the shapes and the fix. */
  infer(inputs: readonly TensorSpec[], attrs: A): readonly TensorSpec[];
  /** What `lower` needs, where it is a script of its own. */
  readonly late?: LateKernels<unknown>;
  /** Emits the kernels that compute the outputs from the inputs. */
  lower(node: Node<A>, context: LowerContext): void;
  readonly gradient: GradientRule<A> | NotDifferentiable;
  /**
   * How the passes may treat it: `leaf` has no kernel of its own (input, variable, constant);
   * `alias` shares its input's memory (reshape); `elementwise` may be fused into chains and
   * epilogues; `kernel` stands alone.
   */
  readonly kind: 'leaf' | 'alias' | 'elementwise' | 'kernel';
  /** Its last kernel calls `epilogue` on each value of output 0, so elementwise consumers can be folded in. */
  readonly fusesEpilogue?: boolean | ((node: Node<A>) => boolean);
  /** The op that also gives, as output 1, the sum of input 1 over all but its last axis: the gradient of a bias. */
  readonly withSum?: Op<A>;
  /**
   * The outputs of one node that does the work of this one and of `first`, the node that computes its input 0, which nothing
   * else reads; undefined where they stay apart.
   */
  joined?(node: Node<A>, first: Node): readonly Tensor[] | undefined;
  /**
   * Its outputs by other ops, where these are faster on the device; undefined where its own kernels are. Asked before a graph is
   * differentiated, so that its gradient is theirs.
   */
  unfused?(node: Node<A>, inputs: readonly Tensor[], target: Target): readonly Tensor[] | undefined;
  /** The WGSL library function of an elementwise op, with literal arguments taken from the attributes. */
  readonly elementwise?: (attrs: A) => Pick<Step, 'fn' | 'literals' | 'file'>;
}

/** Why an op has no derivative, in words that follow "because". */
export interface NotDifferentiable {
  readonly reason: string;
}

/** dL/d(inputs) for dL/d(outputs): of tensors that follow from inputs, by the ops between. */
export type PullBack = (
  outputs: readonly Tensor[],
  outputGradients: readonly (Tensor | undefined)[],
  inputs: readonly Tensor[],
) => (Tensor | undefined)[];

/**
 * In the place of a rule: the outputs of a node once more, by ops that have derivatives. It may begin at any tensor that the node
 * depends on; `of` gives what stands for that one, by which is differentiated.
 */
export interface Equivalent<A = any> {
  readonly graph: (node: Node<A>, of: (tensor: Tensor) => Tensor, pullBack: PullBack) => readonly Tensor[];
}

/** Of ops that are gradients themselves: their rules are in secondDerivatives.ts of each family. */
export const derivedElsewhere: NotDifferentiable = {
  reason: 'derivatives of gradients come with the function `gradients`',
};

/**
 * Adds the nodes of the vector-Jacobian product: given dL/d(outputs), returns dL/d(inputs).
 * `outputGradients[i]` is undefined where no gradient reaches output i; return undefined for an
 * input that has none (integers, masks).
 */
export type GradientRule<A = any> = (
  node: Node<A>,
  outputGradients: readonly (Tensor | undefined)[],
) => readonly (Tensor | undefined)[];

/** A product of matrices that a subgroup computes in one instruction: M × K with K × N. */
export interface SubgroupMatrix {
  readonly element: 'f32' | 'f16';
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** The facts about the device that lowering may use. */
export interface Target {
  /** A software adapter: the CPU emulates a GPU. Kernels use no workgroup memory, no barriers and large register tiles. */
  readonly software: boolean;
  /**
   * Invocations of every subgroup, where the kernels may use subgroup functions and all subgroups have as many: a
   * workgroup of that size is one subgroup. Undefined elsewhere.
   */
  readonly subgroupSize?: number;
  /** The matrices that its matrix units multiply, with sums in f32; undefined where kernels may not use them. */
  readonly subgroupMatrices?: readonly SubgroupMatrix[];
  /** Workgroups needed to keep the device busy, where that was measured (see `residentWorkgroups`). */
  readonly residentWorkgroups?: number;
  readonly limits: Pick<
    GPUSupportedLimits,
    | 'maxUniformBufferBindingSize'
    | 'maxComputeWorkgroupStorageSize'
    | 'maxComputeInvocationsPerWorkgroup'
    | 'maxComputeWorkgroupsPerDimension'
  >;
}

/** Memory that lives only between the dispatches of one node (partial sums), or of those that share it. */
export interface Scratch extends TensorSpec {
  readonly scratch: string;
  /** In mixed precision: f32 numbers that are stored as f16. */
  readonly half?: boolean;
}

/** Memory that outlives a step and is not a variable of the graph: gradients, optimizer slots, the loss ring. */
export interface Resource extends TensorSpec {
  readonly resource: string;
}

export type Operand = Tensor | Scratch | Resource;

/** A part of an operand's memory, for one binding: bytes from an offset that is a multiple of 256. */
export interface Slice {
  readonly of: Operand;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Work at the end of a step that changes lasting memory: an optimizer's update, a row of the loss
 * ring, a batch's predictions. It keeps `inputs` alive; effects run in the order they were given.
 */
export interface Effect {
  readonly label: string;
  /** Runs before the optimizers, which are then judged by what it recorded. */
  readonly first?: boolean;
  /** It is part of an update of variables: a trial, the verdict, or the update itself. */
  readonly updates?: boolean;
  readonly inputs: readonly Tensor[];
  /**
   * The variables, as tensors, that it changes by itself: in a program that trains it runs before the verdict and
   * writes to `context.proposals` in their place.
   */
  readonly proposes?: readonly Tensor[];
  /**
   * The variable, as a tensor, that gets the value of input 0 by a copy, its only dispatch. It runs after all other
   * effects; the program does without the copy where the value can be computed in the variable's place.
   */
  readonly assigns?: { readonly target: Tensor; readonly rules: Assignments };
  lower(context: LowerContext, inputs: readonly Tensor[]): void;
}

/** What changes the variables of a program; here all variables are the tensors that read them. */
export interface Changes {
  readonly effects: readonly Effect[];
  /** The variables of optimizers. */
  readonly minimized: readonly Tensor[];
}

interface AssigningDispatch {
  /** It is the copy of an assignment. */
  readonly assigns: boolean;
  readonly bindings: readonly { readonly operand: Operand; readonly access: string }[];
}

/** What a program does about the assignments among its effects. */
export interface Assignments {
  /**
   * @param isElsewhere whether a variable has its values on another GPU
   * @throws ArgumentError if a variable that is assigned is changed by something else in the program, too, or is elsewhere
   */
  check(label: string, changes: Changes, isElsewhere: (variable: Tensor) => boolean): void;
  /** Whether a tensor is a variable that the program changes, without a copy between: old values are to be copied first. */
  readsChanged(changes: Changes): (tensor: Tensor) => boolean;
  /**
   * Leaves out the copies whose value can be computed in the variable's place: nothing reads the old value at that time or
   * later, and no dispatch would read one part of a buffer while it writes another, for which all variables count as
   * parts of one.
   *
   * @returns the dispatches that are left, and what is computed in the place of which variable
   */
  inPlace<D extends AssigningDispatch>(
    dispatches: readonly D[],
    outputs: ReadonlySet<Operand>,
  ): { readonly dispatches: readonly D[]; readonly assigned: ReadonlyMap<Operand, Tensor> };
}

/** Where an effect writes the values that variables get if the step is made, and its faults. */
export interface Proposals {
  /** f32: the values of all variables of all such effects. */
  readonly values: Operand;
  /** u32: a word for every value of the largest of its variables, from `firstFault` on (shared/optimizer.wgsl). */
  readonly faults: Operand;
  readonly firstFault: number;
  of(variable: Tensor): ProposalPlace;
}

export interface ProposalPlace {
  /** Of its first value among the proposed ones; a multiple of 64. What is left up to the next multiple becomes 0. */
  readonly offset: number;
  /** Number of its first vec4f in the words of faults. */
  readonly place: number;
  /** Whether an earlier effect has proposed values for it in this step, from which to continue. */
  readonly chained: boolean;
}

/** A choice that a measurement may make. */
export interface Tunable<V extends string = string> {
  /** Worth measuring on this device for these shapes: up to a dozen, each name a whole plan (see `Variant`). */
  readonly candidates: readonly V[];
  /** The family's kernels: where one changes, the choice is measured again. */
  readonly kernels: Readonly<Record<string, KernelFile>>;
}

export interface LowerContext {
  readonly target: Target;
  /** Matrix products and convolutions round what they multiply to f16, where a kernel with tiles of f16 fits the shapes. */
  readonly half?: boolean;
  /**
   * Where the program trains: u32 [4], whose first word is not 0 when this step is not made. Effects that change
   * lasting memory leave it as it is then.
   */
  readonly guard?: Operand;
  /** Where the program trains, for an effect that `proposes`. */
  readonly proposals?: Proposals;
  /**
   * Chooses a kernel variant: one forced by name for this op (tests, benchmarks), else the one that was measured to be
   * the fastest on this device or one like it, else `preferred`, which the family's rule names. A forced name that is
   * neither among `candidates` nor among the tunable ones throws.
   *
   * @param tunable what the tuner may try; without it only the rule decides
   */
  choose<const V extends string>(
    opName: string,
    candidates: readonly V[],
    preferred: V,
    tunable?: Tunable<V>,
  ): V;
  /** Whether the caller has named a variant of the op: a pass that would remove the node then keeps it. */
  isForced(opName: string): boolean;
  scratch(shape: Shape, dtype: DType, name: string): Scratch;
  /**
   * Scratch memory that depends on `source` and on nothing else but what `key` says: filled by `make` for the first
   * node that asks for it, and kept for the others. Inside effects each makes its own: `source` may have changed.
   */
  shared(source: Tensor, key: string, make: () => Scratch): Scratch;
  dispatch(call: Dispatch): void;
}

export interface Dispatch {
  readonly kernel: KernelFile;
  readonly constants?: Readonly<Record<string, ConstantValue>>;
  readonly aliases?: Readonly<Record<string, string>>;
  /** Function bodies, for kernels whose inner function is generated (the elementwise map). */
  readonly functions?: Readonly<Record<string, string>>;
  /** Files of functions that it calls, beside the library that every kernel has. */
  readonly files?: readonly KernelFile[];
  /**
   * Operand by WGSL variable name. The access mode is the one declared in the file. What a `uniform` variable binds is
   * memory of the program's own: Scratch, or what an op has computed.
   */
  readonly bindings: Readonly<Record<string, Operand | Slice>>;
  readonly workgroups: readonly [number, number, number];
  /** This dispatch stores the node's output 0 through the file's `epilogue`: fused consumers go here. */
  readonly epilogue?: boolean;
  /** Floating-point operations of the whole dispatch, for profiles and summaries. */
  readonly flops?: number;
  /** It advances the program's step counter. */
  readonly advances?: boolean;
  /** Which of the node's kernels this is, where there are several: `partial`, `reduce`. */
  readonly part?: string;
}

/** An elementwise expression folded into its producer; its input 0 is the produced value. */
export interface Epilogue {
  readonly expression: Expression;
  /** The expression's inputs 1, 2, …: how each is read for an output element. */
  readonly extras: readonly { readonly tensor: Tensor; readonly access: 'element' | 'channel' | 'scalar' }[];
}

/** The most inputs that an epilogue may add: bindings `extra_0` … `extra_2` of a kernel file. */
export const MAX_EXTRAS = 3;

/** Storage buffers that every WebGPU device lets a kernel bind. */
export const MAX_BUFFERS = 8;

/** Workgroups for a linear range: x up to the limit, then y. `gridX` is the file's GRID_X constant. */
export function linearGrid(
  invocations: number,
  workgroupSize: number,
  limit = 65535,
): { workgroups: [number, number, number]; gridX: number } {
  const groups = Math.max(1, Math.ceil(invocations / workgroupSize));
  if (groups <= limit) return { workgroups: [groups, 1, 1], gridX: groups };
  const y = Math.ceil(groups / limit);
  const x = Math.ceil(groups / y);
  return { workgroups: [x, y, 1], gridX: x };
}
