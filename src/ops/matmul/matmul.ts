import { ShapeError } from '../../errors.ts';
import { apply, requireTensor } from '../core/node.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape } from '../core/shape.ts';
import type { TensorSpec } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import { broadcastShapes } from '../elementwise/broadcast.ts';
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

  infer(inputs, attrs) {
    const [a, b] = inputs;
    for (const operand of inputs) requireDtype('matmul', operand, ['f32']);
    const described = `${describe('a', a, attrs.transposeA)} times ${describe('b', b, attrs.transposeB)}`;
    if (inputs.some(({ shape }) => shape.length < 2)) {
      throw new ShapeError(
        `matmul: ${described}: both must be matrices, or batches of matrices; reshape them`,
      );
    }
    const [left, right] = [a, b].map(({ shape }) => shape.slice(0, -2));
    try {
      broadcastShapes('matmul', [left, right]);
    } catch (cause) {
      throw new ShapeError(
        `matmul: ${described}: batches of ${formatShape(left)} and ${formatShape(right)} matrices do not broadcast: aligned at the right, extents must be equal, or one of them 1`,
        { cause },
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
    return [{ shape: [...batchOf(a.shape, b.shape), M, N], dtype: 'f32' }];
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
    return [sumTo(da, a.shape), sumTo(db, b.shape)];
  },
};

function describe(name: string, { shape }: TensorSpec, transposed: boolean): string {
  return `${name} ${formatShape(shape)}${transposed ? ' (transposed)' : ''}`;
}

/** The product of matrices, or of batches of them, for layers: `ops.matmul` is of any rank. */
export function matmul(a: Tensor, b: Tensor, options: Partial<MatmulAttrs> = {}): Tensor {
  checkOptions('matmul', options, { transposeA: true, transposeB: true }, 'a, b, ');
  requireTensor('matmul', a);
  requireTensor('matmul', b, 'input 2');
  const { transposeA = false, transposeB = false } = options;
  const attrs = { transposeA, transposeB };
  const [{ shape }] = matmulOp.infer([a, b], attrs);
  const batch = shape.slice(0, -2);
  // One b for all matrices of a: these are one tall matrix.
  if (!transposeA && batch.length > 0 && b.shape.length === 2) {
    return reshape(apply(matmulOp, [reshape(a, [-1, a.shape.at(-1)!]), b], attrs), shape);
  }
  const [left, right] = [a, b].map((operand) =>
    takenOf(operand.shape.slice(0, -2), batch)
      ? operand
      : broadcastTo(operand, [...batch, ...operand.shape.slice(-2)]),
  );
  return apply(matmulOp, [left, right], attrs);
}
