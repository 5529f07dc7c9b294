import { linearGrid } from '../core/op.ts';
import type { LowerContext } from '../core/op.ts';

/** From this many classes on a GPU gives each row a workgroup; below, an invocation. */
const WIDE_ROW = 64;

/** Lanes for a row: a power of two with about four classes per lane. */
const workgroupFor = (classes: number): number =>
  Math.min(256, Math.max(32, 2 ** Math.ceil(Math.log2(classes / 4))));

/** How a kernel of one result per row of classes is laid out: an invocation or a workgroup for each row. */
export function rowPlan(name: string, rows: number, classes: number, context: LowerContext) {
  const { software, limits } = context.target;
  const preferred = !software && classes >= WIDE_ROW ? 'workgroup' : 'row';
  const variant = context.choose(name, ['row', 'workgroup'], preferred);
  const wide = variant === 'workgroup';
  const workgroupSize = wide ? workgroupFor(classes) : software ? 8 : 32;
  const grid = linearGrid(rows, wide ? 1 : workgroupSize, limits.maxComputeWorkgroupsPerDimension);
  return {
    variant,
    constants: {
      ROWS: rows,
      CLASSES: classes,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: grid.gridX,
      ...(wide ? { LEVELS: Math.log2(workgroupSize) } : { SOFTWARE: software }),
    },
    workgroups: grid.workgroups,
  };
}
