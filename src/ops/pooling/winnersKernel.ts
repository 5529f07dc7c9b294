import source from '../../../shaders/pooling/max_winners.wgsl?raw';
import type { ConstantValue } from '../../kernels/kernel.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { streamingWorkgroup } from '../core/values.ts';

const kernel = { name: 'pooling/max_winners', source };

/** Emits the elements of input 0 at the winners, which are input 1. */
export function lowerWinners(
  { inputs: [input, argmax], outputs: [output] }: Node,
  constants: Readonly<Record<string, ConstantValue>>,
  context: LowerContext,
): void {
  const size = sizeOf(output.shape);
  const workgroupSize = streamingWorkgroup(context.target, size);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  context.dispatch({
    kernel,
    constants: {
      ...constants,
      SIZE: size,
      PACKED: size / sizeOf(argmax.shape),
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    bindings: { input, argmax, output },
    workgroups,
  });
}
