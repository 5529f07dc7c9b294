import { ShapeError } from '../../errors.ts';
import { add } from '../../ops/elementwise/elementwise.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { requirePadding } from '../../ops/core/window.ts';
import type { Padding } from '../../ops/core/window.ts';
import { activationName, activationOf } from '../activations.ts';
import type { Activation } from '../activations.ts';
import { required } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { Layer, layerDefaults, pair, positiveInteger } from './layer.ts';
import type { LayerOptions, WeightOptions } from './layer.ts';
import { weightDefaults, weightOf } from './weightOptions.ts';
import type { WeightOptionsOf } from './weightOptions.ts';

/** What all convolutions have in common but their kernels; the bias starts with zeros. */
export interface WindowOptions extends LayerOptions, WeightOptionsOf<'bias'> {
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
}

/** What those of one kernel have in common; it starts with glorotUniform. */
export interface ConvolutionOptions extends WindowOptions, WeightOptionsOf<'kernel'> {}

export const windowDefaults = {
  kernelSize: required,
  strides: 1,
  padding: 'valid',
  dilation: 1,
  activation: 'linear',
  useBias: true,
  ...weightDefaults('bias', 'zeros'),
  ...layerDefaults,
} as const satisfies Defaults<WindowOptions>;

export const convolutionDefaults = {
  ...weightDefaults('kernel', 'glorotUniform'),
  ...windowDefaults,
} as const satisfies Defaults<ConvolutionOptions>;

type Settled2d = Settled<WindowOptions, typeof windowDefaults>;
type Window = Pick<Settled2d, 'kernelSize' | 'strides' | 'padding' | 'dilation'>;
type SettledConvolution = Omit<Settled2d, keyof Window>;

interface Grouped {
  readonly filters: number;
  readonly groups: number;
}

/** A layer that slides a window over NHWC images, then adds a bias and applies an activation. */
export abstract class Convolution<O extends SettledConvolution> extends Layer {
  override readonly type: string;
  protected readonly options: O;
  protected readonly kernelSize: readonly number[];
  /** As the convolution ops take it. */
  protected readonly window: { stride: [number, number]; padding: Padding; dilation: [number, number] };
  #bias: Variable | undefined;

  /**
   * @param options settled: they are its config
   * @param window over images
   * @param rank of what it slides over; along a sequence the kernel has only the window's second extent
   */
  constructor(type: string, options: O, window: Window, rank: 1 | 2 = 2) {
    super(options, options);
    this.type = type;
    this.options = options;
    requirePadding(type, window.padding);
    this.kernelSize = pair(type, 'kernelSize', window.kernelSize).slice(-rank);
    this.window = {
      stride: pair(type, 'strides', window.strides),
      padding: window.padding,
      dilation: pair(type, 'dilation', window.dilation),
    };
  }

  /** Throws an ArgumentError unless filters and groups are whole numbers of at least 1. */
  protected checkCounts({ filters, groups }: Grouped): void {
    positiveInteger(this.type, 'filters', filters);
    positiveInteger(this.type, 'groups', groups);
  }

  /** Channels that a filter reads, and filters; throws a ShapeError unless groups divide both. */
  protected channelsOf(channels: number, { filters, groups }: Grouped): [channels: number, filters: number] {
    if (channels % groups === 0 && filters % groups === 0) return [channels / groups, filters];
    throw new ShapeError(
      `${this.name}: ${channels} channels and ${filters} filters must both be multiples of the ${groups} groups`,
    );
  }

  /** A weight [KH, KW, …channels]. */
  protected addKernel(name: string, channels: Shape, weight: Omit<WeightOptions, 'shape'>): Variable {
    return this.addWeight(name, { shape: [...this.kernelSize, ...channels], ...weight });
  }

  protected addBias(channels: number): void {
    if (!this.options.useBias) return;
    this.#bias = this.addWeight('bias', { shape: [channels], ...weightOf<'bias'>(this.options, 'bias') });
  }

  /** activation(y + bias) */
  protected finish(y: Tensor): Tensor {
    return activationOf(this.options.activation)(this.#bias ? add(y, read(this.#bias)) : y);
  }

  /** For summaries: `32 filters 3×3, relu`. */
  protected describeWith(count: number, noun: string): string {
    const window = `${count} ${noun}${count === 1 ? '' : 's'} ${this.kernelSize.join('×')}`;
    return [window, activationName(this.options.activation)].filter(Boolean).join(', ');
  }
}
