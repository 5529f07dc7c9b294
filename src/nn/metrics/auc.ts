import { ArgumentError } from '../../errors.ts';
import { add, greater, keepNan, multiply, sigmoid } from '../../ops/elementwise/elementwise.ts';
import { constant } from '../../ops/core/leaves.ts';
import { softmax } from '../../ops/softmax/softmax.ts';
import { meaningOf, thresholdOf } from '../meaning.ts';
import { nameOf, sides } from './decisions.ts';
import type { DecisionOptions } from './decisions.ts';
import { asColumn, rowsOf } from './metric.ts';
import type { Metric } from './metric.ts';
import { checkOptions } from '../../options.ts';
import type { OptionTable } from '../../options.ts';

export interface AucOptions extends Pick<DecisionOptions, 'name' | 'class'> {
  /** Points of the curve, at least 2; default 200. */
  thresholds?: number;
  /** Of the receiver's operating characteristic (the default), or of precision over recall. */
  curve?: 'ROC' | 'PR';
  /**
   * The outputs are logits: the sigmoid is applied first, with `class` the softmax, unless the loss takes each for itself.
   * By default it is known from the model, by its loss and last activation; false outside of one, as in Keras.
   */
  fromLogits?: boolean;
}

const aucOptions: OptionTable<AucOptions> = {
  thresholds: true,
  curve: true,
  fromLogits: true,
  name: true,
  class: true,
};

/**
 * Area under a curve of probabilities, as Keras's AUC approximates it: true and false positives are counted at 200
 * thresholds, evenly spaced in [0, 1], the first below all and the last above all scores. ROC: trapezoids of the true over
 * the false positive rate. PR: precision over recall, interpolated after Davis & Goadrich 2006. 0 where there are only
 * positives or only negatives.
 *
 * @throws ArgumentError if an option is out of range, or in a model of which it is not known what it gives
 */
export function auc(options: AucOptions = {}): Metric {
  checkOptions('auc', options, aucOptions);
  const { thresholds = 200, curve = 'ROC', fromLogits, class: one } = options;
  if (!Number.isInteger(thresholds) || thresholds < 2) {
    throw new ArgumentError(`auc: thresholds is ${thresholds}; it must be a whole number of at least 2`);
  }
  if (curve !== 'ROC' && curve !== 'PR') {
    throw new ArgumentError(`auc: curve is "${String(curve)}"; choose ROC or PR`);
  }
  const inner = Array.from({ length: thresholds - 2 }, (_, i) => (i + 1) / (thresholds - 1));
  const limits = [-1e30, ...inner, 1 + 1e-7];
  const twice = (first: number, second: number) =>
    constant(Float32Array.from({ length: 2 * thresholds }, (_, i) => (i < thresholds ? first : second)));
  return {
    name: nameOf('auc', options),
    better: 'higher',
    compute(prediction, target) {
      const ask = (threshold: number) => `metrics.auc({ fromLogits: ${threshold === 0} })`;
      const logits = fromLogits ?? thresholdOf('auc', prediction, { ask }) === 0;
      const ofClasses = one !== undefined && meaningOf(prediction) !== 'logits';
      const probability = !logits ? prediction : ofClasses ? softmax(prediction) : sigmoid(prediction);
      const { score, actual } = sides('auc', probability, target, one);
      const column = asColumn(score);
      const above = keepNan(column, greater(column, constant(Float32Array.from([...limits, ...limits]))));
      // actual for the first half of the columns (true positives), 1 − actual for the second (false positives)
      const counted = add(multiply(asColumn(actual), twice(1, -1)), twice(0, 1));
      return rowsOf(multiply(above, counted));
    },
    value: (means) =>
      (curve === 'ROC' ? underRoc : underPrecisionRecall)(
        means.subarray(0, thresholds),
        means.subarray(thresholds),
      ),
  };
}

/** Trapezoids of TP / P over FP / N, from the last threshold (no positives) to the first (all). */
function underRoc(tp: Float64Array, fp: Float64Array): number {
  const [positives, negatives] = [tp[0], fp[0]];
  if (positives === 0 || negatives === 0) return 0;
  let area = 0;
  for (let i = 0; i + 1 < tp.length; i++) area += ((fp[i] - fp[i + 1]) * (tp[i] + tp[i + 1])) / 2;
  return area / (positives * negatives);
}

/**
 * Between two points TP grows with TP + FP in a straight line of slope s, TP = s (TP + FP) + b, so that the area below
 * precision is the integral of s + b / (TP + FP): (s (ΔTP + b log of the ratio of TP + FP)) / P.
 */
function underPrecisionRecall(tp: Float64Array, fp: Float64Array): number {
  const positives = tp[0];
  if (positives === 0) return 0;
  let area = 0;
  for (let i = 0; i + 1 < tp.length; i++) {
    const [more, less] = [tp[i] + fp[i], tp[i + 1] + fp[i + 1]];
    const slope = more === less ? 0 : (tp[i] - tp[i + 1]) / (more - less);
    const intercept = tp[i + 1] - slope * less;
    const ratio = more > 0 && less > 0 ? more / less : 1;
    area += slope * (tp[i] - tp[i + 1] + intercept * Math.log(ratio));
  }
  return area / positives;
}
