import accumulateSource from '../../../shaders/optimizer/accumulate.wgsl?raw';
import collectSource from '../../../shaders/optimizer/collect.wgsl?raw';
import retainSource from '../../../shaders/optimizer/retain.wgsl?raw';
import { linearGrid } from '../../ops/core/op.ts';
import type { Dispatch, Operand } from '../../ops/core/op.ts';
import type { OptimizerRange } from '../../runtime/optimizerSpec.ts';

const kernels = {
  accumulate: { name: 'optimizer/accumulate', source: accumulateSource },
  retain: { name: 'optimizer/retain', source: retainSource },
  collect: { name: 'optimizer/collect', source: collectSource },
};

/** The slot that keeps the sum of the gradients since the last update. */
export const ACCUMULATED = 'accumulated';

const workgroupSize = 256;

/** Before the trial: the gradients of a range become the sum of all since the last update. */
export function accumulate(
  { gradients, length }: Pick<OptimizerRange, 'gradients' | 'length'>,
  accumulated: Operand,
): Dispatch {
  const { workgroups, gridX } = linearGrid(length / 4, workgroupSize);
  return {
    kernel: kernels.accumulate,
    constants: { LENGTH: length / 4, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
    bindings: { accumulated, gradients },
    workgroups,
    flops: length,
    part: 'accumulate',
  };
}

/**
 * After the update, or in its place: keeps that sum, or begins a new one.
 *
 * @param bindings of the optimizer's own kernel
 * @param store body of the function that keeps averages; undefined without them
 */
export function collect(
  { length }: Pick<OptimizerRange, 'length'>,
  bindings: Readonly<Record<string, Operand>>,
  steps: number,
  store: string | undefined,
): Dispatch {
  const { workgroups, gridX } = linearGrid(length / 4, workgroupSize);
  return {
    kernel: kernels.collect,
    constants: { LENGTH: length / 4, STEPS: steps, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
    functions: { store: store ?? '' },
    bindings,
    workgroups,
    part: 'collect',
  };
}

/** After the update: a slot becomes what was proposed for it, if the step makes an update. */
export function retain(
  { length }: Pick<OptimizerRange, 'length'>,
  bindings: { readonly state: Operand; readonly proposed: Operand; readonly values: Operand },
  counting: { readonly STEPS: number },
): Dispatch {
  const { workgroups, gridX } = linearGrid(length / 4, workgroupSize);
  return {
    kernel: kernels.retain,
    constants: { LENGTH: length / 4, ...counting, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
    bindings,
    workgroups,
    part: 'retain',
  };
}
