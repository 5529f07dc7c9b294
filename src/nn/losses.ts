import { ShapeError } from '../errors.ts';
import { perSample } from '../ops/accuracy.ts';
import { bceWithLogits, square, subtract } from '../ops/elementwise.ts';
import {
  softmaxCrossEntropy as denseSoftmaxCrossEntropy,
  sparseSoftmaxCrossEntropy as sparseLoss,
} from '../ops/softmaxCrossEntropy.ts';
import type { SoftmaxCrossEntropyOptions } from '../ops/softmaxCrossEntropy.ts';
import { formatShape, sameShape } from '../ops/tensor.ts';
import type { Tensor } from '../ops/tensor.ts';

/** A loss function: predictions and targets of a batch to one value per sample, [N]. */
export type LossFunction = (prediction: Tensor, target: Tensor) => Tensor;

function requireSameShape(name: string, prediction: Tensor, target: Tensor): void {
  if (!sameShape(prediction.shape, target.shape)) {
    throw new ShapeError(
      `${name}: predictions ${formatShape(prediction.shape)} and targets ${formatShape(target.shape)} must have the same ` +
        'shape; reshape the targets, or give the last layer as many units as a target has values',
    );
  }
}

/**
 * Softmax cross-entropy of logits [N, ..., classes] against class indices [N, ...] (i32) or distributions
 * [N, ..., classes] (f32), averaged over the dimensions between. The last layer has no activation: the
 * softmax is part of the loss, which keeps it finite for any logits.
 *
 * @throws ShapeError if the shapes do not fit
 */
export function softmaxCrossEntropy(
  prediction: Tensor,
  target: Tensor,
  options: SoftmaxCrossEntropyOptions = {},
): Tensor {
  const loss = target.dtype === 'i32' ? sparseLoss : denseSoftmaxCrossEntropy;
  return perSample(loss(prediction, target, options));
}

/** `softmaxCrossEntropy` for class indices (i32) only. */
export function sparseSoftmaxCrossEntropy(
  prediction: Tensor,
  target: Tensor,
  options: SoftmaxCrossEntropyOptions = {},
): Tensor {
  return perSample(sparseLoss(prediction, target, options));
}

/**
 * Mean squared error per sample: mean of (x − t)² over all dimensions but the first.
 *
 * @throws ShapeError if the shapes differ
 */
export function meanSquaredError(prediction: Tensor, target: Tensor): Tensor {
  requireSameShape('meanSquaredError', prediction, target);
  return perSample(square(subtract(prediction, target)));
}

/**
 * Binary cross-entropy of logits x against targets t in [0, 1], per sample: mean of max(x, 0) − x t + log(1 + e^−|x|) over
 * all dimensions but the first. The last layer has no activation: the sigmoid is part of the loss.
 *
 * @throws ShapeError if the shapes differ
 */
export function binaryCrossEntropyWithLogits(prediction: Tensor, target: Tensor): Tensor {
  requireSameShape('binaryCrossEntropyWithLogits', prediction, target);
  return perSample(bceWithLogits(prediction, target));
}
