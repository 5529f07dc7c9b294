import { zeros, type Array64 } from './array.ts';

/** [along height, along width] */
export type Pair = readonly [number, number];
/** Rows and columns of zeros added: [top, bottom, left, right]. */
export type Padding = readonly [number, number, number, number];

export interface Conv2dOptions {
  /** Default [1, 1]. */
  strides?: Pair;
  /** Default [0, 0, 0, 0] ('valid'); `padding2d` gives TensorFlow's 'same'. */
  padding?: Padding;
  /** Distance of neighbouring filter taps in the input. Default [1, 1]. */
  dilations?: Pair;
  /** Input and output channels in this many independent groups. Default 1. */
  groups?: number;
}

/**
 * Padding as TensorFlow defines it. 'valid': none. 'same': as much as makes the output ceil(size / stride)
 * long, the odd one at the end.
 */
export function padding2d(
  mode: 'valid' | 'same',
  size: Pair,
  kernel: Pair,
  strides: Pair = [1, 1],
  dilations: Pair = [1, 1],
): Padding {
  if (mode === 'valid') return [0, 0, 0, 0];
  const [top, bottom] = samePadding(size[0], kernel[0], strides[0], dilations[0]);
  const [left, right] = samePadding(size[1], kernel[1], strides[1], dilations[1]);
  return [top, bottom, left, right];
}

function samePadding(size: number, kernel: number, stride: number, dilation: number): Pair {
  const outputSize = Math.ceil(size / stride);
  const span = (kernel - 1) * dilation + 1;
  const total = Math.max((outputSize - 1) * stride + span - size, 0);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

/** [OH, OW]: the number of places where the (dilated) window fits into the padded input. */
export function outputSize2d(size: Pair, kernel: Pair, options: Conv2dOptions = {}): Pair {
  const { strides = [1, 1], padding: p = [0, 0, 0, 0], dilations = [1, 1] } = options;
  const places = (axis: 0 | 1, padded: number) =>
    Math.floor((padded - (kernel[axis] - 1) * dilations[axis] - 1) / strides[axis]) + 1;
  return [places(0, size[0] + p[0] + p[1]), places(1, size[1] + p[2] + p[3])];
}

/** Output shape [N, OH, OW, OC] of `conv2d` for x [N, H, W, IC] and w [KH, KW, IC/groups, OC]. */
export function conv2dShape(
  x: readonly number[],
  w: readonly number[],
  options: Conv2dOptions = {},
): number[] {
  const groups = options.groups ?? 1;
  if (x[3] !== w[2] * groups || w[3] % groups !== 0) {
    throw new Error(`conv2d of [${x}] with weights [${w}] in ${groups} groups`);
  }
  const [OH, OW] = outputSize2d([x[1], x[2]], [w[0], w[1]], options);
  if (OH < 1 || OW < 1) throw new Error(`conv2d: the window of [${w}] does not fit into [${x}]`);
  return [x[0], OH, OW, w[3]];
}

/**
 * The convolution (cross-correlation) as a list of products: calls `visit` with the positions of every
 * x, w, y that meet in  y[n, oh, ow, oc] += x[n, oh·sh − top + kh·dh, ow·sw − left + kw·dw, ic] · w[kh, kw, ic, oc].
 * The forward pass and both gradients are one line each over this list.
 */
function forEachProduct(
  x: readonly number[],
  w: readonly number[],
  options: Conv2dOptions,
  visit: (xIndex: number, wIndex: number, yIndex: number) => void,
): void {
  const { strides = [1, 1], padding = [0, 0, 0, 0], dilations = [1, 1], groups = 1 } = options;
  const [N, OH, OW, OC] = conv2dShape(x, w, options);
  const [, H, W, IC] = x;
  const [KH, KW, groupIC] = w;
  for (let n = 0; n < N; n++)
    for (let oh = 0; oh < OH; oh++)
      for (let ow = 0; ow < OW; ow++)
        for (let kh = 0; kh < KH; kh++)
          for (let kw = 0; kw < KW; kw++) {
            const h = oh * strides[0] - padding[0] + kh * dilations[0];
            const v = ow * strides[1] - padding[2] + kw * dilations[1];
            if (h < 0 || h >= H || v < 0 || v >= W) continue; // zero padding
            for (let i = 0; i < groupIC; i++)
              for (let oc = 0; oc < OC; oc++) {
                const group = Math.floor(oc / (OC / groups));
                const ic = group * groupIC + i;
                visit(
                  ((n * H + h) * W + v) * IC + ic,
                  ((kh * KW + kw) * groupIC + i) * OC + oc,
                  ((n * OH + oh) * OW + ow) * OC + oc,
                );
              }
          }
}

/** x [N, H, W, IC] ⋆ w [KH, KW, IC/groups, OC] → [N, OH, OW, OC]. */
export function conv2d(x: Array64, w: Array64, options: Conv2dOptions = {}): Array64 {
  const y = zeros(conv2dShape(x.shape, w.shape, options));
  forEachProduct(x.shape, w.shape, options, (xi, wi, yi) => {
    y.data[yi] += x.data[xi] * w.data[wi];
  });
  return y;
}

/** Gradient of `conv2d` with respect to its input, of shape `xShape`. */
export function conv2dGradInput(
  dy: Array64,
  w: Array64,
  xShape: readonly number[],
  options: Conv2dOptions = {},
): Array64 {
  const dx = zeros(xShape);
  forEachProduct(xShape, w.shape, options, (xi, wi, yi) => {
    dx.data[xi] += dy.data[yi] * w.data[wi];
  });
  return dx;
}

/** Gradient of `conv2d` with respect to its weights, of shape `wShape`. */
export function conv2dGradFilter(
  x: Array64,
  dy: Array64,
  wShape: readonly number[],
  options: Conv2dOptions = {},
): Array64 {
  const dw = zeros(wShape);
  forEachProduct(x.shape, wShape, options, (xi, wi, yi) => {
    dw.data[wi] += x.data[xi] * dy.data[yi];
  });
  return dw;
}

/**
 * Transposed convolution: the adjoint of the `conv2d` with the same weights and options, so its forward
 * pass is that convolution's input gradient. x [N, H, W, IC], w [KH, KW, OC/groups, IC] (Keras's order)
 * → [N, outputSize…, OC]. Its input gradient is `conv2d(dy, w)`, its weight gradient
 * `conv2dGradFilter(dy, x)`.
 */
export function conv2dTranspose(
  x: Array64,
  w: Array64,
  outputSize: Pair,
  options: Conv2dOptions = {},
): Array64 {
  const outputShape = [x.shape[0], ...outputSize, w.shape[2] * (options.groups ?? 1)];
  const from = conv2dShape(outputShape, w.shape, options);
  if (`${from}` !== `${x.shape}`) {
    throw new Error(`conv2dTranspose to [${outputShape}] needs an input of [${from}], got [${x.shape}]`);
  }
  return conv2dGradInput(x, w, outputShape, options);
}

/**
 * Keras's output size of a transposed convolution: 'same' → size · stride,
 * 'valid' → (size − 1) · stride + the larger of the (dilated) window and the stride.
 * The padding to pass along is `padding2d(mode, thisSize, kernel, strides, dilations)`.
 */
export function transposedSize2d(
  mode: 'valid' | 'same',
  size: Pair,
  kernel: Pair,
  strides: Pair = [1, 1],
  dilations: Pair = [1, 1],
): Pair {
  const along = (axis: 0 | 1) => {
    const span = (kernel[axis] - 1) * dilations[axis] + 1;
    return mode === 'same'
      ? size[axis] * strides[axis]
      : size[axis] * strides[axis] + Math.max(span - strides[axis], 0);
  };
  return [along(0), along(1)];
}
