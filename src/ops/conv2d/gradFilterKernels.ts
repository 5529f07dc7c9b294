import naive from '../../../shaders/conv2d/grad_filter_1_naive.wgsl?raw';
import direct from '../../../shaders/conv2d/grad_filter_2_direct.wgsl?raw';
import implicitGemm from '../../../shaders/conv2d/grad_filter_3_implicit_gemm.wgsl?raw';
import reduce from '../../../shaders/conv2d/grad_filter_reduce.wgsl?raw';
import type { ConstantValue } from '../../kernels/kernel.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand, Target, Tensor } from '../core/op.ts';
import { residentWorkgroups, streamingWorkgroup, valueType } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import { MOST_CANDIDATES, parseVariant, variantName } from '../core/variant.ts';
import type { Variant } from '../core/variant.ts';
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
  const split = ['direct', 'implicit_gemm'] as const;
  const preferred = target.software || size.groupOut < 8 ? 'direct' : 'implicit_gemm';
  const width: Width = size.groupOut % 4 === 0 ? 4 : 1;
  const variant = context.choose<string>(opName, db ? split : ['naive', ...split], preferred, {
    candidates: tunableVariants(size, db !== undefined, width, target),
    kernels,
  });
  const { rung, ...named } = parseVariant<Rung>(variant);
  if (rung === 'naive') return dispatchNaive(context, size, { x, dy, dw });

  const channels = size.groups * size.groupOut;
  const bias = db !== undefined;
  const rows = rowsOf(size, bias);
  const plan = rung === 'direct' ? directPlan(size, bias, width, target, named) : gemmPlan(size, bias, width);
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
  const channels = size.groups * size.groupOut;
  const count = rowsOf(size, false) * channels;
  const workgroupSize = streamingWorkgroup(context.target, count);
  const { workgroups, gridX } = linearGrid(count, workgroupSize);
  context.dispatch({
    kernel: kernels.naive,
    constants: { ...sizeConstants(size), OUT_C: channels, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
    bindings,
    workgroups,
    epilogue: true,
    flops: conv2dFlops(size),
  });
}

/** What may be faster than the rule's choice: on software adapters other tiles of rows × vectors of channels, and other slices. */
function tunableVariants(size: Conv2dSize, bias: boolean, width: Width, target: Target): string[] {
  const direct = { rung: 'direct', tile: [] };
  if (!target.software) return [direct, { rung: 'implicit_gemm', tile: [] }].map(variantName);
  const { constants, slices } = directPlan(size, bias, width, target, direct);
  const [rows, channels] = [constants.ROWS, constants.CHANNELS] as number[];
  const more = [channels / 2, 2 * channels].filter(
    (own) => Number.isInteger(size.groupOut / width / own) && own >= 1,
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

/**
 * Tiles of up to 10 rows × 8 channels, the rows such that few are left over; and so many slices that there
 * are some 64 subgroups of 8 lanes to share among cores, but none of fewer than 64 positions.
 */
function directPlan(
  size: Conv2dSize,
  bias: boolean,
  width: Width,
  target: Target,
  { tile: [namedRows, namedChannels], split }: Pick<Variant, 'tile' | 'split'>,
): Plan {
  const { software } = target;
  const { batch, output, groups, groupIn, groupOut } = size;
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
    constants: { ROWS, CHANNELS: channels, STEPS: steps, WORKGROUP_SIZE: workgroupSize, GRID_X: grid.gridX },
    slices,
    workgroups: [grid.workgroups[0], channelTiles, grid.workgroups[1]],
  };
}

/** Tiles of 64 rows × 64, 32 or 16 channels, and slices until there are some 256 workgroups. */
function gemmPlan(size: Conv2dSize, bias: boolean, width: Width): Plan {
  const { batch, output, groups, groupIn, groupOut } = size;
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
    constants: { WG_X, WG_Y: 8, ROWS: 8, COLUMNS: 1, TILE_K, INPUT_WIDTH: inputWidth, STEPS: steps },
    aliases: { Input: valueType('f32', inputWidth) },
    slices,
    workgroups: [tilesM, tilesN, slices],
  };
}
