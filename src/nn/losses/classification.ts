import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';
import {
  bceWithLogits,
  binaryCrossentropy as binaryCrossentropyOf,
  clip,
  elementwiseOps,
  log,
  multiply,
  power,
  scale,
  subtract,
} from '../../ops/elementwise/elementwise.ts';
import { oneHot } from '../../ops/movement/gather.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import { checkClasses, checkSmoothing, EPSILON, ofClasses, requireIndices } from './classes.ts';
import type {
  CrossentropyOptions,
  SmoothingOptions,
  SoftmaxLossOptions,
  SparseCrossentropyOptions,
} from './classes.ts';
import { defineLoss } from './define.ts';
import type { Settings } from './define.ts';
import { takesAs } from './takes.ts';
import { axisOf, inOneShape, inputOf, overAll, overPositions, requireClasses, smooth } from './targets.ts';

const softmaxDefaults: Settings<SoftmaxLossOptions> = { labelSmoothing: 0, axis: -1, ignoreClass: null };

/**
 * Softmax cross-entropy of logits [N, ..., classes] against class indices, [N, ...] or [N, ..., 1], in integers or whole
 * floats, or against distributions [N, ..., classes] (f32); averaged over the dimensions between. The last layer has no
 * activation: the softmax is part of the loss, which keeps it finite for any logits.
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
    const [x, t] = inOneShape(name, prediction, target);
    return overAll(bceWithLogits(x, smooth(t, labelSmoothing, 2)));
  },
  ({ labelSmoothing }) => checkSmoothing('binaryCrossEntropyWithLogits', labelSmoothing),
);

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
  (given, truth, { fromLogits, labelSmoothing, axis }) => {
    const name = 'binaryCrossentropy';
    takesAs(name, fromLogits ? 'logits' : 'probabilities', given);
    const [prediction, target] = inOneShape(name, given, truth);
    axisOf(name, axis, prediction);
    const t = smooth(target, labelSmoothing, 2);
    const logits = fromLogits ? prediction : inputOf(prediction, elementwiseOps.sigmoid);
    return overAll(logits ? bceWithLogits(logits, t) : binaryCrossentropyOf(prediction, t), axis);
  },
  ({ labelSmoothing }) => checkSmoothing('binaryCrossentropy', labelSmoothing),
);

/**
 * Categorical cross-entropy of probabilities p [N, ..., classes] against distributions t of the same shape (or class
 * indices, [N, ...] or [N, ..., 1]), per sample: −Σ t log p along the last dimension, averaged over the dimensions
 * between. p is divided by its sum and clipped to [1e-7, 1 − 1e-7] (Keras); a clipped probability has no gradient.
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
    const [p, t] = inOneShape(name, prediction, target).map((own) => clip(own, EPSILON, 1));
    return overPositions(reduceSum(multiply(t, subtract(log(t), log(p))), { axes: [-1] }));
  },
);

export interface GeneralizedOptions {
  /** Between 0, where it becomes the cross-entropy, and 1, where it is an absolute error; default 0.5. */
  q?: number;
}

/**
 * Generalized cross-entropy of probabilities p [N, ..., classes] against class indices, [N, ...] or [N, ..., 1] (Zhang &
 * Sabuncu 2018; Keras's CategoricalGeneralizedCrossEntropy), per sample: (1 − p^q) / q of the class, averaged over the
 * dimensions between. Wrong labels weigh less than in a cross-entropy.
 *
 * @throws ShapeError if the targets are not class indices
 * @throws ArgumentError unless q is between 0 and 1
 */
export const categoricalGeneralizedCrossEntropy = defineLoss<GeneralizedOptions>(
  'categoricalGeneralizedCrossEntropy',
  { q: 0.5 },
  (prediction, target, { q }) => {
    const name = 'categoricalGeneralizedCrossEntropy';
    requireClasses(name, prediction);
    const indices = requireIndices(name, prediction, target, -1);
    takesAs(name, 'distribution', prediction);
    const truth = oneHot(indices, prediction.shape.at(-1)!);
    const p = reduceSum(multiply(prediction, truth), { axes: [-1] });
    return overPositions(scale(subtract(1, power(p, q)), 1 / q));
  },
  ({ q }) => {
    if (q > 0 && q < 1) return;
    throw new ArgumentError(
      `categoricalGeneralizedCrossEntropy: q is ${describe(q)}; it must be between 0 and 1`,
    );
  },
);
