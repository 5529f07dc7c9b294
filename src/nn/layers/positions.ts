import { ShapeError } from '../../errors.ts';
import { constant, read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { formatShape } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { add } from '../../ops/elementwise/elementwise.ts';
import { gather } from '../../ops/movement/gather.ts';
import { reshape, slice } from '../../ops/movement/movement.ts';
import type { Defaults, Settled } from '../../options.ts';
import { Layer, layerDefaults, positiveInteger } from './layer.ts';
import type { CallContext, LayerOptions } from './layer.ts';
import { SEQUENCE } from './sequences.ts';
import { settleLayer } from './settleLayer.ts';
import { Stateless } from './shaping.ts';
import { weightDefaults, weightOf } from './weightOptions.ts';
import type { WeightOptionsOf } from './weightOptions.ts';

/** The values start with U(−0.05, 0.05), as those of `embedding`. */
export interface PositionalEmbeddingOptions extends LayerOptions, WeightOptionsOf<'embeddings'> {
  /** Positions that have a row: the most steps that it takes. Default: as many as the first input has. */
  inputDim?: number;
}

const defaults = {
  inputDim: undefined,
  ...weightDefaults('embeddings', { name: 'randomUniform', low: -0.05, high: 0.05 }),
  ...layerDefaults,
} as const satisfies Defaults<PositionalEmbeddingOptions>;

class PositionalEmbedding extends Layer {
  override readonly type = 'positionalEmbedding';
  protected override readonly passesMask = true;
  readonly #options: Settled<PositionalEmbeddingOptions, typeof defaults>;
  #weight!: Variable;

  constructor(options: Settled<PositionalEmbeddingOptions, typeof defaults>) {
    super(options, options);
    this.#options = options;
    if (options.inputDim !== undefined) positiveInteger('positionalEmbedding', 'inputDim', options.inputDim);
  }

  protected override createWeights(inputShape: Shape): void {
    this.expectRank(inputShape, 2, SEQUENCE);
    const [steps, features] = inputShape;
    const { inputDim = this.#weight?.shape[0] ?? steps } = this.#options;
    if (steps > inputDim) {
      throw new ShapeError(
        `${this.name || this.type}: samples ${formatShape(inputShape)} have ${steps} steps, but it has rows for ${inputDim} positions; raise inputDim`,
      );
    }
    this.#weight = this.addWeight('weight', {
      shape: [inputDim, features],
      ...weightOf<'embeddings'>(this.#options, 'embeddings'),
    });
  }

  protected override compute(x: Tensor, { decoding }: CallContext): Tensor {
    const [batch, steps, features] = x.shape;
    const table = read(this.#weight);
    if (decoding) return add(x, reshape(gather(table, decoding.positions), [batch, 1, features]));
    return add(x, steps === table.shape[0] ? table : slice(table, [0, 0], [steps, features]));
  }
}

/**
 * Adds a learned row to each step of a sequence, the same for all samples, so that attention can tell the steps apart: [steps,
 * features] → [steps, features]. Weight: `weight` [positions, features].
 *
 * @throws ArgumentError unless inputDim is a whole number of at least 1
 * @throws ShapeError, when the model is made, where samples have more steps than it has rows
 */
export function positionalEmbedding(options: PositionalEmbeddingOptions = {}): Layer {
  return new PositionalEmbedding(settleLayer('positionalEmbedding', options, defaults));
}

export interface SinePositionEncodingOptions extends LayerOptions {
  /** The longest wavelength is 2π times as many steps; default 10,000. */
  maxWavelength?: number;
}

/**
 * Adds waves to each step of a sequence, nothing of which is learned (Vaswani et al. 2017): sin(position / maxWavelength^(2i /
 * features)) to feature 2i and the cosine to feature 2i + 1.
 *
 * @throws ArgumentError unless maxWavelength is a whole number of at least 1
 */
export function sinePositionEncoding(options: SinePositionEncodingOptions = {}): Layer {
  const type = 'sinePositionEncoding';
  const table = {
    maxWavelength: 10_000,
    ...layerDefaults,
  } as const satisfies Defaults<SinePositionEncodingOptions>;
  const settled = settleLayer(type, options, table);
  const longest = positiveInteger(type, 'maxWavelength', settled.maxWavelength);
  return new Stateless(type, settled, {
    sample: [2, SEQUENCE],
    passesMask: true,
    compute: (x) => add(x, waves(x.shape[1], x.shape[2], longest)),
  });
}

function waves(steps: number, features: number, longest: number): Tensor {
  const data = Float32Array.from({ length: steps * features }, (_, i) => {
    const feature = i % features;
    const angle = Math.floor(i / features) / longest ** ((2 * Math.floor(feature / 2)) / features);
    return feature % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
  return constant(data, [steps, features]);
}
