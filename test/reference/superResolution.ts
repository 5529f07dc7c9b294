import { at, fromFunction, map } from './array.ts';
import type { Array64 } from './array.ts';
import { conv2d, padding2d } from './conv2d.ts';
import { avgPool2d } from './pooling.ts';

// Networks that double the size of images, as their formulas are written, in float64.

export interface Convolution {
  readonly kernel: Array64;
  readonly bias: Array64;
}

const relu = (x: Array64): Array64 => map(x, (value) => Math.max(0, value));
const sum = (a: Array64, b: Array64): Array64 => map(a, (value, i) => value + b.data[i]);

/** As large as x: what is missing at the edges is 0. */
export function convolve(x: Array64, { kernel, bias }: Convolution): Array64 {
  const [height, width] = kernel.shape;
  const padding = padding2d('same', [x.shape[1], x.shape[2]], [height, width]);
  return map(conv2d(x, kernel, { padding }), (value, i) => value + bias.data[i % bias.data.length]);
}

/** The mean of each 2 × 2 pixels. */
export const halved = (x: Array64): Array64 => avgPool2d(x, { size: [2, 2], strides: [2, 2] });

/** Pixel (2 i + a, 2 j + b) is channel 2 a + b of place (i, j), and the pixel (i, j) of the small image is added. */
export const shuffled = (places: Array64, low: Array64): Array64 => {
  const [images, height, width] = places.shape;
  return fromFunction([images, 2 * height, 2 * width, 1], (n, row, column) => {
    const [i, j] = [Math.floor(row / 2), Math.floor(column / 2)];
    return at(places, n, i, j, 2 * (row % 2) + (column % 2)) + at(low, n, i, j, 0);
  });
};

export function espcn(low: Array64, [first, second, last]: readonly Convolution[]): Array64 {
  return shuffled(convolve(relu(convolve(relu(convolve(low, first)), second)), last), low);
}

export function edsr(low: Array64, convolutions: readonly Convolution[]): Array64 {
  let x = convolve(low, convolutions[0]);
  for (let block = 0; block < 4; block++) {
    const [inner, outer] = convolutions.slice(1 + 2 * block);
    x = sum(x, convolve(relu(convolve(x, inner)), outer));
  }
  return shuffled(convolve(x, convolutions.at(-1)!), low);
}
