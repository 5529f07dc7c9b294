import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe, settle } from '../../options.ts';
import { argmax } from '../../ops/reduce/argmax.ts';
import {
  add,
  equal,
  greater,
  greaterEqual,
  keepNan,
  multiply,
  where,
} from '../../ops/elementwise/elementwise.ts';
import { cast } from '../../ops/movement/cast.ts';
import { oneHot } from '../../ops/movement/gather.ts';
import { constant } from '../../ops/core/leaves.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { reduceMax } from '../../ops/reduce/reduce.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import { formatShape, sameShape, sizeOf } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { alignTargets, toLast } from '../losses/targets.ts';
import { requireGraph } from '../losses/takes.ts';
import { classIndices, scored } from './decisions.ts';
import { asColumn } from './metric.ts';
import type { Metric } from './metric.ts';

/** A matrix of K classes has K² columns. */
const MAX_CLASSES = 128;

export interface ConfusionMatrixOptions {
  /** Default `confusionMatrix`. */
  name?: string;
  /** Of a single output: above it the class is 1, else 0. Default 0.5 for probabilities, 0 for the logits of a model. */
  threshold?: number;
}

/** [1 − d, d] of decisions d. */
const pair = (d: Tensor): Tensor =>
  add(multiply(asColumn(d), constant(Float32Array.of(-1, 1))), constant(Float32Array.of(1, 0)));

/** Columns [N, classes²] of one-hot truth and decisions, row by row. */
function cellsOf(actual: Tensor, predicted: Tensor, samples: number, classes: number): Tensor {
  const positions = sizeOf(actual.shape) / (samples * classes);
  const rows = reshape(actual, [samples * positions, classes, 1]);
  const cells = multiply(rows, reshape(predicted, [samples * positions, 1, classes]));
  return reduceSum(reshape(cells, [samples, positions, classes * classes]), { axes: [1] });
}

function checkClasses(name: string, classes: number): void {
  if (classes <= MAX_CLASSES) return;
  throw new ArgumentError(
    `${name}: ${classes} classes; a confusion matrix has at most ${MAX_CLASSES}. Use model.evaluator().inspect() and count its outputs`,
  );
}

/** matrix[actual][predicted] of the means of columns. */
function matrixOf(means: Float64Array, count: number): number[][] {
  const classes = Math.sqrt(means.length);
  return Array.from({ length: classes }, (_, row) =>
    Array.from(means.subarray(row * classes, (row + 1) * classes), (mean) => rounded(mean * count)),
  );
}

/** Counts are whole numbers, sums of weights need not be. */
function rounded(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) < 1e-6 ? whole : value;
}

/**
 * How many samples of each class (rows) were taken for each class (columns): `matrix[actual][predicted]`. Given by
 * `evaluate`; steps and epochs have numbers only. NaN where an output is. At most 128 classes.
 */
export function confusionMatrix(options: ConfusionMatrixOptions = {}): Metric {
  const { name, threshold } = settle('confusionMatrix', options, {
    name: 'confusionMatrix',
    threshold: undefined,
  });
  return {
    name,
    matrix: true,
    compute(prediction, target) {
      const [samples] = prediction.shape;
      const outputs = prediction.shape.length === 1 ? 1 : prediction.shape.at(-1)!;
      checkClasses(name, outputs);
      if (outputs === 1) {
        const { scores, limit } = scored('confusionMatrix', prediction, threshold);
        const actual = pair(greater(alignTargets(name, prediction, target), 0.5));
        return cellsOf(actual, keepNan(asColumn(prediction), pair(greater(scores, limit))), samples, 2);
      }
      const [actual, chosen] = [classIndices(name, prediction, target), argmax(prediction)].map((c) =>
        oneHot(c, outputs),
      );
      const extreme = reduceMax(prediction, { axes: [-1], keepDims: true });
      return cellsOf(actual, keepNan(extreme, chosen), samples, outputs);
    },
    value: matrixOf,
  };
}

export interface IouOptions {
  /** How many classes there are; by default as many as the predictions have scores. Needed where they are class indices. */
  numClasses?: number;
  /** Samples and pixels of this class do not count; it need not be a class: −1, say, or 255. Default null: all count. */
  ignoreClass?: number | null;
  /**
   * Whether targets, or predictions, are class indices. By default predictions are where they have the shape of the targets
   * and no scores, and so are targets without a number for each class.
   */
  sparseYTrue?: boolean;
  sparseYPred?: boolean;
  /** The dimension of the scores; default −1. */
  axis?: number;
  name?: string;
}

export interface ClassIouOptions extends IouOptions {
  /** The classes whose mean it is; default: all. */
  targetClassIds?: readonly number[];
}

const iouDefaults = {
  numClasses: undefined,
  ignoreClass: null,
  sparseYTrue: undefined,
  sparseYPred: undefined,
  axis: -1,
  targetClassIds: undefined,
} as const;

/**
 * Intersection over union of classes, of all samples and pixels together: TP / (TP + FP + FN) of each, their mean over
 * those of `targetClassIds` that occur in targets or predictions (Keras's IoU).
 *
 * @throws ArgumentError if an option is out of range
 */
export const iou = (options: ClassIouOptions = {}): Metric =>
  ofUnion('iou', settle('iou', options, { ...iouDefaults, name: 'iou' }));

/** `iou` of all classes (Keras's MeanIoU). */
export const meanIoU = (options: IouOptions = {}): Metric => {
  const { targetClassIds: _, ...own } = iouDefaults;
  return ofUnion('meanIoU', settle('meanIoU', options, { ...own, name: 'meanIoU' }));
};

export type OneHotIouOptions<O> = Omit<O, 'sparseYTrue' | 'sparseYPred'>;

/** `iou` of one-hot targets and scores (Keras's OneHotIoU). */
export const oneHotIoU = (options: OneHotIouOptions<ClassIouOptions> = {}): Metric => {
  const { sparseYTrue: _, sparseYPred: __, ...own } = iouDefaults;
  const settled = settle('oneHotIoU', options, { ...own, name: 'oneHotIoU' });
  return ofUnion('oneHotIoU', { ...settled, sparseYTrue: false, sparseYPred: false });
};

/** `meanIoU` of one-hot targets and scores (Keras's OneHotMeanIoU). */
export const oneHotMeanIoU = (options: OneHotIouOptions<IouOptions> = {}): Metric => {
  const { sparseYTrue: _, sparseYPred: __, targetClassIds: ___, ...own } = iouDefaults;
  const settled = settle('oneHotMeanIoU', options, { ...own, name: 'oneHotMeanIoU' });
  return ofUnion('oneHotMeanIoU', { ...settled, sparseYTrue: false, sparseYPred: false });
};

export interface BinaryIouOptions {
  /** Of 0 and 1 those whose mean it is; default both. */
  targetClassIds?: readonly number[];
  /** Outputs of at least this are of class 1. Default 0.5, as in Keras, and 0 for the logits of a model. */
  threshold?: number;
  name?: string;
}

/** Intersection over union of the classes 0 and 1 of single outputs, pixels say (Keras's BinaryIoU). */
export function binaryIoU(options: BinaryIouOptions = {}): Metric {
  const { targetClassIds, threshold, name } = settle('binaryIoU', options, {
    targetClassIds: [0, 1],
    threshold: undefined,
    name: 'binaryIoU',
  });
  checkIds('binaryIoU', targetClassIds, 2);
  return {
    name,
    better: 'higher',
    compute(prediction, target) {
      const [samples] = prediction.shape;
      const { scores, limit } = scored('binaryIoU', prediction, threshold);
      const predicted = keepNan(asColumn(prediction), pair(greaterEqual(scores, limit)));
      const truth = alignTargets(name, prediction, target);
      return cellsOf(oneHotOf(truth, 2), predicted, samples, 2);
    },
    value: (means, count) => overUnion(matrixOf(means, count), targetClassIds),
  };
}

/** Whole floats as rows of one 1; zeros for what is not a class. */
const oneHotOf = (values: Tensor, classes: number): Tensor => oneHot(cast(values, 'i32'), classes);

function ofUnion(metric: string, options: ClassIouOptions): Metric {
  const { name = metric, numClasses, ignoreClass = null, axis = -1, targetClassIds } = options;
  if (numClasses !== undefined && !(Number.isInteger(numClasses) && numClasses >= 1)) {
    throw new ArgumentError(
      `${metric}: numClasses is ${describe(numClasses)}; it must be a whole number of at least 1`,
    );
  }
  if (numClasses !== undefined && targetClassIds) checkIds(metric, targetClassIds, numClasses);
  return {
    name,
    better: 'higher',
    compute(prediction, target) {
      requireGraph(metric, prediction);
      const scores = options.sparseYPred === undefined ? hasScores(prediction, target) : !options.sparseYPred;
      const classes = numClasses ?? (scores ? prediction.shape.at(axis)! : undefined);
      if (classes === undefined) {
        throw new ArgumentError(
          `${metric}: predictions ${formatShape(prediction.shape)} are class indices; say how many classes there are: numClasses`,
        );
      }
      checkClasses(metric, classes);
      checkIds(metric, targetClassIds ?? [], classes);
      const [samples] = prediction.shape;
      const own = scores ? toLast(metric, prediction, axis) : prediction;
      if (scores && own.shape.at(-1) !== classes) {
        throw new ShapeError(
          `${metric}: numClasses is ${classes}, but predictions ${formatShape(prediction.shape)} have ${own.shape.at(-1)} scores`,
        );
      }
      const predicted = scores
        ? keepNan(reduceMax(own, { axes: [-1], keepDims: true }), oneHot(argmax(own), classes))
        : keepNan(reshape(own, [...own.shape, 1]), oneHotOf(own, classes));
      const dense = options.sparseYTrue === undefined ? undefined : !options.sparseYTrue;
      const truth = indicesOf(metric, { prediction, own, scores, target, axis, dense });
      const counted = ignoreClass === null ? truth : where(equal(truth, ignoreClass), -1, truth);
      return cellsOf(oneHotOf(counted, classes), predicted, samples, classes);
    },
    value: (means, count) => overUnion(matrixOf(means, count), targetClassIds),
  };
}

/** Whether predictions have a number for each class rather than being the class. */
const hasScores = (prediction: Tensor, target: Tensor): boolean =>
  prediction.shape.length > 1 &&
  prediction.shape.at(-1)! > 1 &&
  (target.shape.length < prediction.shape.length || target.shape.at(-1) === 1 || target.dtype !== 'i32');

/** Targets as class indices (f32), one for each place. */
function indicesOf(
  metric: string,
  given: {
    prediction: Tensor;
    own: Tensor;
    scores: boolean;
    target: Tensor;
    axis: number;
    dense: boolean | undefined;
  },
): Tensor {
  const { prediction, own, scores, target, axis, dense } = given;
  const places = scores ? own.shape.slice(0, -1) : own.shape;
  const sameAsScores = scores && sameShape(target.shape, prediction.shape);
  if (dense ?? (sameAsScores && target.dtype !== 'i32')) {
    return cast(argmax(toLast(metric, cast(target, 'f32'), axis)), 'f32');
  }
  if (sizeOf(target.shape) === sizeOf(places)) return cast(reshape(target, places), 'f32');
  throw new ShapeError(
    `${metric}: predictions ${formatShape(prediction.shape)} need class indices of shape ${formatShape(places)}, or one-hot targets, got ${formatShape(target.shape)}`,
  );
}

function checkIds(metric: string, ids: readonly number[], classes: number): void {
  const wrong = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < classes));
  if (wrong === undefined) return;
  throw new ArgumentError(
    `${metric}: targetClassIds has ${describe(wrong)}, but there are ${classes} classes, numbered from 0 to ${classes - 1}`,
  );
}

/** The mean of M_cc / (Σ_i M_ci + Σ_i M_ic − M_cc) over the classes that occur; NaN where a count is. */
function overUnion(matrix: readonly (readonly number[])[], ids?: readonly number[]): number {
  const values = (ids ?? matrix.map((_, i) => i)).flatMap((c) => {
    const union = matrix.reduce((sum, row, i) => sum + row[c] + matrix[c][i], 0) - matrix[c][c];
    return union === 0 ? [] : [matrix[c][c] / union];
  });
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
}
