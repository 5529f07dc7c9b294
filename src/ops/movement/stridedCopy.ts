import source from '../../../shaders/movement/strided_copy.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import type { DType, Shape } from '../core/shape.ts';
import { channelsOf, streamingWorkgroup, valueType, widthOf } from '../core/values.ts';

const kernel = { name: 'movement/strided_copy', source };

/** How one dimension of the output reads the input. */
export interface Axis {
  readonly extent: number;
  /** Input elements between neighbours; may be negative, or 0. */
  readonly stride: number;
  /** The coordinates of the input's elements: low, low + dilation, … (inputExtent of them). All others are filled. */
  readonly padded?: { readonly low: number; readonly dilation: number; readonly inputExtent: number };
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/**
 * Emits the copy output[c] = input[offset + Σ c·stride] of the node's first input, dimension by
 * dimension of its output, with `fill` outside of padded dimensions.
 */
export function lowerStridedCopy(
  node: Node,
  axes: readonly Axis[],
  context: LowerContext,
  offset = 0,
  fill = 0,
): void {
  const [input] = node.inputs;
  const [output] = node.outputs;
  const merged = mergeAxes(axes);
  const width = widthOf(node, 4) === 4 && movesInFours(merged, offset) ? 4 : 1;
  const narrow = (value: number, axis: number) => (axis === merged.length - 1 ? value / width : value);
  const padded = merged.some((axis) => axis.padded);
  const size = sizeOf(output.shape) / width;
  const workgroupSize = streamingWorkgroup(context.target, size);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  const constants = {
    SIZE: size,
    RANK: merged.length,
    SHAPE: merged.map(({ extent }, i) => narrow(extent, i)),
    STRIDES: merged.map(({ stride }, i) => (i === merged.length - 1 ? stride : stride / width) >>> 0),
    OFFSET: offset / width,
    CHANNELS: channelsOf(node, width),
    WORKGROUP_SIZE: workgroupSize,
    GRID_X: gridX,
  };
  const bounds = {
    PADDED: true,
    LOW: merged.map(({ padded: p }, i) => narrow(p?.low ?? 0, i)),
    DILATION: merged.map(({ padded: p }) => p?.dilation ?? 1),
    EXTENT: merged.map(({ padded: p, extent }, i) => narrow(p?.inputExtent ?? extent, i)),
    FILL: bitsOf(fill, output.dtype),
  };
  context.dispatch({
    kernel,
    constants: padded ? { ...constants, ...bounds } : constants,
    aliases: { Value: valueType(output.dtype, width), Words: valueType('u32', width) },
    bindings: { input, output },
    workgroups,
    epilogue: true,
  });
}

/** Drops dimensions of extent 1 and joins neighbours that are walked as one: fewer divisions per element. */
export function mergeAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = [];
  for (const axis of axes) {
    if (axis.extent === 1 && !axis.padded) continue;
    const last = merged.at(-1);
    if (last && !last.padded && !axis.padded && last.stride === axis.stride * axis.extent) {
      merged[merged.length - 1] = { extent: last.extent * axis.extent, stride: axis.stride };
    } else {
      merged.push(axis);
    }
  }
  return merged.length > 0 ? merged : [{ extent: 1, stride: 1 }];
}

/** Whether both sides hold whole, aligned groups of four along the last dimension. */
function movesInFours(axes: readonly Axis[], offset: number): boolean {
  const fours = (...values: number[]) => values.every((value) => value % 4 === 0);
  const last = axes[axes.length - 1];
  const { padded } = last;
  return (
    last.stride === 1 &&
    fours(offset, last.extent, ...axes.slice(0, -1).map(({ stride }) => stride)) &&
    (!padded || (padded.dilation === 1 && fours(padded.low, padded.inputExtent)))
  );
}

/** The 32 bits of a value of the given type. */
function bitsOf(value: number, dtype: DType): number {
  return dtype === 'f32' ? new Uint32Array(Float32Array.of(value).buffer)[0] : value >>> 0;
}
