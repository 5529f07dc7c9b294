import overflowSource from '../../../shaders/optimizer/overflow.wgsl?raw';
import partialsSource from '../../../shaders/optimizer/overflow_partials.wgsl?raw';
import unscaleSource from '../../../shaders/optimizer/unscale.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';

const kernels = {
  partials: { name: 'optimizer/overflow_partials', source: partialsSource },
  overflow: { name: 'optimizer/overflow', source: overflowSource },
  unscale: { name: 'optimizer/unscale', source: unscaleSource },
};

/**
 * The dispatches that make gradients of a scaled loss those of the loss, or 0 where one of them has overflowed: then the
 * verdict skips the update.
 *
 * @param gradients f32, flat: those of each range, of a multiple of 64 values
 * @param scaling f32 [4]: the scale, finite steps since it was changed, whether the update is skipped, 0
 */
export function unscale(
  gradients: readonly Operand[],
  scaling: Operand,
  { target, scratch, dispatch }: LowerContext,
): void {
  const { software } = target;
  const most = software ? 1024 : 16384; // lanes; eight vec4f for each keep them busy
  const vectors = gradients.map(({ shape }) => sizeOf(shape) / 4);
  const lanes = vectors.map((length) => Math.min(most, Math.ceil(length / 8 / 64) * 64));
  const count = lanes.reduce((sum, own) => sum + own, 0);
  const partials = scratch([count], 'u32', 'overflow');
  let offset = 0;
  gradients.forEach((own, i) => {
    const workgroupSize = 64;
    dispatch({
      kernel: kernels.partials,
      constants: { LENGTH: vectors[i], LANES: lanes[i], OFFSET: offset, WORKGROUP_SIZE: workgroupSize },
      bindings: { gradients: own, partials },
      workgroups: [lanes[i] / workgroupSize, 1, 1],
      part: 'overflowPartials',
    });
    offset += lanes[i];
  });
  const joining = software ? 1 : Math.min(256, 2 ** Math.floor(Math.log2(count / 4)));
  dispatch({
    kernel: kernels.overflow,
    constants: { LENGTH: count / 4, WORKGROUP_SIZE: joining, LEVELS: Math.log2(joining) },
    bindings: { partials, scaling },
    workgroups: [1, 1, 1],
    part: 'overflow',
  });
  gradients.forEach((own, i) => {
    const workgroupSize = 256;
    const { workgroups, gridX } = linearGrid(vectors[i], workgroupSize);
    dispatch({
      kernel: kernels.unscale,
      constants: { LENGTH: vectors[i], WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
      bindings: { scaling, gradients: own },
      workgroups,
      flops: 4 * vectors[i],
      part: 'unscale',
    });
  });
}
