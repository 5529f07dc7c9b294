import { ArgumentError } from '../../errors.ts';
import { checkOptions, describe } from '../../options.ts';
import { requireTensor } from '../core/node.ts';
import type { Tensor } from '../core/op.ts';
import { normalizeAxes } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import {
  abs,
  add,
  equal,
  exp,
  less,
  log,
  scale,
  sqrt,
  square,
  subtract,
  where,
} from '../elementwise/elementwise.ts';
import { reshape, stopGradient } from '../movement/movement.ts';
import { reduceMax, reduceMean } from './reduce.ts';
import { reducedShape, reduceSum } from './sum.ts';
import type { ReduceOptions } from './sum.ts';

/**
 * log Σ e^x over the given axes (default: all), without overflow: the largest is taken out of the sum. Entries of −Infinity, as a
 * mask has them, add nothing, and nothing but them gives −Infinity. Infinity gives Infinity, NaN gives NaN. The gradient is
 * softmax(x); it is NaN where all are −Infinity, at an Infinity, and with a NaN.
 */
export function logSumExp(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkOptions('logSumExp', options, { axes: true, keepDims: true }, 'x, ');
  requireTensor('logSumExp', x);
  requireDtype('logSumExp', x, ['f32']);
  const axes = normalizeAxes(options.axes ?? [...x.shape.keys()], x.shape, 'logSumExp');
  const largest = stopGradient(reduceMax(x, { axes, keepDims: true }));
  // an infinite one is left in the sum: ∞ − ∞ is NaN
  const taken = where(less(abs(largest), Infinity), largest, 0);
  const kept = add(log(reduceSum(exp(subtract(x, taken)), { axes, keepDims: true })), taken);
  return options.keepDims ? kept : reshape(kept, reducedShape(x.shape, axes, false));
}

export interface VarianceOptions extends ReduceOptions {
  /** Taken from the number of elements that the squares are divided by: NumPy's ddof. Default 0; 1 for an unbiased estimate. */
  correction?: number;
}

/**
 * The mean square distance from the mean, over the given axes (default: all). The mean is subtracted first, so that a large one
 * costs no digits. NaN where an element is NaN or infinite.
 *
 * @throws ArgumentError unless the correction is below the number of elements
 */
export function variance(x: Tensor, options: VarianceOptions = {}): Tensor {
  return varianceOf('variance', x, options);
}

/** √variance. Where that is 0, the slope, which is not defined, is taken as 0 (PyTorch, and Keras with it). */
export function std(x: Tensor, options: VarianceOptions = {}): Tensor {
  const squares = varianceOf('std', x, options);
  const flat = equal(squares, 0);
  // √1 in its place: the slope of √0 is ∞, and ∞ times that of the variance, 0, NaN
  return where(flat, 0, sqrt(where(flat, 1, squares)));
}

function varianceOf(name: string, x: Tensor, options: VarianceOptions): Tensor {
  checkOptions(name, options, { axes: true, keepDims: true, correction: true }, 'x, ');
  requireTensor(name, x);
  requireDtype(name, x, ['f32']);
  const { axes: given = [...x.shape.keys()], keepDims = false, correction = 0 } = options;
  const axes = normalizeAxes(given, x.shape, name);
  const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
  if (typeof correction !== 'number' || !(correction < count)) {
    throw new ArgumentError(
      `${name}: the correction is ${describe(correction)}; it must be a number below the ${count} elements`,
    );
  }
  const distance = subtract(x, reduceMean(x, { axes, keepDims: true }));
  const mean = reduceMean(square(distance), { axes, keepDims });
  return correction === 0 ? mean : scale(mean, count / (count - correction));
}
