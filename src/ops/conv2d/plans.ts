import type { ConstantValue } from '../../kernels/kernel.ts';
import { divisors, evenly, largestDivisor, upTo } from '../core/division.ts';
import type { Target } from '../core/op.ts';
import { residentWorkgroups, streamingWorkgroup, valueType } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import { MOST_CANDIDATES } from '../core/variant.ts';
import type { Variant } from '../core/variant.ts';
import { phaseOutput, phaseTaps } from './geometry.ts';
import { gemmTile, GEMM_TILES, preferredTile, tileConstants, tileCounts } from './gemmTiles.ts';
import type { GatherAxis } from './geometry.ts';

/** The kernels of shaders/conv2d that compute an output from the inputs that its taps read. */
export type Rung = 'naive' | 'direct' | 'implicit_gemm' | 'broadcast' | 'depthwise' | 'channel_lanes';

/** A convolution in the form that its kernels take: the forward pass, or the input gradient in phases. */
export interface Gather {
  readonly batch: number;
  readonly groups: number;
  readonly groupIn: number;
  readonly groupOut: number;
  readonly axes: readonly [GatherAxis, GatherAxis];
}

/** How a kernel computes a Gather. */
export interface Plan {
  readonly width: Width;
  /** Channels and tiles, by the names of the kernel's file. */
  readonly constants: Readonly<Record<string, ConstantValue>>;
  readonly aliases?: Readonly<Record<string, string>>;
  /** Workgroups for the positions of one phase. */
  readonly tiles: number;
  /** Workgroups that share a position: channels, by groups. */
  readonly channelTiles: number;
}

type Adapter = Pick<Target, 'software' | 'subgroupSize'>;

/**
 * The choice of a kernel. On software adapters: naive below 16,384 multiply-adds, where compiling takes longer
 * than computing ever will, else broadcast where kernels may use subgroups (of four lanes only for more than 32 products
 * per output), else direct. On a GPU: depthwise where every group is a single channel; direct
 * for few products per output (taps · input channels up to 100, as in first layers) or few output channels
 * (fewer than 8 in a group); otherwise implicit_gemm.
 */
export function preferredRung(gather: Gather, { software, subgroupSize }: Adapter): Rung {
  const {
    batch,
    groups,
    groupIn,
    groupOut,
    axes: [h, w],
  } = gather;
  const products = phaseTaps(h) * phaseTaps(w) * groupIn;
  if (software) {
    if (batch * h.output * w.output * groups * groupOut * products < 16_384) return 'naive';
    return subgroupSize && (subgroupSize >= 8 || products > 32) ? 'broadcast' : 'direct';
  }
  if (isDepthwise(gather)) return 'depthwise';
  return products <= 100 || groupOut < 8 ? 'direct' : 'implicit_gemm';
}

/**
 * Whether a convolution rounds what it multiplies to f16 in mixed precision: where the rule for GPUs takes implicit_gemm, on
 * every adapter, so that all round alike. The others use each number but a few times, and are f32.
 */
export function takesHalf(gather: Gather): boolean {
  return preferredRung(gather, { software: false }) === 'implicit_gemm';
}

export function isDepthwise({ groupIn, groupOut }: Gather): boolean {
  return groupIn === 1 && groupOut === 1;
}

/** Candidates that may be faster than the rule's choice: the kernels for such a device, with other tiles. */
export function tunableVariants(gather: Gather, target: Target): Variant<Rung>[] {
  const direct = [[], ...directTiles(gather)].map((tile) => ({ rung: 'direct', tile }) as const);
  if (target.software) {
    if (!target.subgroupSize) return direct.slice(0, MOST_CANDIDATES);
    const tiles = [[], ...broadcastTiles(gather, target)].slice(0, MOST_CANDIDATES - 2);
    return [...tiles.map((tile) => ({ rung: 'broadcast', tile }) as const), ...direct.slice(0, 2)];
  }
  const others: Variant<Rung>[] = [[], ...GEMM_TILES].map((tile) => ({ rung: 'implicit_gemm', tile }));
  if (isDepthwise(gather)) others.unshift({ rung: 'depthwise', tile: [] });
  return [...others, ...direct].slice(0, MOST_CANDIDATES);
}

/** @param tile as in the variant's name; empty for the rule's */
export function planOf(rung: Rung, gather: Gather, target: Target, tile: readonly number[] = []): Plan {
  if (rung === 'direct') return directPlan(gather, target, tile);
  if (rung === 'broadcast') return broadcastPlan(gather, target, tile);
  return rung === 'depthwise' ? depthwisePlan(gather, target) : gemmPlan(gather, tile, target);
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

/** Tiles of columns × vectors of channels with 4 to 96 sums, those with about 48 first. */
function directTiles({ groupOut, axes: [, w] }: Gather): number[][] {
  const width: Width = groupOut % 4 === 0 ? 4 : 1;
  const channels = [1, 2, 4, 8].filter((own) => own * width <= 16 && (groupOut / width) % own === 0);
  const columns = [2, 3, 4, 6, 8, 12].map((most) => evenly(phaseOutput(w), most));
  const tiles = [...new Set(columns)].flatMap((across) => channels.map((own) => [across, own]));
  const sums = ([across, own]: number[]) => across * own * width;
  return tiles
    .filter((tile) => sums(tile) >= 4 && sums(tile) <= 96)
    .toSorted((a, b) => Math.abs(sums(a) - 48) - Math.abs(sums(b) - 48));
}

/** Neighbouring taps that share a strip. */
export const MOST_TAPS = 7;
/** Multiply-adds in the text of a loop. */
export const MOST_PRODUCTS = 330;
/** Sums of an invocation: those beyond the registers are fetched from the stack. */
export const MOST_SUMS = 112;

/** What instructions cost, in multiply-adds of a subgroup: measured on lavapipe. */
export const COST = {
  load: { 1: 23, 4: 64 },
  store: { 1: 22, 4: 54 },
  shuffle: 4,
  move: 2.5,
  multiplyAdd: 1.5,
};

interface Tile {
  readonly columns: number;
  /** In Values. */
  readonly channels: number;
}

/**
 * The tiles of up to 16 columns and 16 channels, those of the least cost per output first: wide ones load less, but some
 * columns may be left over, and every multiply-add in the text of the loop takes time to compile.
 */
function broadcastTiles(gather: Gather, { subgroupSize = 1 }: Target): number[][] {
  const {
    batch,
    groupIn,
    groupOut,
    axes: [h, w],
  } = gather;
  const width: Width = groupOut % 4 === 0 ? 4 : 1;
  const values = groupOut / width;
  const run = tapRun(gather);
  const runs = phaseTaps(h) * (phaseTaps(w) / run) * groupIn;
  const blocks = (columns: number) => Math.ceil((batch * Math.ceil(phaseOutput(w) / columns)) / subgroupSize);
  const cost = ({ columns, channels }: Tile) => {
    const strip = (columns - 1) * w.stride + (run - 1) * w.dilation + 1;
    const weights = run * channels;
    const inner =
      strip * COST.load[1] +
      Math.ceil(weights / subgroupSize) * COST.load[width] +
      weights * width * (COST.shuffle + columns * COST.multiplyAdd);
    return blocks(columns) * (values / channels) * (runs * inner + columns * channels * COST.store[width]);
  };
  const tiles = divisors(values, 16 / width).flatMap((channels) =>
    upTo(16).map((most) => ({ columns: evenly(phaseOutput(w), most), channels })),
  );
  const fits = ({ columns, channels }: Tile) => {
    const sums = columns * channels * width;
    return sums <= MOST_SUMS && sums * run <= MOST_PRODUCTS;
  };
  return tiles
    .filter(fits)
    .toSorted((a, b) => cost(a) - cost(b))
    .map(({ columns, channels }) => [columns, channels])
    .filter((tile, i, all) => String(tile) !== String(all[i - 1]));
}

const tapRun = ({ axes: [, w] }: Gather): number => largestDivisor(phaseTaps(w), MOST_TAPS);

function broadcastPlan(gather: Gather, target: Target, tile: readonly number[]): Plan {
  const {
    batch,
    groups,
    groupOut,
    axes: [h, w],
  } = gather;
  const { subgroupSize = 1 } = target;
  const width: Width = groupOut % 4 === 0 ? 4 : 1;
  const [columns, channels] = tile.length > 0 ? tile : broadcastTiles(gather, target)[0];
  const taps = w.phases.map((phase) => phase.taps);
  return {
    width,
    constants: {
      ...channelConstants(gather, width),
      UNEVEN: taps.some((each) => each !== taps[0]),
      COLUMNS: columns,
      CHANNELS: channels,
      TAP_RUN: tapRun(gather),
      WORKGROUP_SIZE: subgroupSize,
    },
    tiles: phaseOutput(h) * Math.ceil((batch * Math.ceil(phaseOutput(w) / columns)) / subgroupSize),
    channelTiles: (groups * groupOut) / width / channels,
  };
}

/** Positions are the rows. Large tiles take half of the lanes that a GPU runs at once, or there are smaller ones. */
function gemmPlan(gather: Gather, named: readonly number[], target: Target): Plan {
  const {
    batch,
    groups,
    groupIn,
    groupOut,
    axes: [h, w],
  } = gather;
  const width: Width = groupOut % 4 === 0 ? 4 : 1;
  const inputWidth: Width = groupIn % 4 === 0 ? 4 : 1;
  const positions = batch * phaseOutput(h) * phaseOutput(w);
  const phases = h.phases.length * w.phases.length;
  const enough = 2 * residentWorkgroups(target); // of 64 invocations each, where resident ones have 256
  const tile = gemmTile(named) ?? preferredTile(positions, groupOut, groups * phases, enough);
  const [tiles, across] = tileCounts(tile, positions, groupOut);
  return {
    width,
    constants: {
      ...channelConstants(gather, width),
      INPUT_WIDTH: inputWidth,
      ...tileConstants(tile, width),
    },
    aliases: { Input: valueType('f32', inputWidth) },
    tiles,
    channelTiles: groups * across,
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
