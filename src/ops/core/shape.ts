import { ShapeError } from '../../errors.ts';

/** Element types. `u8` is stored four to a word and exists only for data sets. */
export type DType = 'f32' | 'i32' | 'u32' | 'u8';

export type Shape = readonly number[];

export interface TensorSpec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Bytes of a tensor's data, before any alignment. */
export function bytesOf({ shape, dtype }: TensorSpec): number {
  return sizeOf(shape) * (dtype === 'u8' ? 1 : 4);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** `[2, 3]` for messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Turns a negative axis into a positive one; throws a ShapeError where there is no such axis. */
export function normalizeAxis(axis: number, rank: number, opName: string): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new ShapeError(
      `${opName}: axis ${axis} does not exist in a tensor of rank ${rank}; use -${rank} … ${rank - 1}`,
    );
  }
  return positive;
}
