import {
  averagePool2d as averagePoolOp,
  globalAveragePool2d as globalAverageOp,
} from '../../ops/pooling/averagePool2d.ts';
import { globalMaxPool2d as globalMaxOp, maxPool2d as maxPoolOp } from '../../ops/pooling/maxPool2d.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { requirePadding } from '../../ops/core/window.ts';
import type { Padding } from '../../ops/core/window.ts';
import type { Defaults, Settled } from '../../options.ts';
import { IMAGE, Layer, layerDefaults, pair } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';

export interface Pool2dOptions extends LayerOptions {
  /** Height and width of the window, or one number for both; default 2. */
  poolSize?: number | readonly [number, number];
  /** Default: the pool size, so that windows do not overlap. */
  strides?: number | readonly [number, number];
  /** Default 'valid'. */
  padding?: Padding;
  /** Distance between neighbouring values of a window, as in PyTorch's max_pool2d; default 1. */
  dilation?: number | readonly [number, number];
}

const defaults = {
  poolSize: 2,
  strides: undefined,
  padding: 'valid',
  dilation: 1,
  ...layerDefaults,
} as const satisfies Defaults<Pool2dOptions>;

class Pool2d extends Layer {
  override readonly type: string;
  readonly #op: typeof averagePoolOp;
  readonly #window: {
    poolSize: [number, number];
    stride: [number, number];
    padding: Padding;
    dilation: [number, number];
  };

  constructor(type: string, op: typeof averagePoolOp, options: Settled<Pool2dOptions, typeof defaults>) {
    super(options, options);
    this.type = type;
    this.#op = op;
    requirePadding(type, options.padding);
    const poolSize = pair(type, 'poolSize', options.poolSize);
    const stride = options.strides === undefined ? poolSize : pair(type, 'strides', options.strides);
    const dilation = pair(type, 'dilation', options.dilation);
    this.#window = { poolSize, stride, padding: options.padding, dilation };
  }

  protected override createWeights(inputShape: Shape): void {
    this.expectRank(inputShape, 3, IMAGE);
  }

  protected override compute(x: Tensor): Tensor {
    return this.#op(x, this.#window);
  }

  override describe(): string {
    return this.#window.poolSize.join('×');
  }
}

/** The largest value of each window, per channel. */
export function maxPool2d(options: Pool2dOptions = {}): Layer {
  return new Pool2d(
    'maxPool2d',
    (x, window) => maxPoolOp(x, window),
    settleLayer('maxPool2d', options, defaults),
  );
}

/** The mean of each window, per channel; padding does not count. */
export function averagePool2d(options: Pool2dOptions = {}): Layer {
  return new Pool2d('averagePool2d', averagePoolOp, settleLayer('averagePool2d', options, defaults));
}

class GlobalPool2d extends Layer {
  override readonly type: string;
  readonly #op: (x: Tensor) => Tensor;

  constructor(type: string, op: (x: Tensor) => Tensor, options: LayerOptions) {
    const settled = settleLayer(type, options, layerDefaults);
    super(settled, settled);
    this.type = type;
    this.#op = op;
  }

  protected override createWeights(inputShape: Shape): void {
    this.expectRank(inputShape, 3, IMAGE);
  }

  protected override compute(x: Tensor): Tensor {
    return this.#op(x);
  }
}

/** The mean of each channel over the whole image: [height, width, channels] → [channels]. */
export function globalAveragePool2d(options: LayerOptions = {}): Layer {
  return new GlobalPool2d('globalAveragePool2d', (x) => globalAverageOp(x), options);
}

/** The largest value of each channel in the whole image: [height, width, channels] → [channels]. */
export function globalMaxPool2d(options: LayerOptions = {}): Layer {
  return new GlobalPool2d('globalMaxPool2d', (x) => globalMaxOp(x), options);
}
