import { averagePool2d as averagePoolOp } from '../../ops/pooling/averagePool2d.ts';
import { maxPool2d as maxPoolOp } from '../../ops/pooling/maxPool2d.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { requirePadding } from '../../ops/core/window.ts';
import type { Padding } from '../../ops/core/window.ts';
import type { Defaults, Settled } from '../../options.ts';
import { IMAGE, Layer, layerDefaults, pair } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { fromRow, rowOptions, SEQUENCE, toRow } from './sequences.ts';
import type { Padding1d } from './sequences.ts';
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

type PoolOp = typeof averagePoolOp;
type Window = Pick<Settled<Pool2dOptions, typeof defaults>, 'poolSize' | 'strides' | 'padding' | 'dilation'>;

/** A pool of images, or of sequences as images of one row. */
class Pool extends Layer {
  override readonly type: string;
  readonly #op: PoolOp;
  readonly #rank: 1 | 2;
  readonly #window: {
    poolSize: [number, number];
    stride: [number, number];
    padding: Padding;
    dilation: [number, number];
  };

  /**
   * @param options settled: they are its config
   * @param window over images
   * @param rank of what it slides over
   */
  constructor(type: string, op: PoolOp, options: LayerOptions, window: Window, rank: 1 | 2 = 2) {
    super(options, options);
    this.type = type;
    this.#op = op;
    this.#rank = rank;
    const { strides, padding } = window;
    requirePadding(type, padding);
    const poolSize = pair(type, 'poolSize', window.poolSize);
    const stride = strides === undefined ? poolSize : pair(type, 'strides', strides);
    this.#window = { poolSize, stride, padding, dilation: pair(type, 'dilation', window.dilation) };
  }

  protected override createWeights(inputShape: Shape): void {
    if (this.#rank === 1) this.expectRank(inputShape, 2, SEQUENCE);
    else this.expectRank(inputShape, 3, IMAGE);
  }

  protected override compute(x: Tensor): Tensor {
    if (this.#rank === 2) return this.#op(x, this.#window);
    return fromRow(this.#op(toRow(x), this.#window));
  }

  override describe(): string {
    return this.#window.poolSize.slice(-this.#rank).join('×');
  }
}

const maxPoolOf: PoolOp = (x, window) => maxPoolOp(x, window);

function pool2d(type: string, op: PoolOp, options: Pool2dOptions): Layer {
  const settled = settleLayer(type, options, defaults);
  return new Pool(type, op, settled, settled);
}

/** The largest value of each window, per channel. */
export function maxPool2d(options: Pool2dOptions = {}): Layer {
  return pool2d('maxPool2d', maxPoolOf, options);
}

/** The mean of each window, per channel; padding does not count. */
export function averagePool2d(options: Pool2dOptions = {}): Layer {
  return pool2d('averagePool2d', averagePoolOp, options);
}

export interface Pool1dOptions extends LayerOptions {
  /** Steps of the window; default 2. */
  poolSize?: number;
  /** Default: the pool size, so that windows do not overlap. */
  strides?: number;
  /** 'valid' (the default), 'same' or [before, after]. */
  padding?: Padding1d;
  /** Distance between neighbouring values of a window; default 1. */
  dilation?: number;
}

const pool1dDefaults = {
  poolSize: 2,
  strides: undefined,
  padding: 'valid',
  dilation: 1,
  ...layerDefaults,
} as const satisfies Defaults<Pool1dOptions>;

function pool1d(type: string, op: PoolOp, options: Pool1dOptions): Layer {
  const settled = settleLayer(type, options, pool1dDefaults);
  const { poolSize, strides, padding, dilation } = settled;
  return new Pool(type, op, settled, rowOptions(type, { poolSize, strides, padding, dilation }), 1);
}

/** The largest value of each window of a sequence, per channel: [steps, channels] → [new steps, channels]. */
export function maxPool1d(options: Pool1dOptions = {}): Layer {
  return pool1d('maxPool1d', maxPoolOf, options);
}

/** The mean of each window of a sequence, per channel; padding does not count: [steps, channels] → [new steps, channels]. */
export function averagePool1d(options: Pool1dOptions = {}): Layer {
  return pool1d('averagePool1d', averagePoolOp, options);
}
