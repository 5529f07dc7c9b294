import type { Tensor } from '../../ops/core/op.ts';
import { divide, shift, square, subtract, where } from '../../ops/elementwise/elementwise.ts';
import { broadcastTo, reduceSum } from '../../ops/reduce/sum.ts';
import { maskAtRank } from './mergingMasks.ts';

/** Keras's `epsilon()`, so that a batch of which nothing counts has the mean 0. */
const LEAST = 1e-7;

/**
 * Mean and variance, [channels], of x [batch, steps, …, channels] over what a mask [batch, steps] leaves, as Keras has them:
 * mean = Σ m x / (n + 1e-7), variance = Σ m (x − mean)² / (n + 1e-7), with n values of each channel that count.
 */
export function maskedMoments(x: Tensor, mask: Tensor): { mean: Tensor; variance: Tensor } {
  const rank = x.shape.length;
  const counts = maskAtRank(mask, rank);
  const n = shift(reduceSum(broadcastTo(counts, [...x.shape.slice(0, -1), 1])), LEAST);
  const axes = [...Array(rank - 1).keys()];
  const meanOf = (values: Tensor) => divide(reduceSum(where(counts, values, 0), { axes }), n);
  const mean = meanOf(x);
  return { mean, variance: meanOf(square(subtract(x, mean))) };
}
