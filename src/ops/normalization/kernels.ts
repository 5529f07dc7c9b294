import statisticsSource from '../../../shaders/normalization/statistics.wgsl?raw';
import statisticsWorkgroupSource from '../../../shaders/normalization/statistics_workgroup.wgsl?raw';
import type { ConstantValue, KernelFile } from '../../kernels/kernel.ts';
import { LateKernels } from '../core/late.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Operand, Target } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { keepRolled, residentWorkgroups, streamingWorkgroup, valueType } from '../core/values.ts';
import type { Width } from '../core/values.ts';
import { powerOfTwo } from '../reduce/kernels.ts';

const statistics = {
  lanes: { name: 'normalization/statistics', source: statisticsSource },
  workgroup: { name: 'normalization/statistics_workgroup', source: statisticsWorkgroupSource },
};

export const gradientKernels = /* @__PURE__ */ new LateKernels(
  'the gradient of normalize',
  async () => (await import('./gradientKernels.ts')).kernels,
);

type Variant = 'lanes' | 'workgroup';
const variants = ['lanes', 'workgroup'] as const;

/** How normalization sees a tensor: [outer, rows, groups, run], a mean and a variance per outer and group. */
export interface View {
  readonly outer: number;
  readonly rows: number;
  readonly groups: number;
  /** Neighbouring channels that share statistics. */
  readonly run: number;
}

/** Neighbouring channels that one Value holds: one group's, or four groups' where each has one channel. */
export function viewWidth({ groups, run }: View): Width {
  return (groups * run) % 4 === 0 && (run === 1 || run % 4 === 0) ? 4 : 1;
}

/** A view in Values. */
export interface Packed {
  readonly outer: number;
  /** In results of `resultWidth`. */
  readonly groups: number;
  readonly run: number;
  /** Values that make up a result. */
  readonly entries: number;
  readonly width: Width;
  readonly resultWidth: Width;
}

export function pack({ outer, rows, groups, run }: View, width: Width): Packed {
  const resultWidth = run === 1 ? width : 1;
  const packedRun = run === 1 ? 1 : run / width;
  return {
    outer,
    groups: groups / resultWidth,
    run: packedRun,
    entries: rows * packedRun,
    width,
    resultWidth,
  };
}

interface Launch {
  readonly chunks: number;
  /** Entries that a chunk takes at a time. */
  readonly rows: number;
  readonly workgroups: [number, number, number];
  readonly constants: Readonly<Record<string, ConstantValue>>;
}

/** A second dispatch costs more than it saves below this many entries per result. */
const LEAST_TO_SPLIT = 512;

/** One invocation per result and chunk. */
function lanesLaunch({ outer, groups, entries }: Packed, target: Target, whole: boolean): Launch {
  const results = outer * groups;
  const wanted = Math.min(Math.ceil(1024 / results), Math.floor(entries / 32), 512);
  const chunks = !whole && entries >= LEAST_TO_SPLIT && wanted >= 2 ? wanted : 1;
  const size = results * chunks;
  const workgroupSize = streamingWorkgroup(target, size);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  const constants = {
    SIZE: size,
    ROLLED: keepRolled(target, Math.ceil(entries / chunks)),
    WORKGROUP_SIZE: workgroupSize,
    GRID_X: gridX,
  };
  return { chunks, rows: 1, workgroups, constants };
}

/** One workgroup per chunk and up to 16 neighbouring results. */
function workgroupLaunch({ outer, groups, entries, run }: Packed, target: Target, whole: boolean): Launch {
  const columns = run === 1 ? Math.min(powerOfTwo(groups), 16) : 1;
  const workgroupSize = Math.min(256, Math.max(64, powerOfTwo(entries / 4) * columns));
  const rows = workgroupSize / columns;
  const tiles = Math.ceil(groups / columns);
  const wanted = Math.min(
    Math.ceil((8 * residentWorkgroups(target)) / (outer * tiles)),
    Math.floor(entries / (rows * 8)),
    512,
  );
  const chunks = !whole && entries >= LEAST_TO_SPLIT && wanted >= 2 ? wanted : 1;
  const count = outer * tiles * chunks;
  const { workgroups, gridX } = linearGrid(count, 1);
  const constants = {
    WORKGROUPS: count,
    ROLLED: target.software,
    COLUMNS: columns,
    LEVELS: Math.log2(rows),
    WORKGROUP_SIZE: workgroupSize,
    GRID_X: gridX,
  };
  return { chunks, rows, workgroups, constants };
}

/** Without workgroup memory on software adapters; on a GPU also where there are many results, or short ones. */
function choose(
  opName: string,
  { outer, groups, entries, run }: Packed,
  context: LowerContext,
  kernels: Readonly<Record<Variant, KernelFile>>,
): Variant {
  const plenty = outer * groups >= 8192 && (run === 1 || entries <= 32);
  const lanes = context.target.software || plenty || entries <= 8;
  const candidates = context.target.software ? [] : variants;
  return context.choose(opName, variants, lanes ? 'lanes' : 'workgroup', { candidates, kernels });
}

/** The body of `total` where a Value of four elements makes up one number. */
const TOTAL = 'return dot(x, vec4f(1.0));';

/** Names in the two reductions' files: the type of a result, what is merged, and what is written. */
const NAMES = {
  statistics: { result: 'Stat', merged: ['input', 'spreads'], written: ['means', 'variances'] },
  sums: { result: 'Sum', merged: ['gradient', 'input'], written: ['sums', 'products'] },
} as const;

interface Pass {
  readonly reduction: keyof typeof NAMES;
  readonly opName: string;
  readonly packed: Packed;
  /** Of the node: [outer, groups] each; or one of [outer, groups, 2]. */
  readonly outputs: readonly [Operand, Operand?];
  /** The outputs once more. */
  readonly copies?: readonly [Operand, Operand];
  readonly constants?: Readonly<Record<string, ConstantValue>>;
  readonly aliases?: Readonly<Record<string, string>>;
  readonly bindings: Readonly<Record<string, Operand>>;
  readonly flops?: number;
  /** Merges the chunks of an earlier pass, and is not cut itself. */
  readonly merge?: boolean;
}

/** One pass over all entries, and another one over its chunks where it was cut into several. */
function reduce(pass: Pass, context: LowerContext): void {
  const { reduction, packed, outputs, copies, merge = false } = pass;
  const { result, merged, written } = NAMES[reduction];
  const kernels = reduction === 'statistics' ? statistics : gradientKernels.value.sums;
  const variant = choose(pass.opName, packed, context, kernels);
  const launch =
    variant === 'lanes'
      ? lanesLaunch(packed, context.target, merge)
      : workgroupLaunch(packed, context.target, merge);
  const { chunks } = launch;
  const shape = [packed.outer, chunks, packed.groups * packed.resultWidth];
  const [first, second] =
    chunks === 1 ? outputs : written.map((name) => context.scratch(shape, 'f32', `chunks_of_${name}`));
  const isStatistics = reduction === 'statistics';
  const origins = context.scratch([packed.outer, packed.groups * packed.resultWidth], 'f32', 'origins');
  const copied = chunks === 1 ? copies : undefined;
  const lanes = packed.width / packed.resultWidth;
  context.dispatch({
    kernel: kernels[variant],
    part: merge ? `merge_${reduction}` : reduction,
    constants: {
      ...launch.constants,
      GROUPS: packed.groups,
      ENTRIES: packed.entries,
      RUN: packed.run,
      CHUNKS: chunks,
      ...(isStatistics ? { LANES: lanes } : { COPIES: copied !== undefined, PACKED: second === undefined }),
      ...pass.constants,
    },
    aliases: {
      ...pass.aliases,
      Value: valueType('f32', packed.width),
      [result]: valueType('f32', packed.resultWidth),
    },
    functions: lanes > 1 ? { total: TOTAL } : undefined,
    bindings: {
      ...pass.bindings,
      [written[0]]: first,
      ...(second && { [written[1]]: second }),
      ...(copied && { sums_copy: copied[0], products_copy: copied[1] }),
      ...(isStatistics && { origins }),
    },
    workgroups: launch.workgroups,
    flops: pass.flops,
  });
  if (chunks === 1) return;
  const parts = { PART_ENTRIES: packed.entries, PART_ROWS: launch.rows, PART_LANES: lanes };
  const { outer, groups, resultWidth } = packed;
  reduce(
    {
      reduction,
      opName: pass.opName,
      packed: { outer, groups, run: 1, entries: chunks, width: resultWidth, resultWidth },
      outputs,
      copies,
      constants: { ...(isStatistics && { ...pass.constants, ...parts }), MERGE: true },
      bindings: { [merged[0]]: first, [merged[1]]: second!, ...(isStatistics && { bases: origins }) },
      merge: true,
    },
    context,
  );
}

export interface StatisticsOptions {
  readonly view: View;
  /** If not, the mean is 0, and the variance the mean square. */
  readonly centered: boolean;
  readonly x: Operand;
  readonly outputs: readonly [mean: Operand, variance: Operand];
}

/** Emits mean and variance, [outer, groups] each, of x. */
export function lowerStatistics(opName: string, options: StatisticsOptions, context: LowerContext): void {
  const { view, centered, x, outputs } = options;
  const constants = { CENTERED: centered };
  const packed = pack(view, viewWidth(view));
  const flops = 8 * sizeOf(x.shape);
  reduce(
    { reduction: 'statistics', opName, packed, outputs, constants, bindings: { input: x }, flops },
    context,
  );
}

/** The view whose groups are the channels, everything else together. */
export const channelView = ({ outer, rows, groups, run }: View): View => ({
  outer: 1,
  rows: outer * rows,
  groups: groups * run,
  run: 1,
});

export interface SumsOptions {
  readonly opName: string;
  /** Of mean and variance. */
  readonly view: View;
  /** Sum over everything but the channel, instead of over the view's groups. */
  readonly perChannel: boolean;
  readonly epsilon: number;
  /** `gamma`: multiply the gradient by it first. */
  readonly inputs: Readonly<Record<'gradient' | 'input' | 'mean' | 'variance', Operand>> & {
    readonly gamma?: Operand;
  };
  /** Without products: sums has both, [outer, groups, 2]. */
  readonly outputs: readonly [sums: Operand, products?: Operand];
  /** Where to write them once more: the optimizer's gradients lie apart from what other kernels read. */
  readonly copies?: readonly [sums: Operand, products: Operand];
}

/** Emits Σ g and Σ g x̂ with g = dy, or γ dy. */
export function lowerGradientSums(options: SumsOptions, context: LowerContext): void {
  const { opName, view, perChannel, epsilon, inputs, outputs, copies } = options;
  const width = viewWidth(view);
  const statistics = pack(view, width);
  reduce(
    {
      reduction: 'sums',
      opName,
      packed: perChannel ? pack(channelView(view), width) : statistics,
      outputs,
      copies,
      constants: {
        STAT_ROWS: view.rows,
        STAT_GROUPS: statistics.groups,
        STAT_RUN: statistics.run,
        VARYING: perChannel && view.outer > 1,
        SCALED: inputs.gamma !== undefined,
        EPSILON: epsilon,
      },
      aliases: { Stat: valueType('f32', statistics.resultWidth) },
      bindings: inputs as Readonly<Record<string, Operand>>,
      flops: 4 * sizeOf(inputs.input.shape),
    },
    context,
  );
}
