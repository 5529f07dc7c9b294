import productGradientSource from '../../../shaders/reduce/product_gradient.wgsl?raw';
import { apply } from '../core/node.ts';
import { derivedElsewhere, linearGrid } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { keepRolled, streamingWorkgroup } from '../core/values.ts';
import { divide, equal, multiply, scale } from '../elementwise/elementwise.ts';
import { reshape, transpose } from '../movement/movement.ts';
import { broadcastTo, reduce, reduceOp, reduceSum, reduceSumOp } from './sum.ts';
import type { ReduceGradient, ReduceOptions } from './sum.ts';

// Each of the k entries that tie for the extreme gets dy / k, as in TensorFlow and JAX: the mean of
// the subgradients that favour one of them.
const shareAmongTies: ReduceGradient = (x, y, dy, axes) => {
  const winners = equal(x, y);
  return multiply(winners, divide(dy, reduceSum(winners, { axes, keepDims: true })));
};

export const reduceOps = {
  sum: reduceSumOp,
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
    const workgroupSize = streamingWorkgroup(context.target, rows);
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
  gradient: derivedElsewhere,
};

/** Arithmetic mean over the given axes (default: all), NaN and ±Infinity as in `reduceSum`. f32 only. */
export const reduceMean = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.mean, x, options);
/** Largest element over the given axes (default: all), NaN where one is NaN. Ties share the gradient equally. */
export const reduceMax = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.max, x, options);
/** Smallest element over the given axes (default: all), NaN where one is NaN. Ties share the gradient equally. */
export const reduceMin = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.min, x, options);
/**
 * Product over the given axes (default: all), NaN where a factor is NaN, or where one is 0 and another infinite. The
 * gradient is right where factors are 0, too.
 */
export const reduceProd = (x: Tensor, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.prod, x, options);
