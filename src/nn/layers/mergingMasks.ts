import { fill } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { maximum, multiply, where } from '../../ops/elementwise/elementwise.ts';
import { concat } from '../../ops/movement/concat.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { broadcastTo } from '../../ops/reduce/sum.ts';
import { maskOf } from '../masks.ts';

/** A mask [batch, steps] at the rank of the values that it is of: [batch, steps, 1, …]. */
export const maskAtRank = (mask: Tensor, rank: number): Tensor =>
  reshape(mask, [...mask.shape, ...Array<number>(rank - mask.shape.length).fill(1)]);

/** A step counts where it does in one of the branches; all do where a branch has no mask. As in Keras. */
export function eitherMask(branches: readonly Tensor[]): Tensor | undefined {
  const masks = branches.map(maskOf).filter((mask) => mask !== undefined);
  return masks.length === branches.length ? masks.reduce(maximum) : undefined;
}

/**
 * The masks one after the other as the branches are; where these are joined along their channels, a step counts if it
 * does in one of them. Without a mask, all steps of a branch count. As in Keras.
 */
export function joinedMask(branches: readonly Tensor[], axis: number): Tensor | undefined {
  if (branches.every((branch) => maskOf(branch) === undefined)) return undefined;
  const masks = branches.map((branch) => {
    const shape = branch.shape.slice(0, -1);
    const mask = maskOf(branch);
    return mask ? broadcastTo(maskAtRank(mask, shape.length), shape) : fill(shape, 1);
  });
  return axis < masks[0].shape.length ? concat(masks, axis) : masks.reduce(maximum);
}

/** The product of the branches: what a mask leaves out is 1, and 0 where all masks leave it out. As in Keras. */
export function productOf(branches: readonly Tensor[]): Tensor {
  const factors = branches.map((x) => {
    const mask = maskOf(x);
    return mask ? where(maskAtRank(mask, x.shape.length), x, 1) : x;
  });
  const product = factors.reduce(multiply);
  const mask = eitherMask(branches);
  return mask ? where(maskAtRank(mask, product.shape.length), product, 0) : product;
}

/**
 * The largest or smallest of the branches: where a mask leaves one out, the other stands. As in Keras, which joins two at a
 * time, so that after a branch without a mask all steps count.
 */
export const extremeOf =
  (op: (a: Tensor, b: Tensor) => Tensor) =>
  ([first, ...others]: readonly Tensor[]): Tensor => {
    let [y, of] = [first, maskOf(first)];
    for (const other of others) {
      const mask = maskOf(other);
      const b = mask ? where(maskAtRank(mask, other.shape.length), other, y) : other;
      const a = of ? where(maskAtRank(of, y.shape.length), y, b) : y;
      of = of && mask && maximum(of, mask);
      y = op(a, b);
    }
    return y;
  };
