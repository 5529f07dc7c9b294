import { ArgumentError } from '../../errors.ts';
import { constant } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import {
  add,
  bceWithLogits,
  binaryCrossentropy as binaryCrossentropyOf,
  elementwiseOps,
  log,
  multiply,
  negate,
  power,
  scale,
  sigmoid,
  square,
  subtract,
} from '../../ops/elementwise/elementwise.ts';
import { oneHot } from '../../ops/movement/gather.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import { softmax } from '../../ops/softmax/softmax.ts';
import { describe } from '../../options.ts';
import { checkSmoothing, classTargets, shares } from './classes.ts';
import type { CrossentropyOptions } from './classes.ts';
import { defineLoss } from './define.ts';
import { takesAs } from './takes.ts';
import { axisOf, inOneShape, inputOf, overAll, overPositions, requireClasses, smooth } from './targets.ts';

export interface BinaryFocalOptions extends CrossentropyOptions {
  /** How much less well predicted outputs count, at least 0: 0 is the plain cross-entropy. Default 2. */
  gamma?: number;
  /** Weighs class 1 by `alpha` and class 0 by 1 − `alpha`. Default false. */
  applyClassBalancing?: boolean;
  /** From 0 to 1; default 0.25. */
  alpha?: number;
}

/**
 * Binary focal cross-entropy of probabilities p against targets t (Lin et al. 2017, Focal Loss for Dense Object
 * Detection), per sample: the mean over all dimensions but the first of (1 − p_t)^gamma times the binary cross-entropy, where
 * p_t = t p + (1 − t)(1 − p) is the probability of the truth. With `applyClassBalancing` times
 * t alpha + (1 − t)(1 − alpha). Where the last layer ends in a sigmoid, and with `fromLogits`, the cross-entropy is
 * computed from the logits, as in `binaryCrossentropy`.
 *
 * @throws ShapeError if the shapes differ
 * @throws ArgumentError if an option is out of range
 */
export const binaryFocalCrossentropy = defineLoss<BinaryFocalOptions>(
  'binaryFocalCrossentropy',
  { applyClassBalancing: false, alpha: 0.25, gamma: 2, fromLogits: false, labelSmoothing: 0, axis: -1 },
  (given, truth, { applyClassBalancing, alpha, gamma, fromLogits, labelSmoothing, axis }) => {
    const name = 'binaryFocalCrossentropy';
    takesAs(name, fromLogits ? 'logits' : 'probabilities', given);
    const [prediction, target] = inOneShape(name, given, truth);
    axisOf(name, axis, prediction);
    const t = smooth(target, labelSmoothing, 2);
    const logits = fromLogits ? prediction : inputOf(prediction, elementwiseOps.sigmoid);
    const p = fromLogits ? sigmoid(prediction) : prediction;
    const entropy = logits ? bceWithLogits(logits, t) : binaryCrossentropyOf(p, t);
    // 1 − p_t = t (1 − p) + (1 − t) p
    const missed = add(multiply(t, subtract(1, p)), multiply(subtract(1, t), p));
    const values = multiply(raised(missed, gamma), entropy);
    if (!applyClassBalancing) return overAll(values, axis);
    const balance = add(scale(t, alpha), scale(subtract(1, t), 1 - alpha));
    return overAll(multiply(balance, values), axis);
  },
  ({ alpha, gamma, labelSmoothing }) => {
    checkFocus('binaryFocalCrossentropy', { gamma, labelSmoothing });
    if (alpha >= 0 && alpha <= 1) return;
    throw new ArgumentError(
      `binaryFocalCrossentropy: alpha is ${describe(alpha)}; it must be a number from 0 to 1`,
    );
  },
);

export interface CategoricalFocalOptions extends CrossentropyOptions {
  /** How much less well predicted classes count, at least 0: 0 is the plain cross-entropy, times alpha. Default 2. */
  gamma?: number;
  /** A factor for all classes, or one for each. Default 0.25. */
  alpha?: number | readonly number[];
}

/**
 * Categorical focal cross-entropy of probabilities p [N, ..., classes] against distributions t of the same shape, or class
 * indices (Lin et al. 2017; Keras's CategoricalFocalCrossentropy), per sample: −Σ alpha (1 − p)^gamma t log p along the
 * last dimension, averaged over the dimensions between. p is divided by its sum and clipped to [1e-7, 1 − 1e-7]; of
 * logits, with `fromLogits`, the softmax is taken first.
 *
 * @throws ShapeError if the shapes do not fit
 * @throws ArgumentError if an option is out of range
 */
export const categoricalFocalCrossentropy = defineLoss<CategoricalFocalOptions>(
  'categoricalFocalCrossentropy',
  { alpha: 0.25, gamma: 2, fromLogits: false, labelSmoothing: 0, axis: -1 },
  (given, truth, { alpha, gamma, fromLogits, labelSmoothing, axis }) => {
    const name = 'categoricalFocalCrossentropy';
    takesAs(name, fromLogits ? 'classLogits' : 'shares', given);
    requireClasses(name, given);
    const { prediction, target, sparse } = classTargets(name, given, truth, axis);
    const classes = prediction.shape.at(-1)!;
    const t = smooth(sparse ? oneHot(target, classes) : target, labelSmoothing, classes);
    const p = shares(fromLogits ? softmax(prediction) : prediction);
    const entropy = multiply(negate(t), log(p));
    const focus = raised(subtract(1, p), gamma);
    const weighed = multiply(multiply(focus, ofEach(name, alpha, classes)), entropy);
    return overPositions(reduceSum(weighed, { axes: [-1] }));
  },
  ({ alpha, gamma, labelSmoothing }) => {
    checkFocus('categoricalFocalCrossentropy', { gamma, labelSmoothing });
    if ([alpha].flat().every((each) => typeof each === 'number' && each >= 0 && each < Infinity)) return;
    throw new ArgumentError(
      `categoricalFocalCrossentropy: alpha is ${String(alpha)}; give a number of at least 0, or one for each class`,
    );
  },
);

function ofEach(name: string, alpha: number | readonly number[], classes: number): Tensor | number {
  if (typeof alpha === 'number') return alpha;
  if (alpha.length === classes) return constant(Float32Array.from(alpha));
  throw new ArgumentError(
    `${name}: alpha has ${alpha.length} numbers, but the predictions have ${classes} classes; give one for each`,
  );
}

/** x^exponent for x of at least 0. */
function raised(x: Tensor, exponent: number): Tensor {
  if (exponent === 1) return x;
  return exponent === 2 ? square(x) : power(x, exponent);
}

function checkFocus(
  name: string,
  { gamma, labelSmoothing }: { gamma: number; labelSmoothing: number },
): void {
  checkSmoothing(name, labelSmoothing);
  if (gamma >= 0 && gamma < Infinity) return;
  throw new ArgumentError(`${name}: gamma is ${describe(gamma)}; it must be a finite number of at least 0`);
}
