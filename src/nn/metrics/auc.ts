import { ArgumentError, ShapeError } from '../../errors.ts';
import { checkFlag, checkOptions, describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { formatShape, sizeOf } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { greater } from '../../ops/elementwise/elementwise.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import { alignTargets } from '../losses/targets.ts';
import { above, between, countsAbove, probabilitiesOf } from './curve.ts';
import type { CurveOptions } from './curve.ts';
import { nameOf } from './decisions.ts';
import type { Metric } from './metric.ts';

export interface AucOptions extends CurveOptions {
  /** Of the receiver's operating characteristic, or of precision over recall. Default `ROC`. */
  curve?: 'ROC' | 'PR';
  /**
   * How the curve goes between its points: by `interpolation`, or at the lower (`minoring`) or the higher (`majoring`) of two.
   * Default `interpolation`.
   */
  summationMethod?: 'interpolation' | 'minoring' | 'majoring';
  /** Takes the areas of the outputs one by one, and their mean; default false: all outputs are put together. */
  multiLabel?: boolean;
  /** Weights of the outputs in that mean; default: all alike. */
  labelWeights?: readonly number[];
}

const aucOptions: OptionTable<AucOptions> = {
  thresholds: true,
  curve: true,
  summationMethod: true,
  multiLabel: true,
  labelWeights: true,
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
  const { thresholds = 200, curve = 'ROC', summationMethod = 'interpolation' } = options;
  const { multiLabel = false, labelWeights } = options;
  if (!Number.isInteger(thresholds) || thresholds < 2) {
    throw new ArgumentError(`auc: thresholds is ${thresholds}; it must be a whole number of at least 2`);
  }
  if (curve !== 'ROC' && curve !== 'PR') {
    throw new ArgumentError(`auc: curve is "${String(curve)}"; choose ROC or PR`);
  }
  if (!['interpolation', 'minoring', 'majoring'].includes(summationMethod)) {
    throw new ArgumentError(
      `auc: summationMethod is ${describe(summationMethod)}; choose interpolation, minoring or majoring`,
    );
  }
  checkFlag('auc', 'multiLabel', multiLabel);
  if (labelWeights !== undefined && !multiLabel) {
    throw new ArgumentError('auc: labelWeights are those of the outputs one by one; set multiLabel: true');
  }
  if (multiLabel && options.class !== undefined) {
    throw new ArgumentError('auc: has multiLabel and class; give one of them');
  }
  const limits = [-1e30, ...between(thresholds), 1 + 1e-7];
  const area = (counts: Float64Array) => {
    const [tp, fp] = [counts.subarray(0, thresholds), counts.subarray(thresholds)];
    return curve === 'PR' && summationMethod === 'interpolation'
      ? underPrecisionRecall(tp, fp)
      : underSteps(curve, summationMethod, tp, fp);
  };
  return {
    name: nameOf('auc', options),
    better: 'higher',
    compute: (prediction, target) =>
      multiLabel
        ? ofLabels(prediction, target, limits, options)
        : countsAbove('auc', prediction, target, limits, options),
    value(means) {
      const each = 2 * thresholds;
      const labels = means.length / each;
      const areas = Array.from({ length: labels }, (_, i) => area(means.subarray(i * each, (i + 1) * each)));
      const weights = labelWeights ?? areas.map(() => 1);
      const total = weights.reduce((a, b) => a + b, 0);
      return total === 0 ? 0 : areas.reduce((sum, own, i) => sum + own * weights[i], 0) / total;
    },
  };
}

/** Counts of each label, [N, labels · 2 limits]. */
function ofLabels(
  prediction: Tensor,
  target: Tensor,
  limits: readonly number[],
  options: AucOptions,
): Tensor {
  const { shape } = prediction;
  const [samples] = shape;
  const labels = shape.at(-1)!;
  if (shape.length < 2 || (options.labelWeights && options.labelWeights.length !== labels)) {
    throw new ShapeError(
      `auc: multiLabel${options.labelWeights ? ` with ${options.labelWeights.length} labelWeights` : ''} needs predictions [N, labels], got ${formatShape(shape)}`,
    );
  }
  const truth = greater(alignTargets('auc', prediction, target), 0.5);
  const score = probabilitiesOf('auc', prediction, options);
  const places = [samples, sizeOf(shape) / (samples * labels), labels, 1];
  const counts = above(reshape(score, places), reshape(truth, places), limits);
  return reshape(reduceSum(counts, { axes: [1] }), [samples, labels * 2 * limits.length]);
}

const quotient = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/** Trapezoids, or steps, of y over x from the last threshold (no positives) to the first (all). */
function underSteps(
  curve: 'ROC' | 'PR',
  method: NonNullable<AucOptions['summationMethod']>,
  tp: Float64Array,
  fp: Float64Array,
): number {
  const recall = Array.from(tp, (own) => quotient(own, tp[0]));
  const [x, y] =
    curve === 'ROC'
      ? [Array.from(fp, (own) => quotient(own, fp[0])), recall]
      : [recall, Array.from(tp, (own, i) => quotient(own, own + fp[i]))];
  const height = {
    interpolation: (a: number, b: number) => (a + b) / 2,
    minoring: Math.min,
    majoring: Math.max,
  }[method];
  let area = 0;
  for (let i = 0; i + 1 < tp.length; i++) area += (x[i] - x[i + 1]) * height(y[i], y[i + 1]);
  return area;
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
