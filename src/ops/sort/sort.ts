import bitonicSource from '../../../shaders/sort/bitonic.wgsl?raw';
import mergeSource from '../../../shaders/sort/merge.wgsl?raw';
import rankSource from '../../../shaders/sort/rank.wgsl?raw';
import orderSource from '../../../shaders/shared/order.wgsl?raw';
import { ArgumentError } from '../../errors.ts';
import { describe, settle } from '../../options.ts';
import { apply, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Op, Operand, Tensor } from '../core/op.ts';
import { formatShape, normalizeAxis, sizeOf } from '../core/shape.ts';
import { requireDtype, streamingWorkgroup, WORDS } from '../core/values.ts';
import { gatherKernel } from '../movement/gather.ts';
import { lowerGather } from '../movement/gatherPlan.ts';
import { slice, transpose } from '../movement/movement.ts';
import { powerOfTwo } from '../reduce/kernels.ts';

const kernels = {
  rank: { name: 'sort/rank', source: rankSource },
  bitonic: { name: 'sort/bitonic', source: bitonicSource },
  merge: { name: 'sort/merge', source: mergeSource },
};

const order = { name: 'shared/order', source: orderSource };

/** Elements that an invocation of `rank` compares its own with, and the most that a workgroup of `bitonic` sorts. */
const RANK_BLOCK = 16;
const BITONIC_BLOCK = 1024;
/** The constant KIND of the kernels. */
const KINDS = { f32: 0, i32: 1, u32: 2, u8: 2 } as const;

interface SortAttrs {
  readonly descending: boolean;
}

/** Rows of blocks in order, for `merge` to join. */
function lowerBlocks(
  input: Tensor,
  variant: 'rank' | 'bitonic',
  block: number,
  descending: boolean,
  outputs: { keys: Operand; places: Operand },
  context: LowerContext,
  part: string | undefined,
): void {
  const length = input.shape.at(-1)!;
  const rows = sizeOf(input.shape) / length;
  const blocks = Math.ceil(length / block);
  const size = rows * length;
  const workgroupSize =
    variant === 'rank' ? streamingWorkgroup(context.target, size) : Math.min(256, block / 2);
  const { workgroups, gridX } =
    variant === 'rank' ? linearGrid(size, workgroupSize) : linearGrid(rows * blocks, 1);
  context.dispatch({
    kernel: kernels[variant],
    files: [order],
    part,
    constants: {
      LENGTH: length,
      BLOCK: block,
      KIND: KINDS[input.dtype],
      DESCENDING: descending,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
      ...(variant === 'rank'
        ? { SIZE: size }
        : { LEVELS: Math.log2(block), BLOCKS: blocks, GROUPS: rows * blocks }),
    },
    aliases: { Value: input.dtype },
    bindings: { input, ...outputs },
    workgroups,
  });
}

/** Places along the last dimension, in the order of the elements there. */
export const argsortOp: Op<SortAttrs> = {
  name: 'argsort',
  kind: 'kernel',
  infer([x]) {
    requireDtype('argsort', x, WORDS);
    return [{ shape: x.shape, dtype: 'i32' }];
  },
  lower(node, context) {
    const [input] = node.inputs;
    const [output] = node.outputs;
    const length = input.shape.at(-1)!;
    const size = sizeOf(input.shape);
    const preferred = context.target.software || length <= 16 ? 'rank' : 'bitonic';
    const variant = context.choose('argsort', ['rank', 'bitonic'], preferred);
    const most = variant === 'rank' ? RANK_BLOCK : BITONIC_BLOCK;
    const block = Math.max(2, Math.min(most, powerOfTwo(length)));
    const passes = Math.max(0, Math.ceil(Math.log2(length / block)));
    const keys = [0, 1].map((i) => context.scratch(input.shape, 'u32', `keys_${i}`));
    const places = [0, 1].map((i) => context.scratch(input.shape, 'i32', `places_${i}`));
    const placesOf = (pass: number): Operand => (pass === passes ? output : places[pass % 2]);
    const first = { keys: keys[0], places: placesOf(0) };
    lowerBlocks(
      input,
      variant,
      block,
      node.attrs.descending,
      first,
      context,
      passes > 0 ? 'blocks' : undefined,
    );
    const workgroupSize = streamingWorkgroup(context.target, size);
    const { workgroups, gridX } = linearGrid(size, workgroupSize);
    for (let pass = 1; pass <= passes; pass++) {
      const run = block * 2 ** (pass - 1);
      context.dispatch({
        kernel: kernels.merge,
        part: pass === passes ? undefined : `merge_${run}`,
        constants: {
          SIZE: size,
          LENGTH: length,
          RUN: run,
          STEPS: Math.log2(run) + 1,
          WORKGROUP_SIZE: workgroupSize,
          GRID_X: gridX,
        },
        bindings: {
          keys: keys[(pass - 1) % 2],
          places: placesOf(pass - 1),
          merged_keys: keys[pass % 2],
          merged_places: placesOf(pass),
        },
        workgroups,
      });
    }
  },
  gradient: { reason: 'a place does not change smoothly' },
};

/** x[…, order[…, k]] where `order` has every place of each row once: the other way round it is the order that sorts it. */
export const reorderOp: Op<Record<string, never>> = {
  name: 'reorder',
  kind: 'kernel',
  fusesEpilogue: true,
  infer: ([x]) => [x],
  lower: (node, context) =>
    lowerGather(node, gatherKernel, 'input', node.inputs[0].shape, node.inputs[0].shape.length - 1, context, {
      along: true,
    }),
  gradient: ({ inputs: [x, order] }, [dy]) => [
    dy && x.dtype === 'f32' ? apply(reorderOp, [dy, argsortRows(order, false)], {}) : undefined,
    undefined,
  ],
};

const argsortRows = (x: Tensor, descending: boolean) => apply(argsortOp, [x], { descending });

/** Applies `f` with the axis as the last one, and moves it back. */
function withLast(x: Tensor, axis: number, f: (x: Tensor) => readonly Tensor[]): Tensor[] {
  const last = x.shape.length - 1;
  const swap = [...x.shape.keys()].map((own) => (own === axis ? last : own === last ? axis : own));
  return f(transpose(x, swap)).map((y) => transpose(y, swap));
}

export interface SortOptions {
  /** The largest first. Default false. */
  descending?: boolean;
}

/**
 * The places along `axis` (default: the last) in the order of the elements: i32. Stable: of equal elements, the first comes first,
 * in either order. NaN counts as larger than all others: it is last, as in NumPy, and first where descending, as in PyTorch.
 *
 * @throws ShapeError if x has no dimensions, or not that axis
 */
export function argsort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  const { descending } = settle('argsort', options, { descending: false });
  requireTensor('argsort', x);
  const at = normalizeAxis(axis, x.shape, 'argsort');
  return withLast(x, at, (rows) => [argsortRows(rows, descending)])[0];
}

/** The elements of each row in order, with their places. */
function sorted(rows: Tensor, descending: boolean): [values: Tensor, places: Tensor] {
  const places = argsortRows(rows, descending);
  return [apply(reorderOp, [rows, places], {}), places];
}

/**
 * The elements along `axis` (default: the last) in order; NaN as `argsort`. Each gradient goes back to where its element was.
 *
 * @throws ShapeError if x has no dimensions, or not that axis
 */
export function sort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  const { descending } = settle('sort', options, { descending: false });
  requireTensor('sort', x);
  requireDtype('sort', x, WORDS);
  const at = normalizeAxis(axis, x.shape, 'sort');
  return withLast(x, at, (rows) => [sorted(rows, descending)[0]])[0];
}

/**
 * The k largest elements along `axis` (default: the last), the largest first, and their places (i32). NaN counts as larger than all
 * others (PyTorch, JAX); of equal elements, the first comes first. Each value's gradient goes back to where it was.
 *
 * @throws ArgumentError unless k is a whole number from 1 to the elements along the axis
 */
export function topK(x: Tensor, k: number, axis = -1): { values: Tensor; indices: Tensor } {
  requireTensor('topK', x);
  requireDtype('topK', x, WORDS);
  const at = normalizeAxis(axis, x.shape, 'topK');
  if (!Number.isInteger(k) || k < 1 || k > x.shape[at]) {
    throw new ArgumentError(
      `topK: k is ${describe(k)}; axis ${at} of ${formatShape(x.shape)} has ${x.shape[at]} elements, so it must be a whole number from 1 to that`,
    );
  }
  const [values, indices] = withLast(x, at, (rows) => {
    const zeros = rows.shape.map(() => 0);
    return sorted(rows, true).map((whole) => slice(whole, zeros, [...rows.shape.slice(0, -1), k]));
  });
  return { values, indices };
}
