import { ArgumentError } from '../../errors.ts';
import { checkOptions, describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { programState } from '../core/leaves.ts';
import { apply, applyAll, requireTensor } from '../core/node.ts';
import type { Tensor } from '../core/op.ts';
import { add } from '../elementwise/elementwise.ts';
import { streamOf } from '../random/random.ts';
import { decodeOp } from './decode.ts';
import { checkCounts, hiddenBeyond, hiddenBy } from './hidden.ts';
import { attentionOp, checkShapes } from './op.ts';

export interface AttentionOptions {
  /** Query i sees the keys 0 … i only. Default false. */
  causal?: boolean;
  /** Where it is 0 a query does not see a key: any type, of a shape that broadcasts to [batch, heads, queries, keys]. */
  mask?: Tensor;
  /** Added to the scores, f32, of a shape that broadcasts to [batch, heads, queries, keys]; −Infinity hides a key. */
  bias?: Tensor;
  /** i32 [batch]: of each sequence only so many keys count. It may change in every step: the filled part of a cache, say. */
  lengths?: Tensor;
  /** What the products of queries and keys are multiplied with; default 1 / √size. */
  scale?: number;
  /** Share of the weights that become 0 (the others grow), anew in each step; default 0. */
  dropout?: number;
  /** Which sequence of random numbers dropout draws: see RandomOptions. */
  stream?: number;
}

const optionTable: OptionTable<AttentionOptions> = {
  causal: true,
  mask: true,
  bias: true,
  lengths: true,
  scale: true,
  dropout: true,
  stream: true,
};

/**
 * Scaled dot-product attention (Vaswani et al. 2017), for each head:
 *
 *     softmax(scale · query keyᵀ + bias) · value
 *
 * query [batch, queries, heads, size], key [batch, keys, keyHeads, size], value [batch, keys, keyHeads, valueSize] → [batch,
 * queries, heads, valueSize]: the layout of JAX's dot_product_attention, a reshape of what a dense layer gives. heads /
 * keyHeads neighbouring heads share one of key and value.
 *
 * With `lengths` alone and one query for each sequence, as a model has that writes one step after the other, it reads only the
 * keys that count: see writeStep.
 *
 * The scores are never stored (FlashAttention, Dao et al. 2022): memory grows with queries + keys, not with their product, and
 * the gradient computes them again. Second derivatives do store them. A query that sees no key gives 0. What is hidden weighs 0; where it is NaN or infinite,
 * that may still reach the result, as 0 · ∞ is NaN.
 *
 * @throws ShapeError where the shapes do not fit each other
 * @throws ArgumentError where a type is wrong, or unless 0 ≤ dropout < 1 and scale is a finite number
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  checkOptions('attention', options, optionTable, 'query, key, value, ');
  [query, key, value].forEach((own, i) => requireTensor('attention', own, `input ${i + 1}`));
  const { causal = false, mask, bias, lengths, dropout = 0 } = options;
  const scale = options.scale ?? 1 / Math.sqrt(query.shape.at(-1) ?? 1);
  if (typeof causal !== 'boolean') {
    throw new ArgumentError(`attention: causal is ${describe(causal)}; it must be true or false`);
  }
  if (typeof scale !== 'number' || !Number.isFinite(Math.fround(scale))) {
    throw new ArgumentError(`attention: scale is ${describe(scale)}; it must be a finite number`);
  }
  if (typeof dropout !== 'number' || !(dropout >= 0 && Math.fround(dropout) < 1)) {
    throw new ArgumentError(
      `attention: dropout is ${describe(dropout)}; it must be at least 0 and below 1, such as 0.1`,
    );
  }
  checkShapes(query, key, value);
  if (lengths) checkCounts('attention', 'lengths', lengths, key.shape[0]);
  if (lengths && query.shape[1] === 1 && !causal && !mask && !bias && dropout === 0) {
    return apply(decodeOp, [query, key, value, lengths], { scale });
  }
  const biases = [bias, mask && hiddenBy(mask, query, key), lengths && hiddenBeyond(lengths, key)];
  const added = biases.filter((own) => own !== undefined).reduce<Tensor | undefined>(plus, undefined);
  const attrs = {
    causal,
    scale,
    dropout,
    stream: dropout > 0 ? streamOf('attention', options.stream) : 0,
    biased: added !== undefined,
  };
  const inputs = [query, key, value, ...(added ? [added] : []), ...(dropout > 0 ? [programState()] : [])];
  return applyAll(attentionOp, inputs, attrs)[0];
}

const plus = (a: Tensor | undefined, b: Tensor): Tensor => (a ? add(a, b) : b);
