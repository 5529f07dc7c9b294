import type { Width } from '../core/values.ts';

/** What a workgroup of the implicit products computes: rows × channels, in steps along the sum. */
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

/** Names of the variants of the rung implicit_gemm: its own tile, or one that is named. */
export type GemmVariant = 'implicit_gemm' | `implicit_gemm:${Tile}`;

export const GEMM_VARIANTS: readonly GemmVariant[] = [
  'implicit_gemm',
  ...(Object.keys(TILES) as Tile[]).map((tile) => `implicit_gemm:${tile}` as const),
];

/** The rung of a variant, and the tile that it names. */
export function parseVariant<R extends string>(
  variant: R | GemmVariant,
): { rung: Exclude<R, `${string}:${string}`> | 'implicit_gemm'; tile?: Tile } {
  const [rung, tile] = variant.split(':');
  return { rung: rung as Exclude<R, `${string}:${string}`>, tile: tile as Tile | undefined };
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
