import { ArgumentError } from '../../errors.ts';
import { add, multiply, negate, shift } from '../../ops/elementwise/elementwise.ts';
import { constant } from '../../ops/core/leaves.ts';
import { concat } from '../../ops/movement/concat.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { averaged, checkAverage, checkBeta, perClass } from './averages.ts';
import type { AverageOptions } from './averages.ts';
import { checkDecision, decisionOptions, decisions, nameOf } from './decisions.ts';
import type { DecisionOptions } from './decisions.ts';
import { asColumn, rowsOf } from './metric.ts';
import type { Metric } from './metric.ts';
import { checkOptions } from '../../options.ts';
import type { OptionTable } from '../../options.ts';

export interface SeveralDecisionsOptions extends Omit<DecisionOptions, 'threshold'> {
  /**
   * As in `DecisionOptions`, or a list of thresholds: the value is then a list, too, given by `evaluate` (Keras's
   * `thresholds`).
   */
  threshold?: number | readonly number[];
}

export interface AveragedDecisionOptions extends SeveralDecisionsOptions, AverageOptions {}

const averagedOptions: OptionTable<AveragedDecisionOptions> = { ...decisionOptions, average: true };

/**
 * A metric of decisions, at one threshold or at each of several.
 *
 * @param rows columns [N, columns] of decisions and truth, which are [N, M, 1]
 */
function atThresholds(
  metric: string,
  options: SeveralDecisionsOptions,
  rows: (predicted: Tensor, actual: Tensor) => Tensor,
  value: (means: Float64Array, count: number) => number,
): Pick<Metric, 'compute' | 'value' | 'matrix'> {
  const { threshold, ...others } = options;
  const several = typeof threshold === 'object';
  const each = (several ? threshold : [threshold]).map((own): DecisionOptions => ({
    ...others,
    threshold: own,
  }));
  if (each.length === 0) throw new ArgumentError(`${metric}: threshold is an empty list; give one at least`);
  for (const own of each) checkDecision(metric, own);
  return {
    ...(several && { matrix: true }),
    compute: (prediction, target) => {
      const columns = each.map((own) => {
        const { predicted, actual } = decisions(metric, prediction, target, own);
        return rows(asColumn(predicted), asColumn(actual));
      });
      return columns.length === 1 ? columns[0] : concat(columns, 1);
    },
    value(means, count) {
      const width = means.length / each.length;
      const values = each.map((_, i) => value(means.subarray(i * width, (i + 1) * width), count));
      return several ? values : values[0];
    },
  };
}

const columns = (...values: number[]) => constant(Float32Array.from(values));
/** 0 where there is nothing to divide by, as in Keras; NaN where an output was. */
const quotient = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/**
 * A quotient of true positives: of all outputs together (Keras), or with `average` of each class, averaged.
 *
 * @param row columns [true positives, what they are divided by] of decisions and truth
 * @param ofClass the quotient of one class
 */
function share(
  metric: string,
  options: AveragedDecisionOptions,
  row: (predicted: Tensor, actual: Tensor) => Tensor,
  ofClass: (tp: number, predicted: number, actual: number) => number,
): Metric {
  checkOptions(metric, options, averagedOptions);
  const own = { name: nameOf(metric, options), better: 'higher' as const };
  const average = checkAverage(metric, options, ['class', 'topK']);
  if (average === undefined) {
    const rows = (predicted: Tensor, actual: Tensor) => rowsOf(row(predicted, actual));
    return { ...own, ...atThresholds(metric, options, rows, ([part, whole]) => quotient(part, whole)) };
  }
  const { threshold } = options;
  checkDecision(metric, { threshold: threshold as number | undefined }); // a list is not a threshold of classes
  return averaged(own, average, perClass(metric, threshold as number | undefined), ofClass);
}

/**
 * Precision: the share of the outputs predicted positive that are positive, TP / (TP + FP); 0 where there are none (Keras). With
 * `average` the classes are judged one by one, by the largest output unless a threshold is given.
 */
export const precision = (options: AveragedDecisionOptions = {}): Metric =>
  share(
    'precision',
    options,
    // [predicted · actual, predicted]
    (predicted, actual) => multiply(predicted, add(multiply(actual, columns(1, 0)), columns(0, 1))),
    (tp, predicted) => quotient(tp, predicted),
  );

/**
 * Recall: the share of the positives that were predicted positive, TP / (TP + FN); 0 where there are none (Keras). `average` is
 * as in `precision`.
 */
export const recall = (options: AveragedDecisionOptions = {}): Metric =>
  share(
    'recall',
    options,
    // [predicted · actual, actual]
    (predicted, actual) => multiply(actual, add(multiply(predicted, columns(1, 0)), columns(0, 1))),
    (tp, _, actual) => quotient(tp, actual),
  );

/**
 * Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN); 0 where there are no positives at all. Of all outputs
 * together, as `precision`; Keras's F1Score is `f1Score`.
 */
export const f1 = (options: AveragedDecisionOptions = {}): Metric =>
  share(
    'f1',
    options,
    // [predicted · actual, (predicted + actual) / 2]
    (p, a) => add(multiply(multiply(p, a), columns(1, 0)), multiply(add(p, a), columns(0, 0.5))),
    (tp, predicted, actual) => quotient(2 * tp, predicted + actual),
  );

/** The number of outputs with this decision and this truth, weighted where there are weights. */
function countOf(
  metric: string,
  better: Metric['better'],
  options: SeveralDecisionsOptions,
  meet: (predicted: Tensor, actual: Tensor) => Tensor,
): Metric {
  checkOptions(metric, options, decisionOptions);
  const rows = (predicted: Tensor, actual: Tensor) => reduceSum(meet(predicted, actual), { axes: [1] });
  const value = ([mean]: Float64Array, count: number) => mean * count;
  return { name: nameOf(metric, options), better, ...atThresholds(metric, options, rows, value) };
}

const not = (decision: Tensor): Tensor => shift(negate(decision), 1);

/** Outputs that were predicted positive and are positive (Keras's TruePositives): a number, not a share. */
export const truePositives = (options: SeveralDecisionsOptions = {}): Metric =>
  countOf('truePositives', 'higher', options, multiply);

/** Outputs that were predicted negative and are negative (Keras's TrueNegatives). */
export const trueNegatives = (options: SeveralDecisionsOptions = {}): Metric =>
  countOf('trueNegatives', 'higher', options, (p, a) => multiply(not(p), not(a)));

/** Outputs that were predicted positive and are negative (Keras's FalsePositives). */
export const falsePositives = (options: SeveralDecisionsOptions = {}): Metric =>
  countOf('falsePositives', 'lower', options, (p, a) => multiply(p, not(a)));

/** Outputs that were predicted negative and are positive (Keras's FalseNegatives). */
export const falseNegatives = (options: SeveralDecisionsOptions = {}): Metric =>
  countOf('falseNegatives', 'lower', options, (p, a) => multiply(not(p), a));

export interface F1ScoreOptions extends AverageOptions {
  /** Default: the metric's own. */
  name?: string;
  /** Outputs above it are positive; default null: the largest of a row is, unless it is 0. */
  threshold?: number | null;
}

export interface FBetaScoreOptions extends F1ScoreOptions {
  /** How many times as much recall counts as precision, above 0; default 1. */
  beta?: number;
}

/**
 * Fβ of each class (Keras's FBetaScore): (1 + β²) P R / (β² P + R) of its precision P and recall R, for targets [N,
 * classes] of 0 and 1, or class indices. Default `average` null: a list with one number for each class, given by `evaluate`.
 *
 * @throws ArgumentError if an option is out of range
 */
export const fBetaScore = (options: FBetaScoreOptions = {}): Metric => score('fBetaScore', options);

/** `fBetaScore` with β = 1, the harmonic mean of precision and recall (Keras's F1Score). */
export const f1Score = (options: F1ScoreOptions = {}): Metric => score('f1Score', options);

function score(metric: string, options: FBetaScoreOptions): Metric {
  const names = { name: true, average: true, threshold: true };
  checkOptions(metric, options, metric === 'f1Score' ? names : { ...names, beta: true });
  const { name = metric, beta = 1, threshold } = options;
  checkDecision(metric, { threshold: threshold ?? undefined });
  const square = checkBeta(metric, beta) ** 2;
  return averaged(
    { name, better: 'higher' },
    checkAverage(metric, options) ?? null,
    perClass(metric, threshold ?? undefined),
    (tp, predicted, actual) => {
      const [p, r] = [quotient(tp, predicted), quotient(tp, actual)];
      return quotient((1 + square) * p * r, square * p + r);
    },
  );
}
