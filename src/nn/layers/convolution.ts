import { add } from '../../ops/elementwise/elementwise.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Padding } from '../../ops/core/window.ts';
import { activationName, activationOf } from '../activations.ts';
import type { Activation } from '../activations.ts';
import type { Initializer, InitializerName } from '../initializers.ts';
import { Layer, pair } from './layer.ts';
import type { LayerOptions } from './layer.ts';

/** What all convolutions have in common. */
export interface ConvolutionOptions extends LayerOptions {
  /** Height and width, or one number for both. */
  kernelSize: number | readonly [number, number];
  /** Default 1. */
  strides?: number | readonly [number, number];
  /** 'valid' (none, the default), 'same' (output = ⌈input / stride⌉) or [top, bottom, left, right]. */
  padding?: Padding;
  /** Default 1. */
  dilation?: number | readonly [number, number];
  /** Default linear. */
  activation?: Activation;
  /** Default true. */
  useBias?: boolean;
  /** Default glorotUniform. */
  kernelInitializer?: InitializerName | Initializer;
  /** Default zeros. */
  biasInitializer?: InitializerName | Initializer;
}

/** A layer that slides a window over NHWC images, then adds a bias and applies an activation. */
export abstract class Convolution<O extends ConvolutionOptions> extends Layer {
  override readonly type: string;
  protected readonly options: O;
  protected readonly kernelSize: [number, number];
  /** As the convolution ops take it. */
  protected readonly window: { stride: [number, number]; padding: Padding; dilation: [number, number] };
  #bias: Variable | undefined;

  constructor(type: string, options: O) {
    super(options);
    this.type = type;
    this.options = options;
    this.kernelSize = pair(type, 'kernelSize', options.kernelSize);
    this.window = {
      stride: pair(type, 'strides', options.strides ?? 1),
      padding: options.padding ?? 'valid',
      dilation: pair(type, 'dilation', options.dilation ?? 1),
    };
    activationOf(options.activation ?? 'linear');
  }

  protected addKernel(name: string, shape: Shape): Variable {
    const initializer = this.options.kernelInitializer ?? 'glorotUniform';
    return this.addWeight(name, { shape: [...this.kernelSize, ...shape], initializer });
  }

  protected addBias(channels: number): void {
    const { useBias = true, biasInitializer = 'zeros' } = this.options;
    if (useBias) this.#bias = this.addWeight('bias', { shape: [channels], initializer: biasInitializer });
  }

  /** activation(y + bias) */
  protected finish(y: Tensor): Tensor {
    return activationOf(this.options.activation ?? 'linear')(this.#bias ? add(y, read(this.#bias)) : y);
  }

  /** For summaries: `32 filters 3×3, relu`. */
  protected describeWith(count: number, noun: string): string {
    const window = `${count} ${noun}${count === 1 ? '' : 's'} ${this.kernelSize.join('×')}`;
    return [window, activationName(this.options.activation ?? 'linear')].filter(Boolean).join(', ');
  }
}
