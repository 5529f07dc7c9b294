import source from '../../../shaders/linalg/orthonormalize.wgsl?raw';
import { ShapeError } from '../../errors.ts';
import { apply } from '../core/node.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';

const kernel = { name: 'linalg/orthonormalize', source };

export const orthonormalizeOp: Op<Record<string, never>> = {
  name: 'orthonormalize',
  kind: 'kernel',
  infer([x]) {
    requireDtype('orthonormalize', x, ['f32']);
    const [rows, columns] = x.shape;
    if (x.shape.length !== 2 || columns > rows) {
      throw new ShapeError(
        `orthonormalize: takes a matrix with at most as many columns as rows, got ${formatShape(x.shape)}; transpose it, or take fewer columns`,
      );
    }
    return [x];
  },
  lower({ inputs: [x], outputs: [q] }, context) {
    const [rows, columns] = x.shape;
    context.dispatch({
      kernel,
      constants: { ROWS: rows, COLUMNS: columns },
      bindings: { x, q },
      workgroups: [1, 1, 1],
      flops: 2 * rows * columns * (columns + 1),
    });
  },
  gradient: { reason: 'orthonormal bases are used for looking at data, not for training' },
};

/**
 * Columns of x [rows, columns] made orthonormal one after another (modified Gram–Schmidt): qᵀ q = 1, and the first columns
 * of q span what the first columns of x span. A column that depends on those before it becomes 0. Columns are at most
 * as many as rows, and few: one invocation does it. A column with a NaN or ±Infinity, or longer than
 * the root of the largest f32, becomes NaN, and so do those after it.
 *
 * @throws ShapeError if x is not such a matrix
 */
export function orthonormalize(x: Tensor): Tensor {
  return apply(orthonormalizeOp, [x], {});
}
