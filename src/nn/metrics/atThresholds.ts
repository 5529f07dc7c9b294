import { ArgumentError } from '../../errors.ts';
import { checkOptions, describe, required } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { between, countsAbove } from './curve.ts';
import type { CurveOptions } from './curve.ts';
import { nameOf } from './decisions.ts';
import type { Metric } from './metric.ts';

const curveOptions: OptionTable<CurveOptions> = {
  name: true,
  class: true,
  thresholds: true,
  fromLogits: true,
};

/** Rates at a threshold. */
interface Rates {
  readonly precision: number;
  /** Also called sensitivity. */
  readonly recall: number;
  readonly specificity: number;
}

const quotient = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/**
 * The best of one rate over all thresholds at which another is at least a bound; 0 where there is none. Thresholds are
 * 0, 1 and `thresholds` − 2 between them; a single one is 0.5 (Keras's SensitivitySpecificityBase).
 */
function bestAt(
  metric: string,
  options: CurveOptions,
  bound: unknown,
  boundName: string,
  [best, bounded]: readonly [keyof Rates, keyof Rates],
): Metric {
  checkOptions(metric, options, { ...curveOptions, [boundName]: required });
  if (typeof bound !== 'number' || !(bound >= 0 && bound <= 1)) {
    throw new ArgumentError(`${metric}: ${boundName} is ${describe(bound)}; it must be a number from 0 to 1`);
  }
  const { thresholds = 200 } = options;
  if (!Number.isInteger(thresholds) || thresholds < 1) {
    throw new ArgumentError(
      `${metric}: thresholds is ${thresholds}; it must be a whole number of at least 1`,
    );
  }
  // The first is below all scores: its counts are those of all positives and negatives.
  const limits = [-1e30, ...(thresholds === 1 ? [0.5] : [0, ...between(thresholds), 1])];
  return {
    name: nameOf(metric, options),
    better: 'higher',
    compute: (prediction, target) => countsAbove(metric, prediction, target, limits, options),
    value(means) {
      const [tp, fp] = [means.subarray(0, limits.length), means.subarray(limits.length)];
      if (means.some(Number.isNaN)) return NaN;
      const rates = limits.slice(1).map((_, i): Rates => ({
        precision: quotient(tp[i + 1], tp[i + 1] + fp[i + 1]),
        recall: quotient(tp[i + 1], tp[0]),
        specificity: quotient(fp[0] - fp[i + 1], fp[0]),
      }));
      // In f32, as Keras: 4 of 10 are at least 0.4, however the means were rounded.
      const least = Math.fround(bound);
      const met = rates.filter((own) => Math.fround(own[bounded]) >= least).map((own) => own[best]);
      return met.reduce((a, b) => Math.max(a, b), 0);
    },
  };
}

export interface PrecisionAtRecallOptions extends CurveOptions {
  /** From 0 to 1. */
  recall: number;
}

/** The best precision at a recall of at least `recall` (Keras's PrecisionAtRecall). */
export const precisionAtRecall = (options: PrecisionAtRecallOptions): Metric =>
  bestAt('precisionAtRecall', options, options?.recall, 'recall', ['precision', 'recall']);

export interface RecallAtPrecisionOptions extends CurveOptions {
  /** From 0 to 1. */
  precision: number;
}

/** The best recall at a precision of at least `precision` (Keras's RecallAtPrecision). */
export const recallAtPrecision = (options: RecallAtPrecisionOptions): Metric =>
  bestAt('recallAtPrecision', options, options?.precision, 'precision', ['recall', 'precision']);

export interface SensitivityAtSpecificityOptions extends CurveOptions {
  /** From 0 to 1. */
  specificity: number;
}

/**
 * The best sensitivity TP / (TP + FN) at a specificity TN / (TN + FP) of at least `specificity` (Keras's
 * SensitivityAtSpecificity).
 */
export const sensitivityAtSpecificity = (options: SensitivityAtSpecificityOptions): Metric =>
  bestAt('sensitivityAtSpecificity', options, options?.specificity, 'specificity', ['recall', 'specificity']);

export interface SpecificityAtSensitivityOptions extends CurveOptions {
  /** From 0 to 1. */
  sensitivity: number;
}

/**
 * The best specificity TN / (TN + FP) at a sensitivity TP / (TP + FN) of at least `sensitivity` (Keras's
 * SpecificityAtSensitivity).
 */
export const specificityAtSensitivity = (options: SpecificityAtSensitivityOptions): Metric =>
  bestAt('specificityAtSensitivity', options, options?.sensitivity, 'sensitivity', ['specificity', 'recall']);
