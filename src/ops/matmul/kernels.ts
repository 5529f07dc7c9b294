import naive from '../../../shaders/matmul/1_naive.wgsl?raw';
import tiled from '../../../shaders/matmul/2_tiled.wgsl?raw';
import registerTiled from '../../../shaders/matmul/3_register_tiled.wgsl?raw';
import registerOnly from '../../../shaders/matmul/4_register_only.wgsl?raw';
import registerDot from '../../../shaders/matmul/5_register_dot.wgsl?raw';
import registerBlocks from '../../../shaders/matmul/7_register_blocks.wgsl?raw';
import rowBlock from '../../../shaders/matmul/row_block.wgsl?raw';
import reducePartials from '../../../shaders/matmul/reduce_partials.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand, Target } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { streamingWorkgroup, valueType } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import { blocksPlan, comesInFours, hasFewLines, rowBlockPlan, TILE_NAMES, tiledPlan } from './gpuPlans.ts';
import type { Tile } from './gpuPlans.ts';
import type { Plan } from './plan.ts';
import type { MatmulSize } from './size.ts';

const kernels = {
  naive: { name: 'matmul/1_naive', source: naive },
  tiled: { name: 'matmul/2_tiled', source: tiled },
  register_tiled: { name: 'matmul/3_register_tiled', source: registerTiled },
  register_only: { name: 'matmul/4_register_only', source: registerOnly },
  register_dot: { name: 'matmul/5_register_dot', source: registerDot },
  register_blocks: { name: 'matmul/7_register_blocks', source: registerBlocks },
  row_block: { name: 'matmul/row_block', source: rowBlock },
};
const reduceKernel = { name: 'matmul/reduce_partials', source: reducePartials };

type Rung = keyof typeof kernels;

/** A node of the graph, or a product of memory that is none of its tensors. */
export interface Product {
  readonly op: { readonly name: string };
  /** a and b. */
  readonly inputs: readonly Operand[];
  /** c. */
  readonly outputs: readonly Operand[];
}

const SPLIT = '_split';

/**
 * Emits the dispatches of one matrix product. Variants are named after the rungs of shaders/matmul;
 * `…_split` cuts K among several workgroups and adds their partial sums in a second dispatch, and a tile after a colon
 * (`register_blocks:64x64x8`) stands for the rung's own choice.
 *
 * The rule on a GPU: row_block for few columns, or rows, of a long sum; else register_blocks where everything comes in
 * fours; otherwise register_tiled. On a software adapter naive below 65,536 multiply-adds (20 µs), where the
 * quick compilation counts for more; register_dot for A · Bᵀ where 4 divides K; otherwise
 * register_only. K is split where it is long and there are not even half as many workgroups as wanted.
 */
export function lowerMatmul(node: Product, given: MatmulSize, context: LowerContext): void {
  const { batch, M, N, K } = given;
  const { target } = context;
  // A matrix of a single row or column lies in memory just like its transpose: have k innermost.
  const size = { ...given, transposeA: given.transposeA && M > 1, transposeB: given.transposeB || N === 1 };
  const dot = !size.transposeA && size.transposeB && K % 4 === 0;
  const fours = comesInFours(size);
  const fewLines = hasFewLines(size);
  const rungs: Rung[] = ['register_tiled', 'register_only'];
  if (fours) rungs.push('register_blocks');
  if (dot) rungs.push('register_dot');
  const splitting = [...rungs, ...(fours ? TILE_NAMES.map((tile) => `register_blocks:${tile}`) : [])];

  const small = batch * M * N * K < 65_536;
  const forGpu: Rung = fewLines && K >= 64 ? 'row_block' : fours ? 'register_blocks' : 'register_tiled';
  const forCpu: Rung = small ? 'naive' : dot ? 'register_dot' : 'register_only';
  const preferred = target.software ? forCpu : forGpu;
  const wanted = splitsOf(planOf(preferred, size, target), target);
  const variant = context.choose<string>(
    node.op.name,
    [
      'naive',
      'tiled',
      ...(fewLines ? ['row_block'] : []),
      ...splitting,
      ...splitting.map((each) => each + SPLIT),
    ],
    wanted > 1 ? preferred + SPLIT : preferred,
  );
  const [rung, tile] = variant.replace(SPLIT, '').split(':') as [Rung, Tile?];
  if (rung === 'row_block') return dispatchRowBlock(node, size, context);
  const plan = planOf(rung, size, target, tile);
  const splits = variant.endsWith(SPLIT) ? Math.max(2, splitsOf(plan, target)) : 1;
  dispatch(node, size, rung, plan, splits, context);
}

function dispatchRowBlock(node: Product, size: MatmulSize, context: LowerContext): void {
  const { batch, M, N, K } = size;
  const { constants, groups, swapped } = rowBlockPlan(size);
  const [a, b] = node.inputs;
  const [p, q] = swapped ? [b, a] : [a, b];
  const { workgroups, gridX } = linearGrid(groups, 1);
  context.dispatch({
    kernel: kernels.row_block,
    constants: { BATCH: batch, K, ...constants, GRID_X: gridX },
    bindings: { p, q, c: node.outputs[0] },
    workgroups,
    epilogue: true,
    flops: 2 * batch * M * N * K,
  });
}

function dispatch(
  node: Product,
  size: MatmulSize,
  rung: Rung,
  plan: Plan,
  splits: number,
  context: LowerContext,
): void {
  const { batch, M, N, K, transposeA, transposeB } = size;
  const { constants, width, groups } = plan;
  const [a, b] = node.inputs;
  const [c] = node.outputs;
  const aliases = { Value: valueType('f32', width) };
  const partials = splits > 1 ? context.scratch([splits, sizeOf(c.shape)], 'f32', 'partials') : undefined;
  const { workgroups, gridX } = linearGrid(groups * splits, 1);
  context.dispatch({
    kernel: kernels[rung],
    part: partials && 'partial',
    constants: {
      BATCH: batch,
      M,
      N,
      K,
      ...(rung !== 'register_dot' && { TRANSPOSE_A: transposeA, TRANSPOSE_B: transposeB }),
      ...(rung.startsWith('register') && { SPLITS: splits }),
      ...(rung.startsWith('register') && rung !== 'register_blocks' && { WIDTH: width }),
      ...constants,
      GRID_X: gridX,
    },
    aliases,
    bindings: { a, a_vectors: a, b, b_scalars: b, c: partials ?? c },
    workgroups,
    epilogue: !partials,
    flops: 2 * batch * M * N * K,
  });
  if (!partials) return;

  const count = sizeOf(c.shape) / width;
  const workgroupSize = streamingWorkgroup(context.target);
  const grid = linearGrid(count, workgroupSize);
  context.dispatch({
    kernel: reduceKernel,
    part: 'reduce',
    constants: {
      COUNT: count,
      SPLITS: splits,
      CHANNELS: N / width,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: grid.gridX,
    },
    aliases,
    bindings: { partials, c },
    workgroups: grid.workgroups,
    epilogue: true,
    flops: splits * sizeOf(c.shape),
  });
}

/** Parts to cut K into, so that there are about as many workgroups as the machine wants. */
function splitsOf({ groups, mostSplits }: Plan, { software }: Target): number {
  const wanted = software ? 8 : 128; // a GPU has some ten to a hundred cores that take several workgroups each
  return groups > wanted / 2 ? 1 : Math.max(1, Math.min(Math.ceil(wanted / groups), mostSplits));
}

function planOf(rung: Rung, size: MatmulSize, target: Target, tile?: Tile): Plan {
  if (rung === 'register_tiled') return tiledPlan(size);
  if (rung === 'register_blocks') return blocksPlan(size, tile);
  if (rung === 'row_block') return rowBlockPlan(size);
  if (rung === 'register_only' || rung === 'register_dot') return lanesPlan(rung, size);
  const { batch, M, N } = size;
  if (rung === 'naive') {
    const WORKGROUP_SIZE = target.software ? 32 : 64;
    return {
      constants: { WORKGROUP_SIZE },
      width: 1,
      groups: Math.ceil((batch * M * N) / WORKGROUP_SIZE),
      mostSplits: 1,
    };
  }
  const TILE = 16;
  return {
    constants: { TILE },
    width: 1,
    groups: batch * Math.ceil(M / TILE) * Math.ceil(N / TILE),
    mostSplits: 1,
  };
}

/**
 * For software adapters, which run eight lanes of a workgroup side by side (lavapipe; SwiftShader four).
 * Lanes run along the columns and share their rows: 8 in a large product, else 4, as the larger block
 * computes a quarter faster and compiles for twice as long. Where C has fewer than 32 columns the
 * lanes run along the rows, two or four to a lane.
 */
function lanesPlan(rung: 'register_only' | 'register_dot', size: MatmulSize): Plan {
  const { batch, M, N, K, transposeB } = size;
  const dot = rung === 'register_dot';
  const width: Width = N % 4 === 0 && (dot || !transposeB) ? 4 : 1;
  const values = N / width;
  const onRows = N < 32 && M >= N;
  const mostColumns = width === 4 ? (dot ? 1 : 2) : onRows && !dot ? 6 : 4;
  const columns = evenly(values, onRows ? mostColumns : Math.min(mostColumns, Math.ceil(values / 8)));
  const groupsOf = (rows: number, lanes: number) => {
    const [down, across] = [Math.ceil(M / rows), Math.ceil(values / columns)];
    return batch * (onRows ? Math.ceil(down / lanes) * across : down * Math.ceil(across / lanes));
  };

  const large = batch * M * N * K >= 2 ** 24 && !dot;
  let rows = onRows ? (columns * width <= 2 ? 4 : 2) : evenly(M, large ? 8 : 4);
  const eights = Math.ceil((onRows ? M / rows : values / columns) / 8);
  let lanes = 8 * [4, 3, 2, 1].find((count) => eights % count === 0)!;
  // Fewer lanes, then fewer rows for each, where there would be too few workgroups to share out.
  if (groupsOf(rows, lanes) < 8) lanes = 8;
  while (rows > 1 && groupsOf(rows, lanes) < 8) rows = Math.ceil(rows / 2);
  return {
    constants: { LANES_ON_ROWS: onRows, ROWS: rows, COLUMNS: columns, WORKGROUP_SIZE: lanes },
    width,
    groups: groupsOf(rows, lanes),
    mostSplits: Math.floor(K / 512),
  };
}

/** The size of a part when `total` is cut into as few parts of at most `most` as possible, all about equal. */
function evenly(total: number, most: number): number {
  return Math.ceil(total / Math.ceil(total / most));
}
