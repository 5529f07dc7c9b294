import { map, zeros, type Array64 } from './array.ts';
import { outputSize2d, type Padding, type Pair } from './conv2d.ts';

export interface Pool2dOptions {
  /** Window [height, width]. */
  size: Pair;
  /** Default: `size`. */
  strides?: Pair;
  /** Default [0, 0, 0, 0]; `padding2d` gives TensorFlow's 'same'. Each must be smaller than the window. */
  padding?: Padding;
  /** Default [1, 1]. */
  dilations?: Pair;
}

/** Output shape [N, OH, OW, C] of pooling an x of [N, H, W, C]. */
export function pool2dShape(x: readonly number[], options: Pool2dOptions): number[] {
  const { size, strides = size, padding = [0, 0, 0, 0], dilations = [1, 1] } = options;
  if (padding.some((pad, side) => pad >= (size[side < 2 ? 0 : 1] - 1) * dilations[side < 2 ? 0 : 1] + 1)) {
    throw new Error(`pooling: padding [${padding}] leaves a window of [${size}] without any element`);
  }
  return [x[0], ...outputSize2d([x[1], x[2]], size, { strides, padding, dilations }), x[3]];
}

/** Calls `visit` for each input element of each window, row by row; `tap` = kh · KW + kw. Padding is no element. */
function forEachElement(
  x: readonly number[],
  options: Pool2dOptions,
  visit: (xIndex: number, yIndex: number, tap: number) => void,
): void {
  const { size, strides = size, padding = [0, 0, 0, 0], dilations = [1, 1] } = options;
  const [N, OH, OW, C] = pool2dShape(x, options);
  const [, H, W] = x;
  for (let n = 0; n < N; n++)
    for (let oh = 0; oh < OH; oh++)
      for (let ow = 0; ow < OW; ow++)
        for (let kh = 0; kh < size[0]; kh++)
          for (let kw = 0; kw < size[1]; kw++) {
            const h = oh * strides[0] - padding[0] + kh * dilations[0];
            const v = ow * strides[1] - padding[2] + kw * dilations[1];
            if (h < 0 || h >= H || v < 0 || v >= W) continue;
            for (let c = 0; c < C; c++) {
              visit(((n * H + h) * W + v) * C + c, ((n * OH + oh) * OW + ow) * C + c, kh * size[1] + kw);
            }
          }
}

/**
 * The largest element of each window, or its first NaN, and where it was: `argmax` holds kh · KW + kw, its position
 * inside the window. Padding is no element. At ties the first wins, row by row.
 */
export function maxPool2d(x: Array64, options: Pool2dOptions): { output: Array64; argmax: Array64 } {
  const output = zeros(pool2dShape(x.shape, options));
  const argmax = map(output, () => -1);
  forEachElement(x.shape, options, (xi, yi, tap) => {
    const best = output.data[yi];
    const wins = x.data[xi] > best || (Number.isNaN(x.data[xi]) && !Number.isNaN(best));
    if (argmax.data[yi] < 0 || wins) {
      output.data[yi] = x.data[xi];
      argmax.data[yi] = tap;
    }
  });
  return { output, argmax };
}

/** Gradient of `maxPool2d`: each output's gradient goes to the element that won. */
export function maxPool2dGrad(
  dy: Array64,
  argmax: Array64,
  xShape: readonly number[],
  options: Pool2dOptions,
): Array64 {
  const dx = zeros(xShape);
  forEachElement(xShape, options, (xi, yi, tap) => {
    if (tap === argmax.data[yi]) dx.data[xi] += dy.data[yi];
  });
  return dx;
}

/** The elements of x at the winners: what `maxPool2dGrad` is the transpose of. */
export function maxPool2dWinners(x: Array64, argmax: Array64, options: Pool2dOptions): Array64 {
  const y = zeros(argmax.shape);
  forEachElement(x.shape, options, (xi, yi, tap) => {
    if (tap === argmax.data[yi]) y.data[yi] = x.data[xi];
  });
  return y;
}

/** How many elements each window holds, padding not counted. */
function counts(xShape: readonly number[], options: Pool2dOptions): Array64 {
  const count = zeros(pool2dShape(xShape, options));
  forEachElement(xShape, options, (_, yi) => {
    count.data[yi]++;
  });
  return count;
}

/** The mean of each window over its elements; padding is not counted, as TensorFlow and Keras have it. */
export function avgPool2d(x: Array64, options: Pool2dOptions): Array64 {
  const y = zeros(pool2dShape(x.shape, options));
  const count = counts(x.shape, options);
  forEachElement(x.shape, options, (xi, yi) => {
    y.data[yi] += x.data[xi] / count.data[yi];
  });
  return y;
}

/** Gradient of `avgPool2d`: each output's gradient in equal shares to its window's elements. */
export function avgPool2dGrad(dy: Array64, xShape: readonly number[], options: Pool2dOptions): Array64 {
  const dx = zeros(xShape);
  const count = counts(xShape, options);
  forEachElement(xShape, options, (xi, yi) => {
    dx.data[xi] += dy.data[yi] / count.data[yi];
  });
  return dx;
}

/** One window over the whole image: makes the functions above global pools, with outputs of [N, 1, 1, C]. */
export function globalWindow(xShape: readonly number[]): Pool2dOptions {
  return { size: [xShape[1], xShape[2]] };
}

/** Mean of each channel's image, [N, H, W, C] → [N, C]. */
export function globalAvgPool2d(x: Array64): Array64 {
  return { shape: [x.shape[0], x.shape[3]], data: avgPool2d(x, globalWindow(x.shape)).data };
}

/** Largest element of each channel's image, [N, H, W, C] → [N, C]; argmax = h · W + w, first wins. */
export function globalMaxPool2d(x: Array64): { output: Array64; argmax: Array64 } {
  const shape = [x.shape[0], x.shape[3]];
  const { output, argmax } = maxPool2d(x, globalWindow(x.shape));
  return { output: { shape, data: output.data }, argmax: { shape, data: argmax.data } };
}

/** Gradient of `globalAvgPool2d`, from dy of [N, C]. */
export function globalAvgPool2dGrad(dy: Array64, xShape: readonly number[]): Array64 {
  return avgPool2dGrad(dy, xShape, globalWindow(xShape));
}

/** Gradient of `globalMaxPool2d`, from dy and argmax of [N, C]. */
export function globalMaxPool2dGrad(dy: Array64, argmax: Array64, xShape: readonly number[]): Array64 {
  return maxPool2dGrad(dy, argmax, xShape, globalWindow(xShape));
}

/** The elements along one axis that window o of `out` covers, as PyTorch's adaptive pools have it. */
export function adaptiveWindow(o: number, extent: number, out: number): number[] {
  const [start, end] = [Math.floor((o * extent) / out), Math.ceil(((o + 1) * extent) / out)];
  return Array.from({ length: end - start }, (_, i) => start + i);
}

/** Calls `visit` for each window with the indices of its elements in x, row by row. */
function forEachAdaptive(
  [n, h, w, c]: readonly number[],
  [height, width]: Pair,
  visit: (yIndex: number, elements: number[]) => void,
): void {
  for (let image = 0; image < n; image++)
    for (let oh = 0; oh < height; oh++)
      for (let ow = 0; ow < width; ow++)
        for (let channel = 0; channel < c; channel++) {
          const elements = adaptiveWindow(oh, h, height).flatMap((row) =>
            adaptiveWindow(ow, w, width).map((column) => ((image * h + row) * w + column) * c + channel),
          );
          visit(((image * height + oh) * width + ow) * c + channel, elements);
        }
}

/** Means of windows that cover images of any size, [N, H, W, C] → [N, OH, OW, C]. */
export function adaptiveAvgPool2d(x: Array64, size: Pair): Array64 {
  const y = zeros([x.shape[0], ...size, x.shape[3]]);
  forEachAdaptive(x.shape, size, (yi, elements) => {
    for (const xi of elements) y.data[yi] += x.data[xi] / elements.length;
  });
  return y;
}

/** Gradient of `adaptiveAvgPool2d`. */
export function adaptiveAvgPool2dGrad(dy: Array64, xShape: readonly number[]): Array64 {
  const dx = zeros(xShape);
  forEachAdaptive(xShape, [dy.shape[1], dy.shape[2]], (yi, elements) => {
    for (const xi of elements) dx.data[xi] += dy.data[yi] / elements.length;
  });
  return dx;
}

/** The largest element of each window, or its first NaN; `winners` are indices in x, the first at ties. */
export function adaptiveMaxPool2d(x: Array64, size: Pair): { output: Array64; winners: number[] } {
  const output = zeros([x.shape[0], ...size, x.shape[3]]);
  const winners: number[] = [];
  forEachAdaptive(x.shape, size, (yi, elements) => {
    const nan = elements.find((xi) => Number.isNaN(x.data[xi]));
    winners[yi] = nan ?? elements.reduce((best, xi) => (x.data[xi] > x.data[best] ? xi : best));
    output.data[yi] = x.data[winners[yi]];
  });
  return { output, winners };
}

/** Gradient of `adaptiveMaxPool2d`. */
export function adaptiveMaxPool2dGrad(dy: Array64, winners: number[], xShape: readonly number[]): Array64 {
  const dx = zeros(xShape);
  winners.forEach((xi, yi) => (dx.data[xi] += dy.data[yi]));
  return dx;
}
