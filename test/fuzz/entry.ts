import type { Tensor } from '../../src/ops/core/op.ts';
import type { DType, Shape } from '../../src/ops/core/shape.ts';
import type { Array64 } from '../reference/array.ts';
import type { Rng } from './rng.ts';

/** A value on a tape. */
export type Id = number;

/** A value of a case: the tensor, and what the references say of it. */
export interface Value {
  readonly id: Id;
  readonly tensor: Tensor;
  /** In float64, without noise. */
  readonly value: Array64;
  /** The same bits on every device, so that comparisons of it come out alike. */
  readonly exact: boolean;
  /** A gradient can come back from here to an input. */
  readonly differentiable: boolean;
  /** No gradient may be asked for here: it would meet an op that has none. */
  readonly blocked: boolean;
  readonly text: string;
  /** An input of which gradients are asked. */
  readonly leaf?: boolean;
}

/** What an entry sees of the case in the making: chance, the values that there are, and new ones. See Draft. */
export interface Drawing {
  readonly rng: Rng;
  readonly large: boolean;
  size(most?: number): number;
  shape(rank?: number, most?: number): number[];
  leaf(shape: Shape, options?: { low?: number; high?: number; dtype?: DType; whole?: boolean }): Value;
  take(shape: Shape, options?: { dtype?: DType; reuse?: number; exact?: boolean }): Value;
  any(options?: {
    rank?: readonly number[];
    dtype?: DType;
    exact?: boolean;
    where?: (value: Value) => boolean;
  }): Value;
  within(value: Value, low: number, high: number): Value;
  /** @param name of an op */
  call(name: string, call: Call): Value;
}

/** What the float64 twin of an op says: its value, and by dL/dy the gradient of each input. */
export interface Answer {
  readonly y: Array64;
  /**
   * Missing where no gradient passes. An undefined entry: none for that input. Kernels that read the op's result again
   * read it rounded: that is `result`, where it is given.
   */
  readonly vjp?: (dy: Array64, result?: Array64) => readonly (Array64 | undefined)[];
}

/** The operands of a call and what follows them. */
export interface Call {
  readonly inputs: readonly Value[];
  readonly args?: readonly unknown[];
}

/** How one op is fuzzed. */
export interface OpEntry {
  /** A random call on what the draft has or makes; undefined where nothing fits. */
  readonly draw: (draft: Drawing) => Call | undefined;
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
