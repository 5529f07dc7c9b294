import { ArgumentError } from '../../errors.ts';
import type { SubgroupMatrix, Target } from '../core/op.ts';
import type { Width } from '../core/values.ts';
import { variantName } from '../core/variant.ts';
import type { Variant } from '../core/variant.ts';
import type { Plan } from './plan.ts';
import type { MatmulSize } from './size.ts';

/** Squares of outputs that a workgroup computes: of the invocations, of an invocation's block, and k per step. */
interface Shape {
  readonly side: number;
  readonly block: number;
  readonly depth: number;
  /** So many tiles make it worth taking one of this size. */
  readonly enough: number;
}

/** By what a workgroup computes, rows × columns × k in a step; the largest first. */
const TILES = {
  '128x128x8': { side: 16, block: 8, depth: 8, enough: 256 },
  '64x64x8': { side: 8, block: 8, depth: 8, enough: 128 },
  '64x64x16': { side: 8, block: 8, depth: 16, enough: Infinity },
  '32x32x16': { side: 8, block: 4, depth: 16, enough: 0 },
} as const satisfies Readonly<Record<string, Shape>>;

type Tile = keyof typeof TILES;
const NAMES = Object.keys(TILES) as Tile[];

/** As variants name them: `register_blocks:64x64x8`. */
export const blockTiles: readonly (readonly number[])[] = NAMES.map((tile) => tile.split('x').map(Number));

/**
 * The tile that a variant names, else the largest of which there are enough. A smaller one fills more cores and wastes
 * less at the edges.
 *
 * @throws ArgumentError where there is no such tile
 */
function tileFor(size: MatmulSize, named: readonly number[]): Tile {
  const fits = (tile: Tile) =>
    named.length > 0 ? tile === named.join('x') : tilesIn(size, tile) >= TILES[tile].enough;
  const tile = NAMES.find(fits);
  if (tile) return tile;
  throw new ArgumentError(`matmul has no tile "${named.join('x')}"; it has ${NAMES.join(', ')}`);
}

function tilesIn({ batch, M, N }: MatmulSize, tile: Tile): number {
  const { side, block } = TILES[tile];
  return batch * Math.ceil(M / (side * block)) * Math.ceil(N / (side * block));
}

/** Of register_tiled, which by its rule takes eight k in a step: every number that it loads takes registers. */
export function tiledPlan(size: MatmulSize, named: readonly number[]): Plan {
  const tile = tileFor(size, named);
  return planOf(size, tile, named.length > 0 ? TILES[tile].depth : 8);
}

/** Of register_blocks. */
export function blocksPlan(size: MatmulSize, named: readonly number[]): Plan {
  const tile = tileFor(size, named);
  return planOf(size, tile, TILES[tile].depth);
}

/** A short sum takes but one step. */
function planOf(size: MatmulSize, tile: Tile, depth: number): Plan {
  const { side, block } = TILES[tile];
  const width: Width = size.N % 4 === 0 ? 4 : 1;
  return {
    constants: {
      ROWS: block,
      COLUMNS: block / width,
      SIDE: side,
      TILE_K: Math.min(depth, Math.ceil(size.K / 4) * 4),
    },
    width,
    groups: tilesIn(size, tile),
    mostSplits: Math.floor(size.K / 128),
  };
}

/** Whether 4 divides N, and the innermost dimensions of a and b in memory: what register_blocks takes. */
export function comesInFours({ M, N, K, transposeA, transposeB }: MatmulSize): boolean {
  return N % 4 === 0 && (transposeA ? M : K) % 4 === 0 && (!transposeB || K % 4 === 0);
}

/** Rows of a subgroup × k in a step, as variants name them: `subgroup_rows:16x8`. */
const subgroupTiles: readonly (readonly number[])[] = [
  [16, 8],
  [16, 16],
  [8, 16],
];

/** The matrix shape of a GPU's matrix units for numbers of this type. */
function matrixOf({ subgroupMatrices }: Target, half: boolean): SubgroupMatrix | undefined {
  return subgroupMatrices?.find(({ element }) => element === (half ? 'f16' : 'f32'));
}

/** Matrices of a subgroup, down × across, for about 32 × 32 outputs and for 16 × 16: `subgroup_matrix:4x4`. */
const matrixTiles = ({ M, N }: SubgroupMatrix): number[][] =>
  [32, 16].map((side) => [M, N].map((extent) => Math.max(1, Math.floor(side / extent))));

/** Plans of the kernel subgroup_matrix. */
function matrixVariants(target: Target, half: boolean): Variant[] {
  const matrix = matrixOf(target, half);
  if (!matrix) return [];
  return matrixTiles(matrix).map((tile) => ({ rung: 'subgroup_matrix', tile, ...(half && { half }) }));
}

/** Whether the kernels with subgroups take a product. */
function takesSubgroups(size: MatmulSize, { subgroupSize = 0 }: Target): boolean {
  return comesInFours(size) && subgroupSize >= 4 && subgroupSize <= 64;
}

/** Plans of the kernels with subgroups, which no rule takes: only a measurement shows whether they are faster. */
export function subgroupVariants(size: MatmulSize, target: Target): Variant[] {
  if (!takesSubgroups(size, target)) return [];
  return [
    ...matrixVariants(target, false),
    ...subgroupTiles.map((tile) => ({ rung: 'subgroup_rows', tile })),
  ];
}

/** The same, those of f16, and the kernels with their first tile: by the names that a caller may force. */
export function subgroupNames(size: MatmulSize, target: Target): string[] {
  const whole = subgroupVariants(size, target);
  if (whole.length > 0) whole.push(...matrixVariants(target, true));
  const rungs = whole.map((own) => ({ ...own, tile: [] }));
  const names = [...rungs, ...whole].flatMap((own) => [own, { ...own, split: 2 }].map(variantName));
  return [...new Set(names)];
}

/** Plans that keep tiles as f16, with the rule's tile and with each other. */
export function halfNames(size: MatmulSize): string[] {
  const whole = !size.takenA && !size.takenB;
  const rungs = ['register_tiled', ...(whole && comesInFours(size) ? ['register_blocks'] : [])];
  return rungs.flatMap((rung) => [[], ...blockTiles].map((tile) => variantName({ rung, tile, half: true })));
}

/** Of subgroup_matrix: 2 × 2 subgroups. */
export function matrixPlan({ batch, M, N, K }: MatmulSize, target: Target, { tile, half }: Variant): Plan {
  const matrix = matrixOf(target, half === true)!;
  const SUBGROUPS = 2;
  const [ROWS, COLUMNS] = tile.length > 0 ? tile : matrixTiles(matrix)[0];
  const [height, width] = [SUBGROUPS * ROWS * matrix.M, SUBGROUPS * COLUMNS * matrix.N];
  return {
    constants: {
      MAT_M: matrix.M,
      MAT_N: matrix.N,
      MAT_K: matrix.K,
      LANES: target.subgroupSize!,
      SUBGROUPS,
      ROWS,
      COLUMNS,
      TILE_K: 2 * matrix.K,
    },
    width: 4,
    groups: batch * Math.ceil(M / height) * Math.ceil(N / width),
    mostSplits: Math.floor(K / 128),
  };
}

/** Of subgroup_rows: four subgroups side by side share what they read of b. */
export function subgroupPlan({ batch, M, N, K }: MatmulSize, lanes: number, tile: readonly number[]): Plan {
  const SUBGROUPS = 4;
  const [ROWS, TILE_K] = tile.length > 0 ? tile : subgroupTiles[0];
  return {
    constants: { LANES: lanes, SUBGROUPS, ROWS, TILE_K },
    width: 4,
    groups: batch * Math.ceil(M / (ROWS * SUBGROUPS)) * Math.ceil(N / 4 / lanes),
    mostSplits: Math.floor(K / 128),
  };
}

const MOST_SHORT = 16;

/** Whether c has few columns or rows, and the other operand lies line by line along k: what row_block takes. */
export function hasFewLines({ M, N, transposeA, transposeB }: MatmulSize): boolean {
  return (N <= MOST_SHORT && !transposeA) || (M <= MOST_SHORT && transposeB);
}

/** Blocks of one row until there are more workgroups than a GPU runs at once; more invocations for a long k. */
export function rowBlockPlan({ batch, M, N, K, transposeA, transposeB }: MatmulSize): Plan {
  const transposed = !(N <= MOST_SHORT && !transposeA);
  const [lines, short] = transposed ? [N, M] : [M, N];
  const many = batch * lines >= 4096 ? 4 : batch * lines >= 2048 ? 2 : 1;
  const ROWS = Math.min(many, Math.floor(MOST_SHORT / short));
  const workgroup = K < 1024 ? 64 : ROWS * short > MOST_SHORT / 2 ? 128 : 256; // memory for their sums: below 9 kB
  const [Q_K, Q_S] = (transposed ? transposeA : !transposeB) ? [short, 1] : [1, K];
  return {
    transposed,
    constants: {
      LINES: lines,
      SHORT: short,
      Q_K,
      Q_S,
      C_L: transposed ? 1 : short,
      C_S: transposed ? lines : 1,
      CHANNEL_OF_LINE: transposed,
      ROWS,
      WORKGROUP_SIZE: workgroup,
      PARTS: 2 ** Math.floor(Math.log2(Math.min(16, workgroup / (ROWS * short)))),
    },
    width: 1,
    groups: batch * Math.ceil(lines / ROWS),
    mostSplits: 1,
  };
}
