import source from '../../../shaders/scan/recurrence.wgsl?raw';
import { settle } from '../../options.ts';
import { apply, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { normalizeAxis, sizeOf } from '../core/shape.ts';
import { requireDtype, streamingWorkgroup, WORDS } from '../core/values.ts';
import { add, multiply } from '../elementwise/elementwise.ts';

const kernel = { name: 'scan/recurrence', source };

interface RecurrenceAttrs {
  readonly axis: number;
  readonly reverse: boolean;
  readonly exclusive: boolean;
  /** What comes before all others. */
  readonly first: 0 | 1;
}

/** y_j = factors_j · y_{j−1} + terms_j: inputs [factors] or [factors, terms], of one shape. */
export const recurrenceOp: Op<RecurrenceAttrs> = {
  name: 'recurrence',
  kind: 'kernel',
  infer([factors]) {
    requireDtype('cumprod', factors, WORDS);
    return [factors];
  },
  lower({ inputs: [factors, terms], outputs: [output], attrs }, context) {
    const { shape, dtype } = output;
    const { axis, reverse, exclusive, first } = attrs;
    const size = sizeOf(shape) / shape[axis];
    const workgroupSize = streamingWorkgroup(context.target, size);
    const { workgroups, gridX } = linearGrid(size, workgroupSize);
    context.dispatch({
      kernel,
      constants: {
        SIZE: size,
        LENGTH: shape[axis],
        INNER: sizeOf(shape.slice(axis + 1)),
        FIRST: first,
        ADDED: terms !== undefined,
        EXCLUSIVE: exclusive,
        REVERSE: reverse,
        WORKGROUP_SIZE: workgroupSize,
        GRID_X: gridX,
      },
      aliases: { Value: dtype },
      bindings: { factors, output, ...(terms && { terms }) },
      workgroups,
      flops: 2 * sizeOf(shape),
    });
  },
  // With d_j = dL/dy_j and all that comes later: d_j = dy_j + factors_{j+1} d_{j+1}, dL/dfactors_j = d_j y_{j−1} and dL/dterms_j = d_j
  gradient({ inputs, outputs: [y], attrs }, [dy]) {
    const [factors] = inputs;
    if (!dy || factors.dtype !== 'f32') return [];
    const { exclusive, reverse } = attrs;
    const before = exclusive ? y : apply(recurrenceOp, inputs, { ...attrs, exclusive: true });
    const back = { ...attrs, reverse: !reverse, exclusive: true, first: 0 } as const;
    const d = exclusive
      ? apply(recurrenceOp, [factors, dy], back)
      : add(dy, apply(recurrenceOp, [factors, multiply(factors, dy)], back));
    return [multiply(d, before), ...inputs.slice(1).map(() => d)];
  },
};

export interface CumprodOptions {
  /** Without the element itself: the first product is 1. Default false. */
  exclusive?: boolean;
  /** From the last element to the first. Default false. */
  reverse?: boolean;
}

/**
 * Running products along `axis` (default: the last): [3 1 4] gives [3 3 12]. Each row is multiplied from one end to the other, in
 * that order. The gradient divides by nothing: it is right where elements are 0, too. Integers wrap around at 2³², and have none.
 *
 * @throws ShapeError if x has no dimensions, or not that axis
 */
export function cumprod(x: Tensor, axis = -1, options: CumprodOptions = {}): Tensor {
  const { exclusive, reverse } = settle('cumprod', options, { exclusive: false, reverse: false });
  requireTensor('cumprod', x);
  const attrs = { axis: normalizeAxis(axis, x.shape, 'cumprod'), exclusive, reverse, first: 1 } as const;
  return apply(recurrenceOp, [x], attrs);
}
