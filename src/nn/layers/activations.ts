import { ArgumentError, ShapeError } from '../../errors.ts';
import { checkRelu, relu as reluOp } from '../../ops/elementwise/activations.ts';
import type { ReluOptions } from '../../ops/elementwise/activations.ts';
import {
  elu as eluOp,
  leakyRelu as leakyReluOp,
  multiply,
  negate,
  relu as reluTable,
  subtract,
  where,
} from '../../ops/elementwise/elementwise.ts';
import { softmax as softmaxOp } from '../../ops/softmax/softmax.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { reduceMax } from '../../ops/reduce/reduce.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { describe, required } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { maskOf } from '../masks.ts';
import { Layer, layerDefaults, positiveInteger } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { checkLayerAxes, layerAxes, withAxesLast } from './axes.ts';
import type { LayerAxes } from './axes.ts';
import { maskAtRank } from './mergingMasks.ts';
import { settleLayer } from './settleLayer.ts';
import { weightDefaults, weightOf } from './weightOptions.ts';
import type { WeightOptionsOf } from './weightOptions.ts';
import { Stateless } from './shaping.ts';

export interface LeakyReluOptions extends LayerOptions {
  /** Slope for x < 0; default 0.3, as Keras has it. PyTorch's is 0.01, DCGAN's 0.2. */
  negativeSlope?: number;
}

/**
 * x for x > 0, negativeSlope · x otherwise (Maas et al. 2013).
 *
 * @throws ArgumentError unless the slope is a finite number of at least 0
 */
export function leakyRelu(options: LeakyReluOptions = {}): Layer {
  const defaults = { negativeSlope: 0.3, ...layerDefaults } as const satisfies Defaults<LeakyReluOptions>;
  const settled = settleLayer('leakyRelu', options, defaults);
  const { negativeSlope } = settled;
  const isNumber = typeof negativeSlope === 'number' && Number.isFinite(Math.fround(negativeSlope));
  if (!isNumber || negativeSlope < 0) {
    throw new ArgumentError(
      `leakyRelu: negativeSlope is ${describe(negativeSlope)}; it must be a finite number of at least 0`,
    );
  }
  return new Stateless('leakyRelu', settled, {
    compute: (x) => leakyReluOp(x, negativeSlope),
    description: String(negativeSlope),
    passesMask: true,
  });
}

/**
 * Keras's layer of relu: x above the threshold, at most maxValue if there is one, and negativeSlope · (x − threshold) below.
 *
 * @throws ArgumentError if an option is not a number, or maxValue or the slope below 0
 */
export function relu(options: ReluLayerOptions = {}): Layer {
  const defaults = {
    maxValue: undefined,
    negativeSlope: 0,
    threshold: 0,
    ...layerDefaults,
  } as const satisfies Defaults<ReluLayerOptions>;
  const settled = settleLayer('relu', options, defaults);
  const { maxValue, negativeSlope, threshold } = settled;
  checkRelu('relu', settled);
  const own = { negativeSlope, threshold, ...(maxValue !== undefined && { maxValue }) };
  const shown = Object.entries(own).filter(([, value]) => value !== 0);
  return new Stateless('relu', settled, {
    compute: (x) => reluOp(x, own),
    description: shown.map(([option, value]) => `${option} ${value}`).join(', '),
    passesMask: true,
  });
}

export interface ReluLayerOptions extends LayerOptions, ReluOptions {}

export interface EluOptions extends LayerOptions {
  /** Default 1. */
  alpha?: number;
}

/**
 * x for x > 0, alpha (e^x − 1) otherwise (Clevert et al. 2015; Keras's ELU).
 *
 * @throws ArgumentError unless alpha is a finite number
 */
export function elu(options: EluOptions = {}): Layer {
  const settled = settleLayer('elu', options, { alpha: 1, ...layerDefaults });
  const { alpha } = settled;
  if (typeof alpha !== 'number' || !Number.isFinite(Math.fround(alpha))) {
    throw new ArgumentError(`elu: alpha is ${describe(alpha)}; it must be a finite number`);
  }
  return new Stateless('elu', settled, {
    compute: (x) => eluOp(x, alpha),
    description: String(alpha),
    passesMask: true,
  });
}

export interface SoftmaxOptions extends LayerOptions {
  /** One or several, of which the sum is over all; counted as in Keras, where the batch is axis 0; default −1. */
  axis?: LayerAxes;
}

/**
 * e^x / Σ e^x along an axis, or over several (Keras's Softmax). Where the steps are among these, those that a mask leaves out
 * have no part in the sum and get 0.
 *
 * @throws ArgumentError if axis is not an axis; ShapeError if samples do not have it
 */
export function softmax(options: SoftmaxOptions = {}): Layer {
  const settled = settleLayer('softmax', options, { axis: -1 as LayerAxes, ...layerDefaults });
  checkLayerAxes('softmax', 'axis', settled.axis);
  return new Stateless('softmax', settled, {
    compute(x) {
      const axes = layerAxes('softmax', 'axis', settled.axis, x.shape.slice(1));
      const mask = axes.includes(1) ? maskOf(x) : undefined;
      if (!mask) return softmaxOver(x, axes);
      const steps = maskAtRank(mask, x.shape.length);
      return where(steps, softmaxOver(where(steps, x, -1e30), axes), 0);
    },
    description: settled.axis === -1 ? '' : `axis ${[settled.axis].flat().join(', ')}`,
    passesMask: true,
  });
}

/** Over all of the axes at once. */
function softmaxOver(x: Tensor, axes: readonly number[]): Tensor {
  if (axes.length === 1) return softmaxOp(x, axes[0]);
  return withAxesLast(x, axes, (own) =>
    reshape(softmaxOp(reshape(own, [...own.shape.slice(0, -axes.length), -1])), own.shape),
  );
}

/** The slopes start with zeros, as in Keras; He et al. begin at 0.25. */
export interface PreluOptions extends LayerOptions, WeightOptionsOf<'alpha'> {
  /**
   * Axes along which the slope is the same, counted as in Keras, where the batch is axis 0: [1, 2] for one slope per channel of
   * an image. Default none. Keras takes −1 for the last axis but one; here it is the last.
   */
  sharedAxes?: readonly number[];
}

const preluDefaults = {
  sharedAxes: [],
  ...weightDefaults('alpha', 'zeros'),
  ...layerDefaults,
} as const satisfies Defaults<PreluOptions>;

class Prelu extends Layer {
  override readonly type = 'prelu';
  protected override readonly passesMask = true;
  readonly #options: Settled<PreluOptions, typeof preluDefaults>;
  #alpha!: Variable;

  constructor(options: Settled<PreluOptions, typeof preluDefaults>) {
    super(options, options);
    if (!Array.isArray(options.sharedAxes)) {
      throw new ArgumentError(
        `prelu: sharedAxes is ${describe(options.sharedAxes)}; give a list of axes, such as [1, 2]`,
      );
    }
    checkLayerAxes('prelu', 'sharedAxes', options.sharedAxes, 0);
    this.#options = options;
  }

  protected override createWeights(inputShape: Shape): void {
    const shared = layerAxes(this.name || this.type, 'sharedAxes', this.#options.sharedAxes, inputShape);
    const shape = inputShape.map((extent, i) => (shared.includes(i + 1) ? 1 : extent));
    this.#alpha = this.addWeight('alpha', { shape, ...weightOf<'alpha'>(this.#options, 'alpha') });
  }

  protected override compute(x: Tensor): Tensor {
    // −relu(−x) and not min(x, 0): at 0, where both branches meet, the slope is then 0, as in Keras.
    return subtract(reluTable(x), multiply(read(this.#alpha), reluTable(negate(x))));
  }
}

/**
 * max(x, 0) + α min(x, 0) with a slope α that is learned (He et al. 2015).
 *
 * @throws ShapeError if sharedAxes names an axis that samples do not have
 */
export function prelu(options: PreluOptions = {}): Layer {
  return new Prelu(settleLayer('prelu', options, preluDefaults));
}

export interface MaxoutOptions extends LayerOptions {
  /** Channels that are left; each is the largest of channels / units neighbours. */
  units: number;
}

/**
 * The largest of each `channels / units` neighbouring channels: [..., channels] → [..., units]. After a dense or
 * convolution layer of units · k filters without an activation it is Goodfellow et al.'s maxout (2013) of k pieces.
 *
 * @throws ShapeError unless the channels are a multiple of the units
 */
export function maxout(options: MaxoutOptions): Layer {
  const defaults = { units: required, ...layerDefaults } as const satisfies Defaults<MaxoutOptions>;
  const settled = settleLayer('maxout', options, defaults);
  const { units } = settled;
  positiveInteger('maxout', 'units', units);
  return new Stateless('maxout', settled, {
    compute(x) {
      const channels = x.shape.at(-1)!;
      if (channels % units !== 0) {
        throw new ShapeError(
          `maxout: ${channels} channels cannot be divided among ${units} units; give the layer before it ${units} · k of them`,
        );
      }
      const pieces = reshape(x, [...x.shape.slice(0, -1), units, channels / units]);
      return reduceMax(pieces, { axes: [-1] });
    },
    description: `${units} unit${units === 1 ? '' : 's'}`,
  });
}
