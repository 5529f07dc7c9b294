import { ShapeError } from '../errors.ts';
import { formatShape, sameShape } from '../ops/core/shape.ts';
import type { Tensor } from '../ops/core/op.ts';
import { multiply } from '../ops/elementwise/elementwise.ts';
import { concat } from '../ops/movement/concat.ts';
import { reshape } from '../ops/movement/movement.ts';
import { broadcastTo } from '../ops/reduce/sum.ts';
import { reduceMean } from '../ops/reduce/reduce.ts';
import { maskOf } from './masks.ts';

/**
 * The rows that a loss or metric works on: samples, or the steps of all samples where an output has a mask or each step a
 * weight.
 */
export interface Rows {
  /** [R, ...], R = samples · steps. */
  readonly prediction: Tensor;
  readonly target: Tensor;
  /** [R], 1 where the row counts and 0 where not; undefined where all count. */
  readonly mask?: Tensor;
  /** [R], of samples and steps. */
  readonly weights?: Tensor;
  readonly samples: number;
  /** 1 where the rows are samples. */
  readonly steps: number;
}

/**
 * @param where for messages
 * @param weights [N] or [N, steps]
 * @throws ShapeError if mask or weights do not fit the steps of the output, or the targets have no steps
 */
export function rowsFor(where: string, prediction: Tensor, target: Tensor, weights?: Tensor): Rows {
  const [samples, steps] = prediction.shape;
  const mask = maskOf(prediction);
  const own = [mask, ...(weights && weights.shape.length > 1 ? [weights] : [])].filter(
    (each) => each !== undefined,
  );
  if (own.length === 0) return { prediction, target, weights, samples, steps: 1 };
  for (const each of own) {
    if (sameShape(each.shape, prediction.shape.slice(0, 2))) continue;
    throw new ShapeError(
      `${where}: its ${each === mask ? 'mask' : 'weights per step are'} ${formatShape(each.shape)}, but the predictions are ${formatShape(prediction.shape)}; both must begin with samples and steps`,
    );
  }
  if (!sameShape(target.shape.slice(0, 2), [samples, steps])) {
    throw new ShapeError(
      `${where}: predictions ${formatShape(prediction.shape)} with ${mask ? 'a mask' : 'weights'} per step need targets that begin with ${formatShape([samples, steps])}, got ${formatShape(target.shape)}`,
    );
  }
  const rows = samples * steps;
  const flat = (values: Tensor) => reshape(values, [rows, ...values.shape.slice(2)]);
  const perStep = (values: Tensor) =>
    values.shape.length > 1 ? values : broadcastTo(reshape(values, [samples, 1]), [samples, steps]);
  const shape = prediction.shape.length === 2 ? [rows, 1] : [rows, ...prediction.shape.slice(2)];
  return {
    prediction: reshape(prediction, shape),
    target: flat(target),
    ...(mask && { mask: flat(mask) }),
    ...(weights && { weights: flat(perStep(weights)) }),
    samples,
    steps,
  };
}

/** [R, ...] → [N, ...]: means over the steps of each sample. */
export function ofSamples(values: Tensor, { samples, steps }: Rows): Tensor {
  if (steps === 1) return values;
  return reduceMean(reshape(values, [samples, steps, ...values.shape.slice(1)]), { axes: [1] });
}

/** The product of those that are defined. */
export const product = (...factors: readonly (Tensor | undefined)[]): Tensor | undefined =>
  factors.reduce((all, own) => (all && own ? multiply(all, own) : (all ?? own)), undefined);

/** Columns beside each other: [N] and [N, columns] → [N, all columns]. */
export function beside(tensors: readonly (Tensor | undefined)[]): Tensor {
  const columns = tensors.filter((each) => each !== undefined).map((each) => asColumns(each));
  return columns.length === 1 ? columns[0] : concat(columns, 1);
}

/** [N, ...] → [N, columns]. */
export const asColumns = (values: Tensor): Tensor =>
  values.shape.length === 2
    ? values
    : reshape(values, [values.shape[0], values.shape.slice(1).reduce((a, b) => a * b, 1)]);
