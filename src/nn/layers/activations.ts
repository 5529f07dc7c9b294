import { ArgumentError, ShapeError } from '../../errors.ts';
import { add, leakyRelu as leakyReluOp, minimum, multiply, relu } from '../../ops/elementwise/elementwise.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { reduceMax } from '../../ops/reduce/reduce.ts';
import { formatShape } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { InitializerSpec } from '../initializers.ts';
import { describe, required } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { Layer, layerDefaults, positiveInteger } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';
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

export interface PreluOptions extends LayerOptions {
  /** Axes of a sample along which the slope is the same: [0, 1] for one slope per channel of an image. Default none. */
  sharedAxes?: readonly number[];
  /** Default zeros, as Keras has it; He et al. begin at 0.25. */
  initializer?: InitializerSpec;
}

const preluDefaults = {
  sharedAxes: [],
  initializer: 'zeros',
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
        `prelu: sharedAxes is ${describe(options.sharedAxes)}; give a list of axes, such as [0, 1]`,
      );
    }
    this.#options = options;
  }

  protected override createWeights(inputShape: Shape): void {
    const { sharedAxes, initializer } = this.#options;
    const stray = sharedAxes.find((axis) => !Number.isInteger(axis) || axis < 0 || axis >= inputShape.length);
    if (stray !== undefined) {
      throw new ShapeError(
        `${this.name}: sharedAxes has ${stray}, but samples of shape ${formatShape(inputShape)} have the axes 0 to ${inputShape.length - 1}`,
      );
    }
    const shape = inputShape.map((extent, axis) => (sharedAxes.includes(axis) ? 1 : extent));
    this.#alpha = this.addWeight('alpha', { shape, initializer });
  }

  protected override compute(x: Tensor): Tensor {
    return add(relu(x), multiply(read(this.#alpha), minimum(x, 0)));
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
