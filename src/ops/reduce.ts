import productGradientSource from '../../shaders/reduce/product_gradient.wgsl?raw';
import { broadcastTo, divide, equal, multiply, scale } from './elementwise.ts';
import { reshape, transpose } from './movement.ts';
import { linearGrid } from './op.ts';
import type { Op } from './op.ts';
import { lowerReduce } from './reduceKernels.ts';
import type { OPERATIONS } from './reduceKernels.ts';
import { apply, normalizeAxis, sizeOf } from './tensor.ts';
import type { Shape, Tensor } from './tensor.ts';
import { keepRolled, requireDtype, streamingWorkgroup } from './values.ts';

interface ReduceAttrs {
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
type Gradient = (x: Tensor, y: Tensor, dy: Tensor, axes: readonly number[], count: number) => Tensor;

function reduceOp(
  name: string,
  operation: keyof typeof OPERATIONS,
  mean: boolean,
  gradient: Gradient,
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

// Each of the k entries that tie for the extreme gets dy / k, as in TensorFlow and JAX: the mean of
// the subgradients that favour one of them.
const shareAmongTies: Gradient = (x, y, dy, axes) => {
  const winners = equal(x, y);
  return multiply(winners, divide(dy, reduceSum(winners, { axes, keepDims: true })));
};

export const reduceOps = {
  // dy flows to every summand
  sum: reduceOp('reduceSum', 'sum', false, (x, _y, dy) => broadcastTo(dy, x.shape)),
  // dy / n flows to every summand
  mean: reduceOp('reduceMean', 'sum', true, (x, _y, dy, _axes, count) =>
    broadcastTo(scale(dy, 1 / count), x.shape),
  ),
  max: reduceOp('reduceMax', 'max', false, shareAmongTies),
  min: reduceOp('reduceMin', 'min', false, shareAmongTies),
  // dy times the product of all the other factors; the kernel works on rows, so reduced axes go last
  prod: reduceOp('reduceProd', 'product', false, (x, _y, dy, axes, count) => {
    const order = [...x.shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
    const last = transpose(x, order);
    const rows = apply(productGradientOp, [reshape(last, [-1, count]), reshape(dy, [-1])], {});
    return transpose(
      reshape(rows, last.shape),
      order.map((_, axis) => order.indexOf(axis)),
    );
  }),
};

const productGradientKernel = { name: 'reduce/product_gradient', source: productGradientSource };

/** [rows, n], dy [rows] → dx [rows, n]. */
export const productGradientOp: Op<Record<string, never>> = {
  name: 'reduceProdGradient',
  kind: 'kernel',
  infer: ([x]) => [x],
  lower({ inputs: [input, gradient], outputs: [output] }, context) {
    const [rows, count] = input.shape;
    const workgroupSize = streamingWorkgroup(context.target);
    const { workgroups, gridX } = linearGrid(rows, workgroupSize);
    context.dispatch({
      kernel: productGradientKernel,
      constants: {
        SIZE: rows,
        REDUCE: count,
        ROLLED: keepRolled(context.target, count),
        WORKGROUP_SIZE: workgroupSize,
        GRID_X: gridX,
      },
      bindings: { input, gradient, output },
      workgroups,
      flops: 3 * rows * count,
    });
  },
  gradient: { reason: 'second derivatives of a product are not provided' },
};

function reduce(
  op: Op<ReduceAttrs>,
  x: Tensor,
  { axes = [...x.shape.keys()], keepDims = false }: ReduceOptions,
): Tensor {
  const positive = [...new Set(axes.map((axis) => normalizeAxis(axis, x.shape.length, op.name)))].toSorted(
    (a, b) => a - b,
  );
  op.infer([x], { axes: positive, keepDims });
  // one entry is its own sum, mean, extreme and product
  if (positive.every((axis) => x.shape[axis] === 1))
    return reshape(x, reducedShape(x.shape, positive, keepDims));
  return apply(op, [x], { axes: positive, keepDims });
}

/** Sum over the given axes (default: all). Accumulated in blocks, so errors stay near one rounding. */
export const reduceSum = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.sum, x, options);
/** Arithmetic mean over the given axes (default: all). f32 only. */
export const reduceMean = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.mean, x, options);
/** Largest element over the given axes (default: all). Ties share the gradient equally. */
export const reduceMax = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.max, x, options);
/** Smallest element over the given axes (default: all). Ties share the gradient equally. */
export const reduceMin = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.min, x, options);
/** Product over the given axes (default: all). The gradient is right where factors are 0, too. */
export const reduceProd = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.prod, x, options);
