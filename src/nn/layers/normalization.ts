import { ArgumentError, ShapeError } from '../../errors.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { normalize, requireEpsilon } from '../../ops/normalization/normalize.ts';
import type { NormalizeOver } from '../../ops/normalization/normalize.ts';
import { followStatistics, normalizeWith } from '../../ops/normalization/moving.ts';
import { formatShape, sameShape } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { InitializerSpec } from '../initializers.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { describe } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { maskOf } from '../masks.ts';
import { Layer, layerDefaults, positiveInteger } from './layer.ts';
import { maskedMoments } from './maskedMoments.ts';
import type { CallContext, LayerOptions } from './layer.ts';
import { checkLayerAxes, layerAxes, withAxesLast } from './axes.ts';
import type { LayerAxes } from './axes.ts';
import { settleLayer } from './settleLayer.ts';
import { weightDefaults, weightOf } from './weightOptions.ts';
import type { WeightOptionsOf } from './weightOptions.ts';

/** β starts with zeros, γ with ones. */
export interface NormalizationOptions
  extends LayerOptions, WeightOptionsOf<'beta'>, WeightOptionsOf<'gamma'> {
  /** Added to the variance; default 1e-3. */
  epsilon?: number;
  /** Add a trained β to each channel; default true. */
  center?: boolean;
  /** Multiply each channel by a trained γ; default true. */
  scale?: boolean;
}

/** Of normalizations whose channels may lie along another axis than the last. */
interface WithAxis {
  /** That of the channels, counted as in Keras: the batch is axis 0. Default −1. */
  axis?: number;
}

const defaults = {
  epsilon: 1e-3,
  center: true,
  scale: true,
  ...weightDefaults('beta', 'zeros'),
  ...weightDefaults('gamma', 'ones'),
  ...layerDefaults,
} as const satisfies Defaults<NormalizationOptions>;

type SettledOptions = Settled<NormalizationOptions, typeof defaults> & { readonly axis?: LayerAxes };

/** What the normalizations have in common: γ and β, one number each per channel, and ε. */
class Normalization extends Layer {
  override readonly type: string;
  protected override readonly passesMask = true;
  protected readonly options: SettledOptions;
  readonly #over: NormalizeOver;
  readonly #groups: number | undefined;
  #gamma: Variable | undefined;
  #beta: Variable | undefined;
  #mixesSteps = false;

  constructor(type: string, over: NormalizeOver, options: SettledOptions, groups?: number) {
    super(options, options);
    this.type = type;
    this.#over = over;
    this.#groups = groups;
    requireEpsilon(type, options.epsilon);
    checkLayerAxes(type, 'axis', options.axis ?? -1);
    this.options = options;
  }

  /** Of [batch, …sample]: where γ and β lie. */
  protected axes(sample: Shape): number[] {
    return layerAxes(this.name || this.type, 'axis', this.options.axis ?? -1, sample);
  }

  protected override createWeights(inputShape: Shape): void {
    const least = this.#over === 'instance' ? 2 : 1;
    if (inputShape.length < least) {
      throw new ShapeError(
        `${this.name || this.type}: expects samples of rank ${least} or more with the channels last, got shape ${formatShape(inputShape)}`,
      );
    }
    const axes = this.axes(inputShape);
    this.#mixesSteps ||= this.#over !== 'layer' || axes.includes(1);
    const shape = axes.map((axis) => inputShape[axis - 1]);
    const groups = this.#groupsOf(shape[0]);
    if (groups !== undefined && shape[0] % groups !== 0) {
      throw new ShapeError(
        `${this.name || this.type}: ${shape[0]} channels do not fall into ${groups} equal groups; set groups to a divisor of ${shape[0]}`,
      );
    }
    const { scale, center } = this.options;
    if (scale) this.#gamma = this.addWeight('gamma', { shape, ...weightOf<'gamma'>(this.options, 'gamma') });
    if (center) this.#beta = this.addWeight('beta', { shape, ...weightOf<'beta'>(this.options, 'beta') });
  }

  protected get parameters() {
    return {
      gamma: this.#gamma && flat(read(this.#gamma)),
      beta: this.#beta && flat(read(this.#beta)),
      epsilon: this.options.epsilon,
    };
  }

  /** −1 stands for as many groups as there are channels. */
  #groupsOf(channels: number): number | undefined {
    return this.#groups === -1 ? channels : this.#groups;
  }

  protected normalized(x: Tensor) {
    return normalize(x, { over: this.#over, groups: this.#groupsOf(x.shape.at(-1)!), ...this.parameters });
  }

  /** Applies `f` to x with the channels last, in one axis. */
  protected withChannelsLast(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
    const axes = this.axes(x.shape.slice(1));
    return withAxesLast(x, axes, (own) => {
      if (axes.length === 1) return f(own);
      return reshape(f(reshape(own, [...own.shape.slice(0, -axes.length), -1])), own.shape);
    });
  }

  override get mixesSteps(): boolean {
    return this.#mixesSteps;
  }

  protected override compute(x: Tensor, _context: CallContext): Tensor {
    return this.withChannelsLast(x, (own) => this.normalized(own).y);
  }

  override describe(): string {
    if (this.#groups === undefined) return '';
    if (this.#groups === -1) return 'a group for each channel';
    return `${this.#groups} group${this.#groups === 1 ? '' : 's'}`;
  }
}

/** γ and β of several axes as one row of numbers: they lie in the order of the axes. */
const flat = (weight: Tensor): Tensor => (weight.shape.length === 1 ? weight : reshape(weight, [-1]));

export interface BatchNormalizationOptions extends NormalizationOptions, WithAxis {
  /** Share of the moving statistics that a step keeps, 0 … 1; default 0.99. */
  momentum?: number;
  /** Default zeros. */
  movingMeanInitializer?: InitializerSpec;
  /** Default ones. */
  movingVarianceInitializer?: InitializerSpec;
}

const batchDefaults = {
  axis: -1,
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
    const shape = this.axes(inputShape).map((axis) => inputShape[axis - 1]);
    const own = { shape, trainable: false };
    this.#movingMean = this.addWeight('movingMean', { ...own, initializer: movingMeanInitializer });
    this.#movingVariance = this.addWeight('movingVariance', {
      ...own,
      initializer: movingVarianceInitializer,
    });
  }

  protected override compute(x: Tensor, context: CallContext): Tensor {
    const mask = maskOf(x);
    return this.withChannelsLast(x, (own) => {
      if (!context.training || this.isFrozen(context)) {
        const statistics = { mean: read(this.#movingMean), variance: read(this.#movingVariance) };
        return normalizeWith(own, { ...statistics, ...this.parameters });
      }
      const { y, mean, variance } = this.#ofBatch(own, mask);
      const moving = { mean: this.#movingMean, variance: this.#movingVariance };
      followStatistics(moving, mean, variance, this.options.momentum);
      return y;
    });
  }

  /** With the batch's mean and variance, of the steps that its mask leaves. */
  #ofBatch(x: Tensor, mask: Tensor | undefined) {
    if (!mask) return this.normalized(x);
    if (!sameShape(mask.shape, x.shape.slice(0, mask.shape.length))) {
      throw new ShapeError(
        `${this.name || this.type}: its input has a mask of steps, ${formatShape(mask.shape)}, which axis: ${this.options.axis} moves; normalize the last axis`,
      );
    }
    const { mean, variance } = maskedMoments(x, mask);
    return { y: normalizeWith(x, { mean, variance, ...this.parameters }), mean, variance };
  }
}

/**
 * Batch normalization (Ioffe & Szegedy 2015), as in Keras: y = γ (x − mean) / √(variance + ε) + β for each channel,
 * the last dimension of x [batch, …, channels], or that of `axis`.
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

export interface LayerNormalizationOptions extends NormalizationOptions {
  /**
   * What is normalized together: an axis, or several, counted as in Keras, where the batch is axis 0; default −1. γ and β have
   * the shape of these axes.
   */
  axis?: LayerAxes;
}

/**
 * Layer normalization (Ba et al. 2016), as in Keras: y = γ (x − mean) / √(variance + ε) + β with mean and variance
 * over the last dimension of x [batch, …, channels], or over several, for each position of each sample; the same in training
 * and otherwise. Weights: `gamma`, `beta`, [channels].
 *
 * @throws ArgumentError if ε is not positive, or axis is not an axis
 */
export function layerNormalization(options: LayerNormalizationOptions = {}): Layer {
  const type = 'layerNormalization';
  const table = { axis: -1, ...defaults } as const satisfies Defaults<LayerNormalizationOptions>;
  return new Normalization(type, 'layer', settleLayer(type, options, table));
}

export interface GroupNormalizationOptions extends NormalizationOptions, WithAxis {
  /** Into how many runs of neighbouring channels they are cut: a divisor of the channels, or −1, one for each. Default 32. */
  groups?: number;
}

/**
 * Group normalization (Wu & He 2018), as in Keras: y = γ (x − mean) / √(variance + ε) + β with mean and variance of
 * each sample over all positions and the channels of one group, x [batch, …, channels]; the same in training and
 * otherwise. Weights: `gamma`, `beta`, [channels].
 *
 * @throws ArgumentError if groups is not a positive whole number nor −1, or ε is not positive
 * @throws ShapeError if groups does not divide the channels
 */
export function groupNormalization(options: GroupNormalizationOptions = {}): Layer {
  const type = 'groupNormalization';
  const settled = settleLayer(type, options, { axis: -1, ...defaults, groups: 32 });
  const { groups } = settled;
  return new Normalization(
    type,
    'group',
    settled,
    groups === -1 ? -1 : positiveInteger(type, 'groups', groups),
  );
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
