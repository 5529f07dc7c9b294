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

export type Rung = 'naive' | 'broadcast';

/** The constants that all kernels of attention have, and what they bind beside q, k and v. */
export function common(
  { query, key, value, bias, state }: Inputs,
  attrs: AttentionAttrs,
): { constants: Record<string, ConstantValue>; bindings: Record<string, Operand> } {
  const { batch, queries, keys, heads, keyHeads, size, valueSize } = sizesOf(query, key, value);
  return {
    constants: {
      BATCH: batch,
      QUERIES: queries,
      KEYS: keys,
      HEADS: heads,
      KEY_HEADS: keyHeads,
      SIZE: size,
      VALUE_SIZE: valueSize,
      SCALE: attrs.scale,
      CAUSAL: attrs.causal,
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
 * Variants are named after the files of shaders/attention; `broadcast:8` says how many rows a workgroup has. The rule takes
 * broadcast on software adapters with subgroups, where 4 divides both sizes, else naive.
 */
export function chooseRung(
  opName: string,
  { size, valueSize }: Sizes,
  kernels: Readonly<Record<Rung, KernelFile>>,
  context: LowerContext,
): Variant<Rung> {
  const { software, subgroupSize = 0 } = context.target;
  const lanes = subgroupSize >= 4 && subgroupSize <= 64 && size % 4 === 0 && valueSize % 4 === 0;
  const variants = ['naive', ...(lanes ? ['broadcast', 'broadcast:4', 'broadcast:8', 'broadcast:16'] : [])];
  const preferred = lanes && software ? 'broadcast' : 'naive';
  const candidates = lanes && software ? variants.slice(1) : variants;
  return parseVariant<Rung>(context.choose<string>(opName, variants, preferred, { candidates, kernels }));
}

/**
 * Workgroups of a kernel whose result has `count` times `rows` rows of so many columns. A lane has four columns; where there are
 * more than the lanes take, it has several such blocks, and the workgroup fewer rows.
 */
export function gridOf(
  { rung, tile }: Variant<Rung>,
  result: { readonly rows: number; readonly count: number; readonly columns: number },
  target: Target,
): { constants: Record<string, ConstantValue>; workgroups: [number, number, number] } {
  if (rung === 'naive') {
    const all = result.rows * result.count;
    const workgroupSize = streamingWorkgroup(target, all);
    const { workgroups, gridX } = linearGrid(all, workgroupSize);
    return { constants: { WORKGROUP_SIZE: workgroupSize, GRID_X: gridX }, workgroups };
  }
  const lanes = target.subgroupSize!;
  const across = Math.min(lanes, 2 ** Math.ceil(Math.log2(result.columns / 4)));
  const blocks = Math.ceil(result.columns / 4 / across);
  const rows = tile[0] ?? evenly(result.rows, Math.max(4, Math.floor(8 / blocks)));
  const { workgroups, gridX } = linearGrid(result.count * Math.ceil(result.rows / rows), 1);
  return { constants: { LANES: lanes, ROWS: rows, ACROSS: across, GRID_X: gridX }, workgroups };
}
