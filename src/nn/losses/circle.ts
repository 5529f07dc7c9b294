import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { constant, programState } from '../../ops/core/leaves.ts';
import { formatShape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import {
  add,
  equal,
  exp,
  greater,
  less,
  log,
  maximum,
  multiply,
  relu,
  scale,
  shift,
  softplus,
  subtract,
  where,
} from '../../ops/elementwise/elementwise.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import { cast } from '../../ops/movement/cast.ts';
import { reshape, slice, stopGradient } from '../../ops/movement/movement.ts';
import { reduceMax } from '../../ops/reduce/reduce.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import { masked } from '../masks.ts';
import { defineLoss } from './define.ts';
import { takesAs } from './takes.ts';

export interface CircleOptions {
  /** Scale of the similarities, above 0; default 80. */
  gamma?: number;
  /** How close embeddings of a class should be, and how far apart the others; default 0.4. */
  margin?: number;
  /** Whether a sample is not compared with itself; default true. */
  removeDiagonal?: boolean;
}

/** Less than any sum here, and finite: such a value never is the maximum. */
const NOTHING = -1e30;

/**
 * Circle loss of embeddings x [N, D] of length 1 against class indices [N] or [N, 1] (Sun et al. 2020; Keras's Circle).
 * With the cosine distances d_ij = max(1 − x_i · x_j, 0) to the other samples of the batch, m = `margin` and γ =
 * `gamma`, for each sample
 *
 *   softplus(log Σ exp(γ (m + d)(d − m)) over those of its class
 *          + log Σ exp(γ max(1 + m − d, 0)(1 − m − d)) over all others).
 *
 * Samples without another of their class or without any of another have the loss 0, and do not count in the mean, nor does
 * any whose loss is 0. Samples are compared within a batch, in an evaluation, too: the value depends on `batchSize`.
 *
 * @throws ShapeError if predictions are not rows, or targets are not class indices
 * @throws ArgumentError if an option is out of range
 */
export const circle = defineLoss<CircleOptions>(
  'circle',
  { gamma: 80, margin: 0.4, removeDiagonal: true },
  (prediction, target, { gamma, margin, removeDiagonal }) => {
    takesAs('circle', 'values', prediction);
    const { same, other } = pairs(prediction, target, removeDiagonal);
    const distance = relu(subtract(1, matmul(prediction, prediction, { transposeB: true })));
    const near = scale(multiply(shift(distance, margin), shift(distance, -margin)), gamma);
    const far = scale(multiply(relu(subtract(1 + margin, distance)), subtract(1 - margin, distance)), gamma);
    const loss = softplus(add(logSumExp(near, same), logSumExp(far, other)));
    return masked(loss, stopGradient(greater(loss, 0)));
  },
  ({ gamma, margin }) => {
    for (const [option, value] of Object.entries({ gamma, margin })) {
      if (value > 0 && value < Infinity) continue;
      throw new ArgumentError(`circle: ${option} is ${describe(value)}; it must be a finite number above 0`);
    }
  },
);

/** [N, N]: 1 for pairs of samples of the same class, and of others; 0 for rows of the batch that are not filled. */
function pairs(prediction: Tensor, target: Tensor, removeDiagonal: boolean): { same: Tensor; other: Tensor } {
  const { shape } = prediction;
  const [N] = shape;
  const size = target.shape.slice(1).reduce((a, b) => a * b, 1);
  if (shape.length !== 2 || target.shape[0] !== N || size !== 1) {
    throw new ShapeError(
      `circle: takes embeddings [N, D] and class indices [N], but got ${formatShape(shape)} and ${formatShape(target.shape)}`,
    );
  }
  const labels = cast(target, 'f32');
  const alike = equal(reshape(labels, [N, 1]), reshape(labels, [1, N]));
  // Rows that are filled (0: all) come first.
  const count = slice(cast(programState(), 'f32'), [3], [1]);
  const rows = constant(Float32Array.from({ length: N }, (_, i) => i));
  const filled = reshape(where(count, less(rows, count), 1), [1, N]);
  const off = Float32Array.from({ length: N * N }, (_, i) =>
    Number(!removeDiagonal || i % N !== Math.floor(i / N)),
  );
  return {
    same: multiply(multiply(alike, filled), constant(off, [N, N])),
    other: multiply(subtract(1, alike), filled),
  };
}

/** log Σ e^x along each row over the values that a mask selects; below all other numbers here where it selects none. */
function logSumExp(x: Tensor, picked: Tensor): Tensor {
  const own = where(picked, x, NOTHING);
  const most = stopGradient(reduceMax(own, { axes: [1], keepDims: true }));
  const sum = reduceSum(exp(subtract(own, most)), { axes: [1] });
  return maximum(add(log(sum), reshape(most, [x.shape[0]])), NOTHING);
}
