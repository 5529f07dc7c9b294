import { gradients, ops } from '../../src/index.ts';
import type { Tensor } from '../../src/index.ts';

/** How the loss of one image changes with each number of these tensors. */
export function lossGradients(logits: Tensor, target: Tensor, tensors: readonly Tensor[]): Tensor[] {
  const loss = ops.reduceMean(ops.softmaxCrossEntropy(logits, target));
  return gradients(loss, tensors).map((gradient, i) => gradient ?? ops.fill(tensors[i].shape, 0));
}
