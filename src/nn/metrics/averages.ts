import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { formatShape, sameShape, sizeOf } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { abs, greater, greaterEqual, keepNan, multiply } from '../../ops/elementwise/elementwise.ts';
import { cast } from '../../ops/movement/cast.ts';
import { concat } from '../../ops/movement/concat.ts';
import { oneHot } from '../../ops/movement/gather.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { reduceMax } from '../../ops/reduce/reduce.ts';
import { classIndicesOf } from '../losses/targets.ts';
import { rowsOf } from './metric.ts';
import type { Metric } from './metric.ts';

/** How the values of classes become one. */
export type Average = 'micro' | 'macro' | 'weighted' | null;

export interface AverageOptions {
  /**
   * `macro`: the mean of the classes' values; `weighted`: weighed by how many samples are of each class; `micro`: of the
   * counts of all classes together; null: a list of all, given by `evaluate` (Keras's F1Score, scikit-learn).
   */
  average?: Average;
}

/**
 * @param without options that judge a single class, or all together
 * @throws ArgumentError if there is no such average, or one of `without` is given with it
 */
export function checkAverage(
  metric: string,
  options: object,
  without: readonly string[] = [],
): Average | undefined {
  const given = options as Readonly<Record<string, unknown>>;
  const { average } = given as AverageOptions;
  if (average === undefined) return undefined;
  if (average !== null && average !== 'micro' && average !== 'macro' && average !== 'weighted') {
    throw new ArgumentError(
      `${metric}: average is ${describe(average)}; choose one of micro, macro, weighted, or null for a list of all classes`,
    );
  }
  const other = without.find((option) => given[option] !== undefined);
  if (other === undefined) return average;
  throw new ArgumentError(`${metric}: has an average of classes and ${other}; give one of them`);
}

/** @throws ArgumentError unless it is a number above 0 */
export function checkBeta(metric: string, beta: unknown): number {
  if (typeof beta === 'number' && beta > 0 && beta < Infinity) return beta;
  throw new ArgumentError(`${metric}: beta is ${describe(beta)}; it must be a finite number above 0`);
}

/**
 * Columns of each sample: for each class whether it was predicted and is true, whether it was predicted, whether it is
 * true; [N, 3 classes]. Predicted is what is above the threshold; without one the largest output of a row, unless it is
 * 0 (Keras's FBetaScore).
 */
export function perClass(metric: string, threshold: number | undefined) {
  return (prediction: Tensor, target: Tensor): Tensor => {
    const classes = prediction.shape.length > 1 ? prediction.shape.at(-1)! : 1;
    const actual = truthOf(metric, prediction, target, classes);
    const largest = () => {
      const most = reduceMax(prediction, { axes: [-1], keepDims: true });
      return keepNan(most, multiply(greaterEqual(prediction, most), greater(abs(prediction), 1e-9)));
    };
    const predicted =
      threshold === undefined
        ? prediction.shape.length > 1
          ? largest()
          : keepNan(prediction, greater(abs(prediction), 1e-9))
        : keepNan(prediction, greater(prediction, threshold));
    const [samples] = prediction.shape;
    const positions = sizeOf(prediction.shape.slice(1)) / classes;
    const rows = [multiply(predicted, actual), predicted, actual].map((own) =>
      reshape(own, [samples, positions, classes]),
    );
    return rowsOf(concat(rows, 2));
  };
}

/** Targets for each class: 0, 1 or in between. */
function truthOf(metric: string, prediction: Tensor, target: Tensor, classes: number): Tensor {
  if (sameShape(target.shape, prediction.shape) && (target.dtype !== 'i32' || classes === 1)) {
    return cast(target, 'f32');
  }
  if (classes === 1 && sameShape([...target.shape, 1], prediction.shape)) {
    return cast(reshape(target, prediction.shape), 'f32');
  }
  const indices = prediction.shape.length > 1 ? classIndicesOf(prediction, target) : undefined;
  if (indices) return oneHot(indices, classes);
  if (sameShape(target.shape, prediction.shape)) return cast(target, 'f32');
  throw new ShapeError(
    `${metric}: predictions ${formatShape(prediction.shape)} need class indices, or targets of the same shape, got ${formatShape(target.shape)}`,
  );
}

/**
 * A metric of classes.
 *
 * @param ofClass the value of a class, of the means of its three columns, or of all where their average is `micro`
 */
export function averaged(
  own: Pick<Metric, 'name' | 'better'>,
  average: Average,
  compute: Metric['compute'],
  ofClass: (tp: number, predicted: number, actual: number) => number,
): Metric {
  return {
    ...own,
    ...(average === null && { matrix: true }),
    compute,
    value(means) {
      const classes = means.length / 3;
      const [tp, predicted, actual] = [0, 1, 2].map((i) => means.subarray(i * classes, (i + 1) * classes));
      const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);
      if (average === 'micro') return ofClass(sum(tp), sum(predicted), sum(actual));
      const each = Array.from(tp, (value, i) => ofClass(value, predicted[i], actual[i]));
      if (average === null) return each;
      if (average === 'macro') return sum(each) / classes;
      const all = sum(actual);
      return all === 0 ? 0 : sum(each.map((value, i) => (value * actual[i]) / all));
    },
  };
}
