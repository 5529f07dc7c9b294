import { ShapeError } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import { requireTensor } from '../core/node.ts';
import type { Tensor } from '../core/op.ts';
import { formatShape } from '../core/shape.ts';
import { reshape } from '../movement/movement.ts';
import { matmul as product } from './matmul.ts';
import type { MatmulAttrs } from './size.ts';

/**
 * The matrix product c[m, n] = Σ_k a[m, k] · b[k, n] of [M, K] and [K, N], giving [M, N]. f32 throughout, unless the program is of mixed precision; 2 · M · N · K FLOPs.
 * NaN and ±Infinity enter every sum that they are a part of, and 0 · ∞ is NaN.
 *
 * Any number of dimensions may stand before the matrices: [B, H, M, K] times [H, K, N] gives [B, H, M, N]. They are broadcast
 * as NumPy does it, and nothing is copied for that, unless one operand has extents on both sides of one that it lacks. A vector
 * [K] is a row at the left and a column at the right, and its dimension is not in the result: [K] times [K] gives a single
 * number, [B, M, K] times [K] gives [B, M].
 *
 * An operand stored the other way round, a as [K, M] or b as [N, K], is read in place with `transposeA` or
 * `transposeB` (both false by default): nothing is copied.
 *
 * @throws ShapeError where an operand is a single number, or the inner extents or batches do not fit.
 * @throws ArgumentError where an operand is not f32.
 */
export function matmul(a: Tensor, b: Tensor, options: Partial<MatmulAttrs> = {}): Tensor {
  requireTensor('matmul', a);
  requireTensor('matmul', b, 'input 2');
  const ranks = [a.shape.length, b.shape.length];
  const described = `a ${formatShape(a.shape)} times b ${formatShape(b.shape)}`;
  if (ranks.includes(0)) {
    throw new ShapeError(
      `matmul: ${described}: a single number is neither a vector nor a matrix; use multiply`,
    );
  }
  if (!ranks.includes(1)) return product(a, b, options);
  checkOptions('matmul', options, { transposeA: true, transposeB: true }, 'a, b, ');
  if ((options.transposeA && ranks[0] === 1) || (options.transposeB && ranks[1] === 1)) {
    throw new ShapeError(
      `matmul: ${described}: transposeA and transposeB turn matrices, and a vector has no other way round; leave them out`,
    );
  }
  try {
    const y = product(
      ranks[0] === 1 ? reshape(a, [1, -1]) : a,
      ranks[1] === 1 ? reshape(b, [-1, 1]) : b,
      options,
    );
    const dropped = [
      ...(ranks[0] === 1 ? [y.shape.length - 2] : []),
      ...(ranks[1] === 1 ? [y.shape.length - 1] : []),
    ];
    return reshape(y, y.shape.filter((_, axis) => !dropped.includes(axis))); // prettier-ignore
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const reason = error.message.replace(/^matmul: /, '');
    throw new ShapeError(`matmul: ${described}, a vector as a row at the left, as a column at the right: ${reason}`, { cause: error }); // prettier-ignore
  }
}
