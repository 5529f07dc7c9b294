import { ArgumentError, ShapeError } from '../../errors.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { formatShape } from '../../ops/core/shape.ts';
import { multiply, notEqual, tanh } from '../../ops/elementwise/elementwise.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import { cast } from '../../ops/movement/cast.ts';
import { gather } from '../../ops/movement/gather.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { checkFlag, describe, required } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { maskOf } from '../masks.ts';
import type { EmbeddingOptions } from './embedding.ts';
import { Layer, layerDefaults, positiveInteger } from './layer.ts';
import { settleLayer } from './settleLayer.ts';
import { weightDefaults, weightOf } from './weightOptions.ts';

/** The values start with U(−0.05, 0.05), as in Keras. */
export interface ReversibleEmbeddingOptions extends EmbeddingOptions {
  /** One table for both directions; false: features become logits by a table of their own. Default true. */
  tieWeights?: boolean;
  /** Bounds the logits: cap · tanh(logits / cap). Default: no bound. */
  logitSoftCap?: number;
}

const defaults = {
  inputDim: required,
  outputDim: required,
  tieWeights: true,
  maskZero: false,
  logitSoftCap: undefined,
  ...weightDefaults('embeddings', { name: 'randomUniform', low: -0.05, high: 0.05 }),
  ...layerDefaults,
} as const satisfies Defaults<ReversibleEmbeddingOptions>;

class ReversibleEmbedding extends Layer {
  override readonly type = 'reversibleEmbedding';
  readonly #options: Settled<ReversibleEmbeddingOptions, typeof defaults>;
  #weight!: Variable;
  #reverse: Variable | undefined;

  constructor(options: Settled<ReversibleEmbeddingOptions, typeof defaults>) {
    super(options, options);
    positiveInteger(this.type, 'inputDim', options.inputDim);
    positiveInteger(this.type, 'outputDim', options.outputDim);
    for (const flag of ['tieWeights', 'maskZero'] as const) checkFlag(this.type, flag, options[flag]);
    const { logitSoftCap: cap } = options;
    if (cap !== undefined && !(typeof cap === 'number' && cap > 0 && Number.isFinite(cap))) {
      throw new ArgumentError(`${this.type}: logitSoftCap is ${describe(cap)}; it must be a number above 0`);
    }
    this.#options = options;
  }

  protected override createWeights(): void {
    const { inputDim, outputDim, tieWeights } = this.#options;
    const own = weightOf<'embeddings'>(this.#options, 'embeddings');
    this.#weight = this.addWeight('weight', { shape: [inputDim, outputDim], ...own });
    if (!tieWeights)
      this.#reverse = this.addWeight('reverseWeight', { shape: [outputDim, inputDim], ...own });
  }

  protected override compute(x: Tensor): Tensor {
    return x.dtype === 'i32' ? gather(read(this.#weight), x) : this.#logits(x);
  }

  #logits(x: Tensor): Tensor {
    const { inputDim, outputDim, logitSoftCap } = this.#options;
    if (x.shape.at(-1) !== outputDim || x.shape.length < 2) {
      throw new ShapeError(
        `${this.name || this.type}: turns features, [..., ${outputDim}] in f32, into logits, and indices in i32 into features; got f32 of shape ${formatShape(x.shape)}`,
      );
    }
    const rows = reshape(x, [-1, outputDim]);
    const logits = this.#reverse
      ? matmul(rows, read(this.#reverse))
      : matmul(rows, read(this.#weight), { transposeB: true });
    const capped =
      logitSoftCap === undefined ? logits : multiply(tanh(multiply(logits, 1 / logitSoftCap)), logitSoftCap);
    return reshape(capped, [...x.shape.slice(0, -1), inputDim]);
  }

  protected override outputMask([x]: readonly Tensor[]): Tensor | undefined {
    if (x.dtype !== 'i32') return maskOf(x);
    return this.#options.maskZero ? notEqual(cast(x, 'f32'), 0) : undefined;
  }

  override describe(): string {
    return `${this.#options.inputDim} words`;
  }
}

/**
 * An embedding that works in both directions with one table, as language models have it (Press & Wolf 2017): indices in i32
 * (a `modelInput` with `dtype: 'i32'`), [...], become rows, [..., outputDim], and features in f32, [..., outputDim], become
 * their products with all rows: logits, [..., inputDim].
 *
 * ```ts
 * const words = reversibleEmbedding({ inputDim: 65, outputDim: 64 });
 * const logits = words.apply(network(words.apply(tokens)));
 * ```
 *
 * Weights: `weight` [inputDim, outputDim] and, unless tied, `reverseWeight` [outputDim, inputDim].
 *
 * @throws ArgumentError if a size is not a whole number of at least 1, or an option is out of range
 * @throws ShapeError, when the model is made, if features have another size
 */
export function reversibleEmbedding(options: ReversibleEmbeddingOptions): Layer {
  return new ReversibleEmbedding(settleLayer('reversibleEmbedding', options, defaults));
}
