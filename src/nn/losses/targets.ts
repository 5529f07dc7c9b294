import { ArgumentError, ShapeError } from '../../errors.ts';
import { scale, shift } from '../../ops/elementwise/elementwise.ts';
import { cast } from '../../ops/movement/cast.ts';
import { requireTensor } from '../../ops/core/node.ts';
import { reshape, reshapeOp } from '../../ops/movement/movement.ts';
import { requireGraph } from './takes.ts';
import type { Op } from '../../ops/core/op.ts';
import { formatShape, sameShape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';

/** A loss function: predictions and targets of a batch to one value per sample, [N]. */
export type LossFunction = (prediction: Tensor, target: Tensor) => Tensor;

/**
 * Targets as numbers of the predictions' shape: labels (i32) become f32, and one value per sample, [N], stands for
 * [N, 1], as in Keras.
 *
 * @throws ShapeError if they have another shape
 */
export function alignTargets(name: string, prediction: Tensor, target: Tensor): Tensor {
  requireTensor(name, target, 'its targets');
  const withOne = [...target.shape, 1];
  const shaped = sameShape(withOne, prediction.shape) ? reshape(target, withOne) : target;
  if (!sameShape(shaped.shape, prediction.shape)) {
    throw new ShapeError(
      `${name}: predictions ${formatShape(prediction.shape)} and targets ${formatShape(target.shape)} must have the same ` +
        'shape; reshape the targets, or give the last layer as many units as a target has values',
    );
  }
  return cast(shaped, 'f32');
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
export function smooth(name: string, target: Tensor, labelSmoothing: number, classes: number): Tensor {
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new ArgumentError(
      `${name}: labelSmoothing is ${labelSmoothing}; it must be at least 0 and below 1`,
    );
  }
  if (labelSmoothing === 0) return target;
  return shift(scale(target, 1 - labelSmoothing), labelSmoothing / classes);
}

/**
 * What the activation `op` was applied to, where the predictions are its outputs: the logits, from which a
 * cross-entropy is exact where the probability has rounded to 0 or 1.
 */
export function inputOf(prediction: Tensor, op: Op, throughReshape = true): Tensor | undefined {
  const { node } = prediction;
  if (node.op === op) return node.inputs[0];
  if (!throughReshape || node.op !== reshapeOp) return undefined;
  const before = inputOf(node.inputs[0], op);
  return before && reshape(before, prediction.shape);
}
