import naive from '../../../shaders/conv2d/grad_filter_1_naive.wgsl?raw';
import direct from '../../../shaders/conv2d/grad_filter_2_direct.wgsl?raw';
import implicitGemm from '../../../shaders/conv2d/grad_filter_3_implicit_gemm.wgsl?raw';
import broadcast from '../../../shaders/conv2d/grad_filter_4_broadcast.wgsl?raw';
import reduce from '../../../shaders/conv2d/grad_filter_reduce.wgsl?raw';
import type { ConstantValue } from '../../kernels/kernel.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand, Target, Tensor } from '../core/op.ts';
import { streamingWorkgroup, valueType } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import { conv2dFlops } from './geometry.ts';
import type { Conv2dSize } from './geometry.ts';
import { COST, divisors, evenly, largestDivisor, MOST_TAPS, upTo } from './plans.ts';

const kernels = {
  naive: { name: 'conv2d/grad_filter_1_naive', source: naive },
  direct: { name: 'conv2d/grad_filter_2_direct', source: direct },
  implicit_gemm: { name: 'conv2d/grad_filter_3_implicit_gemm', source: implicitGemm },
  broadcast: { name: 'conv2d/grad_filter_4_broadcast', source: broadcast },
  reduce: { name: 'conv2d/grad_filter_reduce', source: reduce },
};

type Rung = 'naive' | 'direct' | 'implicit_gemm' | 'broadcast';

interface Plan {
  /** Channels in a Value of the kernel. */
  readonly width: Width;
  readonly constants: Readonly<Record<string, ConstantValue>>;
  readonly aliases?: Readonly<Record<string, string>>;
  readonly slices: number;
  readonly workgroups: readonly [number, number, number];
}

/**
 * Emits dw, and where `db` is given also the bias's gradient, the sum of dy over all positions: partial
 * sums over slices of the positions, then their sum in fixed order.
 *
 * The rule: on software adapters broadcast where kernels may use subgroups, else direct; on a GPU direct where a group
 * has fewer than 8 output channels, otherwise implicit_gemm. There is no naive kernel for two outputs.
 */
export function lowerConv2dGradFilter(
  opName: string,
  size: Conv2dSize,
  { x, dy, dw, db }: { x: Tensor; dy: Tensor; dw: Tensor; db?: Tensor },
  context: LowerContext,
): void {
  const { target } = context;
  const split: readonly Rung[] = [
    'direct',
    'implicit_gemm',
    ...(target.subgroupSize ? ['broadcast' as const] : []),
  ];
  const preferred = preferredRung(size, target);
  const rung = context.choose<Rung>(opName, db ? split : ['naive', ...split], preferred);
  if (rung === 'naive') return dispatchNaive(context, size, { x, dy, dw });

  const channels = size.groups * size.groupOut;
  const bias = db !== undefined;
  const rows = rowsOf(size, bias);
  const plan = planOf(rung, size, bias, target);
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
    aliases: plan.aliases,
    bindings: { x, dy, partials },
    workgroups: plan.workgroups,
    flops: conv2dFlops(size),
  });

  const width = widthOf(size);
  const workgroupSize = target.software ? 8 : 64;
  const count = (rows * channels) / width;
  const { workgroups, gridX } = linearGrid(count, workgroupSize);
  context.dispatch({
    kernel: kernels.reduce,
    part: 'reduce',
    constants: {
      WEIGHTS: (rowsOf(size, false) * channels) / width,
      SIZE: count,
      BIAS: bias,
      SLICES: plan.slices,
      CHANNELS: channels / width,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    aliases: { Value: valueType('f32', width) },
    bindings: { partials, dw, ...(db && { db }) },
    workgroups,
    epilogue: true,
    flops: plan.slices * rows * channels,
  });
}

function widthOf({ groupOut }: Conv2dSize): Width {
  return groupOut % 4 === 0 ? 4 : 1;
}

/** Rows of the weights as a matrix [KH · KW · IC, OC], and one more for a bias. */
function rowsOf({ kernel, groupIn }: Conv2dSize, bias: boolean): number {
  return kernel[0] * kernel[1] * groupIn + (bias ? 1 : 0);
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
  const workgroupSize = streamingWorkgroup(context.target);
  const channels = size.groups * size.groupOut;
  const { workgroups, gridX } = linearGrid(rowsOf(size, false) * channels, workgroupSize);
  context.dispatch({
    kernel: kernels.naive,
    constants: { ...sizeConstants(size), OUT_C: channels, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
    bindings,
    workgroups,
    epilogue: true,
    flops: conv2dFlops(size),
  });
}

function preferredRung({ groupOut }: Conv2dSize, { software, subgroupSize }: Target): Rung {
  if (software) return subgroupSize ? 'broadcast' : 'direct';
  return groupOut < 8 ? 'direct' : 'implicit_gemm';
}

function planOf(rung: Exclude<Rung, 'naive'>, size: Conv2dSize, bias: boolean, target: Target): Plan {
  if (rung === 'broadcast') return broadcastPlan(size, target);
  return rung === 'direct' ? directPlan(size, bias, target) : gemmPlan(size, bias);
}

/**
 * Tiles of up to 10 rows × 8 channels, the rows such that few are left over; and so many slices that there
 * are some 64 subgroups of 8 lanes to share among cores, but none of fewer than 64 positions.
 */
function directPlan(size: Conv2dSize, bias: boolean, { software }: Target): Plan {
  const { batch, output, groups, groupIn, groupOut } = size;
  const width = widthOf(size);
  const rows = rowsOf(size, bias);
  const channels = largestDivisor(groupOut / width, 8 / width);
  const sums = channels * width;
  // Time of all tiles for one position: a load costs as much as ten multiply-adds.
  const cost = (tile: number) =>
    Math.ceil(rows / tile) * (10 * (tile + sums) + tile * sums + (groupIn % tile === 0 ? 0 : tile * 4));
  const candidates = (software ? [4, 5, 6, 7, 8, 9, 10] : [4]).filter((tile) => tile <= Math.max(4, rows));
  const ROWS = candidates.reduce((best, tile) => (cost(tile) <= cost(best) ? tile : best));

  const channelTiles = (groups * groupOut) / width / channels;
  const blocks = Math.ceil(rows / ROWS);
  const positions = batch * output[0] * output[1];
  const wanted = Math.ceil((software ? 512 : 32_768) / (blocks * channelTiles));
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

/** Tiles of 64 rows × 64, 32 or 16 channels, and slices until there are some 256 workgroups. */
function gemmPlan(size: Conv2dSize, bias: boolean): Plan {
  const { batch, output, groups, groupIn, groupOut } = size;
  const width = widthOf(size);
  const values = groupOut / width;
  const WG_X = values > 8 ? 16 : values > 4 ? 8 : 4;
  const TILE_K = 16;
  const tilesM = Math.ceil(rowsOf(size, bias) / 64);
  const tilesN = groups * Math.ceil(values / WG_X);
  const blocks = Math.ceil((batch * output[0] * output[1]) / TILE_K);
  const wanted = Math.min(Math.ceil(256 / (tilesM * tilesN)), Math.ceil(blocks / 8));
  const steps = Math.ceil(blocks / wanted);
  const slices = Math.ceil(blocks / steps);
  const inputWidth: Width = groupIn % 4 === 0 ? 4 : 1;
  return {
    width,
    constants: { WG_X, WG_Y: 8, ROWS: 8, COLUMNS: 1, TILE_K, INPUT_WIDTH: inputWidth, STEPS: steps },
    aliases: { Value: valueType('f32', width), Input: valueType('f32', inputWidth) },
    slices,
    workgroups: [tilesM, tilesN, slices],
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
/** Sums of an invocation: those beyond the registers are fetched from the stack. */
const MOST_SUMS = 192;

/**
 * The tile of the least cost; and so many slices that there are some 64 subgroups, but none of fewer than 64 positions.
 */
function broadcastPlan(size: Conv2dSize, { subgroupSize = 1 }: Target): Plan {
  const { batch, output, kernel, groups, groupIn, groupOut, stride, dilation } = size;
  const pairs = kernel[0] * groupIn;
  const run = largestDivisor(kernel[1], Math.min(MOST_TAPS, 1 + Math.floor(MOST_COLUMNS / dilation[1])));
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
  const grid = (tile: Tile) => {
    const blocks = Math.ceil(pairs / tile.pairs) * (kernel[1] / run);
    const channelTiles = (groups * groupOut) / tile.channels;
    const imageRows = batch * output[0];
    const most = Math.max(1, Math.floor((imageRows * output[1]) / 64));
    const steps = Math.ceil(imageRows / Math.min(imageRows, most, Math.ceil(64 / (blocks * channelTiles))));
    return { steps, workgroups: [blocks, channelTiles, Math.ceil(imageRows / steps)] as const };
  };
  const window = (run - 1) * dilation[1] + 1;
  const fresh = Math.min(window, stride[1]);
  const cost = (tile: Tile) => {
    const { steps, workgroups } = grid(tile);
    const position =
      (loads(tile.pairs) * fresh + loads(tile.channels)) * COST.load[1] +
      (tile.pairLanes ? tile.channels : tile.pairs * run) * COST.shuffle +
      (window - fresh) * loads(tile.pairs) * COST.move +
      sums(tile) * COST.multiplyAdd;
    const row = output[1] * position + (window - fresh) * loads(tile.pairs) * COST.load[1];
    return workgroups[0] * workgroups[1] * workgroups[2] * (steps * row + sums(tile) * COST.store[1]);
  };
  const tile = tiles
    .filter((each) => sums(each) <= MOST_SUMS)
    .reduce((best, each) => (cost(each) < cost(best) ? each : best));
  const { steps, workgroups } = grid(tile);
  return {
    width: 1,
    constants: {
      PAIR_LANES: tile.pairLanes,
      PAIRS: tile.pairs,
      TAP_RUN: run,
      CHANNELS: tile.channels,
      STEPS: steps,
      WORKGROUP_SIZE: subgroupSize,
    },
    slices: workgroups[2],
    workgroups,
  };
}
