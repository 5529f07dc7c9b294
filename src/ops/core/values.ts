import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import type { Node, Target } from './op.ts';
import { formatShape } from './shape.ts';
import type { DType, Shape, TensorSpec } from './shape.ts';

/** Elements that one Value of a kernel holds. */
export type Width = 1 | 4;

/** WGSL type of a Value: `f32`, or `vec4f` for four neighbours. */
export function valueType(dtype: DType, width: Width): string {
  return width === 1 ? dtype : `vec4${dtype[0]}`;
}

/** Types of what kernels with the aliases Left and Right keep in workgroup memory: as f16, rounded, where `half`. */
export function tileTypes(width: Width, half = false): Readonly<Record<string, string>> {
  return half ? { Left: 'vec4h', Right: width === 4 ? 'vec4h' : 'f16' } : {};
}

/**
 * 4 where `lanes` neighbouring elements always come in fours. A node with a fused epilogue may use
 * wide Values only where its innermost dimension also does.
 */
export function widthOf(node: Node, lanes: number): Width {
  const innermost = node.outputs[0].shape.at(-1) ?? 1;
  return lanes % 4 === 0 && (!node.epilogue || innermost % 4 === 0) ? 4 : 1;
}

/** The innermost dimension of a node's output 0, in Values: the period of an epilogue's `channel`. */
export function channelsOf(node: Node, width: Width): number {
  return Math.max(1, Math.floor((node.outputs[0].shape.at(-1) ?? 1) / width));
}

/**
 * Workgroup size of kernels that only stream over memory. On a software adapter a workgroup costs some 55 ns, as much
 * as 16 lanes' copying; but its threads need a dozen to share out evenly.
 */
export function streamingWorkgroup(target: Target, invocations: number): number {
  if (!target.software) return 64;
  return [256, 128, 64].find((size) => invocations >= 12 * size) ?? 32;
}

/**
 * Workgroups that a kernel should have to keep the device busy: sums are cut into parts until there are about as many.
 * Not measured, 128 on a GPU, which has some ten to a hundred cores that take several each; on a software adapter
 * 8, as its few threads share them out evenly then.
 */
export function residentWorkgroups({ software, residentWorkgroups: measured }: Target): number {
  return measured ?? (software ? 8 : 128);
}

/**
 * Whether a kernel's loop over `count` loads should stay a loop. Software adapters compile every load
 * into a branch per lane: 33 unrolled loads took 3.4 s of lavapipe, rolled 0.1 s, and they run no slower.
 */
export function keepRolled(target: Target, count: number): boolean {
  return target.software && count > 4;
}

/** Throws unless the tensor has one of the types. */
export function requireDtype(opName: string, { dtype }: TensorSpec, allowed: readonly DType[]): void {
  if (allowed.includes(dtype)) return;
  throw new ArgumentError(`${opName}: works on ${allowed.join(' or ')} tensors, got ${dtype}; cast it first`);
}

/** Throws an ArgumentError unless it is a list. */
export function requireList(opName: string, what: string, value: unknown, example: string): void {
  if (Array.isArray(value)) return;
  throw new ArgumentError(`${opName}: ${what} is ${describe(value)}; give a list, such as ${example}`);
}

/** Types of four bytes: what movement works on. */
export const WORDS: readonly DType[] = ['f32', 'i32', 'u32'];

/** Throws a ShapeError where a shape has an extent that is not a positive whole number. */
export function requireExtents(opName: string, what: string, shape: Shape): void {
  if (shape.every((extent) => Number.isSafeInteger(extent) && extent >= 1)) return;
  throw new ShapeError(
    `${opName}: ${what} ${formatShape(shape)} must have extents of at least 1; tensors are never empty`,
  );
}

/** Throws a ShapeError unless there is one entry per dimension. */
export function requireRank(
  opName: string,
  what: string,
  entries: readonly unknown[],
  { shape }: TensorSpec,
): void {
  if (entries.length === shape.length) return;
  throw new ShapeError(
    `${opName}: ${what} has ${entries.length} entries, but the tensor ${formatShape(shape)} has ${shape.length} dimensions; give one entry per dimension`,
  );
}
