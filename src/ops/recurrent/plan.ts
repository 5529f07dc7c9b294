import { ShapeError } from '../../errors.ts';
import type { KernelFile } from '../../kernels/kernel.ts';
import { evenly } from '../core/division.ts';
import { linearGrid } from '../core/op.ts';
import type { Dispatch, LowerContext, Target } from '../core/op.ts';
import { residentWorkgroups, valueType } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import { parseVariant } from '../core/variant.ts';

/** What a kernel of whole sequences works on. */
export interface SequenceSize {
  readonly batch: number;
  readonly steps: number;
  readonly units: number;
  /** Numbers that it keeps in workgroup memory, for each row and unit. */
  readonly shared: number;
}

/** The most units of which one row fits into the 16 KB of workgroup memory that every device has, for any cell. */
export const MOST_UNITS = 1024;

interface Tile {
  /** Of the batch, in a workgroup. */
  readonly rows: number;
  /** Units of a Value. */
  readonly width: Width;
}

/** Rows in a workgroup that may be worth trying. */
const ROWS = [1, 2, 4, 8];

function fits({ rows, width }: Tile, { units, shared }: SequenceSize, { limits }: Target): boolean {
  return units % width === 0 && 4 * rows * units * shared <= limits.maxComputeWorkgroupStorageSize;
}

/**
 * The rule. On a software adapter four units to an invocation, as a load of four costs less than two of one, unless that
 * leaves some of the eight invocations idle that are computed at once; and rows that share each weight, as long as there is
 * work for two workgroups: eight, which compile for a second, in long products, else four. On a GPU an invocation for each unit, and as many workgroups as it runs at once, then rows.
 */
function tileOf(size: SequenceSize, target: Target): Tile {
  const { batch, steps, units } = size;
  const width = units % 4 === 0 && units >= (target.software ? 32 : 512) ? 4 : 1;
  const busy = target.software ? 2 : residentWorkgroups(target);
  const most = target.software && batch * steps * units ** 2 < 2 ** 22 ? 4 : 8;
  const rows = ROWS.findLast(
    (count) =>
      count === 1 || (count <= most && batch / count >= busy && fits({ rows: count, width }, size, target)),
  )!;
  return { rows, width };
}

/** The tiles that the tuner may try. */
function tilesOf(size: SequenceSize, target: Target): Tile[] {
  const all = ROWS.flatMap((rows) => ([1, 4] as const).map((width) => ({ rows, width })));
  return all.filter((tile) => tile.rows <= size.batch && fits(tile, size, target));
}

const nameOf = ({ rows, width }: Tile) => `sequence:${rows}x${width}` as const;

/**
 * What is the same in the dispatches of all these kernels. Variants are named after rows of the batch in a workgroup and units of
 * an invocation's Value: `sequence:4x1`.
 */
export function planSequence(
  opName: string,
  size: SequenceSize,
  context: LowerContext,
  kernel: KernelFile,
): Pick<Dispatch, 'kernel' | 'constants' | 'aliases' | 'workgroups'> & {
  readonly functions: Record<string, string>;
} {
  const { batch, steps, units } = size;
  const { target } = context;
  const names = tilesOf(size, target).map(nameOf);
  const chosen = context.choose<string>(opName, names, nameOf(tileOf(size, target)), {
    candidates: names,
    kernels: { sequence: kernel },
  });
  const [rows, width] = parseVariant(chosen).tile as [number, Width];
  if (!fits({ rows, width }, size, target)) {
    throw new ShapeError(
      `${opName}: ${rows} rows of ${units} units do not fit into ${target.limits.maxComputeWorkgroupStorageSize} bytes of workgroup memory; unroll the sequence (unroll: true)`,
    );
  }
  const values = units / width;
  const perLane = Math.ceil(values / target.limits.maxComputeInvocationsPerWorkgroup);
  const { workgroups, gridX } = linearGrid(Math.ceil(batch / rows), 1);
  return {
    kernel,
    constants: {
      BATCH: batch,
      STEPS: steps,
      UNITS: units,
      WIDTH: width,
      ROWS: rows,
      PER_LANE: perLane,
      WORKGROUP_SIZE: evenly(values, target.limits.maxComputeInvocationsPerWorkgroup),
      ROLLED: target.software,
      GRID_X: gridX,
    },
    aliases: { Value: valueType('f32', width) },
    functions: width === 4 ? { component: 'return x[i];' } : {},
    workgroups,
  };
}
