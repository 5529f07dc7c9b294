import type { ConstantValue } from '../../kernels/kernel.ts';
import { evenly } from '../core/division.ts';
import { linearGrid } from '../core/op.ts';
import type { Target } from '../core/op.ts';
import { valueType } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import { conv2dFlops } from './geometry.ts';
import type { Conv2dSize } from './geometry.ts';
import { MOST_PRODUCTS } from './plans.ts';

/** Of dx by phase, that a strip has: for the tuner. */
const ROWS = [1, 2, 3, 4];
/** Few, as each loads all weights first, and enough for the threads of a CPU to share out evenly. */
const WORKGROUPS = 32;

/** How the kernel grad_input_channel_lanes computes an input gradient. */
interface ChannelLanesPlan {
  readonly constants: Readonly<Record<string, ConstantValue>>;
  readonly aliases: Readonly<Record<string, string>>;
  readonly workgroups: readonly [number, number, number];
}

/**
 * Names, where kernels may use subgroups of a software adapter, and the weights are so few that the text of the loop
 * stays short: the rule's rows first, then others.
 */
export function channelLanesVariants(size: Conv2dSize, target: Target): string[] {
  if (size.groups > 1 || !target.software || !target.subgroupSize) return [];
  if (productsOfRow(size, target) > MOST_PRODUCTS) return [];
  return ['channel_lanes', ...ROWS.map((rows) => `channel_lanes:${rows}`)];
}

/**
 * Measured better than broadcast: one channel from at least three; with strides, where fewer taps meet, up to two, and
 * up to four from channels that come in fours.
 */
export function prefersChannelLanes(size: Conv2dSize, { subgroupSize = 1 }: Target): boolean {
  const { groupIn, groupOut, stride } = size;
  const most = stride[0] * stride[1] === 1 ? 1 : groupOut % 4 === 0 ? 4 : 2;
  return subgroupSize >= 8 && groupIn <= most && groupOut >= 3 && conv2dFlops(size) >= 2 * 16_384;
}

/** Multiply-adds in the text of the loop, for each row of a strip. */
function productsOfRow({ kernel, groupIn, groupOut }: Conv2dSize, { subgroupSize = 1 }: Target): number {
  const { inputWidth, blocks } = lanesOf(groupOut, subgroupSize);
  return kernel[0] * kernel[1] * groupIn * blocks * inputWidth;
}

/** How the lanes of a subgroup are distributed over the channels. */
function lanesOf(channels: number, subgroupSize: number) {
  const inputWidth: Width = channels % 4 === 0 ? 4 : 1;
  const lanes = Math.min(subgroupSize, 2 ** Math.ceil(Math.log2(channels / inputWidth)));
  return { inputWidth, lanes, blocks: Math.ceil(channels / inputWidth / lanes) };
}

/** @param tile rows of a strip, as in the variant's name; empty for the rule's */
export function channelLanesPlan(
  size: Conv2dSize,
  target: Target,
  [namedRows]: readonly number[],
): ChannelLanesPlan {
  const { batch, input, output, kernel, groupIn, groupOut } = size;
  const { subgroupSize = 1 } = target;
  const { inputWidth, lanes, blocks } = lanesOf(groupOut, subgroupSize);
  const axes = [tapsOf(size, 0), tapsOf(size, 1)] as const;
  const phaseRows = Math.ceil(input[0] / axes[0].phases);
  const most = MOST_PRODUCTS / productsOfRow(size, target);
  const rows = namedRows ?? evenly(phaseRows, Math.max(1, Math.min(2, Math.floor(most))));
  const strips = batch * Math.ceil(phaseRows / rows);
  const besides = subgroupSize / lanes; // strips of a workgroup at a time
  const inTurn = Math.max(1, Math.floor(strips / besides / WORKGROUPS));
  const { workgroups, gridX } = linearGrid(Math.ceil(strips / inTurn), besides);
  return {
    constants: {
      BATCH: batch,
      OUT: output,
      OUT_C: groupOut / inputWidth,
      IN: input,
      IN_C: groupIn,
      KERNEL: kernel,
      PHASES: axes.map(({ phases }) => phases),
      PHASE_H: axes[0].phase,
      PHASE_W: axes[1].phase,
      SHIFT_H: axes[0].shift,
      SHIFT_W: axes[1].shift,
      LOWEST: axes.map(({ lowest }) => lowest),
      SPAN: axes.map(({ span }) => span),
      INPUT_WIDTH: inputWidth,
      ROWS: rows,
      LANES: lanes,
      BLOCKS: blocks,
      STRIPS: inTurn,
      WORKGROUP_SIZE: subgroupSize,
      GRID_X: gridX,
    },
    aliases: { Input: valueType('f32', inputWidth) },
    workgroups,
  };
}

/**
 * Along one axis: tap k joins dx[t · phases + phase[k]] to dy[t + lowest + shift[k]], from
 * o · stride + k · dilation − pad = t · stride + phase.
 */
function tapsOf({ stride, dilation, pad, kernel }: Conv2dSize, axis: 0 | 1) {
  const places = Array.from({ length: kernel[axis] }, (_, k) => k * dilation[axis] - pad[axis]);
  const offsets = places.map((place) => -Math.floor(place / stride[axis]));
  const lowest = Math.min(...offsets);
  return {
    phases: stride[axis],
    phase: places.map((place, k) => place + offsets[k] * stride[axis]),
    shift: offsets.map((offset) => offset - lowest),
    lowest,
    span: Math.max(...offsets) - lowest + 1,
  };
}
