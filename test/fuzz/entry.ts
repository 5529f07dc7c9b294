import type { Tensor } from '../../src/ops/core/op.ts';
import type { Array64 } from '../reference/array.ts';
import type { Draft, Value } from './draft.ts';

/** What the float64 twin of an op says: its value, and by dL/dy the gradient of each input. */
export interface Answer {
  readonly y: Array64;
  /** Missing where no gradient passes. An undefined entry: none for that input. */
  readonly vjp?: (dy: Array64) => readonly (Array64 | undefined)[];
}

/** The operands of a call and what follows them. */
export interface Call {
  readonly inputs: readonly Value[];
  readonly args?: readonly unknown[];
}

/** How one op is fuzzed. */
export interface OpEntry {
  /** A random call on what the draft has or makes; undefined where nothing fits. */
  readonly draw: (draft: Draft) => Call | undefined;
  readonly twin: (inputs: readonly Array64[], args: readonly any[]) => Answer;
  /** Default: ops[name](...inputs, ...args). */
  readonly build?: (inputs: readonly Tensor[], args: readonly any[]) => Tensor;
  /**
   * When the result is the same on every device, to the last bit: `always`, for whole numbers of few bits (products and sums of
   * such are exact), or never (the default).
   */
  readonly exact?: 'always' | 'whole';
  /** Places of operands that are indices. */
  readonly integer?: readonly number[];
  /** It throws where a gradient would have to pass it. */
  readonly blocks?: boolean;
}
