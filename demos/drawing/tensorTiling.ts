import type { Tiling } from './tiles.ts';

/** Images of a tensor that are drawn at most. */
const MOST = 16;

/** The width of the picture of a vector: the largest divisor of its length up to 64, or up to the side of a square. */
function widthOf(length: number): number {
  const most = Math.max(64, Math.ceil(Math.sqrt(length)));
  return Array.from({ length: most }, (_, i) => most - i).find((width) => length % width === 0)!;
}

/** Matrices that are higher are drawn as vectors. */
const HIGHEST_ASPECT = 16;

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
  const columns = shape.at(-1) ?? 1;
  const isMatrix = shape.length === 2 && shape[0] <= HIGHEST_ASPECT * columns;
  const width = isMatrix ? columns : widthOf(length);
  return { count: 1, width, height: length / width, tileStride: 0, rowStride: width, columnStride: 1 };
}
