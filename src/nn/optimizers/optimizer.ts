import type { ConstantValue, KernelFile } from '../../kernels/kernel.ts';
import { linearGrid } from '../../ops/core/op.ts';
import type { LowerContext, Operand } from '../../ops/core/op.ts';
import type {
  OptimizerOperands,
  OptimizerRange,
  OptimizerSpec,
  Segment,
  SharedOperands,
} from '../../runtime/optimizerSpec.ts';
import type { Schedule } from '../schedules.ts';
import { accumulate, ACCUMULATED, collect, retain } from './accumulation.ts';
import {
  CLIP_NORM,
  DECAY,
  decayOf,
  gradientBody,
  learningRateBody,
  penalized,
  storeBody,
  updatedBody,
  weightBody,
} from './bodies.ts';
import { commonConfig, NamePatterns, ratesOf } from './common.ts';
import type { CommonConfig, CommonOptions, LearningRate } from './common.ts';
import { reduceNorm, reduceSegmentNorms } from './norms.ts';
import { Tables } from './tables.ts';
import type { TableField } from './tables.ts';

export type ConfigValue = number | boolean | null | Readonly<Record<string, unknown>> | readonly string[];

/**
 * An optimizer with its settings. It holds no state of its own: the moments are on the GPU, where one
 * dispatch updates all parameters of a model.
 */
export interface Optimizer extends OptimizerSpec {
  /** The settings it was made with, defaults filled in: for summaries and checkpoints. */
  readonly config: Readonly<Record<string, ConfigValue>>;
  readonly schedule?: Schedule;
}

/** Where a kernel file uses the common options. */
export type CommonFunction = 'learning_rate' | 'gradient' | 'updated' | 'weight' | 'store';

/** What the dispatches of a rule before the trial are made of. */
export interface Preparation extends SharedOperands {
  readonly ranges: readonly OptimizerRange[];
  readonly tables: Tables;
  /** Number of the rule's first norm in the variables' records. */
  readonly firstNorm: number;
  /** Bodies of functions that a kernel declares, as in the update itself. */
  functions(range: OptimizerRange, names: readonly CommonFunction[]): Readonly<Record<string, string>>;
  /** The slots of a range, and what all have in common, by the name in the kernel. */
  bindings(range: OptimizerRange): Readonly<Record<string, Operand>>;
  /** The constant of a kernel that counts steps: STEPS. */
  readonly counting: { readonly STEPS: number };
}

/** What the bodies of a rule's own functions are made of. */
export interface RuleTables extends Pick<Preparation, 'tables' | 'firstNorm'> {
  /** WGSL text of the weight decay λ of vec4f i; undefined where there is none. */
  readonly decay: string | undefined;
}

export interface Description {
  name: string;
  kernel: KernelFile;
  /** Names of its memory, one value of each per parameter: variables of the kernel file. */
  slots?: readonly string[];
  config: Readonly<Record<string, ConfigValue | undefined | LearningRate>> & { learningRate: LearningRate };
  common: CommonOptions;
  /** Constants of the kernel file. */
  constants: Readonly<Record<string, ConstantValue>>;
  flopsPerParameter: number;
  /** Behind learning rate, gradient norm and its scale in `hyper`. */
  hyper?: readonly number[];
  /** What the rule has to know of each variable. */
  fields?: readonly TableField[];
  /** How many norms of each variable the rule computes. */
  norms?: number;
  /** Which of them the kernel file declares; default: all but `weight`. */
  declares?: readonly CommonFunction[];
  /** Of options of its own that name variables. */
  named?: readonly NamePatterns[];
  /** λ of each variable, where it is not `weightDecay` for all. */
  decayOf?(segment: Segment): number;
  /** The slots that the update does not write itself, with what of `prepare` they become. */
  retains?: Readonly<Record<string, string>>;
  /** Bodies of functions of its own in the kernel file. */
  functions?(range: OptimizerRange, tables: RuleTables): Readonly<Record<string, string>>;
  /** Dispatches before the trial; what they give to the update of each range. */
  prepare?(preparation: Preparation, context: LowerContext): readonly Readonly<Record<string, Operand>>[];
}

/** λ of each variable, where it is not the same for all. */
function decayField(
  { weightDecay = 0, excludeFromWeightDecay }: CommonConfig,
  excluded: NamePatterns,
  decayOf: Description['decayOf'],
): TableField[] {
  if (!excludeFromWeightDecay && !decayOf) return [];
  const valueOf = (segment: Segment) =>
    excluded.isIn(segment.variable.name) ? 0 : (decayOf?.(segment) ?? weightDecay);
  return [{ name: DECAY, valueOf }];
}

export function optimizer(description: Description): Optimizer {
  const { name, kernel, slots = [], config, common, constants, flopsPerParameter } = description;
  const { schedule, learningRate, givesRates } = ratesOf(name, config.learningRate, common.schedule);
  const options = commonConfig(name, common);
  const { ema, clipNorm, globalClipNorm, gradientAccumulationSteps: steps } = options;
  const slotNames = [...slots, ...(steps ? [ACCUMULATED] : []), ...(ema ? ['averages'] : [])];
  const firstNorm = clipNorm === undefined ? CLIP_NORM : CLIP_NORM + 1;
  const excluded = new NamePatterns(name, 'excludeFromWeightDecay', options.excludeFromWeightDecay);
  const named = [excluded, ...(description.named ?? [])];
  const fields = [...decayField(options, excluded, description.decayOf), ...(description.fields ?? [])];
  const tables = new Tables(description.hyper ?? [], fields, firstNorm + (description.norms ?? 0));
  const counting = { STEPS: steps ?? 1 };
  const { retains = {} } = description;
  const settles = steps !== undefined || description.retains !== undefined;

  const declared = description.declares ?? ['learning_rate', 'gradient', 'updated', 'store'];
  const functions: Preparation['functions'] = (range, names) => {
    const decay = decayOf(options, tables, range);
    const bodies: Readonly<Record<CommonFunction, string>> = {
      learning_rate: learningRateBody(schedule),
      gradient: gradientBody(options, tables, range),
      updated: updatedBody(decay),
      weight: weightBody(decay),
      store: storeBody(options),
    };
    return Object.fromEntries(names.map((own) => [own, bodies[own]]));
  };
  const bindings = (
    { parameters, gradients, slots: buffers }: OptimizerRange,
    { state, hyper }: SharedOperands,
  ): Readonly<Record<string, Operand>> => ({
    gradients,
    parameters,
    state,
    hyper,
    ...Object.fromEntries(buffers.map((buffer, i) => [slotNames[i], buffer])),
  });

  const prepares =
    description.prepare !== undefined || steps !== undefined || clipNorm !== undefined || !!globalClipNorm;
  const prepare = (
    ranges: readonly OptimizerRange[],
    shared: SharedOperands,
    context: LowerContext,
  ): readonly Readonly<Record<string, Operand>>[] => {
    const { hyper } = shared;
    if (steps) {
      const place = slotNames.indexOf(ACCUMULATED);
      for (const range of ranges) context.dispatch(accumulate(range, range.slots[place]));
    }
    const value = penalized(options);
    if (globalClipNorm !== undefined) reduceNorm(ranges, hyper, value, context);
    if (clipNorm !== undefined) {
      reduceSegmentNorms({ ranges, hyper, tables, index: CLIP_NORM, value }, context);
    }
    const own = { ...shared, ranges, tables, firstNorm, counting };
    return (
      description.prepare?.({ ...own, functions, bindings: (range) => bindings(range, shared) }, context) ??
      []
    );
  };

  return {
    name,
    slots: slotNames.length,
    slotNames,
    averages: ema !== undefined,
    hyper(ranges) {
      const names = ranges.flatMap(({ segments }) => segments.map(({ variable }) => variable.name));
      for (const patterns of named) patterns.requireSome(names);
      return tables.values(ranges);
    },
    learningRate,
    schedule,
    givesRates,
    config: Object.fromEntries(
      Object.entries({
        ...config,
        learningRate: givesRates ? schedule!.config : learningRate,
        ...options,
        schedule: common.schedule?.config,
      }).filter(([, value]) => value !== undefined),
    ) as Optimizer['config'],
    measuresNorm: globalClipNorm !== undefined,
    prepare: prepares ? prepare : undefined,
    update({ trial, prepared, ...operands }: OptimizerOperands) {
      const { length } = operands;
      const workgroupSize = 256; // large also for a CPU, where each workgroup costs 0.4 µs
      const { workgroups, gridX } = linearGrid(length / 4, workgroupSize);
      return {
        kernel,
        constants: {
          ...constants,
          ...counting,
          LENGTH: length / 4,
          WORKGROUP_SIZE: workgroupSize,
          GRID_X: gridX,
          ...(trial && { TRIAL: true, OFFSET: trial.offset, PLACE: trial.place }),
        },
        functions: {
          ...functions(operands, declared),
          ...description.functions?.(operands, {
            tables,
            firstNorm,
            decay: decayOf(options, tables, operands),
          }),
        },
        bindings: { ...bindings(operands, operands), ...prepared, ...(trial && { faults: trial.faults }) },
        workgroups,
        part: trial && 'trial',
        flops: flopsPerParameter * length,
      };
    },
    settle: settles
      ? (operands) => {
          const own = bindings(operands, operands);
          const kept = Object.entries(retains).map(([slot, proposed]) =>
            retain(
              operands,
              { state: own.state, proposed: operands.prepared![proposed], values: own[slot] },
              counting,
            ),
          );
          return steps ? [...kept, collect(operands, own, steps, ema && storeBody(options))] : kept;
        }
      : undefined,
  };
}
