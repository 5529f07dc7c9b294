import { ShapeError } from '../../errors.ts';
import { attentionOp } from '../attention/op.ts';
import { fill } from '../core/leaves.ts';
import { applyAll, requireTensor } from '../core/node.ts';
import type { Tensor } from '../core/op.ts';
import { formatShape, sameShape } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import { multiply, subtract } from '../elementwise/elementwise.ts';
import * as integers from '../elementwise/integers.ts';
import { gather } from '../movement/gather.ts';
import { reshape } from '../movement/movement.ts';
import { reduceSum } from '../reduce/sum.ts';

/**
 * The softmax cross-entropy of linear logits, x · tableᵀ, against class indices: log Σ_c e^(x · table_c) − x · table_label for each
 * sample, without the logits ever being stored. x [..., features], table [classes, features], an embedding's say, labels i32 [...]
 * → [...]. For vocabularies of many thousands of words, whose logits would take more memory than all else; with few classes
 * matmul and sparseSoftmaxCrossEntropy are faster.
 *
 * The logarithm of the sum is that of attention (Milakov, Gimelshein 2018; Wijmans et al. 2024): samples are its queries, rows of
 * the table its keys. A label outside of the table masks its sample, as in sparseSoftmaxCrossEntropy: loss 0 and gradient 0.
 * x and the table have gradients; the labels have none.
 *
 * @throws ShapeError where the shapes do not fit each other; ArgumentError where a type is wrong
 */
export function linearCrossEntropy(x: Tensor, table: Tensor, labels: Tensor): Tensor {
  [x, table, labels].forEach((own, i) => requireTensor('linearCrossEntropy', own, `input ${i + 1}`));
  requireDtype('linearCrossEntropy', x, ['f32']);
  requireDtype('linearCrossEntropy table', table, ['f32']);
  requireDtype('linearCrossEntropy labels', labels, ['i32']);
  const [classes, features] = table.shape;
  if (table.shape.length !== 2 || x.shape.length === 0 || x.shape.at(-1) !== features) {
    throw new ShapeError(
      `linearCrossEntropy: x ${formatShape(x.shape)} must be [..., features] and the table ${formatShape(table.shape)} [classes, features], with the same features`,
    );
  }
  const samples = x.shape.slice(0, -1);
  if (!sameShape(labels.shape, samples)) {
    throw new ShapeError(
      `linearCrossEntropy: x ${formatShape(x.shape)} needs labels of shape ${formatShape(samples)}, got ${formatShape(labels.shape)}`,
    );
  }
  const queries = reshape(x, [1, -1, 1, features]);
  const keys = reshape(table, [1, classes, 1, features]);
  const attrs = { causal: false, scale: 1, dropout: 0, stream: 0, biased: false };
  const [, logSum] = applyAll(attentionOp, [queries, keys, fill([1, classes, 1, 4], 0)], attrs);
  const hit = reduceSum(multiply(x, gather(table, labels)), { axes: [-1] });
  const nearest = integers.maximum(0, integers.minimum(labels, classes - 1));
  return multiply(integers.equal(labels, nearest), subtract(reshape(logSum, samples), hit));
}
