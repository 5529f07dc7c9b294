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

/** NumPy's pad by an array's own elements, once mirrored at most. */
export function extend(
  x: Array64,
  paddings: readonly (readonly [number, number])[],
  mode: 'reflect' | 'symmetric' | 'edge',
): Array64 {
  return fromFunction(
    x.shape.map((extent, axis) => paddings[axis][0] + extent + paddings[axis][1]),
    (...coords) => at(x, ...coords.map((own, axis) => origin(own, paddings[axis][0], x.shape[axis], mode))),
  );
}

/** The same of images [N, H, W, C] along H and W. */
export const extendImages = (
  x: Array64,
  [rows, columns]: readonly (readonly [number, number])[],
  mode: 'reflect' | 'symmetric' | 'edge',
): Array64 => extend(x, [[0, 0], rows, columns, [0, 0]], mode);
