import gradInputChannelLanes from '../../../shaders/conv2d/grad_input_channel_lanes.wgsl?raw';
import gradInputNaive from '../../../shaders/conv2d/grad_input_naive.wgsl?raw';
import phaseWeights from '../../../shaders/conv2d/phase_weights.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand, Tensor } from '../core/op.ts';
import { streamingWorkgroup } from '../core/values.ts';
import { MOST_CANDIDATES, parseVariant, variantName } from '../core/variant.ts';
import type { Variant } from '../core/variant.ts';
import { channelLanesPlan, channelLanesVariants, prefersChannelLanes } from './channelLanes.ts';
import { HALF_GEMM, HALF_GEMMS } from './gemmTiles.ts';
import { conv2dFlops, gradInputAxis, phaseTaps } from './geometry.ts';
import type { Conv2dSize } from './geometry.ts';
import { dispatchGather, dispatchNaive, kernels as forward, perPhase, rungsOf } from './kernels.ts';
import { preferredRung, takesHalf, tunableVariants } from './plans.ts';
import type { Gather, Rung } from './plans.ts';

const kernels = {
  ...forward,
  channel_lanes: { name: 'conv2d/grad_input_channel_lanes', source: gradInputChannelLanes },
  grad_input_naive: { name: 'conv2d/grad_input_naive', source: gradInputNaive },
  phase_weights: { name: 'conv2d/phase_weights', source: phaseWeights },
};

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
  const { rung, ...variant } = chooseVariant(opName, gather, context, size);
  if (rung === 'naive') {
    const own = { GROUP_OUT: size.groupOut };
    return dispatchNaive(context, size, kernels.grad_input_naive, own, { dy, weights, dx }, dx);
  }
  if (rung === 'channel_lanes') return dispatchChannelLanes(context, size, variant.tile, { dy, weights, dx });
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
    DENSE: rung === 'implicit_gemm',
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
  dispatchGather(
    context,
    gather,
    { rung, ...variant },
    { input: dy, weights: phased, output: dx },
    conv2dFlops(size),
  );
}

function chooseVariant(
  opName: string,
  gather: Gather,
  context: LowerContext,
  size: Conv2dSize,
): Variant<Rung> {
  const { target } = context;
  const lanes = channelLanesVariants(size, target);
  const preferLanes = lanes.length > 0 && prefersChannelLanes(size, target);
  const rungs = [...rungsOf(gather, target), ...lanes, ...HALF_GEMMS];
  if (context.half && takesHalf(gather)) {
    return parseVariant<Rung>(context.choose<string>(opName, rungs, HALF_GEMM));
  }
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
