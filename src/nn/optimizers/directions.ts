import type { ConstantValue, KernelFile } from '../../kernels/kernel.ts';
import { linearGrid } from '../../ops/core/op.ts';
import type { LowerContext, Operand } from '../../ops/core/op.ts';
import type { Preparation } from './optimizer.ts';

interface Direction {
  /** Writes `direction`, a vec4f per invocation. */
  readonly kernel: KernelFile;
  readonly constants: Readonly<Record<string, ConstantValue>>;
  readonly flopsPerParameter: number;
  readonly part: string;
}

/** Directions of steps, of all ranges, before anything is changed: a dispatch for each. */
export function directionsOf(
  { ranges, functions, bindings }: Preparation,
  { kernel, constants, flopsPerParameter, part }: Direction,
  context: LowerContext,
): Operand[] {
  return ranges.map((range, i) => {
    const { length } = range;
    const direction = context.scratch([length], 'f32', `direction ${i}`);
    const workgroupSize = 256;
    const { workgroups, gridX } = linearGrid(length / 4, workgroupSize);
    context.dispatch({
      kernel,
      constants: { ...constants, LENGTH: length / 4, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
      functions: functions(range, ['gradient']),
      bindings: { ...bindings(range), direction },
      workgroups,
      flops: flopsPerParameter * length,
      part,
    });
    return direction;
  });
}
