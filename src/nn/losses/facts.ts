import type { Tensor } from '../../ops/core/op.ts';

/** How the value of a loss follows from sums over samples, where it is not a mean of one value per sample. */
export interface Whole {
  /** [N, columns]: what is added up over the samples. */
  readonly columns: Tensor;
  /** [N]: the loss of each sample alone. */
  readonly perSample: Tensor;
  /** The loss of `count` samples whose columns have these means. */
  value(means: Float64Array, count: number): number;
}

/** What a loss declares about its result, [N]. */
export interface LossFacts {
  /** Values of a sample that the result is the mean of: pixels, say. `reduction: 'sum'` adds these up. Default 1. */
  readonly positions?: number;
  /** Of a loss of all samples together. The result then holds the loss of the batch for each of its samples. */
  readonly whole?: Whole;
}

const facts = new WeakMap<Tensor, LossFacts>();

export const factsOf = (result: Tensor): LossFacts => facts.get(result) ?? {};

export function withFacts(result: Tensor, own: LossFacts): Tensor {
  facts.set(result, own);
  return result;
}
