import lanesSource from '../../../shaders/reduce/lanes.wgsl?raw';
import treeSource from '../../../shaders/reduce/tree.wgsl?raw';
import { blockOf } from '../core/blocks.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node, Operand, Target } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import {
  channelsOf,
  keepRolled,
  residentWorkgroups,
  streamingWorkgroup,
  valueType,
  widthOf,
} from '../core/values.ts';
import type { Width } from '../core/values.ts';

const kernels = {
  lanes: { name: 'reduce/lanes', source: lanesSource },
  tree: { name: 'reduce/tree', source: treeSource },
};

type Variant = keyof typeof kernels;

/** The constant OPERATION of the kernels. */
export const OPERATIONS = { sum: 0, max: 1, min: 2, product: 3 } as const;

/** Folds the four lanes of a Load into one Value. */
const COLLAPSE = 'let pairs = combine(total, total.zwxy); return combine(pairs, pairs.yxwz).x;';

/** One reduction [outer, reduce, inner] → [outer, inner], of which a node may need several. */
interface Pass {
  readonly input: Operand;
  /** undefined for the last pass, which writes the node's output. */
  readonly output?: Operand;
  readonly outer: number;
  readonly reduce: number;
  readonly inner: number;
}

/** A dimension after merging neighbours that are reduced, or kept, together. */
interface Group {
  extent: number;
  readonly reduced: boolean;
}

export function groupAxes(shape: Shape, axes: readonly number[]): Group[] {
  const groups: Group[] = [];
  shape.forEach((extent, axis) => {
    if (extent === 1) return;
    const reduced = axes.includes(axis);
    const last = groups.at(-1);
    if (last?.reduced === reduced) last.extent *= extent;
    else groups.push({ extent, reduced });
  });
  return groups;
}

/**
 * Emits the dispatches that reduce the node's first input over `axes`: one group of neighbouring axes
 * after the other, innermost first. The last dispatch divides by `divisor` and has the epilogue.
 */
export function lowerReduce(
  node: Node,
  operation: keyof typeof OPERATIONS,
  axes: readonly number[],
  divisor: number,
  context: LowerContext,
): void {
  let groups = groupAxes(node.inputs[0].shape, axes);
  let input: Operand = node.inputs[0];
  for (;;) {
    const at = groups.findLastIndex(({ reduced }) => reduced);
    const before = groups.slice(0, Math.max(at, 0));
    const after = groups.slice(at + 1);
    const more = before.some(({ reduced }) => reduced);
    const [outer, inner] = [before, after].map((side) => sizeOf(side.map(({ extent }) => extent)));
    const reduce = at < 0 ? 1 : groups[at].extent;
    const output: Operand | undefined = more
      ? context.scratch([outer, inner], node.inputs[0].dtype, `axes_${at}`)
      : undefined;
    reduceOnce(node, operation, divisor, context, { input, output, outer, reduce, inner });
    if (!output) return;
    input = output;
    groups = [...before, ...after];
  }
}

/** One pass, in two dispatches where there would be too few invocations to keep the machine busy. */
function reduceOnce(
  node: Node,
  operation: keyof typeof OPERATIONS,
  divisor: number,
  context: LowerContext,
  pass: Pass,
): void {
  const { outer, reduce, inner } = pass;
  const width = widthOf(node, inner);
  const loadWidth: Width = width === 4 || (inner === 1 && reduce % 4 === 0) ? 4 : 1;
  const loads = loadWidth > width ? reduce / 4 : reduce;
  const geometry = { outer, loads, inner: inner / width };
  const variant = context.choose(
    node.op.name,
    ['lanes', 'tree'],
    preferredVariant(geometry, context.target),
    {
      candidates: context.target.software ? [] : ['lanes', 'tree'],
      kernels,
    },
  );
  const shape =
    variant === 'lanes' ? laneShape(geometry, context.target) : treeShape(geometry, context.target);
  const split = shape.chunks > 1;
  const output = split
    ? context.scratch([outer, shape.chunks, inner], node.inputs[0].dtype, `chunks_${reduce}`)
    : pass.output;
  const last = output === undefined;
  context.dispatch({
    kernel: kernels[variant],
    part: last ? undefined : split ? 'partial' : 'axes',
    constants: {
      ...shape.constants,
      OPERATION: OPERATIONS[operation],
      FLOAT: node.inputs[0].dtype === 'f32',
      REDUCE: loads,
      INNER: inner / width,
      CHUNKS: shape.chunks,
      CHUNK: shape.chunk,
      DIVISOR: last ? divisor : 1,
      CHANNELS: channelsOf(node, width),
      GRID_X: shape.gridX,
    },
    aliases: {
      Load: valueType(node.inputs[0].dtype, loadWidth),
      LoadBits: valueType('u32', loadWidth),
      Value: valueType(node.inputs[0].dtype, width),
    },
    functions: loadWidth > width ? { collapse: COLLAPSE } : undefined,
    bindings: { input: pass.input, output: output ?? node.outputs[0] },
    workgroups: shape.workgroups,
    epilogue: last,
    flops: outer * reduce * inner,
  });
  if (split) reduceOnce(node, operation, divisor, context, { ...pass, input: output!, reduce: shape.chunks });
}

/** A pass in Loads (reduced) and Values (inner). */
interface Geometry {
  readonly outer: number;
  readonly loads: number;
  readonly inner: number;
}

/**
 * Without workgroup memory on software adapters. On a GPU also where results are many, and their loads
 * coalesce or are few; else a tree.
 */
function preferredVariant({ outer, loads, inner }: Geometry, { software }: Target): Variant {
  const plenty = outer * inner >= 8192 && (inner >= 16 || loads <= 32);
  return software || plenty || loads <= 8 ? 'lanes' : 'tree';
}

interface LaunchShape {
  readonly chunks: number;
  /** Loads that one invocation (lanes) or workgroup (tree) reduces. */
  readonly chunk: number;
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly workgroups: [number, number, number];
  readonly gridX: number;
}

/** A second dispatch costs more than it saves below this many loads per result. */
const LEAST_TO_SPLIT = 1024;

function laneShape({ outer, loads, inner }: Geometry, target: Target): LaunchShape {
  const results = outer * inner;
  const wanted = Math.min(Math.ceil(512 / results), Math.floor(loads / 64));
  const split = loads >= LEAST_TO_SPLIT && wanted >= 2;
  const chunk = split ? Math.ceil(loads / wanted / 64) * 64 : loads;
  const chunks = Math.ceil(loads / chunk);
  const workgroupSize = streamingWorkgroup(target, results * chunks);
  const { workgroups, gridX } = linearGrid(results * chunks, workgroupSize);
  const constants = {
    ROLLED: keepRolled(target, chunk),
    SIZE: results * chunks,
    BLOCK: blockOf(chunk),
    WORKGROUP_SIZE: workgroupSize,
  };
  return { chunks, chunk, constants, workgroups, gridX };
}

function treeShape({ outer, loads, inner }: Geometry, target: Target): LaunchShape {
  const columns = Math.min(powerOfTwo(inner), 16);
  const workgroupSize = Math.min(256, Math.max(64, powerOfTwo(loads / 4) * columns)); // four loads for each
  const rows = workgroupSize / columns;
  const tiles = Math.ceil(inner / columns);
  const wanted = Math.min(
    Math.ceil((8 * residentWorkgroups(target)) / (outer * tiles)),
    Math.floor(loads / (rows * 16)),
    512,
  );
  const split = loads >= LEAST_TO_SPLIT && loads > rows * 64 && wanted >= 2;
  const chunk = split ? Math.ceil(loads / wanted / (4 * rows)) * 4 * rows : loads;
  const chunks = Math.ceil(loads / chunk);
  const groups = outer * tiles * chunks;
  const { workgroups, gridX } = linearGrid(groups, 1);
  const constants = {
    GROUPS: groups,
    COLUMNS: columns,
    LEVELS: Math.log2(rows),
    WORKGROUP_SIZE: workgroupSize,
  };
  return { chunks, chunk, constants, workgroups, gridX };
}

/** The smallest power of two that is not smaller. */
export function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}
