import type { KernelFile } from '../../kernels/kernel.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import { channelsOf, streamingWorkgroup, valueType, widthOf } from '../core/values.ts';

export interface GatherAttrs {
  readonly axis: number;
}

export interface GatherGradientAttrs extends GatherAttrs {
  /** Of what was indexed. */
  readonly shape: Shape;
}

/** What the kernels do beside a gather and its gradient. */
export interface GatherModes {
  /** Every element has an index of its own. */
  readonly along?: boolean;
  /** The last one takes the place, and nothing is added. */
  readonly last?: boolean;
}

/** `table` is the shape of what is indexed. */
export function lowerGather(
  node: Node,
  kernel: KernelFile,
  binding: string,
  table: Shape,
  axis: number,
  context: LowerContext,
  { along = false, last = false }: GatherModes = {},
): void {
  const [data, indices] = node.inputs;
  const [output] = node.outputs;
  const inner = sizeOf(table.slice(axis + 1));
  const width = widthOf(node, along ? 1 : inner);
  const size = sizeOf(output.shape) / width;
  const workgroupSize = streamingWorkgroup(context.target, size);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  context.dispatch({
    kernel,
    constants: {
      SIZE: size,
      EXTENT: table[axis],
      COUNT: along ? indices.shape[axis] : sizeOf(indices.shape),
      ...(along && { ALONG: true }),
      ...(last && { LAST: true }),
      INNER: inner / width,
      CHANNELS: channelsOf(node, width),
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    aliases: { Value: valueType(output.dtype, width) },
    bindings: { [binding]: data, indices, output },
    workgroups,
    epilogue: true,
  });
}
