import naive from '../../../shaders/conv2d/1_naive.wgsl?raw';
import direct from '../../../shaders/conv2d/2_direct.wgsl?raw';
import implicitGemm from '../../../shaders/conv2d/3_implicit_gemm.wgsl?raw';
import broadcast from '../../../shaders/conv2d/4_broadcast.wgsl?raw';
import depthwise from '../../../shaders/conv2d/depthwise.wgsl?raw';
import gradInputChannelLanes from '../../../shaders/conv2d/grad_input_channel_lanes.wgsl?raw';
import gradInputNaive from '../../../shaders/conv2d/grad_input_naive.wgsl?raw';
import phaseWeights from '../../../shaders/conv2d/phase_weights.wgsl?raw';
import type { ConstantValue } from '../../kernels/kernel.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand, Tensor } from '../core/op.ts';
import { streamingWorkgroup, tileTypes, valueType } from '../core/values.ts';
import { channelLanesPlan, channelLanesVariants, prefersChannelLanes } from './channelLanes.ts';
import { HALF_GEMMS } from './gemmTiles.ts';
import { conv2dFlops, forwardAxis, gradInputAxis, phaseOutput, phaseTaps, reachesOver } from './geometry.ts';
import type { Conv2dSize, GatherAxis } from './geometry.ts';
import { MOST_CANDIDATES, parseVariant, variantName } from '../core/variant.ts';
import type { Variant } from '../core/variant.ts';
import { isDepthwise, planOf, preferredRung, tunableVariants } from './plans.ts';
import type { Gather, Rung } from './plans.ts';

const kernels = {
  naive: { name: 'conv2d/1_naive', source: naive },
  direct: { name: 'conv2d/2_direct', source: direct },
  implicit_gemm: { name: 'conv2d/3_implicit_gemm', source: implicitGemm },
  broadcast: { name: 'conv2d/4_broadcast', source: broadcast },
  depthwise: { name: 'conv2d/depthwise', source: depthwise },
  channel_lanes: { name: 'conv2d/grad_input_channel_lanes', source: gradInputChannelLanes },
  grad_input_naive: { name: 'conv2d/grad_input_naive', source: gradInputNaive },
  phase_weights: { name: 'conv2d/phase_weights', source: phaseWeights },
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
  const variant = chooseVariant(opName, gather, context);
  if (variant.rung === 'naive') {
    return dispatchNaive(context, size, 'naive', { input: x, weights, output: y }, y);
  }
  dispatch(context, gather, variant, { input: x, weights, output: y }, conv2dFlops(size));
}

/**
 * Emits dx = the gradient of a convolution by its input, which is the transposed convolution too:
 * rearranges the weights by phases (a small dispatch of its own, shared by all calls), then computes as the forward
 * pass does.
 * With stride 1 that is one phase. The choice of the kernel is the forward pass's.
 */
export function lowerConv2dGradInput(
  opName: string,
  size: Conv2dSize,
  [dy, weights, dx]: readonly Tensor[],
  context: LowerContext,
): void {
  const axes = [gradInputAxis(size, 0), gradInputAxis(size, 1)] as const;
  const gather: Gather = { ...size, groupIn: size.groupOut, groupOut: size.groupIn, axes };
  const variant = chooseVariant(opName, gather, context, size);
  if (variant.rung === 'naive') {
    return dispatchNaive(context, size, 'grad_input_naive', { dy, weights, dx }, dx);
  }
  if (variant.rung === 'channel_lanes')
    return dispatchChannelLanes(context, size, variant.tile, { dy, weights, dx });
  const [h, w] = axes;
  const count = h.phases.length * w.phases.length * phaseTaps(h) * phaseTaps(w) * gather.groupIn;
  const channels = gather.groups * gather.groupOut;
  const workgroupSize = streamingWorkgroup(context.target, count * channels);
  const { workgroups, gridX } = linearGrid(count * channels, workgroupSize);
  const constants = {
    GROUPS: gather.groups,
    GROUP_IN: gather.groupIn,
    GROUP_OUT: gather.groupOut,
    KERNEL: size.kernel,
    TAPS: [phaseTaps(h), phaseTaps(w)],
    PHASES: [h.phases.length, w.phases.length],
    ...perPhase(axes, 'FIRST', 'first'),
    ...perPhase(axes, 'PHASE_TAPS', 'taps'),
    STEP: [h.step, w.step],
    DENSE: variant.rung === 'implicit_gemm',
    WORKGROUP_SIZE: workgroupSize,
    GRID_X: gridX,
  };
  // Once for all calls of a layer: a discriminator meets real and generated images with the same weights.
  const phased = context.shared(weights, `phase weights ${JSON.stringify(constants)}`, () => {
    const output = context.scratch([count, channels], 'f32', 'phase weights');
    const bindings = { weights, output };
    context.dispatch({ kernel: kernels.phase_weights, part: 'weights', constants, bindings, workgroups });
    return output;
  });
  dispatch(context, gather, variant, { input: dy, weights: phased, output: dx }, conv2dFlops(size));
}

/** @param size of the convolution whose input gradient it is */
function chooseVariant(
  opName: string,
  gather: Gather,
  context: LowerContext,
  size?: Conv2dSize,
): Variant<Rung> {
  const { target } = context;
  const lanes = size ? channelLanesVariants(size, target) : [];
  const preferLanes = size !== undefined && lanes.length > 0 && prefersChannelLanes(size, target);
  const rungs = [
    'naive',
    'direct',
    'implicit_gemm',
    ...(target.subgroupSize ? ['broadcast'] : []),
    ...(isDepthwise(gather) ? ['depthwise'] : []),
    ...lanes,
    ...HALF_GEMMS,
  ];
  const preferred = preferLanes ? 'channel_lanes' : preferredRung(gather, target);
  const tunable = tunableVariants(gather, target).map(variantName);
  const candidates = preferLanes ? [...lanes, ...tunable].slice(0, MOST_CANDIDATES) : tunable;
  return parseVariant<Rung>(context.choose<string>(opName, rungs, preferred, { candidates, kernels }));
}

function dispatchChannelLanes(
  context: LowerContext,
  size: Conv2dSize,
  tile: readonly number[],
  bindings: Readonly<Record<string, Operand>>,
): void {
  const plan = channelLanesPlan(size, context.target, tile);
  const flops = conv2dFlops(size);
  context.dispatch({ kernel: kernels.channel_lanes, ...plan, bindings, epilogue: true, flops });
}

function dispatchNaive(
  context: LowerContext,
  size: Conv2dSize,
  kernel: 'naive' | 'grad_input_naive',
  bindings: Readonly<Record<string, Operand>>,
  output: Operand,
): void {
  const { batch, input, groups, groupIn, groupOut, kernel: window, stride, dilation, pad } = size;
  const count = output.shape.reduce((product, extent) => product * extent, 1);
  const workgroupSize = streamingWorkgroup(context.target, count);
  const { workgroups, gridX } = linearGrid(count, workgroupSize);
  context.dispatch({
    kernel: kernels[kernel],
    constants: {
      BATCH: batch,
      IN: input,
      GROUPS: groups,
      GROUP_IN: groupIn,
      OUT: size.output,
      ...(kernel === 'naive' ? { OUT_C: groups * groupOut } : { GROUP_OUT: groupOut }),
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

function dispatch(
  context: LowerContext,
  gather: Gather,
  { rung, tile, half }: Variant<Rung>,
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
function perPhase(
  [h, w]: readonly [GatherAxis, GatherAxis],
  name: string,
  property: keyof GatherAxis['phases'][0],
): Constants {
  return {
    [`${name}_H`]: h.phases.map((phase) => phase[property]),
    [`${name}_W`]: w.phases.map((phase) => phase[property]),
  };
}
