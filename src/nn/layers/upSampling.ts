import { requireInterpolation, resize2d } from '../../ops/resize/resize2d.ts';
import type { Interpolation } from '../../ops/resize/resize2d.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Defaults, Settled } from '../../options.ts';
import { Layer, layerDefaults, pair } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';

export interface UpSampling2dOptions extends LayerOptions {
  /** Factors for height and width, or one number for both; default 2. */
  size?: number | readonly [number, number];
  /** Default nearest. */
  interpolation?: Interpolation;
}

const defaults = {
  size: 2,
  interpolation: 'nearest',
  ...layerDefaults,
} as const satisfies Defaults<UpSampling2dOptions>;

class UpSampling2d extends Layer {
  override readonly type = 'upSampling2d';
  readonly #size: readonly [number, number];
  readonly #interpolation: Interpolation;

  constructor(options: Settled<UpSampling2dOptions, typeof defaults>) {
    super(options, options);
    const { size, interpolation } = options;
    this.#size = pair('upSampling2d', 'size', size);
    requireInterpolation('upSampling2d', interpolation);
    this.#interpolation = interpolation;
  }

  protected override createWeights(inputShape: Shape): void {
    this.expectRank(inputShape, 3, 'height, width, channels');
  }

  protected override compute(x: Tensor): Tensor {
    const [height, width] = this.#size.map((factor, i) => factor * x.shape[i + 1]);
    return resize2d(x, [height, width], { interpolation: this.#interpolation });
  }

  override describe(): string {
    return [this.#size.join('×'), this.#interpolation === 'nearest' ? '' : this.#interpolation]
      .filter(Boolean)
      .join(', ');
  }
}

/**
 * Images enlarged by whole factors: [height, width, channels] → [height · size, width · size, channels], by repeating
 * pixels (`nearest`) or between their centres (`bilinear`, `bicubic`, …: see `ops.resize2d`), as in Keras.
 *
 * @throws ArgumentError if a factor is not a positive whole number, or there is no such interpolation
 */
export function upSampling2d(options: UpSampling2dOptions = {}): Layer {
  return new UpSampling2d(settleLayer('upSampling2d', options, defaults));
}
