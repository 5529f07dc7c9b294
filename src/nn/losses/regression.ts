import { ArgumentError } from '../../errors.ts';
import { perSample } from '../../ops/loss/accuracy.ts';
import {
  abs,
  equal,
  huber as huberOf,
  log1p,
  logCosh as logCoshOf,
  maximum,
  multiply,
  negate,
  relu,
  rsqrt,
  square,
  subtract,
  where,
} from '../../ops/elementwise/elementwise.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { takesAs } from './takes.ts';
import { alignTargets, requireClasses } from './targets.ts';
import { checkOptions } from '../../options.ts';

/** Keras's epsilon. */
const EPSILON = 1e-7;

/** x − t, for losses that bring the predictions near to the targets. */
function error(loss: string, prediction: Tensor, target: Tensor): Tensor {
  takesAs(loss, 'values', prediction);
  return subtract(prediction, alignTargets(loss, prediction, target));
}

/**
 * Mean squared error per sample: mean of (x − t)² over all dimensions but the first.
 *
 * @throws ShapeError if the shapes differ
 */
export function meanSquaredError(prediction: Tensor, target: Tensor): Tensor {
  return perSample(square(error('meanSquaredError', prediction, target)));
}

/**
 * Mean absolute error per sample: mean of |x − t| over all dimensions but the first. Its gradient is the sign,
 * 0 at x = t.
 *
 * @throws ShapeError if the shapes differ
 */
export function meanAbsoluteError(prediction: Tensor, target: Tensor): Tensor {
  return perSample(abs(error('meanAbsoluteError', prediction, target)));
}

/**
 * Mean squared logarithmic error per sample: mean of (log(1 + max(x, ε)) − log(1 + max(t, ε)))² over all dimensions
 * but the first, ε = 1e-7 (Keras). For quantities of at least 0 whose ratios matter.
 *
 * @throws ShapeError if the shapes differ
 */
export function meanSquaredLogarithmicError(prediction: Tensor, target: Tensor): Tensor {
  const name = 'meanSquaredLogarithmicError';
  takesAs(name, 'values', prediction);
  const t = alignTargets(name, prediction, target);
  const logarithm = (values: Tensor) => log1p(maximum(values, EPSILON));
  return perSample(square(subtract(logarithm(prediction), logarithm(t))));
}

export interface HuberOptions {
  /** The error from which on the loss grows linearly; default 1. */
  delta?: number;
}

/**
 * Huber loss per sample, with e = x − t: mean over all dimensions but the first of e²/2 where |e| ≤ delta, and of
 * delta (|e| − delta/2) beyond (Huber 1964): a squared error that outliers do not rule.
 *
 * @throws ShapeError if the shapes differ
 * @throws ArgumentError unless delta is above 0
 */
export function huber(prediction: Tensor, target: Tensor, options: HuberOptions = {}): Tensor {
  checkOptions('huber', options, { delta: true }, 'prediction, target, ');
  const { delta = 1 } = options;
  if (!(delta > 0)) throw new ArgumentError(`huber: delta is ${delta}; it must be a number above 0`);
  return perSample(huberOf(error('huber', prediction, target), delta));
}

/**
 * Mean of log cosh(x − t) over all dimensions but the first, per sample: close to e²/2 for small errors e, to
 * |e| − log 2 for large ones, and smooth. Computed so that it neither overflows nor cancels.
 *
 * @throws ShapeError if the shapes differ
 */
export function logCosh(prediction: Tensor, target: Tensor): Tensor {
  return perSample(logCoshOf(error('logCosh', prediction, target)));
}

/**
 * Hinge loss per sample: mean of max(1 − t x, 0) over all dimensions but the first, for targets t of −1 or 1. A target
 * of 0 counts as −1, so labels may also be 0 or 1. (Keras converts a batch only if it holds no −1; for labels of either
 * kind that is the same.)
 *
 * @throws ShapeError if the shapes differ
 */
export function hinge(prediction: Tensor, target: Tensor): Tensor {
  takesAs('hinge', 'margins', prediction);
  const t = alignTargets('hinge', prediction, target);
  const sides = where(equal(t, 0), -1, t);
  return perSample(relu(subtract(1, multiply(sides, prediction))));
}

/**
 * Negative cosine similarity per sample: −Σ x̂ t̂ along the last dimension, x̂ = x / max(‖x‖, 1e-7), averaged over the
 * dimensions between (Keras). −1 where the directions agree, 0 at right angles, 1 where they are opposite.
 *
 * @throws ShapeError if the shapes differ
 */
export function cosineSimilarity(prediction: Tensor, target: Tensor): Tensor {
  requireClasses('cosineSimilarity', prediction);
  const t = alignTargets('cosineSimilarity', prediction, target);
  const unit = (values: Tensor) => {
    const squares = reduceSum(square(values), { axes: [-1], keepDims: true });
    return multiply(values, rsqrt(maximum(squares, EPSILON * EPSILON)));
  };
  return perSample(negate(reduceSum(multiply(unit(prediction), unit(t)), { axes: [-1] })));
}
