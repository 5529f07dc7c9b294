import { at, fromFunction, zeros, type Array64 } from './array.ts';

/** The pixel of `extent` that output o of `out` copies: ⌊(o + offset) · extent / out⌋. */
export const nearestPixel = (o: number, extent: number, out: number, offset: number): number =>
  Math.floor(((o + offset) * extent) / out);

/** y[n, oh, ow, c] = x[n, ⌊(oh + offset) · H / OH⌋, ⌊(ow + offset) · W / OW⌋, c]. */
export function resizeNearest(x: Array64, [height, width]: readonly [number, number], offset = 0): Array64 {
  const [n, h, w, c] = x.shape;
  return fromFunction([n, height, width, c], (image, row, column, channel) =>
    at(x, image, nearestPixel(row, h, height, offset), nearestPixel(column, w, width, offset), channel),
  );
}

/**
 * How much of input pixel i is in output pixel o: the hat function around the o's centre, which lies at
 * (o + ½) · extent / out − ½ and is moved to the outermost centre where it is beyond.
 */
export function bilinearWeight(i: number, o: number, extent: number, out: number): number {
  const center = Math.min(Math.max(((o + 0.5) * extent) / out - 0.5, 0), extent - 1);
  return Math.max(0, 1 - Math.abs(center - i));
}

/** Keys's kernel (1981) at distance d. */
const keys = (d: number, a: number): number => {
  if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
};

/** `bilinearWeight` of PyTorch's bicubic: a = −3/4, and the outermost pixels stand beyond the edges, too. */
export function bicubicWeight(i: number, o: number, extent: number, out: number): number {
  const center = ((o + 0.5) * extent) / out - 0.5;
  let sum = 0;
  for (let j = -3; j < extent + 3; j++) {
    if (Math.min(Math.max(j, 0), extent - 1) === i) sum += keys(Math.abs(center - j), -0.75);
  }
  return sum;
}

/** `bilinearWeight` of JAX's cubic: a = −1/2, weights divided by the sum of those within the image. */
export function bicubicKeysWeight(i: number, o: number, extent: number, out: number): number {
  const center = ((o + 0.5) * extent) / out - 0.5;
  let sum = 0;
  for (let j = 0; j < extent; j++) sum += keys(Math.abs(center - j), -0.5);
  return keys(Math.abs(center - i), -0.5) / sum;
}

/** y[n, oh, ow, c] = Σ over h, w of weight(h, oh) weight(w, ow) x[n, h, w, c]: TensorFlow 2's half-pixel centres. */
export function resizeBilinear(
  x: Array64,
  [height, width]: readonly [number, number],
  weightOf = bilinearWeight,
): Array64 {
  const [n, h, w, c] = x.shape;
  return fromFunction([n, height, width, c], (image, oh, ow, channel) => {
    let sum = 0;
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) {
        const weight = weightOf(i, oh, h, height) * weightOf(j, ow, w, width);
        sum += weight * at(x, image, i, j, channel);
      }
    }
    return sum;
  });
}

/** The adjoint of `resizeBilinear`: dx[n, h, w, c] = Σ over oh, ow of weight(h, oh) weight(w, ow) dy[n, oh, ow, c]. */
export function resizeBilinearGrad(
  dy: Array64,
  [h, w]: readonly [number, number],
  weightOf = bilinearWeight,
): Array64 {
  const [n, height, width, c] = dy.shape;
  return fromFunction([n, h, w, c], (image, i, j, channel) => {
    let sum = 0;
    for (let oh = 0; oh < height; oh++) {
      for (let ow = 0; ow < width; ow++) {
        const weight = weightOf(i, oh, h, height) * weightOf(j, ow, w, width);
        sum += weight * at(dy, image, oh, ow, channel);
      }
    }
    return sum;
  });
}

/** The adjoint of `resizeNearest`: each pixel gets the sum over its copies. */
export function resizeNearestGrad(dy: Array64, [h, w]: readonly [number, number], offset = 0): Array64 {
  const [n, height, width, c] = dy.shape;
  const dx = zeros([n, h, w, c]);
  dy.data.forEach((value, i) => {
    const channel = i % c;
    const column = nearestPixel(Math.floor(i / c) % width, w, width, offset);
    const row = nearestPixel(Math.floor(i / (c * width)) % height, h, height, offset);
    const image = Math.floor(i / (c * width * height));
    dx.data[((image * h + row) * w + column) * c + channel] += value;
  });
  return dx;
}
