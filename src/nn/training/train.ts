import { loadNames } from '../registry.ts';
import { checkDataset } from '../../data/checks.ts';
import type { Dataset } from '../../data/dataset.ts';
import { requireDataset } from '../../data/requireDataset.ts';
import { asStream } from '../../data/stream.ts';
import type { TrainingData } from '../../data/stream.ts';
import { ArgumentError } from '../../errors.ts';
import { checkOptions, checkSignal, describe, required } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { precisionOptions, settlePrecision } from '../../runtime/precision.ts';
import type { PrecisionOptions } from '../../runtime/precision.ts';
import type { Program } from '../../runtime/program.ts';
import { Gpu } from '../../runtime/session.ts';
import { ABORTED, untilAborted } from './abort.ts';
import { monitoredValues } from '../callbacks/monitor.ts';
import { callbackList } from './callbackList.ts';
import type { CallbackList } from './callbackList.ts';
import { readCheckpoint } from './checkpoint.ts';
import type { Checkpoint, Snapshot } from './checkpoint.ts';
import { checkCalled } from './checks.ts';
import { Counters } from './counters.ts';
import { Lifetime } from './lifetime.ts';
import { runLoop } from './runLoop.ts';
import { loopOptions } from './loopOptions.ts';
import type { CallbackOptions, LoopOptions } from './loopOptions.ts';
import type { Opening } from './placement.ts';
import { runRecovering } from './recovery.ts';
import type { Run } from './wholeRun.ts';
import { restoreCheckpoint } from './restoreCheckpoint.ts';
import { checkRun, requireRuns } from './run.ts';
import { openSource } from './source.ts';
import { sourceOf } from './sourceOf.ts';
import type { Step } from './step.ts';
import { StepTask } from './stepTask.ts';
import { StepValidation } from './stepValidation.ts';
import { checkValidation, isValidated, splitData, validationOptions } from './validation.ts';
import type { ValidationOptions } from './validation.ts';
import { TrainRun } from './trainRun.ts';
import type { TrainHistory, TrainPlace, TrainValues } from './trainRun.ts';
import type { RunHistory } from './values.ts';

export type { TrainHistory, TrainValues };
export { TrainRun };

export interface TrainOptions
  extends LoopOptions<TrainValues, TrainValues>, CallbackOptions, ValidationOptions, PrecisionOptions {
  /** Where to train: where the variables lie. */
  gpu: Gpu;
  /** For messages and labels. Default 'step'. */
  name?: string;
  /** Of shuffling and random ops; default 0. */
  seed?: number;
  /** Fields of bytes become value · scale + offset; default 1/255 and 0. */
  inputScale?: number;
  inputOffset?: number;
  /** A file that `TrainRun.save` gave: variables, optimizers and clock are as they were; `resume` continues from there. */
  restore?: Uint8Array;
  /** Called with the compiled step, before the first one runs. */
  onReady?: (program: Program) => void | Promise<void>;
}

const trainOptions: OptionTable<TrainOptions> = {
  gpu: required,
  ...loopOptions,
  name: true,
  seed: true,
  inputScale: true,
  inputOffset: true,
  ...validationOptions,
  earlyStopping: true,
  reduceOnPlateau: true,
  restore: true,
  onReady: true,
  ...precisionOptions,
};

/** @throws ArgumentError if it is to resume, but the file does not say where */
function restoreFrom(task: StepTask, file: Checkpoint, { resume = false }: TrainOptions): void {
  const { resumes } = restoreCheckpoint(task.saved, file);
  if (!resume || resumes) return;
  throw new ArgumentError(
    `${task.name}: cannot resume: ${file.name} was saved with another optimizer, or by another program, so it restores variables alone; train without resume, or with the optimizer that it was saved with`,
  );
}

/**
 * Trains a step of your own with all that `fit` has: epochs, the smaller rest of each, shuffling, streams, values,
 * validation, callbacks, checkpoints. The step is a graph function of a batch that returns what to report and what to
 * minimize; values per sample, [N], are reported as means over samples, single numbers as means over steps.
 *
 * ```ts
 * const w = new Variable({ name: 'w', shape: [3, 1], initialize: (values) => values.fill(0) });
 * const run = train(
 *   data, // dataset({ x, y, inputShape: [3], targetShape: [1] })
 *   (g, { x, y }) => {
 *     const error = ops.subtract(ops.matmul(x, ops.read(w)), y);
 *     const loss = ops.reduceMean(ops.square(error), { axes: [1] }); // [N]
 *     return { losses: { loss }, minimize: { loss, variables: [w], optimizer: adam() } };
 *   },
 *   { gpu, epochs: 10, batchSize: 32, validationData: test, earlyStopping: { patience: 2 } },
 * );
 * for await (const { step, loss } of run) console.log(step, loss);
 * const bytes = await run.save(); // train(data, step, { gpu, restore: bytes, resume: true, epochs: 20 }) continues
 * run.destroy();
 * ```
 *
 * Several networks with an optimizer each are several `minimize`. Optimizers that the run makes are freed by
 * `run.destroy()` or with the GPU.
 *
 * @throws ArgumentError if an option is out of range, or the step's result is invalid
 * @throws ShapeError if a value of the step is neither a number nor one per sample
 * @throws NumericError if a value becomes NaN or infinite
 * @throws DeviceLostError if the GPU is lost
 */
export function train(data: TrainingData, step: Step, given: TrainOptions): TrainRun {
  checkOptions('train', given, trainOptions, 'data, step, ');
  const { gpu, name = 'step', seed = 0, inputScale, inputOffset = 0, restore } = given;
  if (!(gpu instanceof Gpu)) {
    throw new ArgumentError(
      `train: gpu is ${describe(gpu)}; pass what init gives: train(data, step, { gpu: await init() })`,
    );
  }
  if (typeof step !== 'function') {
    throw new ArgumentError(
      `train: the step is ${describe(step)}; pass a function (g, { x, y }) => ({ losses, minimize })`,
    );
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ArgumentError(`${name}: seed is ${seed}; it must be a whole number from 0 to 2^53 - 1`);
  }
  if (!asStream(data)) requireDataset('train', data);
  const { data: own, validationData } = splitData(name, data, given);
  const options = { ...given, validationData };
  const trained = asStream(own) ?? own;
  const settings = { name, seed, inputScale, inputOffset, ...settlePrecision(name, given) };
  const place: TrainPlace = {
    task: new StepTask(step, { ...settings, gpu }, true),
    begun: false,
    ended: new Lifetime(),
  };
  let started!: () => void;
  let failed!: (reason: unknown) => void;
  const ready = new Promise<void>((resolve, reject) => {
    started = () => {
      place.begun = true;
      resolve();
    };
    failed = reject;
  });
  ready.catch(() => {}); // the run's own failure
  const train = async (
    task: StepTask,
    run: Run,
    { counting, told, endsOnNaN }: CallbackList,
    tell: (values: readonly TrainValues[]) => void,
    signal: AbortSignal,
  ): Promise<RunHistory> => {
    const batchSize = checkRun(name, trained, options);
    const source = await openSource(task, name, () =>
      sourceOf(task.gpu.device, trained, {
        ...options,
        batchSize,
        check: (batch) => task.check(batch),
      }),
    );
    let validation: StepValidation | undefined;
    let looped = false;
    try {
      const { clock, lifetime } = task.state;
      const example = await untilAborted(lifetime.race(source.example(clock)), signal);
      if (example === ABORTED) {
        await source.destroy();
        failed(
          new ArgumentError(`${name}: was aborted before its first batch came; there is nothing to save`),
        );
        return { epochs: [], steps: [], stopped: 'aborted' as const };
      }
      await loadNames(); // the step may name an optimizer
      const values = task.inspect(example);
      if (options.recover) task.requireMovable();
      const names = values.map((value) => value.name);
      const forward = new StepTask(step, { ...settings, gpu: task.gpu, names }, false, task.state);
      validation = validationOf(forward, batchSize, options);
      const monitored = monitoredValues(values, validation !== undefined);
      const counters = new Counters(counting, monitored);
      const { snapshot } = run;
      if (snapshot) restoreCheckpoint(task.saved, snapshot.file, snapshot.names);
      else if (restore) restoreFrom(task, readCheckpoint(restore), options);
      place.restoring = undefined;
      started();
      await run.begin(task.saved, signal);
      const onSteps = (own: readonly unknown[]) => {
        tell(own as readonly TrainValues[]);
        return options.onSteps?.(own as readonly TrainValues[]);
      };
      // A step records the user's own values, whose names the loop does not know.
      const loopOptions = {
        ...(options as unknown as LoopOptions),
        ...options,
        batchSize,
        signal,
        onSteps,
      };
      looped = true;
      return await runLoop(task, source, loopOptions as unknown as Parameters<typeof runLoop>[2], run, {
        counters,
        told,
        endsOnNaN,
        validates: (index) => isValidated(index, options.validationFrequency),
        onReady: options.onReady,
        validate: validation && ((own) => validation!.run(own)),
      });
    } catch (error) {
      if (!looped) await source.destroy(); // the loop does so itself
      throw error;
    } finally {
      task.release();
      await validation?.destroy();
    }
  };
  const move = async ({ file }: Snapshot, { open, owned }: Opening): Promise<StepTask> => {
    place.restoring = file;
    const other = await place.ended.make(open(), (late) => owned && late.destroy());
    place.task.destroy();
    return (place.task = new StepTask(step, { ...settings, gpu: other }, true));
  };
  const work = async (tell: (values: readonly TrainValues[]) => void, signal: AbortSignal) => {
    try {
      checkCalled(name, options);
      checkValidation(name, options);
      const list = callbackList(name, options);
      const own = { work: (task: StepTask, run: Run) => train(task, run, list, tell, signal), move };
      const recovery = { ...options, signal, files: list.files };
      const history = await runRecovering(name, place.task, trained, recovery, own);
      return history as unknown as TrainHistory;
    } catch (error) {
      // Once it has begun, its result can still be saved.
      failed(error);
      if (!place.begun || place.task.gpu.device.isLost) place.task.destroy();
      throw error;
    }
  };
  checkSignal(name, options.signal);
  return new TrainRun(place, ready, work, options.signal);
}

function validationOf(
  task: StepTask,
  batchSize: number,
  { validationData, validationBatchSize, validationSteps, epochs = 1, steps }: TrainOptions,
): StepValidation | undefined {
  if (!validationData) return undefined;
  const stream = asStream(validationData);
  if (stream) {
    requireRuns(task.name, stream, steps === undefined ? epochs : 1);
  } else {
    checkDataset(validationData as Dataset);
    task.inspect(validationData as Dataset);
  }
  const rows = validationBatchSize ?? (Number.isFinite(batchSize) ? batchSize : 64);
  return new StepValidation(task, stream ?? validationData, rows, validationSteps);
}
