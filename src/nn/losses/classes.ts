import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { formatShape, sameShape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import {
  clip,
  divide,
  log,
  maximum,
  multiply,
  negate,
  notEqual,
  where,
} from '../../ops/elementwise/elementwise.ts';
import { perSample } from '../../ops/loss/accuracy.ts';
import {
  softmaxCrossEntropy as denseLoss,
  sparseSoftmaxCrossEntropy as sparseLoss,
} from '../../ops/loss/softmaxCrossEntropy.ts';
import { cast } from '../../ops/movement/cast.ts';
import { oneHot } from '../../ops/movement/gather.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import { softmaxOp } from '../../ops/softmax/softmax.ts';
import { masked } from '../masks.ts';
import type { Settings } from './define.ts';
import { areDistributions, classIndicesOf, inputOf, overPositions, smooth, toLast } from './targets.ts';

/** Probabilities are clipped to this before their logarithm is taken: Keras's epsilon. */
export const EPSILON = 1e-7;

export interface SmoothingOptions {
  /** Share of each target that is spread evenly, in [0, 1). Default 0. */
  labelSmoothing?: number;
}

export interface AxisOptions {
  /** The dimension of the classes; default −1, the last. */
  axis?: number;
}

export interface IgnoreOptions {
  /**
   * Class indices of this number do not count, neither in the loss nor in what it is divided by: Keras's `ignore_class`. It
   * need not be a class: −1, say, or 255. Default null: all count.
   */
  ignoreClass?: number | null;
}

export interface SoftmaxLossOptions extends SmoothingOptions, AxisOptions, IgnoreOptions {}

export interface CrossentropyOptions extends SmoothingOptions, AxisOptions {
  /** The predictions are logits: the last layer has no activation. Default false: they are probabilities. */
  fromLogits?: boolean;
}

export interface SparseCrossentropyOptions extends CrossentropyOptions, IgnoreOptions {}

/** Class indices of the predictions' shape without the classes, i32. */
export function requireIndices(name: string, prediction: Tensor, target: Tensor, axis: number): Tensor {
  const classes = toLast(name, prediction, axis);
  const indices = classIndicesOf(classes, target);
  if (indices) return indices;
  throw new ShapeError(
    `${name}: predictions ${formatShape(prediction.shape)} need class indices of shape ` +
      `${formatShape(classes.shape.slice(0, -1))}, got ${formatShape(target.shape)}; for distributions use categoricalCrossentropy`,
  );
}

/** The targets of a cross-entropy, with its classes last: class indices, or distributions. */
export function classTargets(
  name: string,
  given: Tensor,
  target: Tensor,
  axis: number,
): { prediction: Tensor; target: Tensor; sparse: boolean } {
  const prediction = toLast(name, given, axis);
  if (areDistributions(given, target))
    return { prediction, target: toLast(name, target, axis), sparse: false };
  const own = classIndicesOf(prediction, target) ?? target;
  const sparse = own.dtype === 'i32';
  const expected = sparse ? prediction.shape.slice(0, -1) : prediction.shape;
  if (!sameShape(own.shape, expected)) {
    throw new ShapeError(
      `${name}: predictions ${formatShape(given.shape)} need ${sparse ? 'class indices' : 'distributions'} of shape ` +
        `${formatShape(sparse ? expected : given.shape)}, got ${formatShape(own.shape)}`,
    );
  }
  return { prediction, target: own, sparse };
}

type Whole = Settings<SparseCrossentropyOptions>;

export function ofClasses(name: string, given: Tensor, truth: Tensor, options: Whole): Tensor {
  const { prediction, target, sparse } = classTargets(name, given, truth, options.axis);
  const { ignoreClass } = options;
  if (ignoreClass === null) return overPositions(valuesOf(prediction, target, options));
  if (sparse) return ignoring(prediction, target, { ...options, ignoreClass });
  throw new ArgumentError(
    `${name}: ignoreClass is for class indices, but the targets are distributions ${formatShape(truth.shape)}; give the samples weights instead`,
  );
}

/** Of each position; the classes are the last dimension. */
function valuesOf(
  prediction: Tensor,
  target: Tensor,
  { fromLogits, labelSmoothing }: Pick<Whole, 'fromLogits' | 'labelSmoothing'>,
): Tensor {
  const sparse = target.dtype === 'i32';
  const logits = fromLogits ? prediction : inputOf(prediction, softmaxOp, true);
  if (logits) return (sparse ? sparseLoss : denseLoss)(logits, target, { labelSmoothing });
  const classes = prediction.shape.at(-1)!;
  const t = smooth(sparse ? oneHot(target, classes) : target, labelSmoothing, classes);
  return negate(reduceSum(multiply(t, log(shares(prediction))), { axes: [-1] }));
}

/** Probabilities divided by their sum along the last dimension, and clipped as Keras does. */
export function shares(p: Tensor): Tensor {
  const sums = reduceSum(p, { axes: [-1], keepDims: true });
  return clip(divide(p, maximum(sums, EPSILON)), EPSILON, 1 - EPSILON);
}

/**
 * A cross-entropy without the positions whose class index is `ignoreClass`: its values are 0 there. The divisor of
 * the sum, the share of each sample's positions that count, is its mask, [N].
 */
function ignoring(prediction: Tensor, target: Tensor, options: Whole & { ignoreClass: number }): Tensor {
  const index = cast(target, 'f32');
  const valid = notEqual(index, options.ignoreClass);
  const known = cast(where(valid, index, 0), 'i32');
  const values = where(valid, valuesOf(prediction, known, options), 0);
  return masked(overPositions(values), perSample(valid));
}

/** @throws ArgumentError unless it is at least 0 and below 1 */
export function checkSmoothing(name: string, labelSmoothing: number): void {
  if (labelSmoothing >= 0 && labelSmoothing < 1) return;
  throw new ArgumentError(`${name}: labelSmoothing is ${labelSmoothing}; it must be at least 0 and below 1`);
}

/** @throws ArgumentError if an option is out of range */
export function checkClasses(name: string) {
  return ({ labelSmoothing, ignoreClass }: Settings<SoftmaxLossOptions>): void => {
    checkSmoothing(name, labelSmoothing);
    if (ignoreClass === null || Number.isInteger(ignoreClass)) return;
    throw new ArgumentError(
      `${name}: ignoreClass is ${describe(ignoreClass)}; it must be a whole number, or null`,
    );
  };
}
