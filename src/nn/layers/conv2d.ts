import { ShapeError } from '../../errors.ts';
import { conv2d as conv2dOp } from '../../ops/conv2d.ts';
import { add } from '../../ops/elementwise.ts';
import { read } from '../../ops/leaves.ts';
import type { Variable } from '../../ops/leaves.ts';
import type { Shape, Tensor } from '../../ops/tensor.ts';
import type { Padding } from '../../ops/window.ts';
import { activationName, activationOf } from '../activations.ts';
import type { Activation } from '../activations.ts';
import type { Initializer, InitializerName } from '../initializers.ts';
import { Layer, pair, positiveInteger } from './layer.ts';
import type { LayerOptions } from './layer.ts';

export interface Conv2dOptions extends LayerOptions {
  filters: number;
  /** Height and width, or one number for both. */
  kernelSize: number | readonly [number, number];
  /** Default 1. */
  strides?: number | readonly [number, number];
  /** 'valid' (none, the default), 'same' (output = ⌈input / stride⌉) or [top, bottom, left, right]. */
  padding?: Padding;
  /** Default 1. */
  dilation?: number | readonly [number, number];
  /** Divides the channels and the filters into independent groups; default 1. */
  groups?: number;
  /** Default linear. */
  activation?: Activation;
  /** Default true. */
  useBias?: boolean;
  /** Default glorotUniform. */
  kernelInitializer?: InitializerName | Initializer;
  /** Default zeros. */
  biasInitializer?: InitializerName | Initializer;
}

class Conv2d extends Layer {
  override readonly type = 'conv2d';
  readonly #options: Conv2dOptions;
  readonly #kernelSize: [number, number];
  readonly #strides: [number, number];
  readonly #dilation: [number, number];
  readonly #groups: number;
  #weight!: Variable;
  #bias: Variable | undefined;

  constructor(options: Conv2dOptions) {
    super(options);
    positiveInteger('conv2d', 'filters', options.filters);
    this.#options = options;
    this.#kernelSize = pair('conv2d', 'kernelSize', options.kernelSize);
    this.#strides = pair('conv2d', 'strides', options.strides ?? 1);
    this.#dilation = pair('conv2d', 'dilation', options.dilation ?? 1);
    this.#groups = positiveInteger('conv2d', 'groups', options.groups ?? 1);
    activationOf(options.activation ?? 'linear');
  }

  protected override createWeights(inputShape: Shape): void {
    this.expectRank(inputShape, 3, 'height, width, channels');
    const {
      filters,
      useBias = true,
      kernelInitializer = 'glorotUniform',
      biasInitializer = 'zeros',
    } = this.#options;
    const channels = inputShape[2];
    if (channels % this.#groups !== 0 || filters % this.#groups !== 0) {
      throw new ShapeError(
        `${this.name}: ${channels} channels and ${filters} filters must both be multiples of the ${this.#groups} groups`,
      );
    }
    const shape = [...this.#kernelSize, channels / this.#groups, filters];
    this.#weight = this.addWeight('weight', { shape, initializer: kernelInitializer });
    if (useBias) this.#bias = this.addWeight('bias', { shape: [filters], initializer: biasInitializer });
  }

  protected override compute(x: Tensor): Tensor {
    const y = conv2dOp(x, read(this.#weight), {
      stride: this.#strides,
      padding: this.#options.padding ?? 'valid',
      dilation: this.#dilation,
      groups: this.#groups,
    });
    return activationOf(this.#options.activation ?? 'linear')(this.#bias ? add(y, read(this.#bias)) : y);
  }

  override describe(): string {
    const [height, width] = this.#kernelSize;
    const { filters, activation = 'linear' } = this.#options;
    return [`${filters} filter${filters === 1 ? '' : 's'} ${height}×${width}`, activationName(activation)]
      .filter(Boolean)
      .join(', ');
  }
}

/** A 2-D convolution (cross-correlation, as everywhere in deep learning) over NHWC images, plus bias and activation. */
export function conv2d(options: Conv2dOptions): Layer {
  return new Conv2d(options);
}
