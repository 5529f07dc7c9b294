import { ShapeError } from '../../errors.ts';
import { formatShape } from '../core/shape.ts';
import type { Shape, TensorSpec } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import { effectiveExtent, resolveWindow, toPair } from '../core/window.ts';
import type { Padding, Pair, ResolvedWindow } from '../core/window.ts';
import type { OptionTable } from '../../options.ts';

export interface Pool2dOptions {
  /** Window extents; a number means a square. Default 2. */
  poolSize?: number | Pair;
  /** Distance between neighbouring windows. Default: poolSize. */
  stride?: number | Pair;
  /** Default 'valid'. Every window must reach an element. */
  padding?: Padding;
  /** Distance between neighbouring elements of a window; default 1. */
  dilation?: number | Pair;
}

export interface Pool2dAttrs {
  readonly poolSize: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
}

export const pool2dOptions: OptionTable<Pool2dOptions> = {
  dilation: true,
  poolSize: true,
  stride: true,
  padding: true,
};

export function poolAttrs({
  poolSize = 2,
  stride = poolSize,
  padding = 'valid',
  dilation = 1,
}: Pool2dOptions): Pool2dAttrs {
  return { poolSize: toPair(poolSize), stride: toPair(stride), padding, dilation: toPair(dilation) };
}

export interface Pool2dGradientAttrs extends Pool2dAttrs {
  /** Of the pool's input, [N, H, W, C]. */
  readonly inputShape: Shape;
}

/** The axes of height and width; throws unless the shape is [N, H, W, C]. */
export function imageAxes(opName: string, shape: Shape): number[] {
  if (shape.length === 4) return [1, 2];
  throw new ShapeError(`${opName}: needs a tensor [N, H, W, C], got ${formatShape(shape)}; reshape it first`);
}

/** Checks the input of a pool and works out its window. */
export function poolWindow(opName: string, { shape }: { shape: Shape }, attrs: Pool2dAttrs): ResolvedWindow {
  imageAxes(opName, shape);
  const { poolSize, stride, padding, dilation } = attrs;
  const window = resolveWindow({
    opName,
    input: [shape[1], shape[2]],
    kernel: poolSize,
    stride,
    padding,
    dilation,
  });
  const { output, padTop, padBottom, padLeft, padRight } = window;
  const before = [padTop, padLeft];
  const reaches = (axis: number) => {
    // No list of the windows: absurd padding makes more of them than a list can hold.
    for (let o = 0; o < output[axis]; o++) {
      const origin = o * stride[axis] - before[axis];
      const first = Math.max(0, Math.ceil(-origin / dilation[axis]));
      if (first >= poolSize[axis] || origin + first * dilation[axis] >= shape[axis + 1]) return false;
    }
    return true;
  };
  if (!reaches(0) || !reaches(1)) {
    const spread = dilation.some((extent) => extent > 1) ? ` with dilation ${formatShape(dilation)}` : '';
    throw new ShapeError(
      `${opName}: padding ${formatShape([padTop, padBottom, padLeft, padRight])} leaves a window of ${formatShape(poolSize)}${spread} without any element; pad by less than the window`,
    );
  }
  return window;
}

/** Rows and columns from a window's first element to its last. */
export const poolSpan = ({ poolSize, dilation }: Pool2dAttrs): Pair => [
  effectiveExtent(poolSize[0], dilation[0]),
  effectiveExtent(poolSize[1], dilation[1]),
];

/** Shape rule of a pool. */
export function poolSpec(opName: string, input: TensorSpec, attrs: Pool2dAttrs): TensorSpec {
  requireDtype(opName, input, ['f32']);
  const { output } = poolWindow(opName, input, attrs);
  return { shape: [input.shape[0], ...output, input.shape[3]], dtype: 'f32' };
}

/** The geometry constants that all pooling kernels share. */
export function poolConstants(opName: string, inputShape: Shape, attrs: Pool2dAttrs, width: Width) {
  const { output, padTop, padLeft } = poolWindow(opName, { shape: inputShape }, attrs);
  return {
    HEIGHT: inputShape[1],
    WIDTH: inputShape[2],
    CHANNELS: inputShape[3] / width,
    OUT_HEIGHT: output[0],
    OUT_WIDTH: output[1],
    WINDOW_HEIGHT: attrs.poolSize[0],
    WINDOW_WIDTH: attrs.poolSize[1],
    STRIDE_Y: attrs.stride[0],
    STRIDE_X: attrs.stride[1],
    DILATION_Y: attrs.dilation[0],
    DILATION_X: attrs.dilation[1],
    PAD_TOP: padTop,
    PAD_LEFT: padLeft,
  };
}
