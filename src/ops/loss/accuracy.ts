import rowSource from '../../../shaders/loss/categorical_accuracy.wgsl?raw';
import workgroupSource from '../../../shaders/loss/categorical_accuracy_workgroup.wgsl?raw';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { apply, requireTensor } from '../core/node.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape, sameShape, sizeOf } from '../core/shape.ts';
import { equal, greater, keepNan } from '../elementwise/elementwise.ts';
import { reduceMean } from '../reduce/reduce.ts';
import { rowPlan } from './rowPlan.ts';

const kernels = {
  row: { name: 'loss/categorical_accuracy', source: rowSource },
  workgroup: { name: 'loss/categorical_accuracy_workgroup', source: workgroupSource },
};

export const categoricalAccuracyOp: Op<Record<string, never>> = {
  name: 'categoricalAccuracy',
  kind: 'kernel',
  infer([predictions, targets]) {
    if (predictions.dtype !== 'f32' || !['i32', 'f32'].includes(targets.dtype)) {
      throw new ArgumentError(
        `categoricalAccuracy: takes f32 predictions and i32 labels or f32 targets, got ${predictions.dtype} and ${targets.dtype}`,
      );
    }
    const rows = predictions.shape.slice(0, -1);
    const expected = targets.dtype === 'i32' ? rows : predictions.shape;
    if (predictions.shape.length < 1 || !sameShape(targets.shape, expected)) {
      throw new ShapeError(
        `categoricalAccuracy: predictions ${formatShape(predictions.shape)} need ${targets.dtype} targets of shape ` +
          `${formatShape(expected)}, got ${formatShape(targets.shape)}`,
      );
    }
    return [{ shape: rows, dtype: 'f32' }];
  },
  lower({ inputs: [predictions, targets], outputs: [correct] }, context) {
    const sparse = targets.dtype === 'i32';
    const classes = predictions.shape.at(-1)!;
    const plan = rowPlan('categoricalAccuracy', sizeOf(correct.shape), classes, context);
    context.dispatch({
      kernel: kernels[plan.variant],
      constants: { ...plan.constants, SPARSE: sparse },
      bindings: { predictions, [sparse ? 'labels' : 'targets']: targets, correct },
      workgroups: plan.workgroups,
      flops: sizeOf(predictions.shape) * (sparse ? 1 : 2),
    });
  },
  gradient: { reason: 'it is piecewise constant' },
};

/**
 * 1 for each sample whose largest prediction is at its target, else 0; the mean is the accuracy.
 * `predictions` [..., classes] are logits or probabilities; `targets` are class indices [...] (i32) or
 * distributions [..., classes] (f32). Of equal values the first counts as the largest. NaN for a sample with a NaN.
 * Result: [...].
 *
 * @throws ShapeError if the shapes do not fit
 */
export function categoricalAccuracy(predictions: Tensor, targets: Tensor): Tensor {
  return apply(categoricalAccuracyOp, [predictions, targets], {});
}

/**
 * For each sample the fraction of its outputs on their target's side: x > threshold where the target is
 * above 0.5, x ≤ threshold elsewhere. `threshold` is 0 for logits (the default), 0.5 for probabilities.
 * Shapes [N, ...] twice; result [N], NaN for a sample with a NaN.
 */
export function binaryAccuracy(predictions: Tensor, targets: Tensor, threshold = 0): Tensor {
  requireTensor('binaryAccuracy', predictions);
  requireTensor('binaryAccuracy', targets, 'input 2');
  if (!sameShape(predictions.shape, targets.shape)) {
    throw new ShapeError(
      `binaryAccuracy: predictions ${formatShape(predictions.shape)} and targets ${formatShape(targets.shape)} must have the same shape`,
    );
  }
  return perSample(keepNan(predictions, equal(greater(predictions, threshold), greater(targets, 0.5))));
}

/** Means over all dimensions but the first: one value per sample. */
export function perSample(values: Tensor): Tensor {
  const axes = values.shape.map((_, axis) => axis).slice(1);
  return axes.length > 0 ? reduceMean(values, { axes }) : values;
}
