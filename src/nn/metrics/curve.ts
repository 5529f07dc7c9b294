import { greater, keepNan, add, multiply, sigmoid } from '../../ops/elementwise/elementwise.ts';
import { constant } from '../../ops/core/leaves.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { softmax } from '../../ops/softmax/softmax.ts';
import { meaningOf, thresholdOf } from '../meaning.ts';
import { sides } from './decisions.ts';
import type { DecisionOptions } from './decisions.ts';
import { asColumn } from './metric.ts';

export interface CurveOptions extends Pick<DecisionOptions, 'name' | 'class'> {
  /** Points of the curve, at least 2; default 200 (Keras's `num_thresholds`). */
  thresholds?: number;
  /**
   * The outputs are logits: the sigmoid is applied first, to those of classes and with `class` the softmax, unless the loss
   * takes each for itself.
   * By default it is known from the model, by its loss and last activation; false outside of one, as in Keras.
   */
  fromLogits?: boolean;
}

/** The outputs as probabilities, with the sigmoid or softmax applied where they are logits. */
export function probabilitiesOf(metric: string, prediction: Tensor, options: CurveOptions): Tensor {
  const ask = (threshold: number) => `metrics.${metric}({ fromLogits: ${threshold === 0} })`;
  const logits = options.fromLogits ?? thresholdOf(metric, prediction, { ask }) === 0;
  if (!logits) return prediction;
  const meaning = meaningOf(prediction);
  const ofClasses = meaning === 'classLogits' || (options.class !== undefined && meaning !== 'logits');
  return ofClasses ? softmax(prediction) : sigmoid(prediction);
}

/**
 * True positives above each of `limits`, then false positives, added up over what a sample has several of: [N, 2 limits].
 *
 * @throws ShapeError or ArgumentError as `sides` does
 */
export function countsAbove(
  metric: string,
  prediction: Tensor,
  target: Tensor,
  limits: readonly number[],
  options: CurveOptions,
): Tensor {
  const probability = probabilitiesOf(metric, prediction, options);
  const { score, actual } = sides(metric, probability, target, options.class);
  return reduceSum(above(asColumn(score), asColumn(actual), limits), { axes: [1] });
}

/** [..., 1] and [..., 1] → [..., 2 limits]. */
export function above(score: Tensor, actual: Tensor, limits: readonly number[]): Tensor {
  const twice = (first: number, second: number) =>
    constant(Float32Array.from([...limits.map(() => first), ...limits.map(() => second)]));
  const over = keepNan(score, greater(score, constant(Float32Array.from([...limits, ...limits]))));
  // actual for the first half of the columns (true positives), 1 − actual for the second (false positives)
  return multiply(over, add(multiply(actual, twice(1, -1)), twice(0, 1)));
}

/** `count` limits between 0 and 1, evenly spaced, without the ends. */
export const between = (count: number): number[] =>
  Array.from({ length: count - 2 }, (_, i) => (i + 1) / (count - 1));
