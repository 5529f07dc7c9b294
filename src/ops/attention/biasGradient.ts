import { constant, fill, programState } from '../core/leaves.ts';
import type { Tensor } from '../core/op.ts';
import { add, exp, multiply, scale, subtract } from '../elementwise/elementwise.ts';
import { matmul } from '../matmul/matmul.ts';
import { reshape, slice, transpose } from '../movement/movement.ts';
import { apply } from '../core/node.ts';
import { dropoutOp } from '../random/dropout.ts';
import { broadcastTo, reduceSum, sumTo } from '../reduce/sum.ts';
import { inputsOf, sizesOf } from './attrs.ts';
import type { AttentionAttrs } from './attrs.ts';

/** Which of the first so many keys each query does not see: −Infinity there, else 0; [queries, keys]. */
function causalBias(queries: number, keys: number): Tensor {
  const data = new Float32Array(queries * keys);
  for (let query = 0; query < queries; query++) {
    data.fill(-Infinity, Math.min(keys, query + 1) + query * keys, (query + 1) * keys);
  }
  return constant(data, [queries, keys]);
}

/**
 * dL/dbias = dL/dscores, summed over what the bias is repeated along. As it has the size of the bias, it is computed the usual
 * way, with the scores in memory; where nobody asks for it, nothing of this is computed.
 */
export function biasGradient(
  inputs: readonly Tensor[],
  [output, logSum, dy]: readonly [Tensor, Tensor, Tensor],
  attrs: AttentionAttrs,
): Tensor {
  const { query, key, value, bias } = inputsOf(inputs, attrs);
  const { batch, queries, keys, heads } = sizesOf(query, key, value);
  const scoresShape = [batch, heads, queries, keys];

  /** [batch, steps, heads, size] → [batch · heads, steps, size]. */
  const byHead = (x: Tensor) => {
    const [, steps, own, size] = x.shape;
    const moved = reshape(transpose(x, [0, 2, 1, 3]), [batch, own, 1, steps, size]);
    return reshape(broadcastTo(moved, [batch, own, heads / own, steps, size]), [batch * heads, steps, size]);
  };
  /** a · bᵀ for each head, [batch, heads, queries, keys]. */
  const products = (a: Tensor, b: Tensor) =>
    reshape(matmul(byHead(a), byHead(b), { transposeB: true }), scoresShape);
  /** [batch, queries, heads] → [batch, heads, queries, 1]. */
  const ofQueries = (x: Tensor) => reshape(transpose(x, [0, 2, 1]), [batch, heads, queries, 1]);

  let scores = add(scale(products(query, key), attrs.scale), bias!);
  if (attrs.causal) scores = add(scores, causalBias(queries, keys));
  const weights = exp(subtract(scores, ofQueries(logSum)));
  const slopes = products(dy, value);
  const kept = attrs.dropout > 0 ? multiply(slopes, keptScale(scoresShape, attrs)) : slopes;
  const delta = ofQueries(reduceSum(multiply(output, dy), { axes: [-1] }));
  return sumTo(multiply(weights, subtract(kept, delta)), bias!.shape);
}

/** What dropout makes of weights of 1. Its numbers come in fours along the keys. */
function keptScale(shape: readonly number[], { dropout, stream }: AttentionAttrs): Tensor {
  const keys = shape[3];
  const rounded = shape.with(3, 4 * Math.ceil(keys / 4));
  const kept = apply(dropoutOp, [fill(rounded, 1), programState()], { rate: dropout, stream });
  return keys % 4 === 0 ? kept : slice(kept, [0, 0, 0, 0], shape);
}
