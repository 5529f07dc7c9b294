import { conv2d as conv2dOp } from '../../ops/conv2d/conv2d.ts';
import { read } from '../../ops/core/leaves.ts';
import { reshape } from '../../ops/movement/movement.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { required } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { Convolution, windowDefaults } from './convolution.ts';
import type { WindowOptions } from './convolution.ts';
import { IMAGE, positiveInteger } from './layer.ts';
import type { Layer } from './layer.ts';
import { settleLayer } from './settleLayer.ts';
import { weightDefaults, weightOf } from './weightOptions.ts';
import type { WeightOptionsOf } from './weightOptions.ts';

/** The windows start with glorotUniform. */
export interface DepthwiseConv2dOptions extends WindowOptions, WeightOptionsOf<'depthwise'> {
  /** Filters per channel; default 1. */
  depthMultiplier?: number;
}

const defaults = {
  depthMultiplier: 1,
  ...weightDefaults('depthwise', 'glorotUniform'),
  ...windowDefaults,
} as const satisfies Defaults<DepthwiseConv2dOptions>;

type SettledOptions = Settled<DepthwiseConv2dOptions, typeof defaults>;

/** Filters every channel on its own: a convolution with a group per channel. */
abstract class Depthwise<O extends SettledOptions> extends Convolution<O> {
  protected readonly multiplier: number;
  #depthwise!: Variable;

  constructor(type: string, options: O) {
    super(type, options, options);
    this.multiplier = positiveInteger(type, 'depthMultiplier', options.depthMultiplier);
  }

  /** Adds the windows, [KH, KW, channels, multiplier] as in Keras, which counts its fans by that shape. */
  protected addDepthwise(inputShape: Shape): number {
    this.expectRank(inputShape, 3, IMAGE);
    const [, , channels] = inputShape;
    const shape = [channels, this.multiplier];
    this.#depthwise = this.addKernel('depthwise', shape, weightOf<'depthwise'>(this.options, 'depthwise'));
    return channels * this.multiplier;
  }

  protected depthwise(x: Tensor): Tensor {
    const [height, width, channels, multiplier] = this.#depthwise.shape;
    const kernel = reshape(read(this.#depthwise), [height, width, 1, channels * multiplier]);
    return conv2dOp(x, kernel, { ...this.window, groups: channels });
  }
}

class DepthwiseConv2d extends Depthwise<SettledOptions> {
  protected override createWeights(inputShape: Shape): void {
    this.addBias(this.addDepthwise(inputShape));
  }

  protected override compute(x: Tensor): Tensor {
    return this.finish(this.depthwise(x));
  }

  override describe(): string {
    return this.describeWith(this.multiplier, 'filter');
  }
}

/**
 * A depthwise convolution: output channel c · depthMultiplier + m is input channel c filtered by a window of its own.
 * The weight `depthwise` is [KH, KW, channels, depthMultiplier].
 *
 * @throws ArgumentError if an option is out of range
 */
export function depthwiseConv2d(options: DepthwiseConv2dOptions): Layer {
  return new DepthwiseConv2d('depthwiseConv2d', settleLayer('depthwiseConv2d', options, defaults));
}

/** The 1 × 1 convolution starts with glorotUniform, too. */
export interface SeparableConv2dOptions extends DepthwiseConv2dOptions, WeightOptionsOf<'pointwise'> {
  filters: number;
}

const separableDefaults = {
  filters: required,
  ...weightDefaults('pointwise', 'glorotUniform'),
  ...defaults,
} as const satisfies Defaults<SeparableConv2dOptions>;

class SeparableConv2d extends Depthwise<Settled<SeparableConv2dOptions, typeof separableDefaults>> {
  #pointwise!: Variable;

  constructor(options: Settled<SeparableConv2dOptions, typeof separableDefaults>) {
    super('separableConv2d', options);
    positiveInteger('separableConv2d', 'filters', options.filters);
  }

  protected override createWeights(inputShape: Shape): void {
    const { filters } = this.options;
    const channels = this.addDepthwise(inputShape);
    this.#pointwise = this.addWeight('pointwise', {
      shape: [1, 1, channels, filters],
      ...weightOf<'pointwise'>(this.options, 'pointwise'),
    });
    this.addBias(filters);
  }

  protected override compute(x: Tensor): Tensor {
    return this.finish(conv2dOp(this.depthwise(x), read(this.#pointwise)));
  }

  override describe(): string {
    return this.describeWith(this.options.filters, 'filter');
  }
}

/**
 * A depthwise convolution, then a 1 × 1 convolution that mixes the channels (Chollet 2017): the reach of a convolution
 * for a fraction of its weights, KH · KW · channels · depthMultiplier + channels · depthMultiplier · filters of them.
 *
 * @throws ArgumentError if an option is out of range
 */
export function separableConv2d(options: SeparableConv2dOptions): Layer {
  return new SeparableConv2d(settleLayer('separableConv2d', options, separableDefaults));
}
