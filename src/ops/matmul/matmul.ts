import { ShapeError } from '../../errors.ts';
import { apply } from '../core/node.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape } from '../core/shape.ts';
import type { TensorSpec } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import { lowerMatmul } from './kernels.ts';
import { matmulSize } from './size.ts';
import type { MatmulAttrs } from './size.ts';
import { checkOptions } from '../../options.ts';

export const matmulOp: Op<MatmulAttrs> = {
  name: 'matmul',
  kind: 'kernel',
  fusesEpilogue: true,

  infer(inputs, attrs) {
    const [a, b] = inputs;
    for (const operand of inputs) requireDtype('matmul', operand, ['f32']);
    const described = `${describe('a', a, attrs.transposeA)} times ${describe('b', b, attrs.transposeB)}`;
    const ranks = [a.shape.length, b.shape.length];
    if (ranks[0] !== ranks[1] || (ranks[0] !== 2 && ranks[0] !== 3)) {
      throw new ShapeError(
        `matmul: ${described}: both must be matrices, or both batches of matrices (3 dimensions); reshape them`,
      );
    }
    if (ranks[0] === 3 && a.shape[0] !== b.shape[0]) {
      throw new ShapeError(
        `matmul: ${described}: batches of ${a.shape[0]} and ${b.shape[0]} matrices; they must hold equally many`,
      );
    }
    const { M, N, K } = matmulSize(a.shape, b.shape, attrs);
    const rows = b.shape.at(attrs.transposeB ? -1 : -2);
    if (K !== rows) {
      throw new ShapeError(
        `matmul: ${described}: the inner extents ${K} and ${rows} differ; a must be [M, K] and b [K, N], ` +
          'as multiplied: transposeA or transposeB turns an operand that is stored the other way round',
      );
    }
    return [{ shape: [...a.shape.slice(0, -2), M, N], dtype: 'f32' }];
  },

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
    return [da, db];
  },
};

function describe(name: string, { shape }: TensorSpec, transposed: boolean): string {
  return `${name} ${formatShape(shape)}${transposed ? ' (transposed)' : ''}`;
}

/**
 * The matrix product c[m, n] = Σ_k a[m, k] · b[k, n] of [M, K] and [K, N], giving [M, N]; or of each pair
 * of a batch, [B, M, K] and [B, K, N], giving [B, M, N]. f32 throughout; 2 · B · M · N · K FLOPs. NaN and ±Infinity enter
 * every sum that they are a part of, and 0 · ∞ is NaN.
 *
 * An operand stored the other way round, a as [K, M] or b as [N, K], is read in place with `transposeA` or
 * `transposeB` (both false by default): nothing is copied.
 *
 * @throws ShapeError where the ranks are not both 2 or both 3, or the inner extents or batches differ.
 * @throws ArgumentError where an operand is not f32.
 */
export function matmul(a: Tensor, b: Tensor, options: Partial<MatmulAttrs> = {}): Tensor {
  checkOptions('matmul', options, { transposeA: true, transposeB: true }, 'a, b, ');
  const { transposeA = false, transposeB = false } = options;
  return apply(matmulOp, [a, b], { transposeA, transposeB });
}
