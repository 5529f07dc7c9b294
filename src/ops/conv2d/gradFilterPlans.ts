import type { ConstantValue } from '../../kernels/kernel.ts';
import { linearGrid } from '../core/op.ts';
import type { Target } from '../core/op.ts';
import { residentWorkgroups, valueType } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import { MOST_CANDIDATES, variantName } from '../core/variant.ts';
import type { Variant } from '../core/variant.ts';
import { depthOf, gemmTile, GEMM_TILES, preferredTile, tileConstants, tileCounts } from './gemmTiles.ts';
import type { Conv2dSize } from './geometry.ts';
import { divisors, evenly, largestDivisor, upTo } from '../core/division.ts';
import { COST, MOST_TAPS } from './plans.ts';

/** The kernels of shaders/conv2d that compute the gradient of the weights. */
export type Rung = 'naive' | 'direct' | 'implicit_gemm' | 'broadcast';

/** How a kernel computes partial sums. */
export interface Plan {
  /** Channels in a Value of the kernel. */
  readonly width: Width;
  readonly constants: Readonly<Record<string, ConstantValue>>;
  readonly aliases?: Readonly<Record<string, string>>;
  readonly slices: number;
  readonly workgroups: readonly [number, number, number];
}

export function widthOf({ groupOut }: Conv2dSize): Width {
  return groupOut % 4 === 0 ? 4 : 1;
}

/** Rows of the weights as a matrix [KH · KW · IC, OC], and one more for a bias. */
export function rowsOf({ kernel, groupIn }: Conv2dSize, bias: boolean): number {
  return kernel[0] * kernel[1] * groupIn + (bias ? 1 : 0);
}

/** What may be faster than the rule's choice: on software adapters other tiles and other slices. */
export function tunableVariants(size: Conv2dSize, bias: boolean, target: Target): string[] {
  const direct = { rung: 'direct', tile: [] };
  if (!target.software) {
    const gemm = [[], ...GEMM_TILES].map((tile) => ({ rung: 'implicit_gemm', tile }));
    return [direct, ...gemm].map(variantName);
  }
  // Beside broadcast the others are rarely the fastest: a few stand for all.
  if (target.subgroupSize) {
    const directs = [direct, ...[4, 8].map((own) => ({ rung: 'direct', tile: [own] }))];
    return [...broadcastVariants(size, target), ...directs].slice(0, MOST_CANDIDATES).map(variantName);
  }
  const { constants, slices, width } = directPlan(size, bias, target, direct);
  const [rows, channels] = [constants.ROWS, constants.CHANNELS] as number[];
  const more = [channels / 2, 2 * channels].filter(
    (own) => Number.isInteger(own) && (size.groupOut / width) % own === 0,
  );
  const tiles = [
    ...[4, 5, 6, 8, 10, 12].filter((own) => own !== rows).map((own) => [own, channels]),
    ...more.map((own) => [rows, own]),
  ];
  const splits = [Math.ceil(slices / 2), 2 * slices].map((split) => ({
    rung: 'direct',
    tile: [rows, channels],
    split,
  }));
  return [direct, ...tiles.map((tile) => ({ rung: 'direct', tile })), ...splits]
    .slice(0, MOST_CANDIDATES)
    .map(variantName);
}

export function preferredRung(
  { groupOut }: Conv2dSize,
  { software, subgroupSize }: Pick<Target, 'software' | 'subgroupSize'>,
): Rung {
  if (software) return subgroupSize ? 'broadcast' : 'direct';
  return groupOut < 8 ? 'direct' : 'implicit_gemm';
}

export function planOf(
  rung: Exclude<Rung, 'naive'>,
  size: Conv2dSize,
  bias: boolean,
  target: Target,
  named: Pick<Variant, 'tile' | 'split'>,
): Plan {
  if (rung === 'broadcast') return broadcastPlan(size, target, named);
  return rung === 'direct' ? directPlan(size, bias, target, named) : gemmPlan(size, bias, named.tile, target);
}

/**
 * Tiles of up to 10 rows × 8 channels, the rows such that few are left over; and so many slices that there
 * are some 64 subgroups of 8 lanes to share among cores, but none of fewer than 64 positions.
 */
function directPlan(
  size: Conv2dSize,
  bias: boolean,
  target: Target,
  { tile: [namedRows, namedChannels], split }: Pick<Variant, 'tile' | 'split'>,
): Plan {
  const { software } = target;
  const { batch, output, groups, groupIn, groupOut } = size;
  const width = widthOf(size);
  const rows = rowsOf(size, bias);
  const channels = namedChannels ?? largestDivisor(groupOut / width, 8 / width);
  const sums = channels * width;
  // Time of all tiles for one position: a load costs as much as ten multiply-adds.
  const cost = (tile: number) =>
    Math.ceil(rows / tile) * (10 * (tile + sums) + tile * sums + (groupIn % tile === 0 ? 0 : tile * 4));
  const candidates = (software ? [4, 5, 6, 7, 8, 9, 10] : [4]).filter((tile) => tile <= Math.max(4, rows));
  const ROWS = namedRows ?? candidates.reduce((best, tile) => (cost(tile) <= cost(best) ? tile : best));

  const channelTiles = (groups * groupOut) / width / channels;
  const blocks = Math.ceil(rows / ROWS);
  const positions = batch * output[0] * output[1];
  const lanes = residentWorkgroups(target) * (software ? 64 : 256);
  const wanted = split ?? Math.ceil(lanes / (blocks * channelTiles));
  const steps = Math.ceil(positions / Math.max(1, Math.min(wanted, Math.floor(positions / 64))));
  const slices = Math.ceil(positions / steps);
  const workgroupSize = software ? 8 : 64;
  const grid = linearGrid(blocks * slices, workgroupSize);
  return {
    width,
    aliases: { Value: valueType('f32', width) },
    constants: { ROWS, CHANNELS: channels, STEPS: steps, WORKGROUP_SIZE: workgroupSize, GRID_X: grid.gridX },
    slices,
    workgroups: [grid.workgroups[0], channelTiles, grid.workgroups[1]],
  };
}

/**
 * Weights of a channel are the rows. There are slices until all lanes have work, 64 of which make a workgroup; none is of
 * fewer than 128 positions.
 */
function gemmPlan(size: Conv2dSize, bias: boolean, named: readonly number[], target: Target): Plan {
  const { batch, output, groups, groupIn, groupOut } = size;
  const width = widthOf(size);
  const rows = rowsOf(size, bias);
  const tile = gemmTile(named) ?? preferredTile(rows, groupOut, groups, 0);
  const [down, across] = tileCounts(tile, rows, groupOut);
  const tiles = down * across * groups;
  const positions = batch * output[0] * output[1];
  const blocks = Math.ceil(positions / depthOf(tile));
  const wanted = Math.min(Math.ceil((4 * residentWorkgroups(target)) / tiles), Math.ceil(positions / 128));
  const steps = Math.ceil(blocks / wanted);
  const slices = Math.ceil(blocks / steps);
  const inputWidth: Width = groupIn % 4 === 0 ? 4 : 1;
  const { workgroups, gridX } = linearGrid(tiles * slices, 1);
  return {
    width,
    constants: {
      ...tileConstants(tile, width),
      INPUT_WIDTH: inputWidth,
      STEPS: steps,
      GRID_X: gridX,
    },
    aliases: { Value: valueType('f32', width), Input: valueType('f32', inputWidth) },
    slices,
    workgroups,
  };
}

interface Tile {
  /** Pairs (kh, ic) of the weights. */
  readonly pairs: number;
  readonly channels: number;
  /** The pairs stay in the lanes that load them, else the channels. */
  readonly pairLanes: boolean;
}

/** Columns between the first and the last tap of a window that moves. */
const MOST_COLUMNS = 8;
/** Tiles of broadcast that the tuner may try. */
const MOST_TILES = 6;
/** Sums of an invocation: those beyond the registers are fetched from the stack. */
const MOST_SUMS = 192;

/** What depends on the shapes alone: pairs of all weights, and how many taps of a row a window has that moves. */
function broadcastWork({ kernel, groupIn, dilation }: Conv2dSize) {
  const most = Math.min(MOST_TAPS, 1 + Math.floor(MOST_COLUMNS / dilation[1]));
  return { pairs: kernel[0] * groupIn, run: largestDivisor(kernel[1], most) };
}

/** So many slices that there are some 64 subgroups, but none of fewer than 64 positions; or as many as the name says. */
function broadcastGrid(size: Conv2dSize, tile: Tile, split?: number) {
  const { batch, output, kernel, groups, groupOut } = size;
  const { pairs, run } = broadcastWork(size);
  const blocks = Math.ceil(pairs / tile.pairs) * (kernel[1] / run);
  const channelTiles = (groups * groupOut) / tile.channels;
  const imageRows = batch * output[0];
  const most = Math.max(1, Math.floor((imageRows * output[1]) / 64));
  const wanted = split ?? Math.min(most, Math.ceil(64 / (blocks * channelTiles)));
  const steps = Math.ceil(imageRows / Math.min(imageRows, wanted));
  return { steps, workgroups: [blocks, channelTiles, Math.ceil(imageRows / steps)] as const };
}

/** The tiles whose sums fit into the registers, those of the least cost first. */
function broadcastTiles(size: Conv2dSize, { subgroupSize = 1 }: Target): Tile[] {
  const { output, groupOut, stride, dilation } = size;
  const { pairs, run } = broadcastWork(size);
  const loads = (numbers: number) => Math.ceil(numbers / subgroupSize);
  const tiles = divisors(groupOut, 64).flatMap((channels) => [
    ...upTo(8).map((most) => ({
      pairs: evenly(loads(pairs), most) * subgroupSize,
      channels,
      pairLanes: true,
    })),
    ...upTo(24).map((most) => ({ pairs: evenly(pairs, most), channels, pairLanes: false })),
  ]);
  const down = (tile: Tile) => (tile.pairLanes ? loads(tile.pairs) : tile.pairs);
  const sums = (tile: Tile) => down(tile) * run * (tile.pairLanes ? tile.channels : loads(tile.channels));
  const window = (run - 1) * dilation[1] + 1;
  const fresh = Math.min(window, stride[1]);
  const cost = (tile: Tile) => {
    const { steps, workgroups } = broadcastGrid(size, tile);
    const position =
      (loads(tile.pairs) * fresh + loads(tile.channels)) * COST.load[1] +
      (tile.pairLanes ? tile.channels : tile.pairs * run) * COST.shuffle +
      (window - fresh) * loads(tile.pairs) * COST.move +
      sums(tile) * COST.multiplyAdd;
    const row = output[1] * position + (window - fresh) * loads(tile.pairs) * COST.load[1];
    return workgroups[0] * workgroups[1] * workgroups[2] * (steps * row + sums(tile) * COST.store[1]);
  };
  return tiles.filter((tile) => sums(tile) <= MOST_SUMS).toSorted((a, b) => cost(a) - cost(b));
}

/** As variants name a tile: `broadcast:24x8x1` has 24 pairs, which stay in their lanes, and 8 channels. */
const broadcastName = ({ pairs, channels, pairLanes }: Tile) => [pairs, channels, Number(pairLanes)];

/** The rule's plan, the next best tiles, and the rule's tile with half and with twice as many slices. */
function broadcastVariants(size: Conv2dSize, target: Target): Variant[] {
  const names = broadcastTiles(size, target).map(broadcastName);
  const distinct = names.filter((tile, i) => names.findIndex((own) => String(own) === String(tile)) === i);
  const [first, ...others] = distinct.slice(0, MOST_TILES);
  const { slices } = broadcastPlan(size, target, { tile: [] });
  const splits = [Math.ceil(slices / 2), 2 * slices].map((split) => ({ tile: first, split }));
  return [{ tile: [] }, ...others.map((tile) => ({ tile })), ...splits].map((own) => ({
    rung: 'broadcast',
    ...own,
  }));
}

/** By default the tile of the least cost. */
function broadcastPlan(
  size: Conv2dSize,
  target: Target,
  { tile: named, split }: Pick<Variant, 'tile' | 'split'>,
): Plan {
  const [pairs, channels, pairLanes] = named;
  const tile =
    named.length > 0 ? { pairs, channels, pairLanes: pairLanes === 1 } : broadcastTiles(size, target)[0];
  const { steps, workgroups } = broadcastGrid(size, tile, split);
  return {
    width: 1,
    constants: {
      PAIR_LANES: tile.pairLanes,
      PAIRS: tile.pairs,
      TAP_RUN: broadcastWork(size).run,
      CHANNELS: tile.channels,
      STEPS: steps,
      WORKGROUP_SIZE: target.subgroupSize ?? 1,
    },
    slices: workgroups[2],
    workgroups,
  };
}
