import naive from '../../../shaders/conv2d/grad_filter_1_naive.wgsl?raw';
import direct from '../../../shaders/conv2d/grad_filter_2_direct.wgsl?raw';
import implicitGemm from '../../../shaders/conv2d/grad_filter_3_implicit_gemm.wgsl?raw';
import broadcast from '../../../shaders/conv2d/grad_filter_4_broadcast.wgsl?raw';
import reduce from '../../../shaders/conv2d/grad_filter_reduce.wgsl?raw';
import reduceWorkgroup from '../../../shaders/conv2d/grad_filter_reduce_workgroup.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand, Tensor } from '../core/op.ts';
import { streamingWorkgroup, tileTypes, valueType } from '../core/values.ts';
import { parseVariant } from '../core/variant.ts';
import { HALF_GEMM, HALF_GEMMS } from './gemmTiles.ts';
import { conv2dFlops } from './geometry.ts';
import type { Conv2dSize } from './geometry.ts';
import { planOf, preferredRung, rowsOf, tunableVariants, widthOf } from './gradFilterPlans.ts';
import type { Rung } from './gradFilterPlans.ts';

const kernels = {
  naive: { name: 'conv2d/grad_filter_1_naive', source: naive },
  direct: { name: 'conv2d/grad_filter_2_direct', source: direct },
  implicit_gemm: { name: 'conv2d/grad_filter_3_implicit_gemm', source: implicitGemm },
  broadcast: { name: 'conv2d/grad_filter_4_broadcast', source: broadcast },
  reduce: { name: 'conv2d/grad_filter_reduce', source: reduce },
  reduce_workgroup: { name: 'conv2d/grad_filter_reduce_workgroup', source: reduceWorkgroup },
};

/**
 * Emits dw, and where `db` is given also the bias's gradient, the sum of dy over all positions: partial
 * sums over slices of the positions, then their sum in fixed order.
 *
 * The rule: on software adapters broadcast where kernels may use subgroups, else direct; on a GPU direct where a group
 * has fewer than 8 output channels, otherwise implicit_gemm, which keeps its tiles as f16 in mixed precision, on every adapter.
 * There is no naive kernel for two outputs.
 */
export function lowerConv2dGradFilter(
  opName: string,
  size: Conv2dSize,
  { x, dy, dw, db }: { x: Tensor; dy: Tensor; dw: Tensor; db?: Tensor },
  context: LowerContext,
): void {
  const { target } = context;
  const split = ['direct', 'implicit_gemm', ...(target.subgroupSize ? ['broadcast'] : []), ...HALF_GEMMS];
  const half = context.half && preferredRung(size, { software: false }) === 'implicit_gemm';
  const variant = context.choose<string>(
    opName,
    db ? split : ['naive', ...split],
    half ? HALF_GEMM : preferredRung(size, target),
    half ? undefined : { candidates: tunableVariants(size, db !== undefined, target), kernels },
  );
  const { rung, ...named } = parseVariant<Rung>(variant);
  if (rung === 'naive') return dispatchNaive(context, size, { x, dy, dw });

  const channels = size.groups * size.groupOut;
  const bias = db !== undefined;
  const rows = rowsOf(size, bias);
  const plan = planOf(rung, size, bias, target, named);
  const partials = context.scratch([plan.slices, rows, channels], 'f32', 'partials');
  context.dispatch({
    kernel: kernels[rung],
    part: 'partial',
    constants: {
      ...sizeConstants(size),
      OUT_C: channels / plan.width,
      PADDED: size.padded,
      BIAS: bias,
      SLICES: plan.slices,
      ...plan.constants,
    },
    aliases: { ...plan.aliases, ...tileTypes(plan.width, named.half) },
    bindings: { x, dy, partials },
    workgroups: plan.workgroups,
    flops: conv2dFlops(size),
  });

  reduceSlices(context, size, plan.slices, { partials, dw, ...(db && { db }) });
}

/** Invocations that share a sum of slices. */
const LANES = 16;

/** The sum of the slices; on a GPU, where they are many, each by several invocations. */
function reduceSlices(
  context: LowerContext,
  size: Conv2dSize,
  slices: number,
  bindings: Readonly<Record<string, Operand>>,
): void {
  const bias = 'db' in bindings;
  const width = widthOf(size);
  const channels = size.groups * size.groupOut;
  const count = (rowsOf(size, bias) * channels) / width;
  const shared = !context.target.software && slices > LANES;
  const workgroupSize = context.target.software ? 8 : 64;
  const { workgroups, gridX } = linearGrid(count, shared ? workgroupSize / LANES : workgroupSize);
  context.dispatch({
    kernel: shared ? kernels.reduce_workgroup : kernels.reduce,
    part: 'reduce',
    constants: {
      WEIGHTS: (rowsOf(size, false) * channels) / width,
      SIZE: count,
      BIAS: bias,
      SLICES: slices,
      CHANNELS: channels / width,
      ...(shared ? { VALUES: workgroupSize / LANES, LANES } : { WORKGROUP_SIZE: workgroupSize }),
      GRID_X: gridX,
    },
    aliases: { Value: valueType('f32', width) },
    bindings,
    workgroups,
    epilogue: true,
    flops: slices * count * width,
  });
}

function sizeConstants({ batch, input, groups, groupIn, output, kernel, stride, dilation, pad }: Conv2dSize) {
  return {
    BATCH: batch,
    IN: input,
    GROUPS: groups,
    GROUP_IN: groupIn,
    OUT: output,
    KERNEL: kernel,
    STRIDE: stride,
    DILATION: dilation,
    PAD: pad,
  };
}

function dispatchNaive(
  context: LowerContext,
  size: Conv2dSize,
  bindings: Readonly<Record<string, Operand>>,
): void {
  const channels = size.groups * size.groupOut;
  const count = rowsOf(size, false) * channels;
  const workgroupSize = streamingWorkgroup(context.target, count);
  const { workgroups, gridX } = linearGrid(count, workgroupSize);
  context.dispatch({
    kernel: kernels.naive,
    constants: { ...sizeConstants(size), OUT_C: channels, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
    bindings,
    workgroups,
    epilogue: true,
    flops: conv2dFlops(size),
  });
}
