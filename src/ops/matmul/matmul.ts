import { ShapeError } from '../../errors.ts';
import { apply, requireTensor } from '../core/node.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape, sizeOf } from '../core/shape.ts';
import type { Shape, TensorSpec } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import { reshape } from '../movement/movement.ts';
import { broadcastTo, sumTo } from '../reduce/sum.ts';
import { lowerMatmul } from './kernels.ts';
import { batchOf, matmulSize, takenOf } from './size.ts';
import type { MatmulAttrs } from './size.ts';
import { checkOptions } from '../../options.ts';

export const matmulOp: Op<MatmulAttrs> = {
  name: 'matmul',
  kind: 'kernel',
  fusesEpilogue: true,

  infer: ([a, b], attrs) => [{ shape: productShape(a, b, attrs), dtype: 'f32' }],

  lower(node, context) {
    lowerMatmul(node, matmulSize(node.inputs[0].shape, node.inputs[1].shape, node.attrs), context);
  },

  // C = A B:  dA = dC Bᵀ,  dB = Aᵀ dC. An operand that is stored transposed takes the transpose of
  // its gradient, which is the product of the transposes in the opposite order.
  gradient({ inputs: [a, b], attrs: { transposeA, transposeB } }, [dy]) {
    if (!dy) return [];
    const da = transposeA
      ? matmul(b, dy, { transposeA: transposeB, transposeB: true }) // (dC Bᵀ)ᵀ = B dCᵀ
      : matmul(dy, b, { transposeB: !transposeB });
    const db = transposeB
      ? matmul(dy, a, { transposeA: true, transposeB: transposeA }) // (Aᵀ dC)ᵀ = dCᵀ A
      : matmul(a, dy, { transposeA: !transposeA });
    return [sumTo(da, a.shape), sumTo(db, b.shape)];
  },
};

/** The shape of the product; operands may be vectors. */
function productShape(a: TensorSpec, b: TensorSpec, attrs: MatmulAttrs): number[] {
  for (const operand of [a, b]) requireDtype('matmul', operand, ['f32']);
  const described = `${describe('a', a, attrs.transposeA)} times ${describe('b', b, attrs.transposeB)}`;
  const ranks = [a.shape.length, b.shape.length];
  if (ranks.includes(0)) {
    throw new ShapeError(
      `matmul: ${described}: a single number is neither a vector nor a matrix; use multiply`,
    );
  }
  if ((attrs.transposeA && ranks[0] === 1) || (attrs.transposeB && ranks[1] === 1)) {
    throw new ShapeError(
      `matmul: ${described}: transposeA and transposeB turn matrices, and a vector has no other way round; leave them out`,
    );
  }
  const [left, right] = [asMatrix(a.shape, 'row'), asMatrix(b.shape, 'column')];
  const { M, N, K } = matmulSize(left.slice(-2), right.slice(-2), attrs);
  const rows = right.at(attrs.transposeB ? -1 : -2);
  if (K !== rows) {
    throw new ShapeError(
      `matmul: ${described}: the inner extents ${K} and ${rows} differ; a must be [M, K] and b [K, N], ` +
        'as multiplied: transposeA or transposeB turns an operand that is stored the other way round',
    );
  }
  try {
    return [...batchOf(left, right), ...(ranks[0] > 1 ? [M] : []), ...(ranks[1] > 1 ? [N] : [])];
  } catch (cause) {
    throw new ShapeError(
      `matmul: ${described}: batches of ${formatShape(left.slice(0, -2))} and ${formatShape(right.slice(0, -2))} matrices do not broadcast: aligned at the right, extents must be equal, or one of them 1`,
      { cause },
    );
  }
}

/** A vector as the matrix that it is multiplied as: a row at the left of the product, a column at the right. */
const asMatrix = (shape: Shape, vector: 'row' | 'column'): Shape =>
  shape.length > 1 ? shape : vector === 'row' ? [1, ...shape] : [...shape, 1];

function describe(name: string, { shape }: TensorSpec, transposed: boolean): string {
  return `${name} ${formatShape(shape)}${transposed ? ' (transposed)' : ''}`;
}

/**
 * The matrix product c[m, n] = Σ_k a[m, k] · b[k, n] of [M, K] and [K, N], giving [M, N]. f32 throughout; 2 · M · N · K FLOPs.
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
  checkOptions('matmul', options, { transposeA: true, transposeB: true }, 'a, b, ');
  requireTensor('matmul', a);
  requireTensor('matmul', b, 'input 2');
  const { transposeA = false, transposeB = false } = options;
  const attrs = { transposeA, transposeB };
  const shape = productShape(a, b, attrs);
  const left = reshape(a, asMatrix(a.shape, 'row'));
  const right = reshape(b, asMatrix(b.shape, 'column'));
  const rows = left.shape.slice(0, -1);
  // One b for all matrices of a: these are one tall matrix.
  if (!transposeA && rows.length > 1 && right.shape.length === 2) {
    return reshape(apply(matmulOp, [reshape(left, [sizeOf(rows), left.shape.at(-1)!]), right], attrs), shape);
  }
  const batch = batchOf(left.shape, right.shape);
  const readable = (operand: Tensor) =>
    takenOf(operand.shape.slice(0, -2), batch)
      ? operand
      : broadcastTo(operand, [...batch, ...operand.shape.slice(-2)]);
  return reshape(apply(matmulOp, [readable(left), readable(right)], attrs), shape);
}
