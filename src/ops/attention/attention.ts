import { ArgumentError, GradientError, ShapeError } from '../../errors.ts';
import { checkOptions, describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { LateKernels } from '../core/late.ts';
import { constant, programState } from '../core/leaves.ts';
import { applyAll, requireTensor } from '../core/node.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape } from '../core/shape.ts';
import type { TensorSpec } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import { add, less, where } from '../elementwise/elementwise.ts';
import { cast } from '../movement/cast.ts';
import { reshape } from '../movement/movement.ts';
import { streamOf } from '../random/random.ts';
import { inputsOf, sizesOf } from './attrs.ts';
import type { AttentionAttrs } from './attrs.ts';
import { biasGradient } from './biasGradient.ts';
import { lowerAttention } from './kernels.ts';

export const gradientKernels = /* @__PURE__ */ new LateKernels(
  'the gradient of attention',
  async () => await import('./gradientKernels.ts'),
);

/** Outputs [output, log of the sum of e^score (for the gradient)]. */
export const attentionOp: Op<AttentionAttrs> = {
  name: 'attention',
  kind: 'kernel',
  infer(specs, attrs) {
    const { query, key, value, bias } = inputsOf(specs, attrs);
    checkShapes(query, key, value);
    const { batch, queries, keys, heads, valueSize } = sizesOf(query, key, value);
    if (bias) {
      requireDtype('attention bias', bias, ['f32']);
      checkBias(bias, [batch, heads, queries, keys]);
    }
    return [
      { shape: [batch, queries, heads, valueSize], dtype: 'f32' },
      { shape: [batch, queries, heads], dtype: 'f32' },
    ];
  },
  lower: lowerAttention,
  gradient({ inputs, outputs: [output, logSum], attrs, label }, [dy, dLogSum]) {
    if (dLogSum) throw new GradientError(`${label}: the sums of attention have no derivative`);
    if (!dy) return [];
    const all = applyAll(attentionGradientOp, [output, logSum, dy, ...inputs], attrs);
    const { bias } = inputsOf(inputs, attrs);
    return bias ? [...all, biasGradient(inputs, [output, logSum, dy], attrs)] : all;
  },
};

export const attentionGradientOp: Op<AttentionAttrs> = {
  name: 'attentionGradient',
  kind: 'kernel',
  late: gradientKernels,
  infer: ([, , , query, key, value]) => [query, key, value],
  lower: (node, context) => gradientKernels.value.lowerAttentionGradient(node, context),
  gradient: {
    reason: 'its weights are not stored; compute attention with matmul and softmax where you need one',
  },
};

function checkShapes(query: TensorSpec, key: TensorSpec, value: TensorSpec): void {
  for (const [name, spec] of Object.entries({ query, key, value })) {
    requireDtype(`attention ${name}`, spec, ['f32']);
    if (spec.shape.length === 4) continue;
    throw new ShapeError(
      `attention: ${name} ${formatShape(spec.shape)} must be [batch, steps, heads, size]; reshape it, with heads of 1 where there are none`,
    );
  }
  const [q, k, v] = [query, key, value].map(({ shape }) => shape);
  const given = `query ${formatShape(q)}, key ${formatShape(k)} and value ${formatShape(v)}`;
  const problem =
    q[0] !== k[0] || k[0] !== v[0]
      ? `hold ${q[0]}, ${k[0]} and ${v[0]} sequences; they must hold equally many`
      : k[1] !== v[1] || k[2] !== v[2]
        ? 'do not fit: key and value must have the same steps and heads'
        : q[3] !== k[3]
          ? `have sizes of ${q[3]} and ${k[3]}; a query is multiplied with a key, so these must be equal`
          : q[2] % k[2] !== 0
            ? `have ${q[2]} and ${k[2]} heads; the heads of the query must be a multiple of those of the key`
            : undefined;
  if (problem) throw new ShapeError(`attention: ${given} ${problem}`);
}

/** Throws a ShapeError unless a mask or bias broadcasts to the scores. */
function checkBias({ shape }: TensorSpec, scores: readonly number[]): void {
  const fits = shape.every((extent, i) => extent === 1 || extent === scores[i + 4 - shape.length]);
  if (shape.length <= 4 && fits) return;
  throw new ShapeError(
    `attention: a mask or bias ${formatShape(shape)} must broadcast to the scores [batch, heads, queries, keys], here ${formatShape(scores)}`,
  );
}

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
 * The scores are never stored (FlashAttention, Dao et al. 2022): memory grows with queries + keys, not with their product, and
 * the gradient computes them again. A query that sees no key gives 0. What is hidden weighs 0; where it is NaN or infinite,
 * that may still reach the result, as 0 · ∞ is NaN.
 *
 * @throws ShapeError where the shapes do not fit each other
 * @throws ArgumentError where a type is wrong, or unless 0 ≤ dropout < 1 and scale is a finite number
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  checkOptions('attention', options, optionTable, 'query, key, value, ');
  Object.entries({ query, key, value }).forEach(([name, own]) => requireTensor('attention', own, name));
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
  const biases = [bias, mask && hiddenBy(mask, query, key), lengths && beyond(lengths, key)];
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

/** The bias of a mask: −Infinity where it is 0. */
function hiddenBy(mask: Tensor, query: Tensor, key: Tensor): Tensor {
  requireTensor('attention', mask, 'mask');
  const [batch, queries, heads] = query.shape;
  checkBias(mask, [batch, heads, queries, key.shape[1]]);
  return where(mask.dtype === 'f32' ? mask : cast(mask, 'f32'), 0, -Infinity);
}

/** The bias that hides the keys from a sequence's length on, [batch, 1, 1, keys]. */
function beyond(lengths: Tensor, { shape: [batch, keys] }: Tensor): Tensor {
  requireTensor('attention', lengths, 'lengths');
  requireDtype('attention lengths', lengths, ['i32']);
  if (lengths.shape.length !== 1 || lengths.shape[0] !== batch) {
    throw new ShapeError(
      `attention: lengths ${formatShape(lengths.shape)} must be one number for each of the ${batch} sequences, [${batch}]`,
    );
  }
  const places = constant(Float32Array.from({ length: keys }, (_, i) => i));
  return where(less(places, reshape(cast(lengths, 'f32'), [batch, 1, 1, 1])), 0, -Infinity);
}
