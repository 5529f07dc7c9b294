import { multiply, maximum, rsqrt, square } from '../../ops/elementwise/elementwise.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { ShapeError } from '../../errors.ts';
import { normalize, requireEpsilon } from '../../ops/normalization/normalize.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Defaults, Settled } from '../../options.ts';
import { checkLayerAxes, layerAxes, withAxesLast } from './axes.ts';
import type { LayerAxes } from './axes.ts';
import { Layer, layerDefaults } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';
import { Stateless } from './shaping.ts';

export interface UnitNormalizationOptions extends LayerOptions {
  /** One or several, counted as in Keras, where the batch is axis 0; default −1. */
  axis?: LayerAxes;
}

/**
 * x / max(√(Σ x²), 1e-12), the sum along `axis`: vectors of length 1, and zeros where they are zeros (Keras's
 * UnitNormalization).
 *
 * @throws ArgumentError if axis is not an axis; ShapeError if samples do not have it
 */
export function unitNormalization(options: UnitNormalizationOptions = {}): Layer {
  const type = 'unitNormalization';
  const defaults = { axis: -1, ...layerDefaults } as const satisfies Defaults<UnitNormalizationOptions>;
  const settled = settleLayer(type, options, defaults);
  checkLayerAxes(type, 'axis', settled.axis);
  return new Stateless(type, settled, {
    passesMask: true,
    compute(x) {
      const axes = layerAxes(type, 'axis', settled.axis, x.shape.slice(1));
      const squares = reduceSum(square(x), { axes, keepDims: true });
      return multiply(x, rsqrt(maximum(squares, 1e-24)));
    },
  });
}

export interface RmsNormalizationOptions extends LayerOptions {
  /** What is normalized together: one or several axes, counted as in Keras, where the batch is axis 0; default −1. */
  axis?: LayerAxes;
  /** Added to the mean square; default 1e-6. */
  epsilon?: number;
}

const rmsDefaults = {
  axis: -1,
  epsilon: 1e-6,
  ...layerDefaults,
} as const satisfies Defaults<RmsNormalizationOptions>;

class RmsNormalization extends Layer {
  override readonly type = 'rmsNormalization';
  readonly #options: Settled<RmsNormalizationOptions, typeof rmsDefaults>;
  #scale!: Variable;

  constructor(options: Settled<RmsNormalizationOptions, typeof rmsDefaults>) {
    super(options, options);
    requireEpsilon('rmsNormalization', options.epsilon);
    checkLayerAxes('rmsNormalization', 'axis', options.axis);
    this.#options = options;
  }

  #axes(sample: Shape): number[] {
    return layerAxes(this.name || this.type, 'axis', this.#options.axis, sample);
  }

  protected override createWeights(inputShape: Shape): void {
    if (inputShape.length === 0) {
      throw new ShapeError(
        `${this.name || this.type}: samples are single numbers; give them a shape, such as [1]`,
      );
    }
    const shape = this.#axes(inputShape).map((axis) => inputShape[axis - 1]);
    this.#scale = this.addWeight('scale', { shape, initializer: 'ones' });
  }

  protected override compute(x: Tensor): Tensor {
    const axes = this.#axes(x.shape.slice(1));
    const gamma = reshape(read(this.#scale), [-1]);
    const { epsilon } = this.#options;
    return withAxesLast(x, axes, (own) => {
      const rows = reshape(own, [...own.shape.slice(0, -axes.length), -1]);
      return reshape(normalize(rows, { over: 'layer', gamma, epsilon, centered: false }).y, own.shape);
    });
  }
}

/**
 * y = γ x / √(mean of x² + ε), the mean along `axis` (Zhang & Sennrich 2019; Keras's RMSNormalization); the same in training
 * and otherwise. Weight: `scale`, with the shape of the axes, from ones.
 *
 * @throws ArgumentError if ε is not positive, or axis is not an axis; ShapeError if samples do not have it
 */
export function rmsNormalization(options: RmsNormalizationOptions = {}): Layer {
  return new RmsNormalization(settleLayer('rmsNormalization', options, rmsDefaults));
}
