import { at, fromFunction } from './array.ts';
import type { Array64 } from './array.ts';

/** The place of which place i of an extended axis is a copy. */
function origin(i: number, before: number, extent: number, mode: 'reflect' | 'symmetric' | 'edge'): number {
  let place = i - before;
  if (mode === 'edge') return Math.min(Math.max(place, 0), extent - 1);
  if (place < 0) place = mode === 'reflect' ? -place : -place - 1;
  if (place >= extent) place = mode === 'reflect' ? 2 * extent - 2 - place : 2 * extent - 1 - place;
  return place;
}

/** NumPy's pad of images [N, H, W, C] along H and W, once mirrored at most. */
export function extendImages(
  x: Array64,
  [[top, bottom], [left, right]]: readonly (readonly [number, number])[],
  mode: 'reflect' | 'symmetric' | 'edge',
): Array64 {
  const [n, h, w, c] = x.shape;
  return fromFunction([n, top + h + bottom, left + w + right, c], (image, row, column, channel) =>
    at(x, image, origin(row, top, h, mode), origin(column, left, w, mode), channel),
  );
}
