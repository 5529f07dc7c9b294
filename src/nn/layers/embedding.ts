import { cast } from '../../ops/movement/cast.ts';
import { gather } from '../../ops/movement/gather.ts';
import { notEqual } from '../../ops/elementwise/elementwise.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { required } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { Layer, layerDefaults, positiveInteger } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';
import { weightDefaults, weightOf } from './weightOptions.ts';
import type { WeightOptionsOf } from './weightOptions.ts';

/** The values start with U(−0.05, 0.05), as in Keras. */
export interface EmbeddingOptions extends LayerOptions, WeightOptionsOf<'embeddings'> {
  /** Words in the vocabulary: indices are 0 … inputDim − 1. */
  inputDim: number;
  /** Values that represent each word. */
  outputDim: number;
  /** Index 0 is padding: the output has a mask that leaves its steps out. It keeps a row of its own. Default false. */
  maskZero?: boolean;
}

const defaults = {
  inputDim: required,
  outputDim: required,
  maskZero: false,
  ...weightDefaults('embeddings', { name: 'randomUniform', low: -0.05, high: 0.05 }),
  ...layerDefaults,
} as const satisfies Defaults<EmbeddingOptions>;

type SettledOptions = Settled<EmbeddingOptions, typeof defaults>;

class Embedding extends Layer {
  override readonly type = 'embedding';
  readonly #options: SettledOptions;
  #weight!: Variable;

  constructor(options: SettledOptions) {
    super(options, options);
    positiveInteger('embedding', 'inputDim', options.inputDim);
    positiveInteger('embedding', 'outputDim', options.outputDim);
    this.#options = options;
  }

  protected override createWeights(): void {
    const { inputDim, outputDim } = this.#options;
    this.#weight = this.addWeight('weight', {
      shape: [inputDim, outputDim],
      ...weightOf<'embeddings'>(this.#options, 'embeddings'),
    });
  }

  protected override compute(x: Tensor): Tensor {
    return gather(read(this.#weight), x.dtype === 'f32' ? cast(x, 'i32') : x);
  }

  protected override outputMask([x]: readonly Tensor[]): Tensor | undefined {
    return this.#options.maskZero ? notEqual(cast(x, 'f32'), 0) : undefined;
  }

  override describe(): string {
    return `${this.#options.inputDim} words`;
  }
}

/**
 * Looks up a row of learned values for each index: [...] → [..., outputDim]. Indices are i32 (a `modelInput` with
 * `dtype: 'i32'`) or whole numbers in f32; one outside the vocabulary gives zeros and learns nothing. The gradient is
 * summed in a fixed order, in time proportional to inputDim · indices: for vocabularies of thousands, not millions.
 *
 * With `maskZero` the output has the mask x ≠ 0, as in Keras.
 *
 * @throws ArgumentError if a size is not a whole number of at least 1
 */
export function embedding(options: EmbeddingOptions): Layer {
  return new Embedding(settleLayer('embedding', options, defaults));
}
