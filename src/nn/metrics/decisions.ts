import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { argmax } from '../../ops/reduce/argmax.ts';
import { reduceMax } from '../../ops/reduce/reduce.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import { cast } from '../../ops/movement/cast.ts';
import { add, equal, greater, keepNan, less, multiply } from '../../ops/elementwise/elementwise.ts';
import { oneHot } from '../../ops/movement/gather.ts';
import { reshape, slice } from '../../ops/movement/movement.ts';
import { constant } from '../../ops/core/leaves.ts';
import { formatShape, sameShape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { softmax } from '../../ops/softmax/softmax.ts';
import { alignTargets, areDistributions, classIndicesOf } from '../losses/targets.ts';
import { meaningOf, thresholdOf } from '../meaning.ts';

export interface DecisionOptions {
  /** Name of the metric; by default its own, with the class where one is given. */
  name?: string;
  /**
   * Predictions above it are positive. Default 0.5 for probabilities, as in Keras, and 0 for the logits of a model: the
   * same decision. Logits of classes go through a softmax first and are then compared with 0.5.
   */
  threshold?: number;
  /**
   * Treats this class as positive and all others as negative (Keras's `class_id`); needed where the model distinguishes several
   * classes apart.
   */
  class?: number;
  /**
   * Instead of a threshold: positive are the `topK` largest of a row of outputs, the first of equal ones (Keras's
   * `top_k`). 1 asks for the class that the model decides for.
   */
  topK?: number;
}

export const decisionOptions: OptionTable<DecisionOptions> = {
  name: true,
  threshold: true,
  class: true,
  topK: true,
};

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

/** @throws ArgumentError unless threshold and topK are numbers, and one of them at most is given */
export function checkDecision(metric: string, { threshold, topK }: DecisionOptions): void {
  if (threshold !== undefined && (typeof threshold !== 'number' || Number.isNaN(threshold))) {
    throw new ArgumentError(`${metric}: threshold is ${describe(threshold)}; it must be a number`);
  }
  if (topK === undefined) return;
  if (threshold !== undefined) {
    throw new ArgumentError(`${metric}: has a threshold and topK; give one of them`);
  }
  if (Number.isInteger(topK) && topK >= 1) return;
  throw new ArgumentError(`${metric}: topK is ${describe(topK)}; it must be a whole number of at least 1`);
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

/** Scores and truth (0 or 1) of a binary decision, of one shape [N, ...]. */
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
        `${metric}: the model distinguishes ${classes} classes; say which one counts as positive, for example metrics.${metric}({ class: 0 })`,
      );
    }
    return { score: prediction, actual: greater(alignTargets(metric, prediction, target), 0.5) };
  }
  const classes = prediction.shape.at(-1)!;
  if (one >= classes) {
    throw new ArgumentError(
      `${metric}: class ${one} does not exist; the model has ${classes} classes, numbered from 0 to ${classes - 1}`,
    );
  }
  const indices = classIndices(metric, prediction, target);
  const axis = prediction.shape.length - 1;
  const start = prediction.shape.map((_, i) => (i === axis ? one : 0));
  const column = (values: Tensor) => slice(values, start, prediction.shape.with(axis, 1));
  // With several labels per sample each counts by itself.
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
  { threshold, class: one, topK }: DecisionOptions,
): { predicted: Tensor; actual: Tensor } {
  if (topK !== undefined) {
    const chosen = largest(prediction, topK);
    const { score, actual } = sides(metric, chosen, target, one);
    return { predicted: keepNan(reduceMax(prediction, { axes: [-1], keepDims: true }), score), actual };
  }
  const { scores, limit } = scored(metric, prediction, threshold);
  const { score, actual } = sides(metric, scores, target, one);
  return { predicted: keepNan(score, greater(score, limit)), actual };
}

/** The outputs, and the threshold that they are compared with; for logits of classes the softmax. */
export function scored(
  metric: string,
  prediction: Tensor,
  threshold: number | undefined,
): { scores: Tensor; limit: number } {
  if (threshold !== undefined) return { scores: prediction, limit: threshold };
  if (meaningOf(prediction) === 'classLogits') return { scores: softmax(prediction), limit: 0.5 };
  return { scores: prediction, limit: thresholdOf(metric, prediction) };
}

/** 1 at the `count` largest of each row, the first of equal ones, else 0. */
function largest(scores: Tensor, count: number): Tensor {
  const classes = scores.shape.at(-1)!;
  if (count === 1) return oneHot(argmax(scores), classes);
  const [own, other] = [
    reshape(scores, [...scores.shape, 1]),
    reshape(scores, [...scores.shape.slice(0, -1), 1, classes]),
  ];
  const before = Float32Array.from({ length: classes * classes }, (_, i) =>
    Number(i % classes < Math.floor(i / classes)),
  );
  const ahead = add(greater(other, own), multiply(equal(other, own), constant(before, [classes, classes])));
  return less(reduceSum(ahead, { axes: [-1] }), count);
}
