import naive from '../../../shaders/conv2d/grad_filter_1_naive.wgsl?raw';
import direct from '../../../shaders/conv2d/grad_filter_2_direct.wgsl?raw';
import implicitGemm from '../../../shaders/conv2d/grad_filter_3_implicit_gemm.wgsl?raw';
import reduce from '../../../shaders/conv2d/grad_filter_reduce.wgsl?raw';
import type { ConstantValue } from '../../kernels/kernel.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand, Target, Tensor } from '../core/op.ts';
import { streamingWorkgroup, valueType } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import {
  depthOf,
  GEMM_VARIANTS,
  parseVariant,
  preferredTile,
  tileConstants,
  tileCounts,
} from './gemmTiles.ts';
import type { GemmVariant, Tile } from './gemmTiles.ts';
import { conv2dFlops } from './geometry.ts';
import type { Conv2dSize } from './geometry.ts';
import { largestDivisor } from './plans.ts';

const kernels = {
  naive: { name: 'conv2d/grad_filter_1_naive', source: naive },
  direct: { name: 'conv2d/grad_filter_2_direct', source: direct },
  implicit_gemm: { name: 'conv2d/grad_filter_3_implicit_gemm', source: implicitGemm },
  reduce: { name: 'conv2d/grad_filter_reduce', source: reduce },
};

type Rung = 'naive' | 'direct' | 'implicit_gemm';

interface Plan {
  readonly constants: Readonly<Record<string, ConstantValue>>;
  readonly aliases?: Readonly<Record<string, string>>;
  readonly slices: number;
  readonly workgroups: readonly [number, number, number];
}

/**
 * Emits dw, and where `db` is given also the bias's gradient, the sum of dy over all positions: partial
 * sums over slices of the positions, then their sum in fixed order.
 *
 * The rule: direct on software adapters and where a group has fewer than 8 output channels; otherwise
 * implicit_gemm. There is no naive kernel for two outputs.
 */
export function lowerConv2dGradFilter(
  opName: string,
  size: Conv2dSize,
  { x, dy, dw, db }: { x: Tensor; dy: Tensor; dw: Tensor; db?: Tensor },
  context: LowerContext,
): void {
  const { target } = context;
  const split = ['direct', ...GEMM_VARIANTS] as const;
  const preferred = target.software || size.groupOut < 8 ? 'direct' : 'implicit_gemm';
  const variant = context.choose<Rung | GemmVariant>(opName, db ? split : ['naive', ...split], preferred);
  const { rung, tile } = parseVariant<Rung>(variant);
  if (rung === 'naive') return dispatchNaive(context, size, { x, dy, dw });

  const width: Width = size.groupOut % 4 === 0 ? 4 : 1;
  const channels = size.groups * size.groupOut;
  const bias = db !== undefined;
  const rows = rowsOf(size, bias);
  const plan = rung === 'direct' ? directPlan(size, bias, width, target) : gemmPlan(size, bias, width, tile);
  const partials = context.scratch([plan.slices, rows, channels], 'f32', 'partials');
  const Value = valueType('f32', width);
  context.dispatch({
    kernel: kernels[rung],
    part: 'partial',
    constants: {
      ...sizeConstants(size),
      OUT_C: channels / width,
      PADDED: size.padded,
      BIAS: bias,
      SLICES: plan.slices,
      ...plan.constants,
    },
    aliases: { Value, ...plan.aliases },
    bindings: { x, dy, partials },
    workgroups: plan.workgroups,
    flops: conv2dFlops(size),
  });

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
    aliases: { Value },
    bindings: { partials, dw, ...(db && { db }) },
    workgroups,
    epilogue: true,
    flops: plan.slices * rows * channels,
  });
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

/**
 * Tiles of up to 10 rows × 8 channels, the rows such that few are left over; and so many slices that there
 * are some 64 subgroups of 8 lanes to share among cores, but none of fewer than 64 positions.
 */
function directPlan(size: Conv2dSize, bias: boolean, width: Width, { software }: Target): Plan {
  const { batch, output, groups, groupIn, groupOut } = size;
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
    constants: { ROWS, CHANNELS: channels, STEPS: steps, WORKGROUP_SIZE: workgroupSize, GRID_X: grid.gridX },
    slices,
    workgroups: [grid.workgroups[0], channelTiles, grid.workgroups[1]],
  };
}

/** Weights of a channel are the rows, and there are slices until there are some 512 workgroups, none of fewer than 128 positions. */
function gemmPlan(size: Conv2dSize, bias: boolean, width: Width, named?: Tile): Plan {
  const { batch, output, groups, groupIn, groupOut } = size;
  const rows = rowsOf(size, bias);
  const tile = named ?? preferredTile(rows, groupOut, groups, 0);
  const [down, across] = tileCounts(tile, rows, groupOut);
  const tiles = down * across * groups;
  const positions = batch * output[0] * output[1];
  const blocks = Math.ceil(positions / depthOf(tile));
  const wanted = Math.min(Math.ceil(512 / tiles), Math.ceil(positions / 128));
  const steps = Math.ceil(blocks / wanted);
  const slices = Math.ceil(blocks / steps);
  const inputWidth: Width = groupIn % 4 === 0 ? 4 : 1;
  const { workgroups, gridX } = linearGrid(tiles * slices, 1);
  return {
    constants: {
      ...tileConstants(tile, width),
      INPUT_WIDTH: inputWidth,
      STEPS: steps,
      GRID_X: gridX,
    },
    aliases: { Input: valueType('f32', inputWidth) },
    slices,
    workgroups,
  };
}
