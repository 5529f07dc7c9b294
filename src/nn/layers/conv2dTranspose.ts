import { ArgumentError, ShapeError } from '../../errors.ts';
import { conv2dTranspose as conv2dTransposeOp } from '../../ops/conv2d/transpose.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { describe, required } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { Convolution, convolutionDefaults } from './convolution.ts';
import type { ConvolutionOptions } from './convolution.ts';
import { IMAGE, positiveInteger } from './layer.ts';
import type { Layer } from './layer.ts';
import { settleLayer } from './settleLayer.ts';
import { weightOf } from './weightOptions.ts';

export interface Conv2dTransposeOptions extends ConvolutionOptions {
  filters: number;
  /**
   * 'same' gives height · stride; 'valid' (the default) (height − 1) · stride + the larger of window and stride;
   * [top, bottom, left, right] takes so many rows and columns off (height − 1) · stride + window, as PyTorch does.
   */
  padding?: ConvolutionOptions['padding'];
  /**
   * [height, width] of the output, where another size than the above is meant: up to stride − 1 above the smallest that
   * the window reaches, or to dilation − 1 where that is more and the padding is not 'same' (PyTorch's output_padding).
   */
  outputSize?: readonly [number, number];
  /**
   * Keras's: rows and columns at the bottom and the right beyond (height − 1) · stride + window for 'valid', and beyond
   * (height − 1) · stride + (window mod 2) for 'same', where window counts dilation; below the stride. Not together with
   * outputSize, nor with a padding in numbers.
   */
  outputPadding?: number | readonly [number, number];
}

const defaults = {
  filters: required,
  outputSize: undefined,
  outputPadding: undefined,
  ...convolutionDefaults,
} as const satisfies Defaults<Conv2dTransposeOptions>;

type SettledOptions = Settled<Conv2dTransposeOptions, typeof defaults>;

class Conv2dTranspose extends Convolution<SettledOptions> {
  #weight!: Variable;
  readonly #outputPadding: readonly [number, number] | undefined;

  constructor(options: SettledOptions) {
    super('conv2dTranspose', options, options);
    positiveInteger('conv2dTranspose', 'filters', options.filters);
    const { outputSize } = options;
    const isSize = (size: unknown) =>
      Array.isArray(size) && size.length === 2 && size.every((n) => Number.isInteger(n) && n > 0);
    if (outputSize !== undefined && !isSize(outputSize)) {
      const found = Array.isArray(outputSize) ? `[${outputSize.join(', ')}]` : describe(outputSize);
      throw new ArgumentError(`conv2dTranspose: outputSize is ${found}; give [height, width] in pixels`);
    }
    this.#outputPadding = outputPaddingOf(options, this.window.stride);
  }

  /** [height, width], where it is not what the padding alone gives. */
  #outputSize([, ...size]: Shape): [number, number] | undefined {
    const { outputSize, outputPadding, padding } = this.options;
    if (outputSize) return [...outputSize];
    if (this.#outputPadding === undefined) return undefined;
    const { stride, dilation } = this.window;
    const extents = this.#outputPadding.map((more, i) => {
      const window = (this.kernelSize[i] - 1) * dilation[i] + 1;
      return (size[i] - 1) * stride[i] + (padding === 'same' ? window % 2 : window) + more;
    });
    if (extents.every((extent) => extent > 0)) return extents as [number, number];
    throw new ShapeError(
      `${this.name}: outputPadding ${describe(outputPadding)} leaves ${extents.join(' × ')} pixels; give more, or leave it out`,
    );
  }

  protected override createWeights(inputShape: Shape): void {
    this.expectRank(inputShape, 3, IMAGE);
    const { filters } = this.options;
    this.#weight = this.addKernel(
      'weight',
      [filters, inputShape[2]],
      weightOf<'kernel'>(this.options, 'kernel'),
    );
    this.addBias(filters);
  }

  protected override compute(x: Tensor): Tensor {
    const outputSize = this.#outputSize(x.shape);
    const options = { ...this.window, ...(outputSize && { outputSize }) };
    return this.finish(conv2dTransposeOp(x, read(this.#weight), options));
  }

  override describe(): string {
    return this.describeWith(this.options.filters, 'filter');
  }
}

/** @throws ArgumentError unless it is one or two whole numbers below the strides, and neither size nor paddings are given */
function outputPaddingOf(
  { outputPadding, outputSize, padding }: SettledOptions,
  stride: readonly [number, number],
): readonly [number, number] | undefined {
  if (outputPadding === undefined) return undefined;
  if (outputSize !== undefined || Array.isArray(padding)) {
    const other = outputSize === undefined ? "padding in numbers; choose 'same' or 'valid'" : 'outputSize';
    throw new ArgumentError(
      `conv2dTranspose: outputPadding is not for a layer with ${other}; leave one of both out`,
    );
  }
  const both: unknown = typeof outputPadding === 'number' ? [outputPadding, outputPadding] : outputPadding;
  const isList = Array.isArray(both);
  if (isList && both.length === 2 && both.every((n, i) => Number.isInteger(n) && n >= 0 && n < stride[i])) {
    return both as unknown as readonly [number, number];
  }
  throw new ArgumentError(
    `conv2dTranspose: outputPadding is ${isList ? `[${both.join(', ')}]` : describe(both)}; give whole numbers from 0 to the strides less 1, ${stride.map((n) => n - 1).join(' and ')}`,
  );
}

/**
 * A transposed convolution ("deconvolution"; Zeiler et al. 2010): the adjoint of a conv2d with the same options, whose
 * gradient it computes forwards, so that strides enlarge the image. The weight is Keras's, [KH, KW, filters, channels].
 *
 * @throws ArgumentError if an option is out of range
 */
export function conv2dTranspose(options: Conv2dTransposeOptions): Layer {
  return new Conv2dTranspose(settleLayer('conv2dTranspose', options, defaults));
}
