import { ShapeError } from '../errors.ts';
import { formatShape } from '../ops/core/shape.ts';
import type { Tensor } from '../ops/core/op.ts';
import { add, divide, equal, multiply, scale } from '../ops/elementwise/elementwise.ts';
import { reshape } from '../ops/movement/movement.ts';
import { broadcastTo, reduceSum } from '../ops/reduce/sum.ts';
import type { SettledReduction } from './losses/define.ts';
import { factsOf } from './losses/facts.ts';
import { overPositions } from './losses/targets.ts';
import type { LossFunction } from './losses/targets.ts';
import { maskOf } from './masks.ts';
import { requireResult } from './meaning.ts';
import type { Metric, RecordedValue } from './metrics/metric.ts';
import { asColumns, beside, ofSamples, product } from './steps.ts';
import type { Rows } from './steps.ts';

/** What a step records of a value: columns of each sample, [N] or [N, columns], and the value of their means. */
export interface Recording extends Pick<RecordedValue, 'value' | 'batchwise'> {
  readonly tensor: Tensor;
}

/** The loss of one output on a batch. */
export interface LossTerm {
  /** [N], whose mean is the loss of the batch: Σ w v / Σ d, or Σ w v, as its reduction says. */
  readonly reduced: Tensor;
  /** [N]: w v of each sample, divided by nothing; where samples have no loss of their own, that of each alone. */
  readonly perSample: Tensor;
  /** The loss of any number of batches follows from these. */
  readonly recording: Recording;
}

/** 1 where it is 0: to divide a 0 by it. */
const orOne = (x: Tensor): Tensor => add(x, equal(x, 0));
const quotient = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/**
 * A loss of rows: with values v, weights w, a mask m and c, 1 where the loss itself says that a value counts, Σ w m v is
 * divided by the number of values, where there is a mask by Σ m c (Keras's `apply_mask`), with `meanWithSampleWeight` by
 * Σ w m c; or by nothing (Keras's `reduce_weighted_values`). 0 where there is nothing to divide by.
 *
 * @param where for messages
 */
export function lossTerm(
  where: string,
  loss: LossFunction,
  reduction: SettledReduction,
  rows: Rows,
): LossTerm {
  const { prediction, target, mask, weights, samples, steps } = rows;
  const result: unknown = loss(prediction, target);
  requireResult(where, result);
  const count = samples * steps;
  if (result.shape[0] !== count) {
    throw new ShapeError(
      `${where} gives ${formatShape(result.shape)}, but it must give one value for each of the ${count} ${steps > 1 ? 'steps' : 'samples'} of a batch, [${count}]`,
    );
  }
  const values = result.shape.length > 1 ? overPositions(result) : result;
  const { positions = 1, whole } = factsOf(values);
  const counted = maskOf(result);
  const factor = product(weights, mask);
  const weighed = (own: Tensor) => ofSamples(factor ? multiply(own, factor) : own, rows);
  const perSample = weighed(values);
  const valid =
    reduction === 'meanWithSampleWeight' ? product(weights, mask, counted) : product(mask, counted);
  const divisor = reduction === 'sum' || !valid ? undefined : ofSamples(valid, rows);
  const all = reduction === 'sum' ? positions * steps : 1;
  const sums = reduction === 'sum';
  // A loss of all samples together is there once, or with the weight of each of them.
  const times = whole && !factor ? 1 : samples;
  const reduced = divisor
    ? multiply(perSample, divide(samples, orOne(reduceSum(divisor))))
    : sums
      ? scale(perSample, times * all)
      : perSample;
  const own = { reduced, perSample };
  if (whole) {
    const columns = ofSamples(whole.columns, rows);
    const [width] = columns.shape.slice(1);
    const share = factor && ofSamples(factor, rows);
    const tensor = beside([columns, share, divisor]);
    const value = (means: Float64Array, n: number) =>
      whole.value(means.subarray(0, width), n * steps) *
      quotient(share ? means[width] : 1, divisor ? means.at(-1)! : 1) *
      (share && sums ? n : 1) *
      all;
    const batchwise = share !== undefined && sums;
    return { reduced, perSample: weighed(whole.perSample), recording: { tensor, value, batchwise } };
  }
  if (divisor) {
    const value = ([part, of]: Float64Array) => quotient(part, of);
    return { ...own, recording: { tensor: beside([perSample, divisor]), value } };
  }
  if (!sums) return { ...own, recording: { tensor: perSample } };
  const value = ([mean]: Float64Array, n: number) => mean * n;
  return { ...own, recording: { tensor: scale(perSample, all), value, batchwise: true } };
}

/** The recording of a sum of weighted losses, and of numbers that all samples have. */
export function sumOf(
  terms: readonly { readonly recording: Recording; readonly weight: number }[],
): Recording {
  const weighed = ({ recording: { tensor }, weight }: (typeof terms)[number]) =>
    weight === 1 ? tensor : scale(tensor, weight);
  if (terms.every(({ recording }) => !recording.value)) return { tensor: terms.map(weighed).reduce(add) };
  if (terms.length === 1 && terms[0].weight === 1) return terms[0].recording;
  const [samples] = terms[0].recording.tensor.shape;
  const columns = terms.map(({ recording: { tensor } }) =>
    tensor.shape.length > 0 ? asColumns(tensor) : broadcastTo(reshape(tensor, [1, 1]), [samples, 1]),
  );
  const parts = terms.map(({ recording: { value = meanOf }, weight }, i) => {
    const from = columns.slice(0, i).reduce((sum, { shape }) => sum + shape[1], 0);
    const to = from + columns[i].shape[1];
    return (means: Float64Array, n: number) => weight * (value(means.subarray(from, to), n) as number);
  });
  return {
    tensor: beside(columns),
    value: (means, n) => parts.reduce((sum, part) => sum + part(means, n), 0),
    batchwise: terms.some(({ recording }) => recording.batchwise),
  };
}

const meanOf = (means: Float64Array): number => means.reduce((sum, mean) => sum + mean / means.length, 0);

/**
 * A metric of rows. A mask and weights give each row a weight; the value is then that of the weighted means.
 *
 * @param where for messages
 * @param perSample gives the value of each sample, [N], where the metric is their mean
 */
export function metricRecording(where: string, metric: Metric, rows: Rows, perSample = false): Recording {
  const { prediction, target, mask, weights, samples, steps } = rows;
  const result: unknown = metric.compute(prediction, target);
  requireResult(where, result);
  const { whole } = factsOf(result);
  const columns = whole?.columns ?? result;
  const counted = maskOf(result);
  const factor = product(weights, mask);
  const share = product(factor, counted);
  const ofMetric =
    metric.value && ((means: Float64Array, n: number, all?: number) => metric.value!(means, n, all));
  const value = ofMetric ?? (whole && ((means: Float64Array, n: number) => whole.value(means, n)));
  if (!share && steps === 1) return { tensor: columns, value };
  if (columns.shape[0] !== samples * steps) {
    throw new ShapeError(
      `${where} gives ${formatShape(columns.shape)}, but where rows are masked or weighed it must give a row for each of the ${samples * steps}`,
    );
  }
  const flat = asColumns(columns);
  const weighed = factor ? multiply(flat, reshape(factor, [samples * steps, 1])) : flat;
  if (!share) return { tensor: ofSamples(result.shape.length === 1 ? result : weighed, rows), value };
  if (perSample && !value && flat.shape[1] === 1) {
    const [part, of] = [weighed, asColumns(share)].map((own) => reshape(ofSamples(own, rows), [samples]));
    return { tensor: divide(part, orOne(of)) };
  }
  return {
    tensor: ofSamples(beside([weighed, share]), rows),
    value: (means, n) => {
      const part = means.at(-1)!;
      const own = means.subarray(0, -1).map((mean) => quotient(mean, part));
      return (value ?? meanOf)(own, n * steps * part, n * steps);
    },
  };
}
