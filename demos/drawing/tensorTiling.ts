import type { Tiling } from './tiles.ts';

/** Images of a tensor that are drawn at most. */
const MOST = 16;

/** The largest divisor of a length that is not above 64: the width of the picture of a vector. */
const widthOf = (length: number) =>
  Array.from({ length: 64 }, (_, i) => 64 - i).find((width) => length % width === 0)!;

/** A matrix is a picture, of images the first one has a picture for each channel, and filters one for each pair of channels. */
export function tilingOf(shape: readonly number[], isFilter: boolean): Tiling {
  if (shape.length === 4 && isFilter) {
    const [height, width, inputs, outputs] = shape;
    const columnStride = inputs * outputs;
    return {
      count: Math.min(MOST, columnStride),
      width,
      height,
      tileStride: 1,
      rowStride: width * columnStride,
      columnStride,
    };
  }
  if (shape.length === 4) {
    const [, height, width, channels] = shape;
    return {
      count: Math.min(MOST, channels),
      width,
      height,
      tileStride: 1,
      rowStride: width * channels,
      columnStride: channels,
    };
  }
  const length = shape.reduce((product, extent) => product * extent, 1);
  const width = shape.length >= 2 ? shape.at(-1)! : widthOf(length);
  return { count: 1, width, height: length / width, tileStride: 0, rowStride: width, columnStride: 1 };
}
