import { KernelError, WgradError } from '../errors.ts';
import type { KernelMessage } from '../errors.ts';
import type { SpecializedKernel } from '../kernels/kernel.ts';
import { annotate } from '../kernels/annotate.ts';
import type { Token } from '../kernels/tokens.ts';

/** Something is wrong at a token of the code that is compiled. */
export class Problem extends Error {
  readonly at: Token;
  constructor(at: Token, message: string) {
    super(message);
    this.at = at;
  }
}

/** Why a simulation ended, or did not begin. */
export type Reason =
  /** The code is not valid, or uses what the simulator lacks. */
  | 'code'
  /** An access outside an array or buffer. */
  | 'outside'
  /** A barrier, or an operation of a subgroup, that not all invocations reach together. */
  | 'uniformity'
  /** More loop iterations and statements than the budget allows. */
  | 'budget';

/** A kernel cannot be simulated, or went wrong while it was. `messages` says where. */
export class SimulationError extends KernelError {
  override name = 'SimulationError';
  readonly reason: Reason;
  constructor(reason: Reason, kernel: SpecializedKernel, { line, column, text }: Token, problem: string) {
    const { listing, message } = annotate(kernel, {
      lineNum: line,
      linePos: column,
      length: text.length,
      message: problem,
    });
    super(`Kernel ${kernel.name}: ${listing}`, { messages: [message] });
    this.reason = reason;
  }
}

/** The page's policy forbids generated code, which the simulator consists of. */
export class GeneratedCodeError extends WgradError {
  override name = 'GeneratedCodeError';
}

export type { KernelMessage };
