import type { Tensor } from '../core/op.ts';
import type { TensorSpec } from '../core/shape.ts';

export interface AttentionAttrs {
  readonly causal: boolean;
  readonly scale: number;
  /** Share of the weights that are dropped, and the number of the random op that drops them. */
  readonly dropout: number;
  readonly stream: number;
  /** Whether a bias follows query, key and value. Where weights are dropped the program's state is the last input. */
  readonly biased: boolean;
}

export interface AttentionGradientAttrs extends AttentionAttrs {
  /** How many inputs come before those of attention: 3, or 4 with dL/dlogSum. */
  readonly known: number;
}

export interface Inputs<T = Tensor> {
  readonly query: T;
  readonly key: T;
  readonly value: T;
  readonly bias?: T;
  readonly state?: T;
}

/** The inputs of a node by their names. */
export function inputsOf<T>([query, key, value, ...rest]: readonly T[], attrs: AttentionAttrs): Inputs<T> {
  const bias = attrs.biased ? rest.shift() : undefined;
  const state = attrs.dropout > 0 ? rest.shift() : undefined;
  return { query, key, value, bias, state };
}

export interface Sizes {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly size: number;
  readonly valueSize: number;
}

export function sizesOf(query: TensorSpec, key: TensorSpec, value: TensorSpec): Sizes {
  const [batch, queries, heads, size] = query.shape;
  const [, keys, keyHeads] = key.shape;
  return { batch, queries, keys, heads, keyHeads, size, valueSize: value.shape[3] };
}
