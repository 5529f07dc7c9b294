import { ArgumentError } from '../../errors.ts';
import { settle } from '../../options.ts';
import { categoricalAccuracy as categoricalAccuracyOf, perSample } from '../../ops/loss/accuracy.ts';
import { equal, greater, keepNan, less, maximum, where } from '../../ops/elementwise/elementwise.ts';
import { oneHot } from '../../ops/movement/gather.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { alignTargets, areDistributions, classIndicesOf } from '../losses/targets.ts';
import { requireGraph } from '../losses/takes.ts';
import { thresholdOf } from '../meaning.ts';
import { classIndices } from './decisions.ts';
import type { DecisionOptions } from './decisions.ts';
import type { Metric } from './metric.ts';

/**
 * The share of samples whose largest output is that of their class. With a single output, `binaryAccuracy`: the share of outputs
 * that are above 0.5 where the target is 1, and not where it is 0; for logits, above 0. Which of the two is known from the model: by
 * its loss, or by the values that its layers can give. Outside a model it is 0.5, as in Keras.
 *
 * @throws ArgumentError if it is not known: `binaryAccuracy` takes a threshold
 */
export function accuracy(prediction: Tensor, target: Tensor): Tensor {
  requireGraph('accuracy', prediction);
  const { shape } = prediction;
  if (shape.length > 1 && shape.at(-1) !== 1) return ofClasses(prediction, target);
  const ask = (threshold: number) => `metrics.binaryAccuracy({ threshold: ${threshold} })`;
  const threshold = thresholdOf('accuracy', prediction, { ask, ofValues: null });
  return hits(prediction, alignTargets('accuracy', prediction, target), threshold);
}

function ofClasses(prediction: Tensor, target: Tensor): Tensor {
  const indices = areDistributions(prediction, target) ? undefined : classIndicesOf(prediction, target);
  return perSample(categoricalAccuracyOf(prediction, indices ?? target));
}

/**
 * The share of a sample's outputs whose decision, 0 or 1, is their target; a target of −1 counts as 0. NaN where an output is.
 */
const hits = (prediction: Tensor, target: Tensor, threshold: number): Tensor =>
  perSample(keepNan(prediction, equal(greater(prediction, threshold), maximum(target, 0))));

/**
 * The share of a sample's outputs that are above `threshold` where the target is 1, and not where it is 0 (Keras's
 * BinaryAccuracy: a target in between is never met). Default 0.5 for probabilities, as in Keras, and 0 for the logits
 * of a model: the same decision.
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
      return hits(prediction, alignTargets(name, prediction, target), limit);
    },
  };
}

/** A metric that compares the largest output with the class, by its name in Keras. */
function ofLargest(metric: string, options: { name?: string }): Metric {
  const { name } = settle(metric, options, { name: metric });
  return { name, better: 'higher', compute: ofClasses };
}

/** The share of samples whose largest output is that of their class: `accuracy` of several outputs (Keras's CategoricalAccuracy). */
export const categoricalAccuracy = (options: { name?: string } = {}): Metric =>
  ofLargest('categoricalAccuracy', options);

/** `categoricalAccuracy` under Keras's name for class indices. */
export const sparseCategoricalAccuracy = (options: { name?: string } = {}): Metric =>
  ofLargest('sparseCategoricalAccuracy', options);

interface TopKOptions {
  /** Default 5. */
  k?: number;
  name?: string;
}

/**
 * The share of samples whose class is among the `k` (default 5) largest outputs: fewer than k others are larger, so
 * ties count for the sample (Keras's TopKCategoricalAccuracy, for class indices or one-hot targets).
 */
export const topKCategoricalAccuracy = (options: TopKOptions = {}): Metric =>
  amongLargest('topKCategoricalAccuracy', options);

/** `topKCategoricalAccuracy` under Keras's name for class indices. */
export const sparseTopKCategoricalAccuracy = (options: TopKOptions = {}): Metric =>
  amongLargest('sparseTopKCategoricalAccuracy', options);

function amongLargest(metric: string, options: TopKOptions): Metric {
  const { k, name } = settle(metric, options, { k: 5, name: metric });
  if (!Number.isInteger(k) || k < 1) {
    throw new ArgumentError(`${metric}: k is ${k}; it must be a whole number of at least 1`);
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
