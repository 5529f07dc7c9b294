import { ArgumentError } from '../../errors.ts';
import type { Width } from '../core/values.ts';
import { variantName } from '../core/variant.ts';

/** The tile of a workgroup of the implicit products: rows × channels, in steps along the sum. */
interface Shape {
  /** Invocations along the channels and along the rows: 64 in all, which a GPU runs as one or two subgroups. */
  readonly workgroup: readonly [x: number, y: number];
  /** Rows and channels of an invocation. */
  readonly block: readonly [rows: number, channels: number];
  readonly depth: number;
}

/**
 * By what a workgroup computes, rows × channels × terms in a step. Blocks of 8 × 8 read the fewest numbers per product;
 * they take 8 terms a step, as 16 would take more registers than let twelve subgroups work side by side (see
 * bench/README.md). The others are for few channels, and for products too small for large tiles.
 */
const TILES = {
  '64x64x8': { workgroup: [8, 8], block: [8, 8], depth: 8 },
  '128x32x8': { workgroup: [4, 16], block: [8, 8], depth: 8 },
  '32x32x16': { workgroup: [8, 8], block: [4, 4], depth: 16 },
  '64x16x16': { workgroup: [4, 16], block: [4, 4], depth: 16 },
} as const satisfies Readonly<Record<string, Shape>>;

export type Tile = keyof typeof TILES;

/** As variants name them: `implicit_gemm:64x64x8`. */
export const GEMM_TILES: readonly (readonly number[])[] = Object.keys(TILES).map((tile) =>
  tile.split('x').map(Number),
);

/** Whose tiles hold f16, with the rule's tile: what mixed precision takes where the rule for GPUs takes implicit_gemm. */
export const HALF_GEMM = 'implicit_gemm:half';

/** Plans whose tiles hold f16, with the rule's tile and with each other. */
export const HALF_GEMMS: readonly string[] = [[], ...GEMM_TILES].map((tile) =>
  variantName({ rung: 'implicit_gemm', tile, half: true }),
);

/**
 * The tile that a variant names; undefined where it names none.
 *
 * @throws ArgumentError where there is no such tile
 */
export function gemmTile(named: readonly number[]): Tile | undefined {
  if (named.length === 0) return undefined;
  const tile = named.join('x');
  if (Object.hasOwn(TILES, tile)) return tile as Tile;
  throw new ArgumentError(`implicit_gemm has no tile "${tile}"; it has ${Object.keys(TILES).join(', ')}`);
}

/**
 * The tile for products of so many channels: the largest that wastes few of its lanes, and has `enough` workgroups.
 * Channels that do not come in fours take blocks of 4 × 4, as each number is then stored by code of its own.
 */
export function preferredTile(rows: number, channels: number, groups: number, enough: number): Tile {
  if (channels <= 16) return '64x16x16';
  if (channels % 4 !== 0) return '32x32x16';
  const large = channels > 32 ? '64x64x8' : '128x32x8';
  return tileCounts(large, rows, channels).reduce((a, b) => a * b, groups) >= enough ? large : '32x32x16';
}

/** Tiles along the rows, and along the channels of a group. */
export function tileCounts(tile: Tile, rows: number, channels: number): [down: number, across: number] {
  const { workgroup, block } = TILES[tile];
  return [Math.ceil(rows / (workgroup[1] * block[0])), Math.ceil(channels / (workgroup[0] * block[1]))];
}

/** By the names of both shaders. */
export function tileConstants(tile: Tile, width: Width) {
  const { workgroup, block, depth } = TILES[tile];
  return {
    WG_X: workgroup[0],
    WG_Y: workgroup[1],
    ROWS: block[0],
    COLUMNS: block[1] / width,
    TILE_K: depth,
  };
}

/** Terms in a step. */
export function depthOf(tile: Tile): number {
  return TILES[tile].depth;
}
