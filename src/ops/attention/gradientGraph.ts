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

/** What the gradient of attention knows besides its inputs. */
export interface Known {
  readonly output: Tensor;
  readonly logSum: Tensor;
  /** dL/doutput */
  readonly dy: Tensor;
  readonly dLogSum?: Tensor;
}

/**
 * The gradients of attention the usual way, with weights w = e^(scores − logSum) in memory, which are then a matrix of queries ×
 * keys for each head:
 *
 *     dL/dscores = w · (dL/dw − delta + dL/dlogSum),  dL/dw = kept · dy valueᵀ,  delta = Σ output · dy
 *
 * For the gradient of a bias, which is as large as that, and for second derivatives. What is not read is not computed.
 */
export function gradientGraph(
  inputs: readonly Tensor[],
  { output, logSum, dy, dLogSum }: Known,
  attrs: AttentionAttrs,
): { dQuery: Tensor; dKey: Tensor; dValue: Tensor; dBias?: Tensor } {
  const { query, key, value, bias } = inputsOf(inputs, attrs);
  const { batch, queries, keys, heads, keyHeads } = sizesOf(query, key, value);
  const scoresShape = [batch, heads, queries, keys];

  /** [batch, steps, heads, size] → [batch · heads, steps, size]. */
  const byHead = (x: Tensor) => {
    const [, steps, own, size] = x.shape;
    const moved = reshape(transpose(x, [0, 2, 1, 3]), [batch, own, 1, steps, size]);
    return reshape(broadcastTo(moved, [batch, own, heads / own, steps, size]), [batch * heads, steps, size]);
  };
  /** The other direction: summed over the heads that share one. */
  const summed = (x: Tensor, own: number) => {
    const [, steps, size] = x.shape;
    const shared = reduceSum(reshape(x, [batch, own, heads / own, steps, size]), { axes: [2] });
    return transpose(shared, [0, 2, 1, 3]);
  };
  /** a · bᵀ for each head, [batch, heads, queries, keys]. */
  const products = (a: Tensor, b: Tensor) =>
    reshape(matmul(byHead(a), byHead(b), { transposeB: true }), scoresShape);
  /** A matrix of each head, [batch · heads, queries, keys], or its transpose, · x. */
  const times = (matrix: Tensor, x: Tensor, transposeA: boolean) =>
    matmul(reshape(matrix, [batch * heads, queries, keys]), byHead(x), { transposeA });
  /** [batch, queries, heads] → [batch, heads, queries, 1]. */
  const ofQueries = (x: Tensor) => reshape(transpose(x, [0, 2, 1]), [batch, heads, queries, 1]);

  let scores = scale(products(query, key), attrs.scale);
  if (bias) scores = add(scores, bias);
  if (attrs.causal) scores = add(scores, causalBias(queries, keys));
  const weights = exp(subtract(scores, ofQueries(logSum)));
  const kept = attrs.dropout > 0 ? keptScale(scoresShape, attrs) : undefined;
  const dropped = (x: Tensor) => (kept ? multiply(x, kept) : x);
  const delta = reduceSum(multiply(output, dy), { axes: [-1] });
  const shared = dLogSum ? subtract(delta, dLogSum) : delta;
  const slopes = multiply(weights, subtract(dropped(products(dy, value)), ofQueries(shared)));
  return {
    dQuery: scale(summed(times(slopes, key, false), heads), attrs.scale),
    dKey: scale(summed(times(slopes, query, true), keyHeads), attrs.scale),
    dValue: summed(times(dropped(weights), dy, true), keyHeads),
    dBias: bias && sumTo(slopes, bias.shape),
  };
}

/** What dropout makes of weights of 1. Its numbers come in fours along the keys. */
function keptScale(shape: readonly number[], { dropout, stream }: AttentionAttrs): Tensor {
  const keys = shape[3];
  const rounded = shape.with(3, 4 * Math.ceil(keys / 4));
  const kept = apply(dropoutOp, [fill(rounded, 1), programState()], { rate: dropout, stream });
  return keys % 4 === 0 ? kept : slice(kept, [0, 0, 0, 0], shape);
}
