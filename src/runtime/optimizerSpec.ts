import type { Dispatch, LowerContext, Operand } from '../ops/core/op.ts';

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
  /** Constants of the kernel that lie in `hyper` behind learning rate, gradient norm and its scale. */
  readonly hyper?: readonly number[];
  /**
   * Dispatches that leave the norm of the gradients of all ranges, times a power of two, in hyper[1] and that power in
   * hyper[2], before the updates.
   */
  readonly reduceNorm?: (
    ranges: readonly Pick<OptimizerOperands, 'parameters' | 'gradients' | 'length'>[],
    hyper: Operand,
    context: LowerContext,
  ) => void;
  update(operands: OptimizerOperands): Dispatch;
}

export interface OptimizerOperands {
  readonly parameters: Operand;
  readonly gradients: Operand;
  readonly slots: readonly Operand[];
  /** u32 [8]: updates done (in the update, this one included), …, 0 if the update is to be made. */
  readonly state: Operand;
  /** f32: [learning rate, scaled gradient norm, its scale, …] */
  readonly hyper: Operand;
  /** Elements, a multiple of 64. */
  readonly length: number;
  /** A trial writes nothing but what speaks against the update, one word per vec4f (shared/optimizer.wgsl). */
  readonly trial?: { readonly faults: Operand; readonly offset: number; readonly place: number };
}
