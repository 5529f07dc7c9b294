import { ArgumentError, ShapeError } from '../../errors.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { normalize, requireEpsilon } from '../../ops/normalization/normalize.ts';
import type { NormalizeOver } from '../../ops/normalization/normalize.ts';
import { followStatistics, normalizeWith } from '../../ops/normalization/moving.ts';
import { formatShape } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { InitializerSpec } from '../initializers.ts';
import { describe } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { maskOf } from '../masks.ts';
import { Layer, layerDefaults, positiveInteger } from './layer.ts';
import { maskedMoments } from './maskedMoments.ts';
import type { CallContext, LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';

export interface NormalizationOptions extends LayerOptions {
  /** Added to the variance; default 1e-3. */
  epsilon?: number;
  /** Add a trained β to each channel; default true. */
  center?: boolean;
  /** Multiply each channel by a trained γ; default true. */
  scale?: boolean;
  /** Default zeros. */
  betaInitializer?: InitializerSpec;
  /** Default ones. */
  gammaInitializer?: InitializerSpec;
}

const defaults = {
  epsilon: 1e-3,
  center: true,
  scale: true,
  betaInitializer: 'zeros',
  gammaInitializer: 'ones',
  ...layerDefaults,
} as const satisfies Defaults<NormalizationOptions>;

type SettledOptions = Settled<NormalizationOptions, typeof defaults>;

/** What the normalizations have in common: γ and β, one number each per channel, and ε. */
class Normalization extends Layer {
  override readonly type: string;
  protected override readonly passesMask = true;
  protected readonly options: SettledOptions;
  readonly #over: NormalizeOver;
  readonly #groups: number | undefined;
  #gamma: Variable | undefined;
  #beta: Variable | undefined;

  constructor(type: string, over: NormalizeOver, options: SettledOptions, groups?: number) {
    super(options, options);
    this.type = type;
    this.#over = over;
    this.#groups = groups;
    requireEpsilon(type, options.epsilon);
    this.options = options;
  }

  protected override createWeights(inputShape: Shape): void {
    const least = this.#over === 'instance' ? 2 : 1;
    if (inputShape.length < least) {
      throw new ShapeError(
        `${this.name || this.type}: expects samples of rank ${least} or more with the channels last, got shape ${formatShape(inputShape)}`,
      );
    }
    const channels = inputShape.at(-1)!;
    if (this.#groups !== undefined && channels % this.#groups !== 0) {
      throw new ShapeError(
        `${this.name || this.type}: ${channels} channels do not fall into ${this.#groups} equal groups; set groups to a divisor of ${channels}`,
      );
    }
    const { scale, center, gammaInitializer, betaInitializer } = this.options;
    const shape = [channels];
    if (scale) this.#gamma = this.addWeight('gamma', { shape, initializer: gammaInitializer });
    if (center) this.#beta = this.addWeight('beta', { shape, initializer: betaInitializer });
  }

  protected get parameters() {
    return {
      gamma: this.#gamma && read(this.#gamma),
      beta: this.#beta && read(this.#beta),
      epsilon: this.options.epsilon,
    };
  }

  protected normalized(x: Tensor) {
    return normalize(x, { over: this.#over, groups: this.#groups, ...this.parameters });
  }

  protected override compute(x: Tensor, _context: CallContext): Tensor {
    return this.normalized(x).y;
  }

  override describe(): string {
    if (this.#groups === undefined) return '';
    return `${this.#groups} group${this.#groups === 1 ? '' : 's'}`;
  }
}

export interface BatchNormalizationOptions extends NormalizationOptions {
  /** Share of the moving statistics that a step keeps, 0 … 1; default 0.99. */
  momentum?: number;
  /** Default zeros. */
  movingMeanInitializer?: InitializerSpec;
  /** Default ones. */
  movingVarianceInitializer?: InitializerSpec;
}

const batchDefaults = {
  momentum: 0.99,
  movingMeanInitializer: 'zeros',
  movingVarianceInitializer: 'ones',
  ...defaults,
} as const satisfies Defaults<BatchNormalizationOptions>;

class BatchNormalization extends Normalization {
  #movingMean!: Variable;
  #movingVariance!: Variable;
  declare protected readonly options: Settled<BatchNormalizationOptions, typeof batchDefaults>;

  constructor(options: Settled<BatchNormalizationOptions, typeof batchDefaults>) {
    super('batchNormalization', 'batch', options);
    const { momentum } = options;
    if (typeof momentum !== 'number' || !(momentum >= 0 && momentum <= 1)) {
      throw new ArgumentError(
        `batchNormalization: momentum is ${describe(momentum)}; it must be from 0 to 1, such as 0.99`,
      );
    }
  }

  protected override createWeights(inputShape: Shape): void {
    super.createWeights(inputShape);
    const { movingMeanInitializer, movingVarianceInitializer } = this.options;
    const own = { shape: inputShape.slice(-1), trainable: false };
    this.#movingMean = this.addWeight('movingMean', { ...own, initializer: movingMeanInitializer });
    this.#movingVariance = this.addWeight('movingVariance', {
      ...own,
      initializer: movingVarianceInitializer,
    });
  }

  protected override compute(x: Tensor, context: CallContext): Tensor {
    if (!context.training || this.isFrozen(context)) {
      const statistics = { mean: read(this.#movingMean), variance: read(this.#movingVariance) };
      return normalizeWith(x, { ...statistics, ...this.parameters });
    }
    const { y, mean, variance } = this.#ofBatch(x);
    const moving = { mean: this.#movingMean, variance: this.#movingVariance };
    followStatistics(moving, mean, variance, this.options.momentum);
    return y;
  }

  /** With the batch's mean and variance, of the steps that its mask leaves. */
  #ofBatch(x: Tensor) {
    const mask = maskOf(x);
    if (!mask) return this.normalized(x);
    const { mean, variance } = maskedMoments(x, mask);
    return { y: normalizeWith(x, { mean, variance, ...this.parameters }), mean, variance };
  }
}

/**
 * Batch normalization (Ioffe & Szegedy 2015), as in Keras: y = γ (x − mean) / √(variance + ε) + β for each channel,
 * the last dimension of x [batch, …, channels].
 *
 * In training, mean and variance are the batch's, over everything but the channel, and the moving statistics follow
 * them at the end of each step: moving ← momentum · moving + (1 − momentum) · batch. The variance is the biased one
 * (divided by n) there, too. A layer that is called several times in a step moves them several times, in the order of
 * the calls. Otherwise, and always where `trainable` is false, the moving statistics are used and stay as they are;
 * a multiplication and an addition, which fold into the layer before, are then all that is left. Steps that a mask leaves
 * out have no part in the batch's mean and variance; they are normalized like the others.
 *
 * Weights: `gamma`, `beta`; `movingMean`, `movingVariance`, which are not trained but saved.
 *
 * @throws ArgumentError if momentum is not in 0 … 1, or ε is not positive
 */
export function batchNormalization(options: BatchNormalizationOptions = {}): Layer {
  return new BatchNormalization(settleLayer('batchNormalization', options, batchDefaults));
}

/**
 * Layer normalization (Ba et al. 2016), as in Keras: y = γ (x − mean) / √(variance + ε) + β with mean and variance
 * over the last dimension of x [batch, …, channels], for each position of each sample; the same in training and
 * otherwise. Weights: `gamma`, `beta`, [channels].
 *
 * @throws ArgumentError if ε is not positive
 */
export function layerNormalization(options: NormalizationOptions = {}): Layer {
  return new Normalization(
    'layerNormalization',
    'layer',
    settleLayer('layerNormalization', options, defaults),
  );
}

export interface GroupNormalizationOptions extends NormalizationOptions {
  /** Into how many runs of neighbouring channels they are cut; a divisor of the channels. Default 32. */
  groups?: number;
}

/**
 * Group normalization (Wu & He 2018), as in Keras: y = γ (x − mean) / √(variance + ε) + β with mean and variance of
 * each sample over all positions and the channels of one group, x [batch, …, channels]; the same in training and
 * otherwise. Weights: `gamma`, `beta`, [channels].
 *
 * @throws ArgumentError if groups is not a positive whole number, or ε is not positive
 * @throws ShapeError if groups does not divide the channels
 */
export function groupNormalization(options: GroupNormalizationOptions = {}): Layer {
  const type = 'groupNormalization';
  const settled = settleLayer(type, options, { ...defaults, groups: 32 });
  return new Normalization(type, 'group', settled, positiveInteger(type, 'groups', settled.groups));
}

/**
 * Instance normalization (Ulyanov et al. 2016): y = γ (x − mean) / √(variance + ε) + β with mean and variance of each
 * sample and channel over all positions, x [batch, …, channels]; the same in training and otherwise.
 * Weights: `gamma`, `beta`, [channels].
 *
 * @throws ArgumentError if ε is not positive
 * @throws ShapeError if samples have no positions
 */
export function instanceNormalization(options: NormalizationOptions = {}): Layer {
  return new Normalization(
    'instanceNormalization',
    'instance',
    settleLayer('instanceNormalization', options, defaults),
  );
}
