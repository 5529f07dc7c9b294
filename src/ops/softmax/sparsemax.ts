import source from '../../../shaders/softmax/sparsemax.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { normalizeAxis, sizeOf } from '../core/shape.ts';
import { keepRolled, requireDtype, streamingWorkgroup } from '../core/values.ts';
import { divide, greater, keepNan, multiply, subtract } from '../elementwise/elementwise.ts';
import { reduceSum } from '../reduce/sum.ts';
import { alongAxis } from './softmax.ts';

const kernel = { name: 'softmax/sparsemax', source };

export const sparsemaxOp: Op<Record<string, never>> = {
  name: 'sparsemax',
  kind: 'kernel',
  infer([x]) {
    requireDtype('sparsemax', x, ['f32']);
    normalizeAxis(-1, x.shape, 'sparsemax');
    return [x];
  },
  lower({ inputs: [input], outputs: [output] }, context) {
    const classes = output.shape.at(-1)!;
    const rows = sizeOf(output.shape.slice(0, -1));
    const workgroupSize = streamingWorkgroup(context.target, rows);
    const { workgroups, gridX } = linearGrid(rows, workgroupSize);
    context.dispatch({
      kernel,
      constants: {
        ROWS: rows,
        CLASSES: classes,
        ROLLED: keepRolled(context.target, classes),
        WORKGROUP_SIZE: workgroupSize,
        GRID_X: gridX,
      },
      bindings: { input, output },
      workgroups,
      flops: 12 * sizeOf(output.shape),
    });
  },
  // On the support S, where y > 0, dx = dy − mean of dy over S; 0 elsewhere.
  gradient({ outputs: [y] }, [dy]) {
    if (!dy) return [];
    const inside = greater(y, 0);
    const along = { axes: [-1], keepDims: true };
    const taken = multiply(dy, inside);
    const mean = divide(reduceSum(taken, along), reduceSum(inside, along));
    return [keepNan(y, subtract(taken, multiply(mean, inside)))];
  },
};

/**
 * The point of the simplex that is nearest to x, along `axis` (default: the last): max(x − τ, 0) with τ such that the sum is
 * 1 (Martins & Astudillo 2016). As softmax it gives probabilities, but most of them are 0. Entries of −Infinity give 0; all is
 * NaN along an axis with a NaN or Infinity, or with nothing but −Infinity.
 *
 * @throws ShapeError if x has no dimensions, or not that axis
 */
export const sparsemax = (x: Tensor, axis = -1): Tensor => alongAxis(sparsemaxOp, x, axis);
