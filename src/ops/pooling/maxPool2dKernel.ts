import maxSource from '../../../shaders/pooling/max.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { streamingWorkgroup } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import { poolConstants } from './pool2d.ts';
import type { Pool2dAttrs } from './pool2d.ts';
import { tapAliases, tapWidth } from './taps.ts';

const kernel = { name: 'pooling/max', source: maxSource };

const PACK = 'return dot(taps, vec4u(1u, 256u, 65536u, 16777216u));';

/** Types and functions of a kernel that writes winners. */
export const tapPacking = (width: Width) => ({
  aliases: tapAliases(width),
  functions: width === 4 ? { pack_taps: PACK } : undefined,
});

/** Emits the pool; what is fused into its node has its place here unless `epilogue` says otherwise. */
export function lowerMaxPool2d(
  opName: string,
  attrs: Pool2dAttrs,
  { input, output, argmax }: Readonly<Record<'input' | 'output' | 'argmax', Operand>>,
  context: LowerContext,
  { epilogue = true } = {},
): void {
  const width = tapWidth(input.shape[3], attrs.poolSize);
  const size = sizeOf(output.shape) / width;
  const workgroupSize = streamingWorkgroup(context.target, size);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  context.dispatch({
    kernel,
    ...(!epilogue && { part: 'pool' }),
    constants: {
      ...poolConstants(opName, input.shape, attrs, width),
      SIZE: size,
      SOFTWARE: context.target.software,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    ...tapPacking(width),
    bindings: { input, output, argmax },
    workgroups,
    epilogue,
    flops: sizeOf(output.shape) * sizeOf(attrs.poolSize),
  });
}
