import { at, map, sizeOf } from './array.ts';
import type { Array64 } from './array.ts';
import { conv2d } from './conv2d.ts';

// What a dream climbs, as its formulas are written, in float64; of a network with one convolution, ReLU and a dense layer.

export interface Weights {
  /** [3, 3, channels in, channels] */
  readonly kernel: Array64;
  /** [channels] */
  readonly bias: Array64;
  /** [height · width · channels, classes] */
  readonly dense: Array64;
}

/** relu(conv(x) + b), [N, H − 2, W − 2, channels] */
export const activation = (x: Array64, { kernel, bias }: Weights): Array64 =>
  map(conv2d(x, kernel), (value, i) => Math.max(0, value + bias.data[i % bias.data.length]));

/** Mean over all places of the squares of each channel, [N][channels]. */
export function meanSquares(a: Array64): number[][] {
  const [images, height, width, channels] = a.shape;
  return Array.from({ length: images }, (_, n) =>
    Array.from({ length: channels }, (_unused, c) => {
      let sum = 0;
      for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) sum += at(a, n, y, x, c) ** 2;
      return sum / (height * width);
    }),
  );
}

/** The class values of the dense layer, [N][classes]. */
export function logits(x: Array64, weights: Weights): number[][] {
  const hidden = activation(x, weights);
  const [inputs, classes] = weights.dense.shape;
  return Array.from({ length: x.shape[0] }, (_, n) =>
    Array.from({ length: classes }, (_unused, c) => {
      let sum = 0;
      for (let i = 0; i < inputs; i++) sum += hidden.data[n * inputs + i] * at(weights.dense, i, c);
      return sum;
    }),
  );
}

/** Σ |difference to the pixel below| + |difference to the pixel at the right| of each image. */
export function totalVariation(x: Array64): number[] {
  const [images, height, width, channels] = x.shape;
  const sums = new Array<number>(images).fill(0);
  for (let n = 0; n < images; n++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        for (let c = 0; c < channels; c++) {
          const own = at(x, n, row, column, c);
          if (row + 1 < height) sums[n] += Math.abs(at(x, n, row + 1, column, c) - own);
          if (column + 1 < width) sums[n] += Math.abs(at(x, n, row, column + 1, c) - own);
        }
  return sums;
}

/** clip(x + rate · g / σ(g), 0, 1), with the deviation of each image. */
export function climbed(x: Array64, gradient: Array64, rate: number): Array64 {
  const size = sizeOf(x.shape.slice(1));
  const deviations = Array.from({ length: x.shape[0] }, (_, n) => {
    const own = gradient.data.subarray(n * size, (n + 1) * size);
    const mean = own.reduce((a, b) => a + b) / size;
    return Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size);
  });
  return map(x, (value, i) => {
    const moved = value + (rate * gradient.data[i]) / deviations[Math.floor(i / size)];
    return Math.min(1, Math.max(0, moved));
  });
}
