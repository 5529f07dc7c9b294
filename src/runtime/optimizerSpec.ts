import type { Dispatch, LowerContext, Operand } from '../ops/core/op.ts';
import type { Shape } from '../ops/core/shape.ts';

/** What the runtime needs to know of an optimizer; src/nn/optimizers.ts has them all. */
export interface OptimizerSpec {
  readonly name: string;
  /** f32 values kept per parameter: 2 for Adam's moments. */
  readonly slots: number;
  /** What each of them is: for checkpoints. */
  readonly slotNames: readonly string[];
  /** Whether the last slot is the moving average of the parameters. */
  readonly averages?: boolean;
  /** The first learning rate; a Minimizer's `learningRate` changes it without compiling again. */
  readonly learningRate: number;
  /** The factor of the learning rate at each step, as the kernel has it; 1 by default. */
  readonly schedule?: { at(step: number): number };
  /** Whether the schedule gives the rates themselves: the learning rate is 1 then, and cannot be changed. */
  readonly givesRates?: boolean;
  /** Tables for the kernels, stored in `hyper` after the learning rate, the gradient norm and its scale. */
  readonly hyper?: (ranges: readonly RangeLayout[]) => readonly number[];
  /** Whether hyper[1] and hyper[2] receive the scaled norm of all gradients, and its scale. */
  readonly measuresNorm?: boolean;
  /**
   * Dispatches before the trial, for what an update needs to know of more than one parameter: norms, directions. They
   * write to gradients, `hyper` and scratch memory only.
   *
   * @returns what trial and update of each range read of it, by the name in their kernel
   */
  readonly prepare?: (
    ranges: readonly OptimizerRange[],
    shared: SharedOperands,
    context: LowerContext,
  ) => readonly Readonly<Record<string, Operand>>[];
  update(operands: OptimizerOperands): Dispatch;
  /** Dispatches after the update, which look at the verdict as it does. */
  readonly settle?: (operands: OptimizerOperands) => readonly Dispatch[];
}

/** A variable in a range of them. */
export interface Segment {
  readonly variable: { readonly name: string; readonly shape: Shape };
  /** Of its first element in the range; a multiple of 64. */
  readonly offset: number;
  /** Elements; what is left up to the next multiple of 64 is 0, and stays so. */
  readonly size: number;
}

/** How a contiguous range of parameters is made up. */
export interface RangeLayout {
  /** Elements, a multiple of 64. */
  readonly length: number;
  readonly segments: readonly Segment[];
  /** The number of its first segment, and of its first 64 elements, among those of all ranges. */
  readonly firstSegment: number;
  readonly firstBlock: number;
}

export interface OptimizerRange extends RangeLayout {
  readonly parameters: Operand;
  readonly gradients: Operand;
  readonly slots: readonly Operand[];
}

/** What all ranges have in common. */
export interface SharedOperands {
  /** u32 [8]: steps done (in the update, this one included), …, 0 if the update is to be made. */
  readonly state: Operand;
  /** f32: [learning rate, scaled gradient norm, its scale, …] */
  readonly hyper: Operand;
}

export interface OptimizerOperands extends OptimizerRange, SharedOperands {
  /** What `prepare` has given for this range. */
  readonly prepared?: Readonly<Record<string, Operand>>;
  /** A trial writes only faults, one word per vec4f (shared/optimizer.wgsl). */
  readonly trial?: { readonly faults: Operand; readonly offset: number; readonly place: number };
}
