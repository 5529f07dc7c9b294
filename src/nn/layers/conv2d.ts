import { ShapeError } from '../../errors.ts';
import { conv2d as conv2dOp } from '../../ops/conv2d/conv2d.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { Convolution } from './convolution.ts';
import type { ConvolutionOptions } from './convolution.ts';
import { IMAGE, positiveInteger } from './layer.ts';
import type { Layer } from './layer.ts';

export interface Conv2dOptions extends ConvolutionOptions {
  filters: number;
  /** Divides the channels and the filters into independent groups; default 1. */
  groups?: number;
}

class Conv2d extends Convolution<Conv2dOptions> {
  readonly #groups: number;
  #weight!: Variable;

  constructor(options: Conv2dOptions) {
    super('conv2d', options);
    positiveInteger('conv2d', 'filters', options.filters);
    this.#groups = positiveInteger('conv2d', 'groups', options.groups ?? 1);
  }

  protected override createWeights(inputShape: Shape): void {
    this.expectRank(inputShape, 3, IMAGE);
    const { filters } = this.options;
    const channels = inputShape[2];
    if (channels % this.#groups !== 0 || filters % this.#groups !== 0) {
      throw new ShapeError(
        `${this.name}: ${channels} channels and ${filters} filters must both be multiples of the ${this.#groups} groups`,
      );
    }
    this.#weight = this.addKernel('weight', [channels / this.#groups, filters]);
    this.addBias(filters);
  }

  protected override compute(x: Tensor): Tensor {
    return this.finish(conv2dOp(x, read(this.#weight), { ...this.window, groups: this.#groups }));
  }

  override describe(): string {
    return this.describeWith(this.options.filters, 'filter');
  }
}

/** A 2-D convolution (cross-correlation, as everywhere in deep learning) over NHWC images, plus bias and activation. */
export function conv2d(options: Conv2dOptions): Layer {
  return new Conv2d(options);
}
