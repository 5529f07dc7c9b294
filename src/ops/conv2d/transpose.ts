import { ShapeError } from '../../errors.ts';
import { apply, requireTensor } from '../core/node.ts';
import type { Tensor } from '../core/op.ts';
import { formatShape } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import { checkPair, effectiveExtent, requirePadding, requirePair } from '../core/window.ts';
import type { Pair } from '../core/window.ts';
import { conv2dTransposeOp } from './conv2d.ts';
import { pad } from '../movement/movement.ts';
import { conv2dAttrs, conv2dOptions, conv2dSize } from './geometry.ts';
import type { Conv2dAttrs, Conv2dOptions } from './geometry.ts';
import { checkOptions } from '../../options.ts';

export interface Conv2dTransposeOptions extends Conv2dOptions {
  /**
   * `[OH, OW]`. Default as in Keras: H · stride for padding 'same', (H − 1) · stride + the larger of window and
   * stride for 'valid'; and (H − 1) · stride + window − top − bottom for explicit padding. It may be up to
   * max(stride, dilation) − 1 above the smallest size that the window reaches, as PyTorch's output_padding.
   */
  outputSize?: Pair;
}

/**
 * Transposed convolution ("deconvolution") of x [N, H, W, IC] with weights [KH, KW, OC / groups, IC] →
 * [N, OH, OW, OC]: the adjoint of conv2d with the same weights and options, so it is to that convolution's
 * shapes what its input gradient is. Each input spreads a weighted kernel over the output, `stride` apart. NaN and
 * ±Infinity enter every sum that they are a part in; a NaN or infinite weight also, as the kernel has it, into sums
 * at the edges in which no input meets it.
 *
 * @throws ShapeError where shapes, groups and window do not fit together, or no convolution of `outputSize`
 *   gives an output of x's size.
 */
export function conv2dTranspose(x: Tensor, weights: Tensor, options: Conv2dTransposeOptions = {}): Tensor {
  const name = 'conv2dTranspose';
  checkOptions(name, options, { ...conv2dOptions, outputSize: true }, 'x, weights, ');
  const attrs = conv2dAttrs(options);
  requireTensor(name, x);
  requireTensor(name, weights, 'input 2');
  requirePadding(name, attrs.padding);
  if (x.shape.length !== 4 || weights.shape.length !== 4 || weights.shape[3] !== x.shape[3]) {
    throw new ShapeError(
      `${name}: input ${formatShape(x.shape)}, weights ${formatShape(weights.shape)}: the input must be [N, H, W, IC] ` +
        'and the weights [KH, KW, OC / groups, IC], with the same IC',
    );
  }
  checkPair(name, 'stride', attrs.stride);
  checkPair(name, 'dilation', attrs.dilation);
  if (options.outputSize !== undefined) requirePair(name, 'outputSize', options.outputSize);
  const [height, width] =
    options.outputSize ??
    [0, 1].map((axis) => transposedExtent(x.shape[axis + 1], weights.shape[axis], attrs, axis));
  if (options.outputSize !== undefined) checkOutputSize(x.shape, weights.shape, attrs, options.outputSize);
  const inputShape = [x.shape[0], height, width, weights.shape[2] * attrs.groups];
  const { output } = conv2dSize(name, inputShape, weights.shape, attrs);
  const [below, right] = output.map((positions, axis) => positions - x.shape[axis + 1]);
  return apply(conv2dTransposeOp, [withZeros(x, below, right), weights], { ...attrs, inputShape });
}

/**
 * The convolution of an output that is larger, by the dilation and not by the stride, has more positions than x: what
 * those give is nothing, as zeros below and to the right of x do.
 */
function withZeros(x: Tensor, below: number, right: number): Tensor {
  return below > 0 || right > 0 ? pad(x, [[0, 0], [0, below], [0, right], [0, 0]]) : x; // prettier-ignore
}

function transposedExtent(
  extent: number,
  kernel: number,
  { stride, dilation, padding }: Conv2dAttrs,
  axis: number,
): number {
  if (padding === 'same') return extent * stride[axis];
  const window = effectiveExtent(kernel, dilation[axis]);
  if (padding === 'valid') return (extent - 1) * stride[axis] + Math.max(window, stride[axis]);
  return (extent - 1) * stride[axis] + window - padding[2 * axis] - padding[2 * axis + 1];
}

/**
 * Along one axis, a convolution gives `extent` positions from any of `stride` neighbouring sizes. Rows beyond these that
 * padding has cut off, or the gaps of a dilated window, may be asked for, too, where the padding is in numbers.
 */
function checkOutputSize(x: Shape, weights: Shape, attrs: Conv2dAttrs, size: Pair): void {
  const { stride, dilation, padding } = attrs;
  const least = [0, 1].map((axis) => {
    const reach = (x[axis + 1] - 1) * stride[axis];
    if (padding === 'same') return reach + 1;
    const off = padding === 'valid' ? 0 : padding[2 * axis] + padding[2 * axis + 1];
    return reach + effectiveExtent(weights[axis], dilation[axis]) - off;
  });
  const choices = [0, 1].map((axis) =>
    padding === 'same' ? stride[axis] : Math.max(stride[axis], dilation[axis]),
  );
  const fits = (n: number, axis: number) => n >= least[axis] && n < least[axis] + choices[axis];
  // What is wrong with a padding that has no numbers, the convolution itself will say.
  if ((size.length === 2 && size.every(fits)) || least.some(Number.isNaN)) return;
  const ranges = least.map((n, axis) => (choices[axis] === 1 ? `${n}` : `${n} to ${n + choices[axis] - 1}`));
  throw new ShapeError(
    `conv2dTranspose: outputSize is ${formatShape(size)}, but from ${x[1]} × ${x[2]} pixels this window leads to a height of ${ranges[0]} and a width of ${ranges[1]}; choose from these`,
  );
}
