import naive from '../../shaders/conv2d/1_naive.wgsl?raw';
import direct from '../../shaders/conv2d/2_direct.wgsl?raw';
import implicitGemm from '../../shaders/conv2d/3_implicit_gemm.wgsl?raw';
import gradInputNaive from '../../shaders/conv2d/grad_input_naive.wgsl?raw';
import phaseWeights from '../../shaders/conv2d/phase_weights.wgsl?raw';
import type { ConstantValue } from '../kernels/specialize.ts';
import {
  conv2dFlops,
  forwardAxis,
  gradInputAxis,
  phaseOutput,
  phaseTaps,
  reachesOver,
} from './conv2dGeometry.ts';
import type { Conv2dSize, GatherAxis } from './conv2dGeometry.ts';
import { linearGrid } from './op.ts';
import type { LowerContext, Operand, Target } from './op.ts';
import type { Tensor } from './tensor.ts';
import { streamingWorkgroup, valueType } from './values.ts';
import type { Width } from './values.ts';

const kernels = {
  naive: { name: 'conv2d/1_naive', source: naive },
  direct: { name: 'conv2d/2_direct', source: direct },
  implicit_gemm: { name: 'conv2d/3_implicit_gemm', source: implicitGemm },
  grad_input_naive: { name: 'conv2d/grad_input_naive', source: gradInputNaive },
  phase_weights: { name: 'conv2d/phase_weights', source: phaseWeights },
};

type Rung = 'naive' | 'direct' | 'implicit_gemm';
const RUNGS = ['naive', 'direct', 'implicit_gemm'] as const;
type Constants = Readonly<Record<string, ConstantValue>>;

/** A convolution as the kernels direct and implicit_gemm see it: the forward pass, or a gradient in phases. */
interface Gather {
  readonly batch: number;
  readonly groups: number;
  readonly groupIn: number;
  readonly groupOut: number;
  readonly axes: readonly [GatherAxis, GatherAxis];
}

/**
 * Emits y = conv2d(x, weights).
 *
 * The rule: direct on software adapters, and for few products per output (taps · input channels up to 100,
 * as in first layers) or few output channels (fewer than 8 per group); otherwise implicit_gemm.
 */
export function lowerConv2d(
  opName: string,
  size: Conv2dSize,
  [x, weights, y]: readonly Tensor[],
  context: LowerContext,
): void {
  const gather = { ...size, axes: [forwardAxis(size, 0), forwardAxis(size, 1)] } as const;
  const rung = context.choose<Rung>(opName, RUNGS, preferred(gather, context.target));
  if (rung === 'naive') {
    return dispatchNaive(context, size, 'naive', { input: x, weights, output: y }, y);
  }
  dispatch(context, gather, rung, { input: x, weights, output: y }, conv2dFlops(size));
}

/**
 * Emits dx = the gradient of a convolution by its input, which is the transposed convolution too:
 * rearranges the weights by phases (a small dispatch of its own), then computes as the forward pass does.
 * With stride 1 that is one phase. The rule is the forward pass's.
 */
export function lowerConv2dGradInput(
  opName: string,
  size: Conv2dSize,
  [dy, weights, dx]: readonly Tensor[],
  context: LowerContext,
): void {
  const axes = [gradInputAxis(size, 0), gradInputAxis(size, 1)] as const;
  const gather: Gather = { ...size, groupIn: size.groupOut, groupOut: size.groupIn, axes };
  const rung = context.choose<Rung>(opName, RUNGS, preferred(gather, context.target));
  if (rung === 'naive') {
    return dispatchNaive(context, size, 'grad_input_naive', { dy, weights, dx }, dx);
  }
  const [h, w] = axes;
  const count = h.phases.length * w.phases.length * phaseTaps(h) * phaseTaps(w) * gather.groupIn;
  const channels = gather.groups * gather.groupOut;
  const phased = context.scratch([count, channels], 'f32', 'phase weights');
  const workgroupSize = streamingWorkgroup(context.target);
  const { workgroups, gridX } = linearGrid(count * channels, workgroupSize);
  context.dispatch({
    kernel: kernels.phase_weights,
    part: 'weights',
    constants: {
      GROUPS: gather.groups,
      GROUP_IN: gather.groupIn,
      GROUP_OUT: gather.groupOut,
      KERNEL: size.kernel,
      TAPS: [phaseTaps(h), phaseTaps(w)],
      PHASES: [h.phases.length, w.phases.length],
      ...perPhase(axes, 'FIRST', 'first'),
      ...perPhase(axes, 'PHASE_TAPS', 'taps'),
      STEP: [h.step, w.step],
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    bindings: { weights, output: phased },
    workgroups,
  });
  dispatch(context, gather, rung, { input: dy, weights: phased, output: dx }, conv2dFlops(size));
}

function preferred({ groupIn, groupOut, axes: [h, w] }: Gather, { software }: Target): Rung {
  const products = phaseTaps(h) * phaseTaps(w) * groupIn;
  return software || products <= 100 || groupOut < 8 ? 'direct' : 'implicit_gemm';
}

function dispatchNaive(
  context: LowerContext,
  size: Conv2dSize,
  kernel: 'naive' | 'grad_input_naive',
  bindings: Readonly<Record<string, Operand>>,
  output: Tensor,
): void {
  const { batch, input, groups, groupIn, groupOut, kernel: window, stride, dilation, pad } = size;
  const workgroupSize = streamingWorkgroup(context.target);
  const count = output.shape.reduce((product, extent) => product * extent, 1);
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
  rung: 'direct' | 'implicit_gemm',
  bindings: Readonly<Record<string, Operand>>,
  flops: number,
): void {
  const { batch, groups, groupIn, groupOut, axes } = gather;
  const [h, w] = axes;
  const width: Width = groupOut % 4 === 0 ? 4 : 1;
  const plan = rung === 'direct' ? directPlan(gather, width, context.target) : gemmPlan(gather, width);
  const { workgroups, gridX } = linearGrid(plan.tiles, 1);
  context.dispatch({
    kernel: kernels[rung],
    constants: {
      BATCH: batch,
      IN: [h.input, w.input],
      GROUPS: groups,
      GROUP_IN: groupIn,
      OUT: [h.output, w.output],
      OUT_C: (groups * groupOut) / width,
      STRIDE: [h.stride, w.stride],
      DILATION: [h.dilation, w.dilation],
      PADDED: reachesOver(h) || reachesOver(w),
      TAPS: [phaseTaps(h), phaseTaps(w)],
      PHASES: [h.phases.length, w.phases.length],
      PHASE_OUT: [phaseOutput(h), phaseOutput(w)],
      ...perPhase(axes, 'PHASE_TAPS', 'taps'),
      ...perPhase(axes, 'ORIGIN', 'origin'),
      ...plan.constants,
      GRID_X: gridX,
    },
    aliases: { Value: valueType('f32', width) },
    bindings,
    workgroups: [workgroups[0], plan.channelTiles * h.phases.length * w.phases.length, workgroups[1]],
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

interface Plan {
  readonly constants: Constants;
  /** Workgroups for the positions of one phase. */
  readonly tiles: number;
  /** Workgroups that share a position: channels, by groups. */
  readonly channelTiles: number;
}

/**
 * Register tiles of about 64 sums: on software adapters loads then take as long as the arithmetic, and a
 * larger tile takes longer to compile than it saves. On GPUs 32 sums, as registers are shared by all lanes.
 */
function directPlan(
  { batch, groups, groupIn, groupOut, axes: [h, w] }: Gather,
  width: Width,
  { software }: Target,
): Plan {
  const channels = largestDivisor(groupOut / width, 8 / width);
  const most = Math.min(12, (software ? 64 : 32) / (channels * width));
  const columns = evenly(phaseOutput(w), Math.floor(most));
  const batchLanes = software && batch >= 8 ? 8 : 1;
  const lanes =
    Math.ceil(batch / batchLanes) * batchLanes * phaseOutput(h) * Math.ceil(phaseOutput(w) / columns);
  const workgroupSize = !software ? 64 : lanes >= 1024 ? 32 : 8;
  return {
    constants: {
      COLUMNS: columns,
      CHANNELS: channels,
      BATCH_LANES: batchLanes,
      WORKGROUP_SIZE: workgroupSize,
    },
    tiles: Math.ceil(lanes / workgroupSize),
    channelTiles: (groups * groupOut) / width / channels,
  };
}

/**
 * Tiles of 64 positions, or 32 where there are few, × 64, 32 or 16 channels: so that there are enough
 * workgroups, and few invocations that have nothing to compute.
 */
function gemmPlan({ batch, groups, groupIn, groupOut, axes: [h, w] }: Gather, width: Width): Plan {
  const values = groupOut / width;
  const WG_X = values > 8 ? 16 : values > 4 ? 8 : 4;
  const channelTiles = groups * Math.ceil(values / WG_X);
  const positions = batch * phaseOutput(h) * phaseOutput(w);
  const many = (positions / 64) * channelTiles * h.phases.length * w.phases.length >= 128;
  const ROWS = many ? 8 : 4;
  // A step over input channels loads at least one number per invocation: TILE_K · ROWS / 4 is a multiple of WG_X.
  const TILE_K = groupIn % 16 === 0 || groupIn > 40 || (!many && WG_X === 16) ? 16 : 8;
  return {
    constants: { WG_X, WG_Y: 8, ROWS, COLUMNS: 1, TILE_K },
    tiles: Math.ceil(positions / (8 * ROWS)),
    channelTiles,
  };
}

/** The largest divisor of `total` up to `most`. */
export function largestDivisor(total: number, most: number): number {
  let divisor = Math.min(total, Math.floor(most));
  while (total % divisor !== 0) divisor--;
  return divisor;
}

/** The size of a part when `total` is cut into as few parts of at most `most` as possible, all about equal. */
export function evenly(total: number, most: number): number {
  return Math.ceil(total / Math.ceil(total / most));
}
