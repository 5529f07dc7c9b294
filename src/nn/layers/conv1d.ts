import { conv2d as conv2dOp } from '../../ops/conv2d/conv2d.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { required } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { Convolution, convolutionDefaults } from './convolution.ts';
import type { ConvolutionOptions } from './convolution.ts';
import { positiveInteger } from './layer.ts';
import type { Layer } from './layer.ts';
import { fromRow, rowOptions, SEQUENCE, toRow } from './sequences.ts';
import type { Padding1d } from './sequences.ts';
import { settleLayer } from './settleLayer.ts';
import { weightOf } from './weightOptions.ts';

export interface Conv1dOptions extends Omit<
  ConvolutionOptions,
  'kernelSize' | 'strides' | 'padding' | 'dilation'
> {
  filters: number;
  /** Steps of the window. */
  kernelSize: number;
  /** Default 1. */
  strides?: number;
  /**
   * 'valid' (none, the default), 'same' (output = ⌈steps / stride⌉), 'causal' (all of it before, so that no output depends
   * on a later step) or [before, after].
   */
  padding?: Padding1d | 'causal';
  /** Default 1. */
  dilation?: number;
  /** Divides the channels and the filters into independent groups; default 1. */
  groups?: number;
}

const defaults = {
  ...convolutionDefaults,
  filters: required,
  groups: 1,
} as const satisfies Defaults<Conv1dOptions>;

type SettledOptions = Settled<Conv1dOptions, typeof defaults>;

/** Options of the window; with `causal` as many steps before as the window reaches back. */
function windowOf({ kernelSize, strides, padding, dilation }: SettledOptions) {
  const before =
    (positiveInteger('conv1d', 'kernelSize', kernelSize) - 1) *
    positiveInteger('conv1d', 'dilation', dilation);
  const own: Padding1d = padding === 'causal' ? [before, 0] : padding;
  return rowOptions('conv1d', { kernelSize, strides, padding: own, dilation });
}

class Conv1d extends Convolution<SettledOptions> {
  #weight!: Variable;

  constructor(options: SettledOptions) {
    super('conv1d', options, windowOf(options), 1);
    this.checkCounts(options);
  }

  protected override createWeights(inputShape: Shape): void {
    this.expectRank(inputShape, 2, SEQUENCE);
    const channels = this.channelsOf(inputShape[1], this.options);
    this.#weight = this.addKernel('weight', channels, weightOf<'kernel'>(this.options, 'kernel'));
    this.addBias(this.options.filters);
  }

  protected override compute(x: Tensor): Tensor {
    const weight = read(this.#weight);
    const row = reshape(weight, [1, ...weight.shape]);
    const y = conv2dOp(toRow(x), row, { ...this.window, groups: this.options.groups });
    return this.finish(fromRow(y));
  }

  override describe(): string {
    return this.describeWith(this.options.filters, 'filter');
  }
}

/**
 * A convolution (cross-correlation) along sequences, plus bias and activation, as Keras's Conv1D: [steps, channels] →
 * [new steps, filters]. The kernels are those of conv2d on images of one row. Weights: `weight` [kernelSize,
 * channels / groups, filters], `bias` [filters].
 *
 * @throws ArgumentError if a size is not a whole number of at least 1; ShapeError if the window does not fit
 */
export function conv1d(options: Conv1dOptions): Layer {
  return new Conv1d(settleLayer('conv1d', options, defaults));
}
