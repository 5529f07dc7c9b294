import { ArgumentError, ShapeError } from '../../errors.ts';
import { scale, shift } from '../../ops/elementwise/elementwise.ts';
import { cast } from '../../ops/movement/cast.ts';
import { requireTensor } from '../../ops/core/node.ts';
import { reshape, reshapeOp, transpose } from '../../ops/movement/movement.ts';
import { perSample } from '../../ops/loss/accuracy.ts';
import { withFacts } from './facts.ts';
import { requireGraph } from './takes.ts';
import type { Op } from '../../ops/core/op.ts';
import { formatShape, normalizeAxis, sameShape, sizeOf } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';

/** A loss function: predictions and targets of a batch to one value per sample, [N]. */
export type LossFunction = (prediction: Tensor, target: Tensor) => Tensor;

/** [N, ...] → [N]: means over the positions of a sample, each of which has a value of its own. */
export const overPositions = (values: Tensor): Tensor =>
  withFacts(perSample(values), { positions: sizeOf(values.shape.slice(1)) });

/** [N, ...] → [N]: means along `axis`, which give a value per position, and then over these. */
export function overAll(values: Tensor, axis = -1): Tensor {
  const { shape } = values;
  const along = shape.length > 1 ? shape.at(axis)! : 1;
  return withFacts(perSample(values), { positions: sizeOf(shape.slice(1)) / along });
}

/**
 * A tensor [N, ...] with the dimension `axis` last.
 *
 * @throws ShapeError if it has no such dimension
 * @throws ArgumentError if it is the first one, that of the samples
 */
export function toLast(name: string, values: Tensor, axis: number): Tensor {
  const { shape } = values;
  const own = axisOf(name, axis, values);
  if (own === shape.length - 1) return values;
  const others = shape.map((_, i) => i).filter((i) => i !== own);
  return transpose(values, [...others, own]);
}

/** The same as a number of at least 1. */
export function axisOf(name: string, axis: number, { shape }: Tensor): number {
  const own = normalizeAxis(axis, shape, name);
  if (own > 0 || shape.length === 1) return own;
  throw new ArgumentError(`${name}: axis ${axis} is that of the samples; give one from 1 on, or below 0`);
}

/**
 * Targets as numbers of the predictions' shape: labels (i32) become f32, and a last dimension of 1 may be there or not, as in
 * Keras: [N] stands for [N, 1].
 *
 * @throws ShapeError if they have another shape
 */
export function alignTargets(name: string, prediction: Tensor, target: Tensor): Tensor {
  requireTensor(name, target, 'its targets');
  const { shape } = prediction;
  const differ = sameShape([...target.shape, 1], shape) || sameShape(target.shape, [...shape, 1]);
  const shaped = differ ? reshape(target, shape) : target;
  if (!sameShape(shaped.shape, prediction.shape)) {
    throw new ShapeError(
      `${name}: predictions ${formatShape(prediction.shape)} and targets ${formatShape(target.shape)} must have the same ` +
        'shape; reshape the targets, or give the last layer as many units as a target has values',
    );
  }
  return cast(shaped, 'f32');
}

/**
 * Predictions and targets of a loss, in one shape: where targets [N, ...] have no last dimension of 1 and predictions
 * [N, ..., 1] have, these lose it, so that a loss works along the one before (Keras's squeeze_or_expand_to_same_rank). Targets
 * [N] become [N, 1].
 *
 * @throws ShapeError if they have another shape
 */
export function inOneShape(
  name: string,
  given: Tensor,
  target: Tensor,
): [prediction: Tensor, target: Tensor] {
  requireTensor(name, target, 'its targets');
  const { shape } = target;
  const squeezed = shape.length > 1 && sameShape([...shape, 1], given.shape);
  const prediction = squeezed ? reshape(given, shape) : given;
  return [prediction, alignTargets(name, prediction, target)];
}

/**
 * Targets that name a class for each row of the predictions [N, ..., classes], as i32 [N, ...]: given as [N, ...] or
 * [N, ..., 1], in integers or whole floats. Undefined for targets of another shape.
 */
export function classIndicesOf(prediction: Tensor, target: Tensor): Tensor | undefined {
  const rows = prediction.shape.slice(0, -1);
  const fits = sameShape(target.shape, rows) || sameShape(target.shape, [...rows, 1]);
  return fits ? cast(sameShape(target.shape, rows) ? target : reshape(target, rows), 'i32') : undefined;
}

/** Whether targets are distributions, one number for each class, rather than class indices. */
export const areDistributions = (prediction: Tensor, target: Tensor): boolean =>
  target.dtype !== 'i32' && sameShape(target.shape, prediction.shape);

export function requireClasses(name: string, prediction: Tensor): void {
  requireGraph(name, prediction);
  if (prediction.shape.length >= 2) return;
  throw new ShapeError(
    `${name}: the predictions need a last dimension to work along, [N, ..., classes], but have ${formatShape(prediction.shape)}`,
  );
}

/** t (1 − s) + s / classes: a share s of each target, spread evenly. */
export const smooth = (target: Tensor, labelSmoothing: number, classes: number): Tensor =>
  labelSmoothing === 0 ? target : shift(scale(target, 1 - labelSmoothing), labelSmoothing / classes);

/**
 * What the activation `op` was applied to, where the predictions are its outputs: the logits, from which a
 * cross-entropy is exact where the probability has rounded to 0 or 1.
 *
 * @param alongLast the activation works along the last dimension: a reshape that changes it stands in the way
 */
export function inputOf(prediction: Tensor, op: Op, alongLast = false): Tensor | undefined {
  const { node } = prediction;
  if (node.op === op) return node.inputs[0];
  if (node.op !== reshapeOp) return undefined;
  if (alongLast && node.inputs[0].shape.at(-1) !== prediction.shape.at(-1)) return undefined;
  const before = inputOf(node.inputs[0], op, alongLast);
  return before && reshape(before, prediction.shape);
}
