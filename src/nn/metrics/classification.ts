import { ArgumentError } from '../../errors.ts';
import {
  binaryAccuracy as binaryAccuracyOf,
  categoricalAccuracy,
  perSample,
} from '../../ops/loss/accuracy.ts';
import { argmax } from '../../ops/reduce/argmax.ts';
import { add, greater, keepNan, less, multiply, where } from '../../ops/elementwise/elementwise.ts';
import { oneHot } from '../../ops/movement/gather.ts';
import { constant } from '../../ops/core/leaves.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { reduceMax } from '../../ops/reduce/reduce.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import { sizeOf } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { alignTargets, areDistributions, classIndicesOf } from '../losses/targets.ts';
import { requireGraph } from '../losses/takes.ts';
import { thresholdOf } from '../meaning.ts';
import { classIndices, decisionOptions, decisions, nameOf } from './decisions.ts';
import type { DecisionOptions } from './decisions.ts';
import { asColumn, rowsOf } from './metric.ts';
import type { Metric } from './metric.ts';
import { checkOptions, settle } from '../../options.ts';

/**
 * The share of samples whose largest output is at their class. With a single output, the share of outputs on their
 * target's side: of 0.5 for probabilities, of 0 for logits. Which it is, is known from the model: by its loss, or by the
 * values that its layers can give. Outside of a model it is 0, unless the values lie in [0, 1].
 *
 * @throws ArgumentError if it is not known: `binaryAccuracy` takes a threshold
 */
export function accuracy(prediction: Tensor, target: Tensor): Tensor {
  requireGraph('accuracy', prediction);
  const { shape } = prediction;
  if (shape.length > 1 && shape.at(-1) !== 1) {
    const indices = areDistributions(prediction, target) ? undefined : classIndicesOf(prediction, target);
    return perSample(categoricalAccuracy(prediction, indices ?? target));
  }
  const ask = (threshold: number) => `metrics.binaryAccuracy({ threshold: ${threshold} })`;
  const threshold = thresholdOf('accuracy', prediction, { ask, ofValues: null, alone: 0 });
  return binaryAccuracyOf(prediction, alignTargets('accuracy', prediction, target), threshold);
}

/**
 * The share of a sample's outputs that are on their target's side of `threshold`. Default 0.5 for probabilities, as in
 * Keras, and 0 for the logits of a model: the same decision.
 */
export function binaryAccuracy(options: Pick<DecisionOptions, 'threshold' | 'name'> = {}): Metric {
  const { threshold, name } = settle('binaryAccuracy', options, {
    threshold: undefined,
    name: 'binaryAccuracy',
  });
  return {
    name,
    better: 'higher',
    compute(prediction, target) {
      const limit = threshold ?? thresholdOf('binaryAccuracy', prediction);
      return binaryAccuracyOf(prediction, alignTargets(name, prediction, target), limit);
    },
  };
}

/**
 * The share of samples whose class is among the `k` (default 5) largest outputs: fewer than k others are larger, so
 * ties count for the sample (Keras's TopKCategoricalAccuracy, for class indices or one-hot targets).
 */
export function topKCategoricalAccuracy(options: { k?: number; name?: string } = {}): Metric {
  const { k, name } = settle('topKCategoricalAccuracy', options, { k: 5, name: 'topKCategoricalAccuracy' });
  if (!Number.isInteger(k) || k < 1) {
    throw new ArgumentError(`topKCategoricalAccuracy: k is ${k}; it must be a whole number of at least 1`);
  }
  return {
    name,
    better: 'higher',
    compute(prediction, target) {
      const truth = oneHot(classIndices(name, prediction, target), prediction.shape.at(-1)!);
      const own = reduceSum(where(truth, prediction, 0), { axes: [-1], keepDims: true });
      const larger = reduceSum(keepNan(prediction, greater(prediction, own)), { axes: [-1] });
      return perSample(keepNan(larger, less(larger, k)));
    },
  };
}

const columns = (...values: number[]) => constant(Float32Array.from(values));
/** 0 where there is nothing to divide by, as in Keras; NaN where an output was. */
const quotient = ([part, whole]: Float64Array) => (whole === 0 ? 0 : part / whole);

/** Of what was said to be positive, the share that is: TP / (TP + FP); 0 where nothing was (Keras's Precision). */
export function precision(options: DecisionOptions = {}): Metric {
  checkOptions('precision', options, decisionOptions);
  return {
    name: nameOf('precision', options),
    better: 'higher',
    compute(prediction, target) {
      const { predicted, actual } = decisions('precision', prediction, target, options);
      // [predicted · actual, predicted]
      const share = add(multiply(asColumn(actual), columns(1, 0)), columns(0, 1));
      return rowsOf(multiply(asColumn(predicted), share));
    },
    value: quotient,
  };
}

/** Of what is positive, the share that was said to be: TP / (TP + FN); 0 where nothing is (Keras's Recall). */
export function recall(options: DecisionOptions = {}): Metric {
  checkOptions('recall', options, decisionOptions);
  return {
    name: nameOf('recall', options),
    better: 'higher',
    compute(prediction, target) {
      const { predicted, actual } = decisions('recall', prediction, target, options);
      // [predicted · actual, actual]
      const share = add(multiply(asColumn(predicted), columns(1, 0)), columns(0, 1));
      return rowsOf(multiply(asColumn(actual), share));
    },
    value: quotient,
  };
}

/** Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN); 0 where there are no positives at all. */
export function f1(options: DecisionOptions = {}): Metric {
  checkOptions('f1', options, decisionOptions);
  return {
    name: nameOf('f1', options),
    better: 'higher',
    compute(prediction, target) {
      const { predicted, actual } = decisions('f1', prediction, target, options);
      const [p, a] = [asColumn(predicted), asColumn(actual)];
      // [predicted · actual, (predicted + actual) / 2]
      return rowsOf(add(multiply(multiply(p, a), columns(1, 0)), multiply(add(p, a), columns(0, 0.5))));
    },
    value: quotient,
  };
}

/** A matrix of K classes has K² columns. */
const MAX_CLASSES = 128;

export interface ConfusionMatrixOptions {
  /** Default `confusionMatrix`. */
  name?: string;
  /** Of a single output: above it the class is 1, else 0. Default 0.5 for probabilities, 0 for the logits of a model. */
  threshold?: number;
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
      if (outputs > MAX_CLASSES) {
        throw new ArgumentError(
          `${name}: ${outputs} classes; a confusion matrix has at most ${MAX_CLASSES}. Use model.evaluator().inspect() and count its outputs`,
        );
      }
      const binary = outputs === 1;
      const classes = binary ? 2 : outputs;
      // [1 − d, d] of a decision d
      const pair = (d: Tensor) => add(multiply(asColumn(d), columns(-1, 1)), columns(1, 0));
      const above = () => greater(prediction, threshold ?? thresholdOf('confusionMatrix', prediction));
      const [actual, chosen] = binary
        ? [greater(alignTargets(name, prediction, target), 0.5), above()].map(pair)
        : [classIndices(name, prediction, target), argmax(prediction)].map((c) => oneHot(c, classes));
      const extreme = binary ? asColumn(prediction) : reduceMax(prediction, { axes: [-1], keepDims: true });
      const predicted = keepNan(extreme, chosen);
      const positions = sizeOf(actual.shape) / (samples * classes);
      const rows = reshape(actual, [samples * positions, classes, 1]);
      const cells = multiply(rows, reshape(predicted, [samples * positions, 1, classes]));
      return reduceSum(reshape(cells, [samples, positions, classes * classes]), { axes: [1] });
    },
    value(means, count) {
      const classes = Math.sqrt(means.length);
      return Array.from({ length: classes }, (_, row) =>
        Array.from(means.subarray(row * classes, (row + 1) * classes), (mean) => Math.round(mean * count)),
      );
    },
  };
}
