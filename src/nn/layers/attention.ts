import { ArgumentError, ShapeError } from '../../errors.ts';
import { attention as attentionOf } from '../../ops/attention/attention.ts';
import { fill, read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { formatShape } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { add, multiply, scale, shift, tanh } from '../../ops/elementwise/elementwise.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { tril } from '../../ops/movement/triangle.ts';
import { dropout } from '../../ops/random/dropout.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import { softmax } from '../../ops/softmax/softmax.ts';
import { checkFlag, describe } from '../../options.ts';
import type { Defaults } from '../../options.ts';
import { maskOf } from '../masks.ts';
import { Layer, layerDefaults } from './layer.ts';
import type { CallContext, LayerOptions } from './layer.ts';
import { SEQUENCE } from './sequences.ts';
import { settleLayer } from './settleLayer.ts';
import { checkRate } from './shaping.ts';

type ScoreMode = 'dot' | 'concat';

export interface AdditiveAttentionOptions extends LayerOptions {
  /** Whether the scores have weights that are learned; default true. */
  useScale?: boolean;
  /** Share of the weights of the mean that is dropped while training; default 0. */
  dropout?: number;
  /** Each step sees the values up to its own number only (in Keras an argument of the call); default false. */
  useCausalMask?: boolean;
}

export interface AttentionLayerOptions extends Omit<AdditiveAttentionOptions, 'useScale'> {
  /** Whether the scores are multiplied with a number that is learned; default false. */
  useScale?: boolean;
  /** How the scores are computed; default 'dot'. */
  scoreMode?: ScoreMode;
}

type Settled = Required<
  Pick<AttentionLayerOptions, 'useScale' | 'dropout' | 'useCausalMask'> & { scoreMode: ScoreMode | 'add' }
>;

/** What Keras takes from the score of a key that is masked, so that it weighs 0 beside any that is not. */
const HIDDEN = 1e9;

/** Queries that take means of values, without heads and without dense layers. */
class ScoredAttention extends Layer {
  override readonly type: string;
  protected override readonly inputs = 'several';
  protected override readonly passesMask = true;
  readonly #own: Settled;
  #scale: Variable | undefined;
  #concatWeight: Variable | undefined;

  /** @param options settled: they are its config */
  constructor(type: string, options: LayerOptions, own: Settled) {
    super(options, options);
    this.type = type;
    this.#own = own;
    checkRate(type, own.dropout);
    checkFlag(type, 'useScale', own.useScale);
    checkFlag(type, 'useCausalMask', own.useCausalMask);
  }

  protected override createWeights(query: Shape, others: readonly Shape[]): void {
    const { useScale, scoreMode } = this.#own;
    this.#check(query, others);
    if (useScale) {
      const own =
        scoreMode === 'add'
          ? ({ shape: [query[1]], initializer: 'glorotUniform' } as const)
          : ({ shape: [], initializer: 'ones' } as const);
      this.#scale = this.addWeight('scale', own);
    }
    if (scoreMode === 'concat') {
      this.#concatWeight = this.addWeight('concatScoreWeight', { shape: [], initializer: 'ones' });
    }
  }

  #check(query: Shape, others: readonly Shape[]): void {
    const label = this.name || this.type;
    const [value, key = value] = others;
    if (others.length > 2) {
      throw new ShapeError(`${label}: got ${others.length + 1} inputs; it takes query, value and key`);
    }
    for (const [name, shape] of Object.entries({ query, value, key })) {
      if (shape.length === 2) continue;
      throw new ShapeError(
        `${label}: ${name} has samples of shape ${formatShape(shape)}, but must be [${SEQUENCE}]; reshape what has more axes`,
      );
    }
    if (query[1] !== key[1]) {
      throw new ShapeError(
        `${label}: queries have ${query[1]} features and keys ${key[1]}; they are compared, so give both equally many, with a dense layer say`,
      );
    }
    if (key[0] === value[0]) return;
    throw new ShapeError(
      `${label}: keys have ${key[0]} steps and values ${value[0]}; each key needs a value`,
    );
  }

  protected override compute(query: Tensor, { training }: CallContext, others: readonly Tensor[]): Tensor {
    const [value, key = value] = others;
    const rate = training ? this.#own.dropout : 0;
    const stored = this.#own.scoreMode !== 'dot' || maskOf(value) !== undefined;
    const output = stored
      ? this.#weighted(this.#scores(query, key), value, rate)
      : this.#attended(query, key, value, rate);
    const mask = maskOf(query);
    return mask ? multiply(output, reshape(mask, [...mask.shape, 1])) : output;
  }

  /** Of 'dot', without a mask: by way of ops.attention, which keeps no scores. */
  #attended(query: Tensor, key: Tensor, value: Tensor, rate: number): Tensor {
    const [q, k, v] = [this.#scaled(query), key, value].map((x) => {
      const [batch, steps, features] = x.shape;
      return reshape(x, [batch, steps, 1, features]);
    });
    const attended = attentionOf(q, k, v, { scale: 1, causal: this.#own.useCausalMask, dropout: rate });
    return reshape(attended, [...query.shape.slice(0, 2), value.shape[2]]);
  }

  /** [batch, queries, keys] */
  #scores(query: Tensor, key: Tensor): Tensor {
    const { scoreMode } = this.#own;
    if (scoreMode === 'dot') return matmul(this.#scaled(query), key, { transposeB: true });
    const [batch, queries, features] = query.shape;
    const sum = add(
      reshape(query, [batch, queries, 1, features]),
      reshape(key, [batch, 1, key.shape[1], features]),
    );
    const all = scoreMode === 'add' ? this.#scaled(tanh(sum)) : tanh(this.#scaled(sum));
    const scores = reduceSum(all, { axes: [-1] });
    return this.#concatWeight ? multiply(scores, read(this.#concatWeight)) : scores;
  }

  #scaled(x: Tensor): Tensor {
    return this.#scale ? multiply(x, read(this.#scale)) : x;
  }

  /** softmax(scores) · value, with what is hidden left out. */
  #weighted(scores: Tensor, value: Tensor, rate: number): Tensor {
    const hidden = this.#hidden(scores.shape[1], value);
    const weights = softmax(hidden ? add(scores, hidden) : scores);
    return matmul(dropout(weights, rate), value);
  }

  /** −1e9 where the mask of the values or the causal one hides a key, else 0: [batch or 1, queries or 1, keys]. */
  #hidden(queries: number, value: Tensor): Tensor | undefined {
    const [batch, keys] = value.shape;
    const mask = maskOf(value);
    const own = mask && reshape(mask, [batch, 1, keys]);
    const causal = this.#own.useCausalMask ? tril(fill([1, queries, keys], 1)) : undefined;
    const seen = own && causal ? multiply(own, causal) : (own ?? causal);
    return seen && scale(shift(seen, -1), HIDDEN);
  }

  override describe(): string {
    return this.#own.scoreMode === 'add' ? '' : this.#own.scoreMode;
  }
}

/**
 * Dot-product attention (Luong et al. 2015), as in Keras: applied to `[query, value]` or `[query, value, key]`, each [steps,
 * features], each step of the query takes a mean of the values,
 *
 *     output = softmax(scores) · value,   scores = scale · query keyᵀ
 *     or, with a scoreMode of 'concat',   scores = concatScoreWeight · Σ_features tanh(scale · (query + key))
 *
 * without the division by √features that ops.attention has. The key is the value by default; scale is 1 without `useScale`.
 * A mask of the values hides them, and a mask of the query makes its output 0 and is that of the output. A query that sees
 * nothing takes the mean of all values. Scores of 'dot' without a mask are never stored; with one they take memory for queries ·
 * keys, those of 'concat' for queries · keys · features.
 *
 * Weights: `scale` [] and `concatScoreWeight` [], both 1 at first.
 *
 * @throws ArgumentError unless 0 ≤ dropout < 1 and the scoreMode is one of these
 * @throws ShapeError, when the model is made, where inputs are not sequences or do not fit each other
 */
export function attention(options: AttentionLayerOptions = {}): Layer {
  const defaults = {
    useScale: false,
    scoreMode: 'dot',
    dropout: 0,
    useCausalMask: false,
    ...layerDefaults,
  } as const satisfies Defaults<AttentionLayerOptions>;
  const settled = settleLayer('attention', options, defaults);
  if (settled.scoreMode !== 'dot' && settled.scoreMode !== 'concat') {
    throw new ArgumentError(
      `attention: scoreMode is ${describe(settled.scoreMode)}; it must be 'dot' or 'concat'`,
    );
  }
  return new ScoredAttention('attention', settled, settled);
}

/**
 * Additive attention (Bahdanau et al. 2015), as in Keras: as `attention`, with
 *
 *     scores = Σ_features scale · tanh(query + key)
 *
 * Takes memory for queries · keys · features. Weight: `scale` [features], glorotUniform at first; 1 without `useScale`.
 *
 * @throws ArgumentError unless 0 ≤ dropout < 1
 * @throws ShapeError, when the model is made, where inputs are not sequences or do not fit each other
 */
export function additiveAttention(options: AdditiveAttentionOptions = {}): Layer {
  const defaults = {
    useScale: true,
    dropout: 0,
    useCausalMask: false,
    ...layerDefaults,
  } as const satisfies Defaults<AdditiveAttentionOptions>;
  const settled = settleLayer('additiveAttention', options, defaults);
  return new ScoredAttention('additiveAttention', settled, { ...settled, scoreMode: 'add' });
}
