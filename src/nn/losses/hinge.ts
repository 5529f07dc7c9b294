import {
  add,
  equal,
  maximum,
  multiply,
  relu,
  scale,
  shift,
  square,
  subtract,
  where,
} from '../../ops/elementwise/elementwise.ts';
import { cast } from '../../ops/movement/cast.ts';
import { oneHot } from '../../ops/movement/gather.ts';
import { reduceMax, reduceMin } from '../../ops/reduce/reduce.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { classTargets } from './classes.ts';
import { defineLoss } from './define.ts';
import { takesAs } from './takes.ts';
import { inOneShape, overAll, overPositions, requireClasses } from './targets.ts';

/** max(1 − t x, 0) of each output. */
function margins(name: string, prediction: Tensor, target: Tensor): Tensor {
  takesAs(name, 'margins', prediction);
  const [x, t] = inOneShape(name, prediction, target);
  // 1 where all targets of the batch are 0 or 1: then they stand for −1 and 1.
  const binary = reduceMin(add(equal(t, 0), equal(t, 1)));
  const sides = where(binary, shift(scale(t, 2), -1), t);
  return relu(subtract(1, multiply(sides, x)));
}

/**
 * Hinge loss per sample: mean of max(1 − t x, 0) over all dimensions but the first, for targets t of −1 or 1. Where all targets
 * of a batch are 0 or 1, they stand for −1 and 1 (Keras).
 *
 * @throws ShapeError if the shapes differ
 */
export const hinge = defineLoss<object>('hinge', {}, (prediction, target) =>
  overAll(margins('hinge', prediction, target)),
);

/**
 * Squared hinge loss per sample: mean of max(1 − t x, 0)² over all dimensions but the first, with targets as in `hinge`
 * (Keras's SquaredHinge).
 *
 * @throws ShapeError if the shapes differ
 */
export const squaredHinge = defineLoss<object>('squaredHinge', {}, (prediction, target) =>
  overAll(square(margins('squaredHinge', prediction, target))),
);

/**
 * Categorical hinge loss of scores x [N, ..., classes] against one-hot targets t of the same shape, or class indices, per
 * sample: max(max((1 − t) x) − Σ t x + 1, 0) along the last dimension, averaged over the dimensions between (Keras's
 * CategoricalHinge). 0 where the score of the truth is above all others, and above 0, by at least 1.
 *
 * @throws ShapeError if the shapes do not fit
 */
export const categoricalHinge = defineLoss<object>('categoricalHinge', {}, (given, truth) => {
  const name = 'categoricalHinge';
  takesAs(name, 'scores', given);
  requireClasses(name, given);
  const { prediction, target, sparse } = classTargets(name, given, truth, -1);
  const t = sparse ? oneHot(target, prediction.shape.at(-1)!) : cast(target, 'f32');
  const own = reduceSum(multiply(t, prediction), { axes: [-1] });
  const other = reduceMax(multiply(subtract(1, t), prediction), { axes: [-1] });
  return overPositions(maximum(shift(subtract(other, own), 1), 0));
});
