import source from '../../../shaders/movement/transpose_tiled.wgsl?raw';
import type { LowerContext, Node } from '../core/op.ts';
import { channelsOf } from '../core/values.ts';
import { lowerStridedCopy, mergeAxes } from './stridedCopy.ts';
import type { Axis } from './stridedCopy.ts';

const kernel = { name: 'movement/transpose_tiled', source };

const TILE = 32;
const STRIPS = 8;

/** Emits a transpose: through workgroup memory where it is a stack of matrices on a GPU, else as a strided copy. */
export function lowerTranspose(node: Node, axes: readonly Axis[], context: LowerContext): void {
  const matrices = asMatrices(axes);
  const tiled = matrices && gridOf(matrices, context);
  const worthwhile = tiled && !context.target.software && matrices.rows >= 16 && matrices.columns >= 16;
  const candidates = tiled ? (['strided', 'tiled'] as const) : (['strided'] as const);
  const variant = context.choose<'strided' | 'tiled'>(
    node.op.name,
    candidates,
    worthwhile ? 'tiled' : 'strided',
  );
  if (variant === 'strided') return lowerStridedCopy(node, axes, context);
  context.dispatch({
    kernel,
    constants: {
      ROWS: matrices!.rows,
      COLUMNS: matrices!.columns,
      CHANNELS: channelsOf(node, 1),
      TILE,
      STRIPS,
    },
    aliases: { Value: node.outputs[0].dtype },
    bindings: { input: node.inputs[0], output: node.outputs[0] },
    workgroups: tiled!,
    epilogue: true,
  });
}

interface Matrices {
  readonly batch: number;
  /** Of the input. */
  readonly rows: number;
  readonly columns: number;
}

/** The permutation as [batch, rows, columns] → [batch, columns, rows], if it is one. */
function asMatrices(axes: readonly Axis[]): Matrices | undefined {
  const merged = mergeAxes(axes);
  if (merged.length < 2 || merged.length > 3) return undefined;
  const [columns, rows] = merged.slice(-2);
  const isMatrix = columns.stride === 1 && rows.stride === columns.extent;
  if (!isMatrix || (merged.length === 3 && merged[0].stride !== columns.extent * rows.extent))
    return undefined;
  return { batch: merged.length === 3 ? merged[0].extent : 1, rows: rows.extent, columns: columns.extent };
}

/** Workgroups, or undefined where there are more than the device allows. */
function gridOf(
  { batch, rows, columns }: Matrices,
  { target }: LowerContext,
): [number, number, number] | undefined {
  const grid: [number, number, number] = [Math.ceil(columns / TILE), Math.ceil(rows / TILE), batch];
  return grid.every((count) => count <= target.limits.maxComputeWorkgroupsPerDimension) ? grid : undefined;
}
