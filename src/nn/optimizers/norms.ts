import blockSquaresSource from '../../../shaders/optimizer/block_squares.wgsl?raw';
import normSource from '../../../shaders/optimizer/norm.wgsl?raw';
import partialsSource from '../../../shaders/optimizer/norm_partials.wgsl?raw';
import segmentNormsSource from '../../../shaders/optimizer/segment_norms.wgsl?raw';
import { linearGrid } from '../../ops/core/op.ts';
import type { LowerContext, Operand } from '../../ops/core/op.ts';
import { streamingWorkgroup } from '../../ops/core/values.ts';
import type { OptimizerRange } from '../../runtime/optimizerSpec.ts';
import { blocksOf } from './tables.ts';
import type { Tables } from './tables.ts';

const kernels = {
  partials: { name: 'optimizer/norm_partials', source: partialsSource },
  norm: { name: 'optimizer/norm', source: normSource },
  blockSquares: { name: 'optimizer/block_squares', source: blockSquaresSource },
  segmentNorms: { name: 'optimizer/segment_norms', source: segmentNormsSource },
};

/**
 * The dispatches that write the norm of all gradients to hyper[1] and hyper[2]: partial sums of each range, then their sum.
 *
 * @param gradient WGSL text of vec4f i
 */
export function reduceNorm(
  ranges: readonly Pick<OptimizerRange, 'parameters' | 'gradients' | 'length'>[],
  hyper: Operand,
  gradient: string,
  context: LowerContext,
): void {
  const { software } = context.target;
  const most = software ? 1024 : 16384; // lanes; eight vec4f for each keep them busy
  const lanes = ranges.map(({ length }) => Math.min(most, Math.ceil(length / 4 / 8 / 64) * 64));
  const count = lanes.reduce((sum, own) => sum + own, 0);
  const partials = context.scratch([3 * count], 'f32', 'partials');
  let offset = 0;
  ranges.forEach(({ parameters, gradients, length }, i) => {
    const workgroupSize = 64;
    context.dispatch({
      kernel: kernels.partials,
      constants: {
        LENGTH: length / 4,
        LANES: lanes[i],
        OFFSET: offset,
        PLANE: count,
        WORKGROUP_SIZE: workgroupSize,
      },
      functions: { gradient: `return ${gradient};` },
      bindings: { gradients, parameters, partials },
      workgroups: [lanes[i] / workgroupSize, 1, 1],
      flops: 8 * length,
      part: 'normPartials',
    });
    offset += lanes[i];
  });
  const workgroupSize = software ? 1 : Math.min(256, 2 ** Math.floor(Math.log2(count / 4)));
  context.dispatch({
    kernel: kernels.norm,
    constants: {
      LENGTH: count / 4,
      WORKGROUP_SIZE: workgroupSize,
      LEVELS: Math.log2(workgroupSize),
    },
    bindings: { partials, hyper },
    workgroups: [1, 1, 1],
    flops: 3 * count,
    part: 'norm',
  });
}

export interface SegmentNorms {
  readonly ranges: readonly OptimizerRange[];
  readonly hyper: Operand;
  readonly tables: Tables;
  /** The number of the norm in the variables' records. */
  readonly index: number;
  /** Takes the place of the gradients of each range: flat, as they are. */
  readonly values?: readonly Operand[];
  /** WGSL text of vec4f i, out of `gradients` and `parameters`. */
  readonly value: string;
}

/**
 * The dispatches that write the norm of each variable's values, and its scale, to the variables' records: sums of blocks of
 * 64 for each range, then of the blocks of each variable.
 */
export function reduceSegmentNorms(
  { ranges, hyper, tables, index, values, value }: SegmentNorms,
  context: LowerContext,
): void {
  const { software } = context.target;
  const plane = blocksOf(ranges);
  const segments = ranges.reduce((sum, own) => sum + own.segments.length, 0);
  const partials = context.scratch([3 * plane], 'f32', `squares ${index}`);
  ranges.forEach(({ parameters, gradients, length, firstBlock }, i) => {
    const workgroupSize = streamingWorkgroup(context.target, length / 64);
    const { workgroups, gridX } = linearGrid(length / 64, workgroupSize);
    context.dispatch({
      kernel: kernels.blockSquares,
      constants: {
        BLOCKS: length / 64,
        FIRST: firstBlock,
        PLANE: plane,
        WORKGROUP_SIZE: workgroupSize,
        GRID_X: gridX,
      },
      functions: { value: `return ${value};` },
      bindings: { gradients: values?.[i] ?? gradients, parameters, partials },
      workgroups,
      flops: 8 * length,
      part: 'blockSquares',
    });
  });
  const workgroupSize = software ? 1 : 64;
  const { workgroups, gridX } = linearGrid(segments, 1);
  context.dispatch({
    kernel: kernels.segmentNorms,
    constants: {
      SEGMENTS: segments,
      PLANE: plane,
      RECORDS: tables.recordsAt(ranges),
      WIDTH: tables.recordWidth,
      PLACE: 2 * index,
      WORKGROUP_SIZE: workgroupSize,
      LEVELS: Math.log2(workgroupSize),
      GRID_X: gridX,
    },
    bindings: { partials, hyper },
    workgroups,
    flops: 3 * plane,
    part: 'segmentNorms',
  });
}
