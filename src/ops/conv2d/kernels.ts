import naive from '../../../shaders/conv2d/1_naive.wgsl?raw';
import direct from '../../../shaders/conv2d/2_direct.wgsl?raw';
import implicitGemm from '../../../shaders/conv2d/3_implicit_gemm.wgsl?raw';
import broadcast from '../../../shaders/conv2d/4_broadcast.wgsl?raw';
import depthwise from '../../../shaders/conv2d/depthwise.wgsl?raw';
import type { ConstantValue, KernelFile } from '../../kernels/kernel.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand, Target } from '../core/op.ts';
import { streamingWorkgroup, tileTypes, valueType } from '../core/values.ts';
import { HALF_GEMM, HALF_GEMMS } from './gemmTiles.ts';
import { conv2dFlops, forwardAxis, phaseOutput, phaseTaps, reachesOver } from './geometry.ts';
import type { Conv2dSize, GatherAxis } from './geometry.ts';
import { parseVariant, variantName } from '../core/variant.ts';
import type { Variant } from '../core/variant.ts';
import { isDepthwise, planOf, preferredRung, takesHalf, tunableVariants } from './plans.ts';
import type { Gather, Rung } from './plans.ts';

/** Of the forward pass, by rung: a gradient by the input is computed by them, too, but for the naive one. */
export const kernels = {
  naive: { name: 'conv2d/1_naive', source: naive },
  direct: { name: 'conv2d/2_direct', source: direct },
  implicit_gemm: { name: 'conv2d/3_implicit_gemm', source: implicitGemm },
  broadcast: { name: 'conv2d/4_broadcast', source: broadcast },
  depthwise: { name: 'conv2d/depthwise', source: depthwise },
};

type Constants = Readonly<Record<string, ConstantValue>>;

/** Emits y = conv2d(x, weights), by the kernel that `preferredRung` chooses. */
export function lowerConv2d(
  opName: string,
  size: Conv2dSize,
  [x, weights, y]: readonly Operand[],
  context: LowerContext,
): void {
  const gather = { ...size, axes: [forwardAxis(size, 0), forwardAxis(size, 1)] } as const;
  const { target } = context;
  const candidates = tunableVariants(gather, target).map(variantName);
  const half = context.half && takesHalf(gather);
  const preferred = half ? HALF_GEMM : preferredRung(gather, target);
  const rungs = [...rungsOf(gather, target), ...HALF_GEMMS];
  const variant = parseVariant<GatherRung>(
    context.choose<string>(opName, rungs, preferred, half ? undefined : { candidates, kernels }),
  );
  if (variant.rung === 'naive') {
    const constants = { OUT_C: size.groups * size.groupOut };
    return dispatchNaive(context, size, kernels.naive, constants, { input: x, weights, output: y }, y);
  }
  dispatchGather(context, gather, variant, { input: x, weights, output: y }, conv2dFlops(size));
}

/** What computes a gather, whichever way it goes. */
export type GatherRung = Exclude<Rung, 'channel_lanes'>;

export const rungsOf = (gather: Gather, { subgroupSize }: Target): string[] => [
  'naive',
  'direct',
  'implicit_gemm',
  ...(subgroupSize ? ['broadcast'] : []),
  ...(isDepthwise(gather) ? ['depthwise'] : []),
];

export function dispatchNaive(
  context: LowerContext,
  size: Conv2dSize,
  kernel: KernelFile,
  constants: Constants,
  bindings: Readonly<Record<string, Operand>>,
  output: Operand,
): void {
  const { batch, input, groups, groupIn, kernel: window, stride, dilation, pad } = size;
  const count = output.shape.reduce((product, extent) => product * extent, 1);
  const workgroupSize = streamingWorkgroup(context.target, count);
  const { workgroups, gridX } = linearGrid(count, workgroupSize);
  context.dispatch({
    kernel,
    constants: {
      BATCH: batch,
      IN: input,
      GROUPS: groups,
      GROUP_IN: groupIn,
      OUT: size.output,
      ...constants,
      KERNEL: window,
      STRIDE: stride,
      DILATION: dilation,
      PAD: pad,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    bindings,
    workgroups,
    epilogue: true,
    flops: conv2dFlops(size),
  });
}

export function dispatchGather(
  context: LowerContext,
  gather: Gather,
  { rung, tile, half }: Variant<GatherRung>,
  bindings: Readonly<Record<string, Operand>>,
  flops: number,
): void {
  const { batch, axes } = gather;
  const [h, w] = axes;
  const plan = planOf(rung, gather, context.target, tile);
  const shares = plan.channelTiles * h.phases.length * w.phases.length;
  // Neighbouring workgroups share positions in the products that are linear, and where channels come first.
  const linear = rung === 'implicit_gemm';
  const channelsFirst = rung === 'broadcast';
  const { workgroups, gridX } = linearGrid(linear ? plan.tiles * shares : plan.tiles, 1);
  const [x, z] = workgroups;
  context.dispatch({
    kernel: kernels[rung],
    constants: {
      BATCH: batch,
      IN: [h.input, w.input],
      OUT: [h.output, w.output],
      STRIDE: [h.stride, w.stride],
      DILATION: [h.dilation, w.dilation],
      PADDED: reachesOver(h) || reachesOver(w),
      TAPS: [phaseTaps(h), phaseTaps(w)],
      PHASES: [h.phases.length, w.phases.length],
      PHASE_OUT: [phaseOutput(h), phaseOutput(w)],
      ...perPhase(axes, 'PHASE_TAPS', 'taps'),
      ...perPhase(axes, 'ORIGIN', 'origin'),
      ...plan.constants,
      [channelsFirst ? 'GRID_Y' : 'GRID_X']: gridX,
    },
    aliases: { Value: valueType('f32', plan.width), ...plan.aliases, ...tileTypes(plan.width, half) },
    bindings,
    workgroups: linear ? workgroups : channelsFirst ? [shares, x, z] : [x, shares, z],
    epilogue: true,
    flops,
  });
}

/** `NAME_H` and `NAME_W`: a property of the phases along each axis. */
export function perPhase(
  [h, w]: readonly [GatherAxis, GatherAxis],
  name: string,
  property: keyof GatherAxis['phases'][0],
): Constants {
  return {
    [`${name}_H`]: h.phases.map((phase) => phase[property]),
    [`${name}_W`]: w.phases.map((phase) => phase[property]),
  };
}
