import { ArgumentError, ShapeError } from '../../errors.ts';
import { argmax } from '../../ops/reduce/argmax.ts';
import { reduceMax } from '../../ops/reduce/reduce.ts';
import { cast } from '../../ops/movement/cast.ts';
import { equal, greater, keepNan } from '../../ops/elementwise/elementwise.ts';
import { slice } from '../../ops/movement/movement.ts';
import { formatShape, sameShape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { alignTargets, areDistributions, classIndicesOf } from '../losses/targets.ts';
import { thresholdOf } from '../meaning.ts';
import type { OptionTable } from '../../options.ts';

export interface DecisionOptions {
  /** Name of the metric; by default its own, with the class where one is given. */
  name?: string;
  /**
   * Predictions above it are positive. Default 0.5 for probabilities, as in Keras, and 0 for the logits of a model: the
   * same decision. With `class` and without a threshold, a sample is positive if that class has its largest output.
   */
  threshold?: number;
  /** Treats this class as positive and all others as negative; needed where the model tells several classes apart. */
  class?: number;
}

export const decisionOptions: OptionTable<DecisionOptions> = { name: true, threshold: true, class: true };

/** `precision`, or for one class `precisionOfClass3`. */
export function nameOf(
  metric: string,
  { name, class: one }: Pick<DecisionOptions, 'name' | 'class'>,
): string {
  if (one !== undefined && (!Number.isInteger(one) || one < 0)) {
    throw new ArgumentError(`${metric}: class is ${one}; it must be a whole number of at least 0`);
  }
  return name ?? (one === undefined ? metric : `${metric}OfClass${one}`);
}

/**
 * Targets of classes as indices (i32) of the predictions' shape without the classes.
 *
 * @throws ShapeError if they have another shape
 */
export function classIndices(metric: string, prediction: Tensor, target: Tensor): Tensor {
  if (prediction.shape.length >= 2) {
    if (areDistributions(prediction, target)) return argmax(target);
    const indices = classIndicesOf(prediction, target);
    if (indices) return indices;
  }
  throw new ShapeError(
    `${metric}: predictions ${formatShape(prediction.shape)} need class indices of shape ${formatShape(prediction.shape.slice(0, -1))} or ` +
      `distributions ${formatShape(prediction.shape)}, got ${target.dtype} ${formatShape(target.shape)}`,
  );
}

/** Scores and truth (0 or 1) of a two-sided question, of one shape [N, ...]. */
export function sides(
  metric: string,
  prediction: Tensor,
  target: Tensor,
  one: number | undefined,
): { score: Tensor; actual: Tensor } {
  if (one === undefined) {
    const classes = prediction.shape.at(-1)!;
    if (classes > 1 && !sameShape(target.shape, prediction.shape) && classIndicesOf(prediction, target)) {
      throw new ArgumentError(
        `${metric}: the model tells ${classes} classes apart; say which one counts as positive, for example metrics.${metric}({ class: 0 })`,
      );
    }
    return { score: prediction, actual: greater(alignTargets(metric, prediction, target), 0.5) };
  }
  const classes = prediction.shape.at(-1)!;
  if (one >= classes) {
    throw new ArgumentError(
      `${metric}: class ${one} does not exist; the model tells ${classes} apart, numbered from 0 to ${classes - 1}`,
    );
  }
  const indices = classIndices(metric, prediction, target);
  const axis = prediction.shape.length - 1;
  const start = prediction.shape.map((_, i) => (i === axis ? one : 0));
  const column = (values: Tensor) => slice(values, start, prediction.shape.with(axis, 1));
  // Of several labels per sample each counts by itself.
  const actual = areDistributions(prediction, target)
    ? greater(column(target), 0.5)
    : equal(cast(indices, 'f32'), one);
  return { score: column(prediction), actual };
}

/** What was predicted and what is true, 0 or 1 (NaN where an output is), each [N, ...] of the same size. */
export function decisions(
  metric: string,
  prediction: Tensor,
  target: Tensor,
  { threshold, class: one }: DecisionOptions,
): { predicted: Tensor; actual: Tensor } {
  const { score, actual } = sides(metric, prediction, target, one);
  if (one !== undefined && threshold === undefined) {
    const chosen = equal(cast(argmax(prediction), 'f32'), one);
    return { predicted: keepNan(reduceMax(prediction, { axes: [-1] }), chosen), actual };
  }
  const predicted = greater(score, threshold ?? thresholdOf(metric, prediction));
  return { predicted: keepNan(score, predicted), actual };
}
