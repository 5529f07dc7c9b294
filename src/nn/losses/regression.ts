import { ArgumentError } from '../../errors.ts';
import {
  abs,
  divide,
  huber as huberOf,
  log,
  log1p,
  logCosh as logCoshOf,
  maximum,
  multiply,
  negate,
  rsqrt,
  scale,
  shift,
  square,
  subtract,
} from '../../ops/elementwise/elementwise.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { describe } from '../../options.ts';
import { EPSILON } from './classes.ts';
import type { AxisOptions } from './classes.ts';
import { defineLoss } from './define.ts';
import { takesAs } from './takes.ts';
import { inOneShape, overAll, overPositions, requireClasses, toLast } from './targets.ts';

/** x − t, for losses that bring the predictions close to the targets. */
function error(loss: string, prediction: Tensor, target: Tensor): Tensor {
  takesAs(loss, 'values', prediction);
  const [x, t] = inOneShape(loss, prediction, target);
  return subtract(x, t);
}

/**
 * Mean squared error per sample: mean of (x − t)² over all dimensions but the first.
 *
 * @throws ShapeError if the shapes differ
 */
export const meanSquaredError = defineLoss<object>('meanSquaredError', {}, (prediction, target) =>
  overAll(square(error('meanSquaredError', prediction, target))),
);

/**
 * Mean absolute error per sample: mean of |x − t| over all dimensions but the first. Its gradient is the sign,
 * 0 at x = t.
 *
 * @throws ShapeError if the shapes differ
 */
export const meanAbsoluteError = defineLoss<object>('meanAbsoluteError', {}, (prediction, target) =>
  overAll(abs(error('meanAbsoluteError', prediction, target))),
);

/**
 * Mean absolute percentage error per sample: mean of 100 |x − t| / max(|t|, 1e-7) over all dimensions but the first (Keras). A
 * target of 0 makes it very large.
 *
 * @throws ShapeError if the shapes differ
 */
export const meanAbsolutePercentageError = defineLoss<object>(
  'meanAbsolutePercentageError',
  {},
  (prediction, target) => {
    const name = 'meanAbsolutePercentageError';
    takesAs(name, 'values', prediction);
    const [x, t] = inOneShape(name, prediction, target);
    const share = divide(abs(subtract(x, t)), maximum(abs(t), EPSILON));
    return overAll(scale(share, 100));
  },
);

/**
 * Mean squared logarithmic error per sample: mean of (log(1 + max(x, ε)) − log(1 + max(t, ε)))² over all dimensions
 * but the first, ε = 1e-7 (Keras). For quantities of at least 0 whose ratios matter.
 *
 * @throws ShapeError if the shapes differ
 */
export const meanSquaredLogarithmicError = defineLoss<object>(
  'meanSquaredLogarithmicError',
  {},
  (prediction, target) => {
    const name = 'meanSquaredLogarithmicError';
    takesAs(name, 'values', prediction);
    const [x, t] = inOneShape(name, prediction, target).map((own) => log1p(maximum(own, EPSILON)));
    return overAll(square(subtract(x, t)));
  },
);

export interface HuberOptions {
  /** The error from which on the loss grows linearly; default 1. */
  delta?: number;
}

/**
 * Huber loss per sample, with e = x − t: mean over all dimensions but the first of e²/2 where |e| ≤ delta, and of
 * delta (|e| − delta/2) beyond (Huber 1964): a squared error that outliers do not dominate.
 *
 * @throws ShapeError if the shapes differ
 * @throws ArgumentError unless delta is above 0
 */
export const huber = defineLoss<HuberOptions>(
  'huber',
  { delta: 1 },
  (prediction, target, { delta }) => overAll(huberOf(error('huber', prediction, target), delta)),
  ({ delta }) => {
    if (delta > 0) return;
    throw new ArgumentError(`huber: delta is ${describe(delta)}; it must be a number above 0`);
  },
);

/**
 * Mean of log cosh(x − t) over all dimensions but the first, per sample: close to e²/2 for small errors e, to
 * |e| − log 2 for large ones, and smooth. Computed so that it neither overflows nor cancels.
 *
 * @throws ShapeError if the shapes differ
 */
export const logCosh = defineLoss<object>('logCosh', {}, (prediction, target) =>
  overAll(logCoshOf(error('logCosh', prediction, target))),
);

/**
 * Poisson loss per sample: mean of x − t log(x + 1e-7) over all dimensions but the first (Keras): the negative
 * log-likelihood of counts t whose rates are x, without log t!. The rates must be above 0: end the model in an
 * exponential or a softplus.
 *
 * @throws ShapeError if the shapes differ
 */
export const poisson = defineLoss<object>('poisson', {}, (prediction, target) => {
  takesAs('poisson', 'rates', prediction);
  const [x, t] = inOneShape('poisson', prediction, target);
  return overAll(subtract(x, multiply(t, log(shift(x, EPSILON)))));
});

/**
 * Negative cosine similarity per sample: −Σ x̂ t̂ along the last dimension, or `axis`, x̂ = x / max(‖x‖, 1e-7), averaged
 * over the other dimensions (Keras). −1 where the directions agree, 0 at right angles, 1 where they are opposite. The
 * metric of this name has the other sign, as in Keras.
 *
 * @throws ShapeError if the shapes differ
 */
export const cosineSimilarity = defineLoss<AxisOptions>(
  'cosineSimilarity',
  { axis: -1 },
  (prediction, target, { axis }) => overPositions(negate(cosines(prediction, target, axis))),
);

/** Cosines of the angles between predictions and targets along an axis. */
export function cosines(prediction: Tensor, target: Tensor, axis: number): Tensor {
  const name = 'cosineSimilarity';
  requireClasses(name, prediction);
  const [x, t] = inOneShape(name, prediction, target).map((own) => {
    const values = toLast(name, own, axis);
    const squares = reduceSum(square(values), { axes: [-1], keepDims: true });
    return multiply(values, rsqrt(maximum(squares, EPSILON * EPSILON)));
  });
  return reduceSum(multiply(x, t), { axes: [-1] });
}
