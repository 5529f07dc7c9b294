import naive from '../../../shaders/matmul/1_naive.wgsl?raw';
import tiled from '../../../shaders/matmul/2_tiled.wgsl?raw';
import registerTiled from '../../../shaders/matmul/3_register_tiled.wgsl?raw';
import registerOnly from '../../../shaders/matmul/4_register_only.wgsl?raw';
import registerDot from '../../../shaders/matmul/5_register_dot.wgsl?raw';
import broadcast from '../../../shaders/matmul/6_broadcast.wgsl?raw';
import reducePartials from '../../../shaders/matmul/reduce_partials.wgsl?raw';
import type { ConstantValue } from '../../kernels/kernel.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand, Target } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { residentWorkgroups, streamingWorkgroup, valueType } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import { MOST_CANDIDATES, parseVariant, variantName } from '../core/variant.ts';
import type { Variant } from '../core/variant.ts';
import type { MatmulSize } from './size.ts';

const kernels = {
  naive: { name: 'matmul/1_naive', source: naive },
  tiled: { name: 'matmul/2_tiled', source: tiled },
  register_tiled: { name: 'matmul/3_register_tiled', source: registerTiled },
  register_only: { name: 'matmul/4_register_only', source: registerOnly },
  register_dot: { name: 'matmul/5_register_dot', source: registerDot },
  broadcast: { name: 'matmul/6_broadcast', source: broadcast },
  reduce: { name: 'matmul/reduce_partials', source: reducePartials },
};

type Rung = Exclude<keyof typeof kernels, 'reduce'>;

/** How a rung computes one product. */
interface Plan {
  readonly constants: Readonly<Record<string, ConstantValue>>;
  readonly width: Width;
  /** Workgroups, were K not split. */
  readonly groups: number;
  /** The kernel computes cᵀ = bᵀ aᵀ: its a is the product's b. */
  readonly transposed?: boolean;
  /** K may be cut into this many parts, each still long enough to be worth a workgroup's while. */
  readonly mostSplits: number;
}

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
 * `…_split` cuts K among several workgroups and adds their partial sums in a second dispatch. Tiles may be named too:
 * `register_tiled:64x64x16` (rows, columns and K of a workgroup), `register_only:8x2x16` (rows and vectors of an
 * invocation, and lanes of a workgroup), `broadcast:16` (rows), each also with `:split4`.
 *
 * The rule: on a GPU register_tiled. On a software adapter naive below 65,536 multiply-adds (20 µs), where the
 * quick compilation counts for more; broadcast where kernels may use subgroups; elsewhere register_dot for A · Bᵀ where
 * 4 divides K, and otherwise register_only. K is split where it is long and there are not even half as many workgroups as wanted.
 */
export function lowerMatmul(node: Product, given: MatmulSize, context: LowerContext): void {
  const { batch, M, N, K } = given;
  // A matrix of a single row or column lies in memory just like its transpose: have k innermost.
  const size = { ...given, transposeA: given.transposeA && M > 1, transposeB: given.transposeB || N === 1 };
  const dot = !size.transposeA && size.transposeB && K % 4 === 0;
  const rungs: Rung[] = ['register_tiled', 'register_only'];
  if (dot) rungs.push('register_dot');
  if (context.target.software && context.target.subgroupSize) rungs.push('broadcast');

  const small = batch * M * N * K < 65_536;
  const preferred: Rung = !context.target.software ? 'register_tiled' : small ? 'naive' : rungs.at(-1)!;
  const wanted = splitsOf(planOf(preferred, size, context.target), context.target);
  const variant = context.choose<string>(
    node.op.name,
    ['naive', 'tiled', ...rungs, ...rungs.map((rung) => rung + SPLIT)],
    wanted > 1 ? preferred + SPLIT : preferred,
    { candidates: tunableVariants(rungs, size, context.target), kernels },
  );
  const { rung, tile, split } = parseVariant<Rung>(variant.replace(SPLIT, ''));
  const plan = planOf(rung, size, context.target, tile);
  const splits = split ?? (variant.endsWith(SPLIT) ? Math.max(2, splitsOf(plan, context.target)) : 1);
  dispatch(node, size, rung, plan, splits, context);
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
      ...((rung.startsWith('register') || rung === 'broadcast') && { WIDTH: width, SPLITS: splits }),
      ...constants,
      GRID_X: gridX,
    },
    aliases,
    bindings: { a, a_vectors: a, b, b_scalars: b, b_vectors: b, c: partials ?? c },
    workgroups,
    epilogue: !partials,
    flops: 2 * batch * M * N * K,
  });
  if (!partials) return;

  const count = sizeOf(c.shape) / width;
  const workgroupSize = streamingWorkgroup(context.target);
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

/** Parts to cut K into, so that there are about as many workgroups as the machine wants. */
function splitsOf({ groups, mostSplits }: Plan, target: Target): number {
  const wanted = residentWorkgroups(target);
  return groups > wanted / 2 ? 1 : Math.max(1, Math.min(Math.ceil(wanted / groups), mostSplits));
}

/**
 * What may be faster than the rule's choice: other tiles of the best rung for such a device, with K cut into more or
 * fewer parts, and on a software adapter the other rungs for it.
 */
function tunableVariants(rungs: readonly Rung[], size: MatmulSize, target: Target): string[] {
  const fitting = rungs.filter((rung) => (rung === 'register_tiled') !== target.software);
  const best = fitting.at(-1)!;
  const tiles = tilesOf(best, size).map((tile): Variant => ({ rung: best, tile }));
  const splits = tiles.flatMap((variant) => {
    const { groups, mostSplits } = planOf(best, size, target, variant.tile);
    const few = groups <= residentWorkgroups(target);
    return [2, 4, 8].filter((split) => few && split <= mostSplits).map((split) => ({ ...variant, split }));
  });
  const others = fitting.toReversed().map((rung): Variant => ({ rung, tile: [] }));
  return [...others, ...tiles, ...splits].slice(0, MOST_CANDIDATES).map(variantName);
}

function tilesOf(rung: Rung, { M, ...size }: MatmulSize): number[][] {
  if (rung === 'register_only' || rung === 'register_dot') return lanesTiles(rung, { M, ...size });
  if (rung === 'broadcast') return [8, 12, 16, 24].filter((rows) => rows <= M).map((rows) => [rows]);
  return TILES.map(tileOf);
}

function planOf(rung: Rung, size: MatmulSize, target: Target, tile: readonly number[] = []): Plan {
  if (rung === 'register_tiled') return tiledPlan(size, tile);
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

const TILES = [
  { side: 128, workgroup: 16, depth: 8, enough: 256 },
  { side: 64, workgroup: 8, depth: 16, enough: 64 },
  { side: 32, workgroup: 8, depth: 8, enough: 0 },
];

const tileOf = ({ side, depth }: (typeof TILES)[0]) => [side, side, depth];

/**
 * Tiles of 128 × 128, 64 × 64 or 32 × 32: the largest of which there are enough. A larger tile
 * needs fewer bytes per FLOP, a smaller one fills more cores and wastes less at the edges.
 */
function tiledPlan({ batch, M, N, K }: MatmulSize, named: readonly number[]): Plan {
  const width: Width = N % 4 === 0 ? 4 : 1;
  const groupsOf = (side: number) => batch * Math.ceil(M / side) * Math.ceil(N / side);
  const { side, workgroup, depth } = TILES.find((tile) =>
    named.length > 0 ? named.join() === tileOf(tile).join() : groupsOf(tile.side) >= tile.enough,
  )!;
  return {
    constants: {
      ROWS: side / workgroup,
      COLUMNS: side / workgroup / width,
      SIDE: workgroup,
      TILE_K: depth,
    },
    width,
    groups: groupsOf(side),
    mostSplits: Math.floor(K / 128),
  };
}

/**
 * For software adapters, which run eight lanes of a workgroup side by side (lavapipe; SwiftShader four).
 * Lanes run along the columns and share their rows: 8 in a large product, else 4, as the larger block
 * computes a quarter faster and compiles for twice as long. Where C has fewer than 32 columns the
 * lanes run along the rows, two or four to a lane.
 */
function lanesPlan(
  rung: 'register_only' | 'register_dot',
  size: MatmulSize,
  [namedRows, namedColumns, namedLanes]: readonly number[],
): Plan {
  const { batch, M, N, K, transposeB } = size;
  const dot = rung === 'register_dot';
  const width: Width = N % 4 === 0 && (dot || !transposeB) ? 4 : 1;
  const values = N / width;
  const onRows = N < 32 && M >= N;
  const mostColumns = width === 4 ? (dot ? 1 : 2) : onRows && !dot ? 6 : 4;
  const columns =
    namedColumns ?? evenly(values, onRows ? mostColumns : Math.min(mostColumns, Math.ceil(values / 8)));
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
  if (namedRows) [rows, lanes] = [namedRows, namedLanes];
  return {
    constants: { LANES_ON_ROWS: onRows, ROWS: rows, COLUMNS: columns, WORKGROUP_SIZE: lanes },
    width,
    groups: groupsOf(rows, lanes),
    mostSplits: Math.floor(K / 512),
  };
}

/** Tiles beside the one of the rule: half and twice as many rows, another number of columns, other workgroups. */
function lanesTiles(rung: 'register_only' | 'register_dot', size: MatmulSize): number[][] {
  const { constants } = lanesPlan(rung, size, []);
  const [rows, columns, lanes] = [constants.ROWS, constants.COLUMNS, constants.WORKGROUP_SIZE] as number[];
  const other = columns === 1 ? 2 : columns / 2;
  const tiles = [
    ...[Math.ceil(rows / 2), 2 * rows].flatMap((own) => [
      [own, columns, lanes],
      [own, other, lanes],
    ]),
    [rows, other, lanes],
    [rows, columns, lanes === 8 ? 32 : 8],
  ];
  return tiles.filter(([own, across]) => own <= size.M && Number.isInteger(across));
}

/**
 * A workgroup is one subgroup, whose lanes have four columns each. They run along the rows instead, as columns of the
 * transposed product, where C is too narrow for them. 24 rows in a large product, else 16: an eighth slower, compiled in
 * two thirds of the time.
 */
function broadcastPlan(given: MatmulSize, lanes: number, [wanted]: readonly number[]): Plan {
  const transposed = given.N < 4 * lanes && given.M > given.N;
  const { batch, M, N, K, transposeA, transposeB } = transposed
    ? { ...given, M: given.N, N: given.M, transposeA: !given.transposeB, transposeB: !given.transposeA }
    : given;
  const groupsOf = (rows: number) => batch * Math.ceil(M / rows) * Math.ceil(N / (4 * lanes));
  const whole = (rows: number) => (transposeA ? 4 * Math.ceil(rows / 4) : rows);
  const enough = wanted ?? 4; // a tile that is asked for stays as it is
  let rows = whole(wanted ?? evenly(M, batch * M * N * K >= 2 ** 24 ? 24 : 16));
  while (rows > enough && groupsOf(rows) < 4) rows = whole(Math.ceil(rows / 2));
  return {
    constants: {
      M,
      N,
      TRANSPOSE_A: transposeA,
      TRANSPOSE_B: transposeB,
      TRANSPOSE_C: transposed,
      LANES: lanes,
      ROWS: rows,
    },
    width: !transposed && N % 4 === 0 ? 4 : 1,
    groups: groupsOf(rows),
    transposed,
    mostSplits: Math.floor(K / 512),
  };
}

/** The size of a part when `total` is cut into as few parts of at most `most` as possible, all about equal. */
function evenly(total: number, most: number): number {
  return Math.ceil(total / Math.ceil(total / most));
}
