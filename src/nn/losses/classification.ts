import { perSample } from '../../ops/loss/accuracy.ts';
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
  subtract,
} from '../../ops/elementwise/elementwise.ts';
import { oneHot } from '../../ops/movement/gather.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import { softmaxOp } from '../../ops/softmax/softmax.ts';
import {
  softmaxCrossEntropy as denseSoftmaxCrossEntropy,
  sparseSoftmaxCrossEntropy as sparseLoss,
} from '../../ops/loss/softmaxCrossEntropy.ts';
import type { SoftmaxCrossEntropyOptions } from '../../ops/loss/softmaxCrossEntropy.ts';
import { formatShape, sameShape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { ShapeError } from '../../errors.ts';
import { takesAs } from './takes.ts';
import {
  alignTargets,
  areDistributions,
  classIndicesOf,
  inputOf,
  requireClasses,
  smooth,
} from './targets.ts';
import { settle } from '../../options.ts';

/** The least probability whose logarithm is taken: Keras's epsilon. */
const EPSILON = 1e-7;

/**
 * Softmax cross-entropy of logits [N, ..., classes] against class indices, [N, ...] or [N, ..., 1], in integers or whole
 * floats, or against distributions [N, ..., classes] (f32); averaged over the dimensions between. The last layer has no activation: the
 * softmax is part of the loss, which keeps it finite for any logits.
 *
 * @throws ShapeError if the shapes do not fit
 */
export function softmaxCrossEntropy(
  prediction: Tensor,
  target: Tensor,
  options: SoftmaxCrossEntropyOptions = {},
): Tensor {
  takesAs('softmaxCrossEntropy', 'classLogits', prediction);
  return ofLogits(prediction, target, options);
}

function ofLogits(logits: Tensor, target: Tensor, options: SoftmaxCrossEntropyOptions): Tensor {
  const indices = areDistributions(logits, target) ? undefined : classIndicesOf(logits, target);
  return perSample(
    indices ? sparseLoss(logits, indices, options) : denseSoftmaxCrossEntropy(logits, target, options),
  );
}

/**
 * `softmaxCrossEntropy` for class indices only.
 *
 * @throws ShapeError if the targets have another shape
 */
export function sparseSoftmaxCrossEntropy(
  prediction: Tensor,
  target: Tensor,
  options: SoftmaxCrossEntropyOptions = {},
): Tensor {
  takesAs('sparseSoftmaxCrossEntropy', 'classLogits', prediction);
  return perSample(sparseLoss(prediction, classIndicesOf(prediction, target) ?? target, options));
}

/**
 * Binary cross-entropy of logits x against targets t in [0, 1], per sample: mean of max(x, 0) − x t + log(1 + e^−|x|) over
 * all dimensions but the first. The last layer has no activation: the sigmoid is part of the loss.
 *
 * @throws ShapeError if the shapes differ
 */
export function binaryCrossEntropyWithLogits(prediction: Tensor, target: Tensor): Tensor {
  const name = 'binaryCrossEntropyWithLogits';
  takesAs(name, 'logits', prediction);
  return perSample(bceWithLogits(prediction, alignTargets(name, prediction, target)));
}

export interface CrossentropyOptions extends SoftmaxCrossEntropyOptions {
  /** The predictions are logits: the last layer has no activation. Default false: they are probabilities. */
  fromLogits?: boolean;
}

const settled = (name: string, options: CrossentropyOptions) =>
  settle(name, options, { fromLogits: false, labelSmoothing: 0 });

/**
 * Binary cross-entropy of probabilities p against targets t in [0, 1], per sample: mean over all dimensions but the
 * first of −t log p − (1 − t) log(1 − p), with p and 1 − p clipped to [1e-7, 1] (Keras clips p to [1e-7, 1 − 1e-7]).
 * A clipped probability has no gradient. Where the last layer ends in a sigmoid, and with `fromLogits`, the loss is
 * computed from the logits instead, as Keras does: never clipped, finite for any logits.
 *
 * `labelSmoothing` s turns targets into t (1 − s) + s/2.
 *
 * @throws ShapeError if the shapes differ
 * @throws ArgumentError if labelSmoothing is not in [0, 1)
 */
export function binaryCrossentropy(
  prediction: Tensor,
  target: Tensor,
  options: CrossentropyOptions = {},
): Tensor {
  const name = 'binaryCrossentropy';
  const { fromLogits, labelSmoothing } = settled(name, options);
  takesAs(name, fromLogits ? 'logits' : 'probabilities', prediction);
  const t = smooth(name, alignTargets(name, prediction, target), labelSmoothing, 2);
  const logits = fromLogits ? prediction : inputOf(prediction, elementwiseOps.sigmoid);
  return perSample(logits ? bceWithLogits(logits, t) : binaryCrossentropyOf(prediction, t));
}

/**
 * Categorical cross-entropy of probabilities p [N, ..., classes] against distributions t of the same shape (or class
 * indices, [N, ...] or [N, ..., 1]), per sample: −Σ t log p along the last dimension, averaged over the dimensions between. p is
 * divided by its sum and clipped to [1e-7, 1] (Keras: to [1e-7, 1 − 1e-7]); a clipped probability has no gradient.
 * Where the last layer ends in a softmax, and with `fromLogits`, the loss is computed from the logits instead, as
 * Keras does: `softmaxCrossEntropy`, never clipped, finite for any logits.
 *
 * `labelSmoothing` s turns targets into t (1 − s) + s / classes.
 *
 * @throws ShapeError if the shapes do not fit
 * @throws ArgumentError if labelSmoothing is not in [0, 1)
 */
export function categoricalCrossentropy(
  prediction: Tensor,
  target: Tensor,
  options: CrossentropyOptions = {},
): Tensor {
  return crossentropy('categoricalCrossentropy', prediction, target, options);
}

/**
 * `categoricalCrossentropy` for class indices only, [N, ...] or [N, ..., 1], in integers or whole floats: −log p of the
 * class.
 *
 * @throws ShapeError if the targets have another shape
 */
export function sparseCategoricalCrossentropy(
  prediction: Tensor,
  target: Tensor,
  options: CrossentropyOptions = {},
): Tensor {
  const name = 'sparseCategoricalCrossentropy';
  requireClasses(name, prediction);
  const indices = classIndicesOf(prediction, target);
  if (indices) return crossentropy(name, prediction, indices, options);
  throw new ShapeError(
    `${name}: predictions ${formatShape(prediction.shape)} need class indices of shape ` +
      `${formatShape(prediction.shape.slice(0, -1))}, got ${formatShape(target.shape)}; for distributions use categoricalCrossentropy`,
  );
}

function crossentropy(name: string, prediction: Tensor, given: Tensor, options: CrossentropyOptions): Tensor {
  const { fromLogits, labelSmoothing } = settled(name, options);
  takesAs(name, fromLogits ? 'classLogits' : 'shares', prediction);
  requireClasses(name, prediction);
  const classes = prediction.shape.at(-1)!;
  const indices = areDistributions(prediction, given) ? undefined : classIndicesOf(prediction, given);
  const target = indices ?? given;
  const sparse = target.dtype === 'i32';
  const expected = sparse ? prediction.shape.slice(0, -1) : prediction.shape;
  if (!sameShape(target.shape, expected)) {
    throw new ShapeError(
      `${name}: predictions ${formatShape(prediction.shape)} need ${sparse ? 'class indices' : 'distributions'} of shape ` +
        `${formatShape(expected)}, got ${formatShape(target.shape)}`,
    );
  }
  const logits = fromLogits ? prediction : inputOf(prediction, softmaxOp, false);
  if (logits) return ofLogits(logits, target, { labelSmoothing });
  const distribution = sparse ? oneHot(target, classes) : target;
  const t = smooth(name, distribution, labelSmoothing, classes);
  const sums = reduceSum(prediction, { axes: [-1], keepDims: true });
  const p = clip(divide(prediction, maximum(sums, EPSILON)), EPSILON, 1);
  return perSample(negate(reduceSum(multiply(t, log(p)), { axes: [-1] })));
}

/**
 * Kullback–Leibler divergence from distributions p (predictions) to t (targets), [N, ..., classes], per sample:
 * Σ t log(t / p) along the last dimension, both clipped to [1e-7, 1] (Keras), averaged over the dimensions between. Ends
 * in a softmax or what else gives probabilities; 0 where p = t.
 *
 * @throws ShapeError if the shapes differ
 */
export function kullbackLeiblerDivergence(prediction: Tensor, target: Tensor): Tensor {
  const name = 'kullbackLeiblerDivergence';
  takesAs(name, 'distribution', prediction);
  requireClasses(name, prediction);
  const t = clip(alignTargets(name, prediction, target), EPSILON, 1);
  const p = clip(prediction, EPSILON, 1);
  return perSample(reduceSum(multiply(t, subtract(log(t), log(p))), { axes: [-1] }));
}
