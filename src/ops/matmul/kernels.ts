import naive from '../../../shaders/matmul/1_naive.wgsl?raw';
import tiled from '../../../shaders/matmul/2_tiled.wgsl?raw';
import registerTiled from '../../../shaders/matmul/3_register_tiled.wgsl?raw';
import registerOnly from '../../../shaders/matmul/4_register_only.wgsl?raw';
import registerDot from '../../../shaders/matmul/5_register_dot.wgsl?raw';
import broadcast from '../../../shaders/matmul/6_broadcast.wgsl?raw';
import registerBlocks from '../../../shaders/matmul/7_register_blocks.wgsl?raw';
import reducePartials from '../../../shaders/matmul/reduce_partials.wgsl?raw';
import subgroupRows from '../../../shaders/matmul/8_subgroup_rows.wgsl?raw';
import subgroupMatrix from '../../../shaders/matmul/9_subgroup_matrix.wgsl?raw';
import rowBlock from '../../../shaders/matmul/row_block.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand, Target } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { residentWorkgroups, streamingWorkgroup, tileTypes, valueType } from '../core/values.ts';
import { MOST_CANDIDATES, parseVariant, variantName } from '../core/variant.ts';
import type { Variant } from '../core/variant.ts';
import {
  blockTiles,
  blocksPlan,
  comesInFours,
  halfNames,
  hasFewLines,
  matrixPlan,
  rowBlockPlan,
  subgroupNames,
  subgroupPlan,
  subgroupVariants,
  tiledPlan,
} from './gpuPlans.ts';
import type { Plan } from './plan.ts';
import type { MatmulSize, Taken } from './size.ts';
import { broadcastPlan, lanesPlan, lanesTiles } from './softwarePlans.ts';

const kernels = {
  naive: { name: 'matmul/1_naive', source: naive },
  tiled: { name: 'matmul/2_tiled', source: tiled },
  register_tiled: { name: 'matmul/3_register_tiled', source: registerTiled },
  register_only: { name: 'matmul/4_register_only', source: registerOnly },
  register_dot: { name: 'matmul/5_register_dot', source: registerDot },
  broadcast: { name: 'matmul/6_broadcast', source: broadcast },
  register_blocks: { name: 'matmul/7_register_blocks', source: registerBlocks },
  subgroup_rows: { name: 'matmul/8_subgroup_rows', source: subgroupRows },
  subgroup_matrix: { name: 'matmul/9_subgroup_matrix', source: subgroupMatrix },
  row_block: { name: 'matmul/row_block', source: rowBlock },
  reduce: { name: 'matmul/reduce_partials', source: reducePartials },
};

type Rung = Exclude<keyof typeof kernels, 'reduce'>;

/** A node of the graph, or a product of memory that is none of its tensors. */
export interface Product {
  readonly op: { readonly name: string };
  /** a and b. */
  readonly inputs: readonly Operand[];
  /** c. */
  readonly outputs: readonly Operand[];
}

const SPLIT = '_split';
/** Those that take Values of one number too. */
const WIDE_OR_NOT: readonly Rung[] = ['register_tiled', 'register_only', 'register_dot', 'broadcast'];
/** Kernels with workgroup memory. */
const FOR_GPUS: readonly Rung[] = ['register_tiled', 'register_blocks', 'row_block'];

/**
 * Emits the dispatches of one matrix product. Variants are named after the files of shaders/matmul;
 * `…_split` cuts K among several workgroups and adds their partial sums in a second dispatch. Tiles may be named too:
 * `register_blocks:64x64x8` (rows, columns and K of a workgroup), `register_only:8x2x16` (rows and vectors of an
 * invocation, and lanes of a workgroup), `broadcast:16` (rows), each also with `:split4`. `register_tiled:half` and
 * `register_blocks:half` keep their tiles as f16; only the caller chooses them, or mixed precision. On GPUs only the tuner takes
 * `broadcast`, `subgroup_rows:16x8` (rows of a subgroup and K in a step) and `subgroup_matrix:4x4` (matrices of a
 * subgroup), the latter where a device's matrix units multiply f32; where they multiply f16, `subgroup_matrix:2x2:half`
 * is the caller's to choose.
 *
 * Where an operand is broadcast along the batch, there are naive, register_tiled, register_only and broadcast.
 *
 * In mixed precision (`context.half`) the rule for GPUs decides on every adapter, so that all round alike: its register_blocks
 * and register_tiled keep tiles as f16. Products of few rows or columns, which would use each number but a few times, are f32.
 *
 * The rule: on a GPU row_block for few columns, or rows, of a long sum; else register_blocks where everything comes in
 * fours, and otherwise register_tiled. On a software adapter naive for some 20 µs, where its
 * quick compilation counts for more; broadcast where kernels may use subgroups; elsewhere register_dot for A · Bᵀ where
 * 4 divides K, and otherwise register_only. K is split where it is long and there are not even half as many workgroups as wanted.
 */
export function lowerMatmul(node: Product, given: MatmulSize, context: LowerContext): void {
  const { batch, M, N, K } = given;
  const { target } = context;
  // A matrix of a single row or column is stored like its transpose: make k innermost.
  const size = { ...given, transposeA: given.transposeA && M > 1, transposeB: given.transposeB || N === 1 };
  const whole = !size.takenA && !size.takenB;
  const dot = !size.transposeA && size.transposeB && K % 4 === 0;
  const fewLines = whole && hasFewLines(size);
  const rungs: Rung[] = ['register_tiled', 'register_only'];
  if (whole && comesInFours(size)) rungs.push('register_blocks');
  if (whole && dot) rungs.push('register_dot');
  if (target.subgroupSize) rungs.push('broadcast');
  const short = fewLines && K < 64;
  // A later kernel is better for the shapes that it takes.
  const fitting = rungs.filter((rung) => FOR_GPUS.includes(rung) !== target.software);
  if (fewLines && !target.software) fitting.push('row_block');
  const half = context.half && (!fewLines || short);
  const ofGpu = rungs.filter((rung) => FOR_GPUS.includes(rung)).at(-1)!;

  const small = target.software && batch * M * N * K < (fitting.includes('broadcast') ? 16_384 : 65_536);
  const preferred = small ? 'naive' : fitting.at(short && !target.software ? -2 : -1)!;
  const wanted = splitsOf(planOf({ rung: preferred, tile: [] }, size, target), target);
  const others = whole ? ['tiled', ...(fewLines ? ['row_block'] : []), ...subgroupNames(size, target)] : [];
  const splitting = rungs.map((rung) => rung + SPLIT);
  const variant = context.choose<string>(
    node.op.name,
    ['naive', ...rungs, ...others, ...halfNames(size), ...splitting],
    half ? `${ofGpu}:half` : wanted > 1 ? preferred + SPLIT : preferred,
    half ? undefined : { candidates: tunableVariants(fitting, size, target), kernels },
  );
  const chosen = parseVariant<Rung>(variant.replace(SPLIT, ''));
  const { rung, split } = chosen;
  const plan = planOf(chosen, size, target);
  const least = variant.endsWith(SPLIT) ? 2 : 1;
  const splits = split ?? (least > 1 || chosen.half ? Math.max(least, splitsOf(plan, target)) : 1);
  if (rung === 'row_block') dispatchRowBlock(node, size, plan, context);
  else dispatch(node, size, { ...chosen, split: splits }, plan, context);
}

function dispatchRowBlock(node: Product, size: MatmulSize, plan: Plan, context: LowerContext): void {
  const { batch, M, N, K } = size;
  const [a, b] = node.inputs;
  const [p, q] = plan.transposed ? [b, a] : [a, b];
  const { workgroups, gridX } = linearGrid(plan.groups, 1);
  context.dispatch({
    kernel: kernels.row_block,
    constants: { BATCH: batch, K, ...plan.constants, GRID_X: gridX },
    bindings: { p, q, c: node.outputs[0] },
    workgroups,
    epilogue: true,
    flops: 2 * batch * M * N * K,
  });
}

function dispatch(
  node: Product,
  size: MatmulSize,
  { rung, split: splits = 1, half }: Omit<Variant<Rung>, 'tile'>,
  plan: Plan,
  context: LowerContext,
): void {
  const { batch, M, N, K, transposeA, transposeB } = size;
  const { constants, width, groups, transposed } = plan;
  const [a, b] = transposed ? node.inputs.slice(0, 2).toReversed() : node.inputs;
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
      ...(rung !== 'naive' && rung !== 'tiled' && { SPLITS: splits }),
      ...(WIDE_OR_NOT.includes(rung) && { WIDTH: width }),
      ...takenConstants('A', transposed ? size.takenB : size.takenA),
      ...takenConstants('B', transposed ? size.takenA : size.takenB),
      ...constants,
      GRID_X: gridX,
    },
    aliases: {
      ...aliases,
      ...(rung === 'subgroup_matrix' ? { Element: half ? 'f16' : 'f32' } : tileTypes(width, half)),
    },
    bindings: { a, a_vectors: a, b, b_scalars: b, b_vectors: b, c: partials ?? c },
    workgroups,
    epilogue: !partials,
    flops: 2 * batch * M * N * K,
  });
  if (!partials) return;

  const count = sizeOf(c.shape) / width;
  const workgroupSize = streamingWorkgroup(context.target, count);
  const grid = linearGrid(count, workgroupSize);
  context.dispatch({
    kernel: kernels.reduce,
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

const takenConstants = (operand: 'A' | 'B', taken: Taken | undefined) =>
  taken && { [`${operand}_EVERY`]: taken.every, [`${operand}_COUNT`]: taken.count };

/** Parts to cut K into, so that there are about as many workgroups as the machine wants. */
function splitsOf({ groups, mostSplits }: Plan, target: Target): number {
  const wanted = residentWorkgroups(target);
  return groups > wanted / 2 ? 1 : Math.max(1, Math.min(Math.ceil(wanted / groups), mostSplits));
}

/**
 * Candidates that may be faster than the rule's choice: other tiles of the best kernel for such a device, with K cut into more or
 * fewer parts, and the other kernels for it.
 */
function tunableVariants(fitting: readonly Rung[], size: MatmulSize, target: Target): string[] {
  const best = fitting.findLast((rung) => rung !== 'row_block')!;
  const whole = fitting.toReversed().map((rung): Variant => ({ rung, tile: [] }));
  const tiles = tilesOf(best, size).map((tile) => ({ rung: best, tile }));
  const splits = tiles.flatMap((variant) => {
    const { groups, mostSplits } = planOf(variant, size, target);
    const few = groups <= residentWorkgroups(target);
    return [2, 4, 8].filter((split) => few && split <= mostSplits).map((split) => ({ ...variant, split }));
  });
  const shuffling: Variant[] = [];
  if (!size.takenA && !size.takenB && !target.software && target.subgroupSize) {
    whole.push({ rung: 'broadcast', tile: [] });
    shuffling.push(...subgroupVariants(size, target));
  }
  return [...whole, ...tiles, ...splits.slice(0, 3), ...shuffling, ...splits.slice(3)]
    .slice(0, MOST_CANDIDATES)
    .map(variantName);
}

function tilesOf(rung: Rung, { M, ...size }: MatmulSize): readonly (readonly number[])[] {
  if (rung === 'register_only' || rung === 'register_dot') return lanesTiles(rung, { M, ...size });
  if (rung === 'broadcast') return [8, 12, 16, 24].filter((rows) => rows <= M).map((rows) => [rows]);
  return blockTiles;
}

function planOf(variant: Variant<Rung>, size: MatmulSize, target: Target): Plan {
  const { rung, tile } = variant;
  if (rung === 'register_tiled') return tiledPlan(size, tile);
  if (rung === 'register_blocks') return blocksPlan(size, tile);
  if (rung === 'row_block') return rowBlockPlan(size);
  if (rung === 'subgroup_matrix') return matrixPlan(size, target, variant);
  if (rung === 'subgroup_rows') return subgroupPlan(size, target.subgroupSize!, tile);
  if (rung === 'register_only' || rung === 'register_dot') return lanesPlan(rung, size, tile);
  if (rung === 'broadcast') return broadcastPlan(size, target.subgroupSize!, tile);
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
