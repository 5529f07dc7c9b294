import type { ConstantValue } from '../../kernels/kernel.ts';
import type { Target } from '../core/op.ts';
import { streamingWorkgroup } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import { MOST_CANDIDATES } from '../core/variant.ts';
import type { Variant } from '../core/variant.ts';
import { phaseOutput, phaseTaps } from './geometry.ts';
import type { GatherAxis } from './geometry.ts';

/** The kernels of shaders/conv2d that compute an output from what it sees through the taps. */
export type Rung = 'naive' | 'direct' | 'implicit_gemm' | 'depthwise';

/** A convolution as its kernels see it: the forward pass, or the input gradient in phases. */
export interface Gather {
  readonly batch: number;
  readonly groups: number;
  readonly groupIn: number;
  readonly groupOut: number;
  readonly axes: readonly [GatherAxis, GatherAxis];
}

/** How a rung computes a Gather. */
export interface Plan {
  readonly width: Width;
  /** Channels and tiles, by the names of the rung's file. */
  readonly constants: Readonly<Record<string, ConstantValue>>;
  /** Workgroups for the positions of one phase. */
  readonly tiles: number;
  /** Workgroups that share a position: channels, by groups. */
  readonly channelTiles: number;
}

/**
 * The choice of a rung. On software adapters: naive below 16,384 multiply-adds, where compiling takes longer
 * than computing ever will, else direct. On a GPU: depthwise where every group is a single channel; direct
 * for few products per output (taps · input channels up to 100, as in first layers) or few output channels
 * (fewer than 8 in a group); otherwise implicit_gemm.
 */
export function preferredRung(gather: Gather, { software }: Target): Rung {
  const {
    batch,
    groups,
    groupIn,
    groupOut,
    axes: [h, w],
  } = gather;
  const products = phaseTaps(h) * phaseTaps(w) * groupIn;
  if (software)
    return batch * h.output * w.output * groups * groupOut * products < 16_384 ? 'naive' : 'direct';
  if (isDepthwise(gather)) return 'depthwise';
  return products <= 100 || groupOut < 8 ? 'direct' : 'implicit_gemm';
}

export function isDepthwise({ groupIn, groupOut }: Gather): boolean {
  return groupIn === 1 && groupOut === 1;
}

/** What may be faster than the rule's choice: the rungs for such a device, and other tiles of theirs. */
export function tunableVariants(gather: Gather, target: Target): Variant<Rung>[] {
  const direct = [[], ...directTiles(gather)].map((tile) => ({ rung: 'direct', tile }) as const);
  if (target.software) return direct.slice(0, MOST_CANDIDATES);
  const others = isDepthwise(gather) ? (['depthwise'] as const) : (['implicit_gemm'] as const);
  return [...others.map((rung) => ({ rung, tile: [] })), ...direct].slice(0, MOST_CANDIDATES);
}

/** @param tile as in the variant's name; empty for the rule's */
export function planOf(rung: Rung, gather: Gather, target: Target, tile: readonly number[] = []): Plan {
  if (rung === 'direct') return directPlan(gather, target, tile);
  return rung === 'depthwise' ? depthwisePlan(gather, target) : gemmPlan(gather);
}

/** Channels by the names of direct and implicit_gemm. */
function channelConstants({ groups, groupIn, groupOut }: Gather, width: Width) {
  return { GROUPS: groups, GROUP_IN: groupIn, OUT_C: (groups * groupOut) / width };
}

/**
 * Register tiles of about 64 sums on software adapters: loads then take as long as the arithmetic, and a
 * larger tile takes longer to compile than it saves. On GPUs 32, as there have to be many invocations.
 */
function directPlan(
  gather: Gather,
  { software }: Target,
  [namedColumns, namedChannels]: readonly number[],
): Plan {
  const {
    batch,
    groups,
    groupOut,
    axes: [h, w],
  } = gather;
  const width: Width = groupOut % 4 === 0 ? 4 : 1;
  const channels = namedChannels ?? largestDivisor(groupOut / width, 8 / width);
  const most = software ? Math.min(12, 64 / (channels * width)) : 4;
  const columns = namedColumns ?? evenly(phaseOutput(w), Math.floor(most));
  const batchLanes = software && batch >= 8 ? 8 : 1;
  const places = phaseOutput(h) * Math.ceil(phaseOutput(w) / columns);
  const lanes = Math.ceil(batch / batchLanes) * batchLanes * places;
  const workgroupSize = !software ? 64 : lanes >= 1024 ? 32 : 8;
  return {
    width,
    constants: {
      ...channelConstants(gather, width),
      COLUMNS: columns,
      CHANNELS: channels,
      TAP_RUN: channels * width <= 4 && phaseTaps(w) <= 7 ? phaseTaps(w) : 1,
      BATCH_LANES: batchLanes,
      WORKGROUP_SIZE: workgroupSize,
    },
    tiles: Math.ceil(lanes / workgroupSize),
    channelTiles: (groups * groupOut) / width / channels,
  };
}

/** Tiles of columns × vectors of channels with 8 to 96 sums, those with about 48 first. */
function directTiles({ groupOut, axes: [, w] }: Gather): number[][] {
  const width: Width = groupOut % 4 === 0 ? 4 : 1;
  const channels = [1, 2, 4, 8].filter((own) => own * width <= 16 && (groupOut / width) % own === 0);
  const columns = [2, 3, 4, 6, 8, 12].map((most) => evenly(phaseOutput(w), most));
  const tiles = [...new Set(columns)].flatMap((across) => channels.map((own) => [across, own]));
  const sums = ([across, own]: number[]) => across * own * width;
  return tiles
    .filter((tile) => sums(tile) >= 8 && sums(tile) <= 96)
    .toSorted((a, b) => Math.abs(sums(a) - 48) - Math.abs(sums(b) - 48));
}

/**
 * Tiles of 64 positions × 64, 32 or 16 channels; where those are fewer than 128, 32 positions × up to 32
 * channels, so that more cores have work.
 */
function gemmPlan(gather: Gather): Plan {
  const {
    batch,
    groups,
    groupIn,
    groupOut,
    axes: [h, w],
  } = gather;
  const width: Width = groupOut % 4 === 0 ? 4 : 1;
  const values = groupOut / width;
  const positions = batch * phaseOutput(h) * phaseOutput(w);
  const phases = h.phases.length * w.phases.length;
  const many = Math.ceil(positions / 64) * groups * Math.ceil(values / 16) * phases >= 128;
  const WG_X = values > 8 && many ? 16 : values > 4 ? 8 : 4;
  const ROWS = many ? 8 : 4;
  const TILE_K = many && (groupIn % 16 === 0 || groupIn > 40) ? 16 : 8;
  return {
    width,
    constants: { ...channelConstants(gather, width), WG_X, WG_Y: 8, ROWS, COLUMNS: 1, TILE_K },
    tiles: Math.ceil(positions / (8 * ROWS)),
    channelTiles: groups * Math.ceil(values / WG_X),
  };
}

/** Four neighbouring outputs of four channels per invocation. */
function depthwisePlan({ batch, groups, axes: [h, w] }: Gather, target: Target): Plan {
  const width: Width = groups % 4 === 0 ? 4 : 1;
  const columns = evenly(phaseOutput(w), 4);
  const lanes = batch * phaseOutput(h) * Math.ceil(phaseOutput(w) / columns) * (groups / width);
  const workgroupSize = streamingWorkgroup(target, lanes);
  return {
    width,
    constants: { CHANNELS: groups / width, COLUMNS: columns, WORKGROUP_SIZE: workgroupSize },
    tiles: Math.ceil(lanes / workgroupSize),
    channelTiles: 1,
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
