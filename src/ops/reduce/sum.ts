import { ShapeError } from '../../errors.ts';
import { apply, requireTensor } from '../core/node.ts';
import type { Op, Tensor } from '../core/op.ts';
import { normalizeAxes, requireShape, sameShape, sizeOf } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import { broadcastShapes } from '../elementwise/broadcast.ts';
import { lowerMap } from '../elementwise/map.ts';
import { reshape } from '../movement/movement.ts';
import { lowerReduce } from './kernels.ts';
import type { OPERATIONS } from './kernels.ts';
import { checkOptions } from '../../options.ts';

// Summing and broadcasting are each other's adjoint, so they stand in one file.

export interface ReduceAttrs {
  /** Ascending, none negative. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

export interface ReduceOptions {
  /** Dimensions to reduce; negative ones count from the last. Default: all. */
  axes?: readonly number[];
  /** Keep reduced dimensions with extent 1. Default false. */
  keepDims?: boolean;
}

/** Shape after a reduction. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): number[] {
  return keepDims
    ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : shape.filter((_, axis) => !axes.includes(axis));
}

/** dL/dx from x, the result y and dy, both with the reduced dimensions kept as 1. */
export type ReduceGradient = (
  x: Tensor,
  y: Tensor,
  dy: Tensor,
  axes: readonly number[],
  count: number,
) => Tensor;

/* @__NO_SIDE_EFFECTS__ */
export function reduceOp(
  name: string,
  operation: keyof typeof OPERATIONS,
  mean: boolean,
  gradient: ReduceGradient,
): Op<ReduceAttrs> {
  return {
    name,
    kind: 'kernel',
    fusesEpilogue: true,
    infer([x], { axes, keepDims }) {
      requireDtype(name, x, mean ? ['f32'] : ['f32', 'i32', 'u32']);
      return [{ shape: reducedShape(x.shape, axes, keepDims), dtype: x.dtype }];
    },
    lower(node, context) {
      const { axes } = node.attrs;
      const count = sizeOf(axes.map((axis) => node.inputs[0].shape[axis]));
      lowerReduce(node, operation, axes, mean ? count : 1, context);
    },
    gradient({ inputs: [x], outputs: [y], attrs: { axes } }, [dy]) {
      if (!dy || x.dtype !== 'f32') return [undefined];
      const kept = reducedShape(x.shape, axes, true);
      return [gradient(x, reshape(y, kept), reshape(dy, kept), axes, sizeOf(x.shape) / sizeOf(y.shape))];
    },
  };
}

/** Σ x over the reduced axes. dy flows to every summand. */
export const reduceSumOp = reduceOp('reduceSum', 'sum', false, (x, _y, dy) => broadcastTo(dy, x.shape));

/** Applies a reduction along axes, which are all by default. */
export function reduce(op: Op<ReduceAttrs>, x: Tensor, options: ReduceOptions): Tensor {
  checkOptions(op.name, options, { axes: true, keepDims: true }, 'x, ');
  requireTensor(op.name, x);
  const { axes = [...x.shape.keys()], keepDims = false } = options;
  const positive = [...new Set(normalizeAxes(axes, x.shape, op.name))].toSorted((a, b) => a - b);
  op.infer([x], { axes: positive, keepDims });
  // one entry is its own sum, mean, extreme and product
  if (positive.every((axis) => x.shape[axis] === 1))
    return reshape(x, reducedShape(x.shape, positive, keepDims));
  return apply(op, [x], { axes: positive, keepDims });
}

/**
 * Sum over the given axes (default: all). Accumulated in blocks, so errors stay near one rounding. NaN where an element
 * is NaN or both infinities are among them, ±Infinity with one of them.
 */
export const reduceSum = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce(reduceSumOp, x, options);

/** Sums a gradient over the dimensions along which `shape` was broadcast: the adjoint of broadcasting. */
export function sumTo(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((extent, axis) =>
    axis < lead || (shape[axis - lead] === 1 && extent !== 1) ? [axis] : [],
  );
  const summed = axes.length > 0 ? reduceSum(gradient, { axes, keepDims: true }) : gradient;
  return sameShape(summed.shape, shape) ? summed : reshape(summed, shape);
}

interface BroadcastAttrs {
  readonly shape: Shape;
}

/** Repeats a tensor along its dimensions of extent 1 (and new leading ones), as NumPy's broadcast_to. */
export const broadcastToOp: Op<BroadcastAttrs> = {
  name: 'broadcastTo',
  kind: 'elementwise',
  infer([x], { shape }) {
    requireShape('broadcastTo', shape);
    const result = broadcastShapes('broadcastTo', [x.shape, shape]);
    if (!sameShape(result, shape)) {
      throw new ShapeError(
        `broadcastTo: [${x.shape.join(', ')}] cannot be broadcast to [${shape.join(', ')}]`,
      );
    }
    return [{ shape, dtype: x.dtype }];
  },
  elementwise: () => ({ fn: 'Value', literals: [] }),
  lower: (node, context) => lowerMap(node, { inputs: 1, steps: [] }, context),
  gradient: ({ inputs }, [dy]) => [dy && sumTo(dy, inputs[0].shape)],
};

export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  requireTensor('broadcastTo', x);
  requireShape('broadcastTo', shape);
  return sameShape(x.shape, shape) ? x : apply(broadcastToOp, [x], { shape: [...shape] });
}
