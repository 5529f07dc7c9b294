import { ArgumentError, ShapeError } from '../../errors.ts';

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

/**
 * Bytes of a tensor's data, before any alignment.
 *
 * @param half of f32 numbers that are stored as f16
 */
export function bytesOf({ shape, dtype, half }: TensorSpec & { readonly half?: boolean }): number {
  return sizeOf(shape) * (dtype === 'u8' ? 1 : half ? 2 : 4);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** `[2, 3]` for messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Turns a negative axis into a positive one; throws a ShapeError where the shape has no such axis. */
export function normalizeAxis(axis: number, shape: Shape, opName: string): number {
  const rank = shape.length;
  if (rank === 0) {
    throw new ShapeError(
      `${opName}: works along a dimension, and the tensor [] has none: it is a single number; reshape it to [1] first`,
    );
  }
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new ShapeError(
      `${opName}: axis ${axis} does not exist in a tensor ${formatShape(shape)} of rank ${rank}; use -${rank} … ${rank - 1}`,
    );
  }
  return positive;
}

/** The same for a list of axes; throws an ArgumentError where it is none. */
export function normalizeAxes(axes: readonly number[], shape: Shape, opName: string): number[] {
  if (!Array.isArray(axes)) {
    throw new ArgumentError(`${opName}: axes are ${String(axes)}; give a list of dimensions, such as [0]`);
  }
  return axes.map((axis: number) => normalizeAxis(axis, shape, opName));
}

/** Throws a ShapeError unless the shape is a list of whole extents of at least 1: [] for a single number. */
export function requireShape(opName: string, shape: Shape): void {
  if (!Array.isArray(shape)) {
    throw new ShapeError(`${opName}: the shape is ${String(shape)}; give a list of extents, such as [2, 3]`);
  }
  for (const extent of shape as Shape) {
    if (!Number.isInteger(extent) || extent < 1) {
      throw new ShapeError(
        `${opName}: shape ${formatShape(shape)} has the extent ${extent}; every extent must be a whole number of at least 1`,
      );
    }
  }
}
