import { ArgumentError } from '../../errors.ts';
import type { Width } from '../core/values.ts';
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

/** Whether 4 divides N, and the lines of a and b as they lie in memory: what register_blocks takes. */
export function comesInFours({ M, N, K, transposeA, transposeB }: MatmulSize): boolean {
  return N % 4 === 0 && (transposeA ? M : K) % 4 === 0 && (!transposeB || K % 4 === 0);
}

const MOST_SHORT = 16;

/** Whether c has few columns or rows, and the other operand lies line by line along k: what row_block takes. */
export function hasFewLines({ M, N, transposeA, transposeB }: MatmulSize): boolean {
  return (N <= MOST_SHORT && !transposeA) || (M <= MOST_SHORT && transposeB);
}

/** Blocks of one row until there are more workgroups than a GPU keeps at work; more invocations for a long k. */
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
