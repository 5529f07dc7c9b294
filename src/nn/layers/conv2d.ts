import { conv2d as conv2dOp } from '../../ops/conv2d/conv2d.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { required } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { Convolution, convolutionDefaults } from './convolution.ts';
import type { ConvolutionOptions } from './convolution.ts';
import { IMAGE } from './layer.ts';
import type { Layer } from './layer.ts';
import { settleLayer } from './settleLayer.ts';
import { weightOf } from './weightOptions.ts';

export interface Conv2dOptions extends ConvolutionOptions {
  filters: number;
  /** Divides the channels and the filters into independent groups; default 1. */
  groups?: number;
}

const defaults = {
  filters: required,
  groups: 1,
  ...convolutionDefaults,
} as const satisfies Defaults<Conv2dOptions>;

type SettledOptions = Settled<Conv2dOptions, typeof defaults>;

class Conv2d extends Convolution<SettledOptions> {
  #weight!: Variable;

  constructor(options: SettledOptions) {
    super('conv2d', options, options);
    this.checkCounts(options);
  }

  protected override createWeights(inputShape: Shape): void {
    this.expectRank(inputShape, 3, IMAGE);
    const channels = this.channelsOf(inputShape[2], this.options);
    this.#weight = this.addKernel('weight', channels, weightOf<'kernel'>(this.options, 'kernel'));
    this.addBias(this.options.filters);
  }

  protected override compute(x: Tensor): Tensor {
    return this.finish(conv2dOp(x, read(this.#weight), { ...this.window, groups: this.options.groups }));
  }

  override describe(): string {
    return this.describeWith(this.options.filters, 'filter');
  }
}

/** A 2-D convolution (cross-correlation, as everywhere in deep learning) over NHWC images, plus bias and activation. */
export function conv2d(options: Conv2dOptions): Layer {
  return new Conv2d(settleLayer('conv2d', options, defaults));
}
