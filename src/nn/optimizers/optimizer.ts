import type { ConstantValue, KernelFile } from '../../kernels/kernel.ts';
import { linearGrid } from '../../ops/core/op.ts';
import type { OptimizerSpec } from '../../runtime/optimizerSpec.ts';
import type { Schedule } from '../schedules.ts';
import {
  commonConfig,
  gradientBody,
  learningRateBody,
  ratesOf,
  reduceNorm,
  storeBody,
  updatedBody,
} from './common.ts';
import type { CommonOptions, LearningRate } from './common.ts';

export type ConfigValue = number | boolean | Readonly<Record<string, unknown>>;

/**
 * An optimizer with its settings. It holds no state of its own: the moments lie on the GPU, where one
 * dispatch updates all parameters of a model.
 */
export interface Optimizer extends OptimizerSpec {
  /** The settings it was made with, defaults filled in: for summaries and checkpoints. */
  readonly config: Readonly<Record<string, ConfigValue>>;
  readonly schedule?: Schedule;
}

interface Description {
  name: string;
  kernel: KernelFile;
  /** Names of its memory, one value of each per parameter: variables of the kernel file. */
  slots?: readonly string[];
  config: Record<string, number | boolean | Schedule> & { learningRate: LearningRate };
  common: CommonOptions;
  /** Constants of the kernel file. */
  constants: Readonly<Record<string, ConstantValue>>;
  flopsPerParameter: number;
  /** Behind learning rate, gradient norm and its scale in `hyper`. */
  hyper?: readonly number[];
}

export function optimizer(description: Description): Optimizer {
  const { name, kernel, slots = [], config, common, constants, flopsPerParameter, hyper } = description;
  const { schedule, learningRate, givesRates } = ratesOf(name, config.learningRate, common.schedule);
  const options = commonConfig(name, common);
  const slotNames = options.ema ? [...slots, 'averages'] : slots;
  const functions = {
    learning_rate: learningRateBody(schedule),
    gradient: gradientBody(options),
    updated: updatedBody(options),
    store: storeBody(options),
  };
  return {
    name,
    slots: slotNames.length,
    slotNames,
    averages: options.ema !== undefined,
    hyper,
    learningRate,
    schedule,
    givesRates,
    config: {
      ...config,
      learningRate: givesRates ? schedule!.config : learningRate,
      ...options,
      ...(common.schedule && { schedule: common.schedule.config }),
    } as Optimizer['config'],
    reduceNorm: options.globalClipNorm === undefined ? undefined : reduceNorm(options),
    update({ parameters, gradients, slots: buffers, state, hyper: values, length, trial }) {
      const workgroupSize = 256; // a large one also for a CPU, where each workgroup costs 0.4 µs
      const { workgroups, gridX } = linearGrid(length / 4, workgroupSize);
      return {
        kernel,
        constants: {
          ...constants,
          LENGTH: length / 4,
          WORKGROUP_SIZE: workgroupSize,
          GRID_X: gridX,
          ...(trial && { TRIAL: true, OFFSET: trial.offset, PLACE: trial.place }),
        },
        functions,
        bindings: {
          gradients,
          parameters,
          state,
          hyper: values,
          ...Object.fromEntries(buffers.map((buffer, i) => [slotNames[i], buffer])),
          ...(trial && { faults: trial.faults }),
        },
        workgroups,
        part: trial && 'trial',
        flops: flopsPerParameter * length,
      };
    },
  };
}
