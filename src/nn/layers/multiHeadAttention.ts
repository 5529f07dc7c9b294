import { ArgumentError, ShapeError } from '../../errors.ts';
import { attention } from '../../ops/attention/attention.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { formatShape, sizeOf } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { add, multiply } from '../../ops/elementwise/elementwise.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { checkFlag, describe, required } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { maskOf } from '../masks.ts';
import type { Decoding } from '../decoding.ts';
import type { InitializerSpec } from '../initializers.ts';
import { Layer, layerDefaults, positiveInteger } from './layer.ts';
import type { CallContext, LayerOptions } from './layer.ts';
import { SEQUENCE } from './sequences.ts';
import { settleLayer } from './settleLayer.ts';
import { checkRate } from './shaping.ts';
import { weightDefaults, weightOf } from './weightOptions.ts';
import type { WeightOptionsOf } from './weightOptions.ts';

/** By default the kernels start with glorotUniform, the biases with zeros. */
interface HeadsOptions extends LayerOptions, WeightOptionsOf<'kernel'>, WeightOptionsOf<'bias'> {
  /** Share of the weights that is dropped while training; default 0. */
  dropout?: number;
  /** Default true. */
  useBias?: boolean;
  /** Each step sees itself and those before it only (in Keras an argument of the call); default false. */
  useCausalMask?: boolean;
}

const commonDefaults = {
  dropout: 0,
  useBias: true,
  useCausalMask: false,
  ...weightDefaults('kernel', 'glorotUniform'),
  ...weightDefaults('bias', 'zeros'),
  ...layerDefaults,
} as const satisfies Defaults<HeadsOptions>;

type SettledOptions = Settled<HeadsOptions, typeof commonDefaults>;

/** Of the heads, and of a step of the output. */
interface Sizes {
  readonly heads: number;
  readonly keyHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  /** Undefined: as of the query. */
  readonly outputShape: Shape | undefined;
  /** Of the output's kernel; default: as of the others. */
  readonly outputInitializer?: InitializerSpec | undefined;
  /** What is done to queries and keys, [batch, steps, heads, keyDim], before they meet. */
  readonly turn?: (x: Tensor, decoding?: Decoding) => Tensor;
}

const PARTS = ['query', 'key', 'value', 'output'] as const;
type Part = (typeof PARTS)[number];

/** The shapes of a part's kernel, [in, heads, size] or [heads, size, …out], and of its bias. */
interface PartShape {
  readonly kernel: Shape;
  readonly bias: Shape;
}

/** Queries, keys and values of several heads, made of sequences by dense layers; and one that makes the output of them. */
export class HeadsAttention extends Layer {
  override readonly type: string;
  protected override readonly inputs = 'any';
  protected override readonly passesMask = true;
  readonly #options: SettledOptions;
  readonly #sizes: Sizes;
  readonly #kernels = new Map<Part, Variable>();
  readonly #biases = new Map<Part, Variable>();

  /** @param options settled: they are its config */
  constructor(type: string, options: SettledOptions, sizes: Sizes) {
    super(options, options);
    this.type = type;
    this.#options = options;
    this.#sizes = sizes;
    checkRate(type, options.dropout);
    checkFlag(type, 'useBias', options.useBias);
    checkFlag(type, 'useCausalMask', options.useCausalMask);
  }

  protected override createWeights(query: Shape, others: readonly Shape[]): void {
    const [value = query, key = value, mask] = others;
    this.#check(query, value, key, mask, others.length);
    const { heads, keyHeads, keyDim, valueDim, outputShape = [query[1]] } = this.#sizes;
    const shapes: Record<Part, PartShape> = {
      query: { kernel: [query[1], heads, keyDim], bias: [heads, keyDim] },
      key: { kernel: [key[1], keyHeads, keyDim], bias: [keyHeads, keyDim] },
      value: { kernel: [value[1], keyHeads, valueDim], bias: [keyHeads, valueDim] },
      output: { kernel: [heads, valueDim, ...outputShape], bias: outputShape },
    };
    for (const part of PARTS) {
      const { kernel, bias } = shapes[part];
      const own = { shape: kernel, ...weightOf<'kernel'>(this.#options, 'kernel') };
      const initializer = (part === 'output' && this.#sizes.outputInitializer) || own.initializer;
      this.#kernels.set(part, this.addWeight(`${part}Kernel`, { ...own, initializer }));
      if (!this.#options.useBias) continue;
      const added = { shape: bias, ...weightOf<'bias'>(this.#options, 'bias') };
      this.#biases.set(part, this.addWeight(`${part}Bias`, added));
    }
  }

  #check(query: Shape, value: Shape, key: Shape, mask: Shape | undefined, others: number): void {
    const label = this.name || this.type;
    if (others > 3) {
      throw new ShapeError(
        `${label}: got ${others + 1} inputs; it takes query, value, key and an attention mask`,
      );
    }
    for (const [name, shape] of Object.entries({ query, value, key })) {
      if (shape.length === 2) continue;
      throw new ShapeError(
        `${label}: ${name} has samples of shape ${formatShape(shape)}, but must be [${SEQUENCE}]; it attends along the steps only, so reshape what has more axes`,
      );
    }
    if (key[0] !== value[0]) {
      throw new ShapeError(
        `${label}: keys have ${key[0]} steps and values ${value[0]}; each key needs a value`,
      );
    }
    const fits = (extent: number, wanted: number) => extent === wanted || extent === 1;
    const [steps, keys] = mask?.slice(-2) ?? [];
    const headed = mask?.length === 2 || (mask?.length === 3 && fits(mask[0], this.#sizes.heads));
    if (mask && !(headed && fits(steps, query[0]) && fits(keys, key[0]))) {
      throw new ShapeError(
        `${label}: the attention mask has samples of shape ${formatShape(mask)}, but must be [steps of the query, steps of the key], here ${formatShape([query[0], key[0]])}`,
      );
    }
  }

  protected override compute(
    query: Tensor,
    { training, decoding }: CallContext,
    others: readonly Tensor[],
  ): Tensor {
    const [value = query, key = value, mask] = others;
    const { dropout, useCausalMask } = this.#options;
    const [q, k, v] = [this.#heads('query', query), this.#heads('key', key), this.#heads('value', value)];
    const { turn = (x: Tensor) => x } = this.#sizes;
    const attended = decoding
      ? this.#decoded(
          turn(q, decoding),
          turn(k, decoding),
          v,
          decoding,
          others.length > 0 || maskOf(query) !== undefined,
        )
      : attention(turn(q), turn(k), v, {
          causal: useCausalMask,
          mask: bothMasks(this.#steps(value, key), mask && wide(mask)),
          dropout: training ? dropout : 0,
        });
    const [batch, steps] = query.shape;
    const kernel = read(this.#kernels.get('output')!);
    const { outputShape = [query.shape[2]] } = this.#sizes;
    const rows = reshape(attended, [batch * steps, -1]);
    const product = matmul(rows, reshape(kernel, [rows.shape[1], sizeOf(outputShape)]));
    return reshape(this.#biased('output', product), [batch, steps, ...outputShape]);
  }

  /** Attention of the one step to itself and to those in the cache. @param more it has other inputs, or a mask */
  #decoded(query: Tensor, key: Tensor, value: Tensor, decoding: Decoding, more: boolean): Tensor {
    if (!this.#options.useCausalMask || more) {
      throw new ArgumentError(
        `${this.name || this.type}: is called step by step, but a step sees later ones, other inputs or a mask; that needs useCausalMask: true, and a single input without a mask`,
      );
    }
    const [keys, values] = [decoding.remember(key), decoding.remember(value)];
    return attention(query, keys, values, { lengths: decoding.lengths });
  }

  /** Which keys count, [batch, 1, 1, keys]: those of the masks of values and keys. */
  #steps(value: Tensor, key: Tensor): Tensor | undefined {
    const own = [value, key].map((x) => {
      const mask = maskOf(x);
      return mask && reshape(mask, [mask.shape[0], 1, 1, mask.shape[1]]);
    });
    return value === key ? own[0] : bothMasks(own[0], own[1]);
  }

  /** [batch, steps, features] → [batch, steps, heads, size] */
  #heads(part: Part, x: Tensor): Tensor {
    const [batch, steps, features] = x.shape;
    const kernel = read(this.#kernels.get(part)!);
    const [, heads, size] = kernel.shape;
    const product = matmul(reshape(x, [batch * steps, features]), reshape(kernel, [features, heads * size]));
    return reshape(this.#biased(part, product), [batch, steps, heads, size]);
  }

  #biased(part: Part, product: Tensor): Tensor {
    const bias = this.#biases.get(part);
    return bias ? add(product, reshape(read(bias), [-1])) : product;
  }

  override describe(): string {
    const { heads, keyDim } = this.#sizes;
    return `${heads} heads of ${keyDim}`;
  }
}

/** [batch, queries, keys] → [batch, 1, queries, keys]; one with heads stays. */
const wide = (mask: Tensor): Tensor => {
  const [batch, ...rest] = mask.shape;
  return rest.length === 3 ? mask : reshape(mask, [batch, 1, ...rest]);
};

const bothMasks = (a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined =>
  a && b ? multiply(a, b) : (a ?? b);

export interface MultiHeadAttentionOptions extends HeadsOptions {
  numHeads: number;
  /** Size of a head of queries and keys. */
  keyDim: number;
  /** Size of a head of values; default keyDim. */
  valueDim?: number;
  /** Of a step of the output; default that of the query. */
  outputShape?: number | Shape;
}

/**
 * Multi-head attention (Vaswani et al. 2017), as in Keras: each step of the query takes a mean of the values, weighted by how well
 * their keys fit, once for each head:
 *
 *     output = Σ_heads softmax(q kᵀ / √keyDim) v · W_output + b,  q = query W_query + b, and so k and v
 *
 * Applied to one input, [steps, features], it attends to itself; to `[query, value]` or `[query, value, key]`, to those; a fourth is
 * an attention mask, [steps of the query, steps of the key], 1 where a query may see a key. Masks of the values and of the keys
 * count, too. A query that sees no key gets 0 of each head, where Keras gives it the mean of all values. The weights
 * [queries, keys] are never stored (see ops.attention), so they cannot be returned.
 *
 * Weights: `queryKernel` [features, heads, keyDim], `queryBias` [heads, keyDim], `keyKernel`, `keyBias`, `valueKernel`, `valueBias`,
 * `outputKernel` [heads, valueDim, …output], `outputBias`.
 *
 * @throws ArgumentError unless sizes are whole numbers of at least 1 and 0 ≤ dropout < 1
 * @throws ShapeError, when the model is made, where inputs are not sequences or do not fit each other
 */
export function multiHeadAttention(options: MultiHeadAttentionOptions): Layer {
  const type = 'multiHeadAttention';
  const defaults = {
    numHeads: required,
    keyDim: required,
    valueDim: undefined,
    outputShape: undefined,
    ...commonDefaults,
  } as const satisfies Defaults<MultiHeadAttentionOptions>;
  const settled = settleLayer(type, alongSteps(type, options), defaults);
  const { numHeads, keyDim, valueDim, outputShape } = settled;
  const output = outputShape === undefined || outputShape === null ? undefined : [outputShape].flat();
  output?.forEach((extent) => positiveInteger(type, 'outputShape', extent));
  const heads = positiveInteger(type, 'numHeads', numHeads);
  return new HeadsAttention(type, settled, {
    heads,
    keyHeads: heads,
    keyDim: positiveInteger(type, 'keyDim', keyDim),
    valueDim: positiveInteger(type, 'valueDim', valueDim ?? keyDim),
    outputShape: output,
  });
}

/** Options without Keras's attention_axes, which may only say None. */
function alongSteps(type: string, options: MultiHeadAttentionOptions): MultiHeadAttentionOptions {
  if (typeof options !== 'object' || options === null || !('attentionAxes' in options)) return options;
  const { attentionAxes, ...own } = options;
  if (attentionAxes === undefined || attentionAxes === null) return own;
  throw new ArgumentError(
    `${type}: attentionAxes is ${describe(attentionAxes)}, but it attends along the steps of [steps, features] only; reshape the axes into one`,
  );
}

export interface GroupQueryAttentionOptions extends HeadsOptions {
  headDim: number;
  numQueryHeads: number;
  /** A divisor of numQueryHeads: so many heads of keys and values, each shared by neighbouring heads of queries. */
  numKeyValueHeads: number;
}

/**
 * Grouped-query attention (Ainslie et al. 2023), as in Keras: multiHeadAttention in which several heads of queries share one head
 * of keys and values, so that a cache of these is smaller.
 *
 * @throws ArgumentError unless sizes are whole numbers of at least 1 and numKeyValueHeads divides numQueryHeads
 */
export function groupQueryAttention(options: GroupQueryAttentionOptions): Layer {
  const type = 'groupQueryAttention';
  const defaults = {
    headDim: required,
    numQueryHeads: required,
    numKeyValueHeads: required,
    ...commonDefaults,
  } as const satisfies Defaults<GroupQueryAttentionOptions>;
  const settled = settleLayer(type, options, defaults);
  const heads = positiveInteger(type, 'numQueryHeads', settled.numQueryHeads);
  const keyHeads = positiveInteger(type, 'numKeyValueHeads', settled.numKeyValueHeads);
  const size = positiveInteger(type, 'headDim', settled.headDim);
  if (heads % keyHeads !== 0) {
    throw new ArgumentError(
      `${type}: ${heads} heads of queries cannot share ${keyHeads} of keys evenly; set numKeyValueHeads to a divisor of ${heads}`,
    );
  }
  const sizes = { heads, keyHeads, keyDim: size, valueDim: size, outputShape: undefined };
  return new HeadsAttention(type, settled, sizes);
}
