import type { TrainingData } from '../../data/stream.ts';
import type { AugmentOptions } from '../../ops/dataset/gatherAugmented.ts';
import type { OptionTable } from '../../options.ts';
import type { Program } from '../../runtime/program.ts';
import { validationName } from '../registry.ts';
import { FitTask } from './fitTask.ts';
import { monitoredValues } from '../callbacks/monitor.ts';
import { callbackList } from './callbackList.ts';
import { checkFit, checkSignal } from './checks.ts';
import type { Snapshot } from './checkpoint.ts';
import type { ClassWeight } from './classWeights.ts';
import type { Compiled } from './compiled.ts';
import type { EvaluateOptions, Evaluation } from './evaluateOptions.ts';
import { Counters } from './counters.ts';
import { runLoop } from './runLoop.ts';
import { loopOptions } from './loopOptions.ts';
import type { CallbackOptions, LoopOptions } from './loopOptions.ts';
import type { Opening } from './placement.ts';
import { runRecovering } from './recovery.ts';
import type { Run } from './wholeRun.ts';
import { checkRun, TrainingRun } from './run.ts';
import { openSource } from './source.ts';
import { sourceOf } from './sourceOf.ts';
import { checkValidation, isValidated, validationOptions } from './validation.ts';
import type { ValidationOptions } from './validation.ts';
import type { History, StepValues } from './values.ts';

export interface FitOptions extends LoopOptions, CallbackOptions, ValidationOptions {
  /**
   * Weights of classes in the loss of the training, for data in which some are rare: `{ 0: 1, 3: 5 }`; a class that is
   * not named has 1. The loss is the mean of weight times loss, as in Keras. Samples' own weights (`dataset`) multiply.
   */
  classWeight?: ClassWeight;
  /**
   * Shifts, rotates, mirrors… the images of the (first) input at random, on the GPU, when a batch is gathered. Targets
   * and validation data stay as they are.
   */
  augment?: AugmentOptions;
  /** Called with the compiled training step, before the first one runs. */
  onReady?: (program: Program) => void | Promise<void>;
}

export const fitOptions: OptionTable<FitOptions> = {
  ...loopOptions,
  classWeight: true,
  augment: true,
  ...validationOptions,
  earlyStopping: true,
  reduceOnPlateau: true,
  onReady: true,
};

/** A running training: `await` it for the history, or iterate over its steps (see TrainingRun). */
export type Fit = TrainingRun<StepValues, History>;

/** What a training needs from the model that it trains. */
export interface FitHost {
  evaluate(data: TrainingData, options: EvaluateOptions): Promise<Evaluation>;
  /** Compiles the model for another GPU, as it was in a checkpoint. */
  recover(snapshot: Snapshot, opening: Opening): Promise<Compiled>;
  onEnd(): void;
}

/** Starts training; see `Model.fit`. @param options after `splitData` */
export function startFit(first: Compiled, data: TrainingData, options: FitOptions, host: FitHost): Fit {
  const { name } = first.network;
  const { validationData, validationBatchSize, validationSteps, validationFrequency } = options;
  checkSignal(name, options.signal);
  return new TrainingRun(
    async (queue, signal) => {
      const batchSize = checkRun(name, data, options);
      checkValidation(name, options);
      const { counting, files, told, endsOnNaN } = callbackList(name, options);
      const values = monitoredValues(first.objective.values, validationData !== undefined);
      const rows = validationBatchSize ?? (Number.isFinite(batchSize) ? batchSize : undefined);
      const validate =
        validationData &&
        (async () =>
          validated(
            await host.evaluate(validationData, { signal, batchSize: rows, steps: validationSteps }),
          ));
      const onSteps = (values: readonly StepValues[]) => {
        queue(values);
        return options.onSteps?.(values);
      };
      const work = async (compiled: Compiled, run: Run) => {
        const task = new FitTask(compiled, options);
        await run.begin(task.saved, signal);
        await checkFit(compiled, options);
        const counters = new Counters(counting, values);
        compiled.state.batchSize = Number.isFinite(batchSize) ? batchSize : undefined;
        const source = await openSource(compiled, name, () =>
          sourceOf(compiled.gpu.device, data, { ...options, batchSize, check: (batch) => task.check(batch) }),
        );
        const validates = (index: number) => isValidated(index, validationFrequency);
        const hooks = { counters, told, endsOnNaN, validate, validates, onReady: options.onReady };
        return runLoop(task, source, { ...options, batchSize, onSteps, signal }, run, hooks);
      };
      return runRecovering(name, first, data, { ...options, signal, files }, { work, move: host.recover });
    },
    options.signal,
    () => host.onEnd(),
  );
}

/** `validationLoss`, …: the numbers of an evaluation. */
function validated(validation: Evaluation): Record<string, number> {
  const named: Record<string, number> = {};
  for (const [name, value] of Object.entries(validation)) {
    if (typeof value === 'number') named[validationName(name)] = value;
  }
  return named;
}
