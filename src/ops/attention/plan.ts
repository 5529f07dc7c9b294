import type { ConstantValue, KernelFile } from '../../kernels/kernel.ts';
import { evenly } from '../core/division.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand, Target } from '../core/op.ts';
import { streamingWorkgroup } from '../core/values.ts';
import { parseVariant } from '../core/variant.ts';
import type { Variant } from '../core/variant.ts';
import { broadcastStrides } from '../elementwise/broadcast.ts';
import { sizesOf } from './attrs.ts';
import type { AttentionAttrs, Inputs, Sizes } from './attrs.ts';
import { fitsTiles } from './tiled.ts';

export type Rung = 'naive' | 'broadcast' | 'one_pass' | 'tiled';

/** The constants that all kernels of attention have. */
export function shapeConstants(
  { query, key, value }: Inputs,
  attrs: AttentionAttrs,
): Record<string, ConstantValue> {
  const { batch, queries, keys, heads, keyHeads, size, valueSize } = sizesOf(query, key, value);
  return {
    BATCH: batch,
    QUERIES: queries,
    KEYS: keys,
    HEADS: heads,
    KEY_HEADS: keyHeads,
    SIZE: size,
    VALUE_SIZE: valueSize,
    SCALE: attrs.scale,
    CAUSAL: attrs.causal,
  };
}

/** The constants of those with a bias and dropout, and what they bind beside q, k and v. */
export function common(
  inputs: Inputs,
  attrs: AttentionAttrs,
): { constants: Record<string, ConstantValue>; bindings: Record<string, Operand> } {
  const { query, key, value, bias, state } = inputs;
  const { batch, queries, keys, heads } = sizesOf(query, key, value);
  return {
    constants: {
      ...shapeConstants(inputs, attrs),
      BIASED: bias !== undefined,
      ...(bias && { BIAS_STRIDES: broadcastStrides(bias.shape, [batch, heads, queries, keys]) }),
      DROPS: state !== undefined,
      STREAM: attrs.stream,
      // u ≥ rate on the grid of 24-bit numbers that u lies on
      THRESHOLD: Math.ceil(Math.fround(attrs.dropout) * 2 ** 24),
      KEPT_SCALE: 1 / (1 - attrs.dropout),
    },
    bindings: { ...(bias && { bias }), ...(state && { state }) },
  };
}

/** Pairs of a query and a key that are computed, for counts of FLOPs. */
export const scoresOf = ({ batch, heads, queries, keys }: Sizes, { causal }: AttentionAttrs): number =>
  batch * heads * queries * keys * (causal ? 0.5 : 1);

/**
 * Variants are named after the files of shaders/attention; `broadcast:8` says how many rows a workgroup has at a time, `tiled:8`
 * how many invocations stand side by side. The rule takes `tiled` on GPUs, where a row is short enough for registers, and the
 * last of `laned` on software adapters with subgroups, where 4 divides both sizes; else naive.
 *
 * @param laned the kernels whose lanes exchange values
 */
export function chooseRung(
  opName: string,
  sizes: Sizes,
  kernels: Readonly<Partial<Record<Rung, KernelFile>>>,
  laned: readonly Rung[],
  context: LowerContext,
): Variant<Rung> {
  const { size, valueSize } = sizes;
  const { software, subgroupSize = 0 } = context.target;
  const fits = subgroupSize >= 4 && subgroupSize <= 64 && size % 4 === 0 && valueSize % 4 === 0;
  const tiles = fits ? laned.flatMap((rung) => [rung, ...[4, 8, 16].map((rows) => `${rung}:${rows}`)]) : [];
  const tiled = fitsTiles(sizes) ? ['tiled', 'tiled:4', 'tiled:8'] : [];
  const preferred = software ? (fits ? laned.at(-1)! : 'naive') : (tiled[0] ?? 'naive');
  const candidates = software ? (fits ? tiles : ['naive']) : ['naive', ...tiled.slice(1), ...tiles];
  const tunable = { candidates, kernels: kernels as Readonly<Record<string, KernelFile>> };
  const variants = ['naive', ...tiled, ...tiles];
  return parseVariant<Rung>(context.choose<string>(opName, variants, preferred, tunable));
}

/** What a kernel computes: `count` times `rows` rows of so many columns, each from `others` queries or keys. */
export interface Result {
  readonly rows: number;
  readonly others: number;
  readonly columns: number;
  readonly count: number;
}

/**
 * The rows that a workgroup has at a time, and how its lanes share the columns: four each, in several blocks where there are more.
 * More rows share what is loaded, but twice as many take more than twice as long to compile: 16 are for long sequences of one block.
 */
export function lanesOf(
  { tile }: Variant<Rung>,
  { rows, others, columns }: Result,
  target: Target,
): { LANES: number; ROWS: number; ACROSS: number } {
  const lanes = target.subgroupSize!;
  const across = Math.min(lanes, 2 ** Math.ceil(Math.log2(columns / 4)));
  const blocks = Math.ceil(columns / 4 / across);
  const most = rows * others >= 2 ** 16 ? 16 : 8;
  const own = tile[0] ?? evenly(rows, Math.max(4, Math.min(most, Math.floor(16 / blocks))));
  return { LANES: lanes, ROWS: own, ACROSS: across };
}

/** The grid of a kernel whose workgroups have rows of their own. */
export function gridOf(
  variant: Variant<Rung>,
  result: Result,
  target: Target,
): { constants: Record<string, ConstantValue>; workgroups: [number, number, number] } {
  const { rows, count } = result;
  if (variant.rung === 'naive') {
    const workgroupSize = streamingWorkgroup(target, rows * count);
    const { workgroups, gridX } = linearGrid(rows * count, workgroupSize);
    return { constants: { WORKGROUP_SIZE: workgroupSize, GRID_X: gridX }, workgroups };
  }
  const lanes = lanesOf(variant, result, target);
  const { workgroups, gridX } = linearGrid(count * Math.ceil(rows / lanes.ROWS), 1);
  return { constants: { ...lanes, GRID_X: gridX }, workgroups };
}
