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

/** `table` is the shape of what is indexed. */
export function lowerGather(
  node: Node,
  kernel: KernelFile,
  binding: string,
  table: Shape,
  axis: number,
  context: LowerContext,
): void {
  const [data, indices] = node.inputs;
  const [output] = node.outputs;
  const inner = sizeOf(table.slice(axis + 1));
  const width = widthOf(node, inner);
  const size = sizeOf(output.shape) / width;
  const workgroupSize = streamingWorkgroup(context.target, size);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  context.dispatch({
    kernel,
    constants: {
      SIZE: size,
      EXTENT: table[axis],
      COUNT: sizeOf(indices.shape),
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
