import {
  bceWithLogits,
  binaryCrossentropy as binaryCrossentropyOf,
  clip,
  divide,
  elementwiseOps,
  log,
  maximum,
  multiply,
  negate,
  notEqual,
  subtract,
  where,
} from '../../ops/elementwise/elementwise.ts';
import { perSample } from '../../ops/loss/accuracy.ts';
import { cast } from '../../ops/movement/cast.ts';
import { oneHot } from '../../ops/movement/gather.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import { softmaxOp } from '../../ops/softmax/softmax.ts';
import {
  softmaxCrossEntropy as denseSoftmaxCrossEntropy,
  sparseSoftmaxCrossEntropy as sparseLoss,
} from '../../ops/loss/softmaxCrossEntropy.ts';
import { formatShape, sameShape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { masked } from '../masks.ts';
import { defineLoss } from './define.ts';
import type { Settings } from './define.ts';
import { takesAs } from './takes.ts';
import {
  alignTargets,
  areDistributions,
  axisOf,
  classIndicesOf,
  inputOf,
  overAll,
  overPositions,
  requireClasses,
  smooth,
  toLast,
} from './targets.ts';

/** The least probability whose logarithm is taken: Keras's epsilon. */
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

const softmaxDefaults: Settings<SoftmaxLossOptions> = { labelSmoothing: 0, axis: -1, ignoreClass: null };

/**
 * Softmax cross-entropy of logits [N, ..., classes] against class indices, [N, ...] or [N, ..., 1], in integers or whole
 * floats, or against distributions [N, ..., classes] (f32); averaged over the dimensions between. The last layer has no activation: the
 * softmax is part of the loss, which keeps it finite for any logits.
 *
 * @throws ShapeError if the shapes do not fit
 * @throws ArgumentError if an option is out of range
 */
export const softmaxCrossEntropy = defineLoss<SoftmaxLossOptions>(
  'softmaxCrossEntropy',
  softmaxDefaults,
  (prediction, target, options) => {
    takesAs('softmaxCrossEntropy', 'classLogits', prediction);
    return ofClasses('softmaxCrossEntropy', prediction, target, { ...options, fromLogits: true });
  },
  checkClasses('softmaxCrossEntropy'),
);

/**
 * `softmaxCrossEntropy` for class indices only.
 *
 * @throws ShapeError if the targets have another shape
 */
export const sparseSoftmaxCrossEntropy = defineLoss<SoftmaxLossOptions>(
  'sparseSoftmaxCrossEntropy',
  softmaxDefaults,
  (prediction, target, options) => {
    const name = 'sparseSoftmaxCrossEntropy';
    takesAs(name, 'classLogits', prediction);
    return ofClasses(name, prediction, requireIndices(name, prediction, target, options.axis), {
      ...options,
      fromLogits: true,
    });
  },
  checkClasses('sparseSoftmaxCrossEntropy'),
);

/**
 * Binary cross-entropy of logits x against targets t in [0, 1], per sample: mean of max(x, 0) − x t + log(1 + e^−|x|) over
 * all dimensions but the first. The last layer has no activation: the sigmoid is part of the loss.
 *
 * `labelSmoothing` s turns targets into t (1 − s) + s/2.
 *
 * @throws ShapeError if the shapes differ
 */
export const binaryCrossEntropyWithLogits = defineLoss<SmoothingOptions>(
  'binaryCrossEntropyWithLogits',
  { labelSmoothing: 0 },
  (prediction, target, { labelSmoothing }) => {
    const name = 'binaryCrossEntropyWithLogits';
    takesAs(name, 'logits', prediction);
    const t = smooth(alignTargets(name, prediction, target), labelSmoothing, 2);
    return overAll(bceWithLogits(prediction, t));
  },
  ({ labelSmoothing }) => checkSmoothing('binaryCrossEntropyWithLogits', labelSmoothing),
);

export interface CrossentropyOptions extends SmoothingOptions, AxisOptions {
  /** The predictions are logits: the last layer has no activation. Default false: they are probabilities. */
  fromLogits?: boolean;
}

const defaults: Settings<CrossentropyOptions> = { fromLogits: false, labelSmoothing: 0, axis: -1 };

/**
 * Binary cross-entropy of probabilities p against targets t in [0, 1], per sample: mean over all dimensions but the
 * first of −t log p − (1 − t) log(1 − p), with p clipped to [1e-7, 1 − 1e-7] (Keras).
 * A clipped probability has no gradient. Where the last layer ends in a sigmoid, and with `fromLogits`, the loss is
 * computed from the logits instead: never clipped, finite for any logits.
 *
 * `labelSmoothing` s turns targets into t (1 − s) + s/2. `axis` is the one that Keras averages along first, which matters
 * only for `reduction: 'sum'`.
 *
 * @throws ShapeError if the shapes differ
 * @throws ArgumentError if labelSmoothing is not in [0, 1)
 */
export const binaryCrossentropy = defineLoss<CrossentropyOptions>(
  'binaryCrossentropy',
  defaults,
  (prediction, target, { fromLogits, labelSmoothing, axis }) => {
    const name = 'binaryCrossentropy';
    takesAs(name, fromLogits ? 'logits' : 'probabilities', prediction);
    axisOf(name, axis, prediction);
    const t = smooth(alignTargets(name, prediction, target), labelSmoothing, 2);
    const logits = fromLogits ? prediction : inputOf(prediction, elementwiseOps.sigmoid);
    return overAll(logits ? bceWithLogits(logits, t) : binaryCrossentropyOf(prediction, t), axis);
  },
  ({ labelSmoothing }) => checkSmoothing('binaryCrossentropy', labelSmoothing),
);

/**
 * Categorical cross-entropy of probabilities p [N, ..., classes] against distributions t of the same shape (or class
 * indices, [N, ...] or [N, ..., 1]), per sample: −Σ t log p along the last dimension, averaged over the dimensions between. p is
 * divided by its sum and clipped to [1e-7, 1 − 1e-7] (Keras); a clipped probability has no gradient.
 * Where the last layer ends in a softmax, and with `fromLogits`, the loss is computed from the logits instead:
 * `softmaxCrossEntropy`, never clipped, finite for any logits.
 *
 * `labelSmoothing` s turns targets into t (1 − s) + s / classes.
 *
 * @throws ShapeError if the shapes do not fit
 * @throws ArgumentError if labelSmoothing is not in [0, 1)
 */
export const categoricalCrossentropy = defineLoss<CrossentropyOptions>(
  'categoricalCrossentropy',
  defaults,
  (prediction, target, options) => {
    const name = 'categoricalCrossentropy';
    takesAs(name, options.fromLogits ? 'classLogits' : 'shares', prediction);
    requireClasses(name, prediction);
    return ofClasses(name, prediction, target, { ...options, ignoreClass: null });
  },
  ({ labelSmoothing }) => checkSmoothing('categoricalCrossentropy', labelSmoothing),
);

export interface SparseCrossentropyOptions extends CrossentropyOptions, IgnoreOptions {}

/**
 * `categoricalCrossentropy` for class indices only, [N, ...] or [N, ..., 1], in integers or whole floats: −log p of the
 * class.
 *
 * @throws ShapeError if the targets have another shape
 */
export const sparseCategoricalCrossentropy = defineLoss<SparseCrossentropyOptions>(
  'sparseCategoricalCrossentropy',
  { ...defaults, ignoreClass: null },
  (prediction, target, options) => {
    const name = 'sparseCategoricalCrossentropy';
    requireClasses(name, prediction);
    const indices = requireIndices(name, prediction, target, options.axis);
    takesAs(name, options.fromLogits ? 'classLogits' : 'shares', prediction);
    return ofClasses(name, prediction, indices, options);
  },
  checkClasses('sparseCategoricalCrossentropy'),
);

/** Class indices of the predictions' shape without the classes, i32. */
function requireIndices(name: string, prediction: Tensor, target: Tensor, axis: number): Tensor {
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

function ofClasses(name: string, given: Tensor, truth: Tensor, options: Whole): Tensor {
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
  if (logits) return (sparse ? sparseLoss : denseSoftmaxCrossEntropy)(logits, target, { labelSmoothing });
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
 * A cross-entropy without the positions whose class index is `ignoreClass`: its values are 0 there. What the sum is to be
 * divided by, the share of each sample's positions that count, is its mask, [N].
 */
function ignoring(prediction: Tensor, target: Tensor, options: Whole & { ignoreClass: number }): Tensor {
  const index = cast(target, 'f32');
  const valid = notEqual(index, options.ignoreClass);
  const known = cast(where(valid, index, 0), 'i32');
  const values = where(valid, valuesOf(prediction, known, options), 0);
  return masked(overPositions(values), perSample(valid));
}

/**
 * Kullback–Leibler divergence from distributions p (predictions) to t (targets), [N, ..., classes], per sample:
 * Σ t log(t / p) along the last dimension, both clipped to [1e-7, 1] (Keras), averaged over the dimensions between. Ends
 * in a softmax or what else gives probabilities; 0 where p = t.
 *
 * @throws ShapeError if the shapes differ
 */
export const kullbackLeiblerDivergence = defineLoss<object>(
  'kullbackLeiblerDivergence',
  {},
  (prediction, target) => {
    const name = 'kullbackLeiblerDivergence';
    takesAs(name, 'distribution', prediction);
    requireClasses(name, prediction);
    const t = clip(alignTargets(name, prediction, target), EPSILON, 1);
    const p = clip(prediction, EPSILON, 1);
    return overPositions(reduceSum(multiply(t, subtract(log(t), log(p))), { axes: [-1] }));
  },
);

/** @throws ArgumentError unless it is at least 0 and below 1 */
export function checkSmoothing(name: string, labelSmoothing: number): void {
  if (labelSmoothing >= 0 && labelSmoothing < 1) return;
  throw new ArgumentError(`${name}: labelSmoothing is ${labelSmoothing}; it must be at least 0 and below 1`);
}

function checkClasses(name: string) {
  return ({ labelSmoothing, ignoreClass }: Settings<SoftmaxLossOptions>): void => {
    checkSmoothing(name, labelSmoothing);
    if (ignoreClass === null || Number.isInteger(ignoreClass)) return;
    throw new ArgumentError(
      `${name}: ignoreClass is ${describe(ignoreClass)}; it must be a whole number, or null`,
    );
  };
}
