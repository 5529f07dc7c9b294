import type { Dataset } from '../../data/dataset.ts';
import { NumericError } from '../../errors.ts';
import { reduceMean } from '../../ops/reduce/reduce.ts';
import { DeviceDataset } from '../../runtime/deviceDataset.ts';
import type { CompileProgress, Program } from '../../runtime/program.ts';
import type { GraphBuilder } from '../../runtime/session.ts';
import { MetricRing } from '../../runtime/ring.ts';
import type { RingEntry } from '../../runtime/ring.ts';
import { RingReader } from '../../runtime/ringReader.ts';
import { columnsOf } from '../../ops/dataset/effects.ts';
import type { AugmentOptions } from '../../ops/dataset/gatherAugmented.ts';
import { multiply } from '../../ops/elementwise/elementwise.ts';
import { gather } from './batch.ts';
import type { EarlyStoppingOptions, ReduceOnPlateauOptions } from './callbacks.ts';
import { classWeights } from './classWeights.ts';
import type { ClassWeight } from './classWeights.ts';
import type { Evaluation } from './evaluator.ts';
import { checkFields, checkRanges, fieldUses, inputRanges } from './fieldChecks.ts';
import { Totals } from '../metrics/metric.ts';
import type { Model } from '../model.ts';
import { checkRun, TrainingRun } from './run.ts';
import { validationName } from '../registry.ts';
import { checkFit } from './checks.ts';
import type { Callbacks } from './checks.ts';

/** The values of one training step: those of its batch. */
export type StepValues = { readonly epoch: number; readonly step: number; readonly loss: number } & Readonly<
  Record<string, number>
>;

/**
 * What one epoch came to: the values over all samples of its steps (a step belongs to the epoch that it begins in); with
 * validation data also `validationLoss`, …
 */
export type EpochValues = { readonly epoch: number; readonly step: number; readonly loss: number } & Readonly<
  Record<string, number>
>;

export interface History {
  readonly epochs: readonly EpochValues[];
  readonly steps: readonly StepValues[];
  /** Why training ended. */
  readonly stopped: 'finished' | 'aborted' | 'early';
}

export interface FitOptions {
  /** Passes over the data set; default 1. */
  epochs?: number;
  /** Training steps to do, instead of epochs. */
  steps?: number;
  /** Samples per step, at most the data set's size; default 64, or that size if it is smaller. */
  batchSize?: number;
  /** A new order in each epoch; default true. */
  shuffle?: boolean;
  /**
   * Weights of classes in the loss of the training, for data in which some are rare: `{ 0: 1, 3: 5 }`; a class that is
   * not named has 1. The loss is the mean of weight times loss, as in Keras. Samples' own weights (`dataset`) multiply.
   */
  classWeight?: ClassWeight;
  /**
   * Shifts, turns, mirrors… the images of the (first) input as each batch is gathered, by chance and on the GPU. Targets
   * and validation data stay as they are.
   */
  augment?: AugmentOptions;
  /** Evaluated after each epoch, without class weights. */
  validationData?: Dataset;
  /** Count `epochs` or `steps` from the first step of the model's life and do only what is left: after `load`. */
  resume?: boolean;
  /** Ends training after the step under way; the history says `aborted`. */
  signal?: AbortSignal;
  /** Ends training when a value stops improving. */
  earlyStopping?: EarlyStoppingOptions;
  /** Lowers the model's learning rate when a value stops improving. */
  reduceOnPlateau?: ReduceOnPlateauOptions;
  /** Called while kernels compile. */
  onCompile?: (progress: CompileProgress) => void;
  /** Called with the compiled training step, before the first one runs. */
  onReady?: (program: Program) => void | Promise<void>;
  /** Awaited before each step: to pause, or to step by hand. */
  beforeStep?: (step: number) => void | Promise<void>;
  /** The values of a few steps at a time, as they come back from the GPU. */
  onSteps?: (values: readonly StepValues[]) => void;
  onEpoch?: (values: EpochValues) => void | Promise<void>;
}

/** A training run under way: `await` it for the history, or iterate over its steps (see TrainingRun). */
export class Fit extends TrainingRun<StepValues, History> {
  constructor(model: Model, data: Dataset, options: FitOptions) {
    super((queue, signal) => {
      const onSteps = (values: readonly StepValues[]) => {
        queue(values);
        options.onSteps?.(values);
      };
      return train(model, data, { ...options, onSteps, signal });
    }, options.signal);
  }
}

async function train(model: Model, data: Dataset, options: FitOptions): Promise<History> {
  const batchSize = checkRun(model.name, data, options);
  const callbacks = checkFit(model, options);
  const run = await prepare(model, data, batchSize, options);
  try {
    await options.onReady?.(run.program);
    return await loop(model, data, batchSize, run, callbacks, options);
  } finally {
    run.program.destroy();
    run.ring.destroy();
    run.uploaded.destroy();
  }
}

interface Run {
  readonly program: Program;
  readonly ring: MetricRing;
  readonly uploaded: DeviceDataset;
}

/** Compiles the training step: gather, forward, backward, optimizer, metrics. */
async function prepare(model: Model, data: Dataset, batchSize: number, options: FitOptions): Promise<Run> {
  const { gpu, minimizer, objective } = model.compiled;
  const scaling = model.compiled;
  const uploaded = new DeviceDataset(gpu.device, data);
  const shuffle = options.shuffle ?? true;
  const { augment, classWeight, onCompile, validationData } = options;
  let ring: MetricRing | undefined;
  let trainedOn: Model['trainedOn'];
  const define = (g: GraphBuilder) => {
    const ports = { inputs: model.inputs, outputs: objective.goals.map(({ place }) => model.outputs[place]) };
    const batch = gather(g, uploaded, scaling, { batchSize, shuffle, ...ports, augment });
    const { inputs, targets, weights } = batch;
    const outputs = model.callAll(inputs, { training: true });
    const ofClasses =
      classWeight && classWeights(model.name, data, targets[0], model.outputShape, classWeight);
    const both = weights && ofClasses ? multiply(weights, ofClasses) : (weights ?? ofClasses);
    const values = objective.compute(outputs, targets, both);
    const uses = fieldUses(batch, values);
    checkFields(model.name, data, uses);
    trainedOn = inputRanges(data, uses, scaling);
    if (validationData) checkRanges(model.name, validationData, trainedOn, scaling);
    g.minimize(reduceMean(values[0]), minimizer.variables, minimizer);
    const columns = objective.values.map((value, k) => ({ ...value, columns: columnsOf(values[k]) }));
    ring = new MetricRing(gpu.device, columns);
    g.resources.set(ring.resource, ring.location);
    g.effect(ring.effect(values));
    return {};
  };
  try {
    const label = `${model.name}/train`;
    const program = await gpu.compile(define, { label, seed: model.seed, onProgress: onCompile });
    model.trainedOn = trainedOn;
    return { program, ring: ring!, uploaded };
  } catch (error) {
    ring?.destroy();
    uploaded.destroy();
    throw error;
  }
}

async function loop(
  model: Model,
  data: Dataset,
  batchSize: number,
  { program, ring }: Run,
  { early, plateau }: Callbacks,
  options: FitOptions,
): Promise<History> {
  const { epochs = 1, signal, validationData } = options;
  const { gpu, minimizer, objective } = model.compiled;
  const epochOf = (step: number) => Math.floor((step * batchSize) / data.size);
  const start = model.step;
  const wanted = options.steps ?? Math.ceil((epochs * data.size) / batchSize);
  const end = options.resume ? Math.max(start, wanted) : start + wanted;
  const steps: StepValues[] = [];
  const epochValues: EpochValues[] = [];
  const epoch = new Totals(objective.values);
  const own = new Totals(objective.values);

  const reader = new RingReader(ring, (entries) => {
    const values = entries.map(({ step, recorded }): StepValues => {
      epoch.add(recorded);
      own.clear();
      return { epoch: epochOf(step), step, ...own.add(recorded).values() } as StepValues;
    });
    steps.push(...values);
    options.onSteps?.(values);
    const bad = entries.find(({ notFinite }) => notFinite.length > 0);
    if (bad) throw notFiniteError(model, bad);
  });

  program.reset(start);
  ring.reset(start);
  let stopped: History['stopped'] = 'finished';
  while (model.step < end && stopped === 'finished') {
    await options.beforeStep?.(model.step);
    if (signal?.aborted) {
      stopped = 'aborted';
      break;
    }
    const next = model.step + 1;
    const epochEnds = epochOf(next) > epochOf(model.step) || next === end;
    const read = await reader.prepare(next, epochEnds);
    while (minimizer.averagesReturned) await minimizer.averagesReturned;
    await program.step(read?.encode);
    model.step = next;
    reader.start(read);
    reader.check();
    if (!epochEnds) continue;

    await reader.settle();
    while (minimizer.averagesReturned) await minimizer.averagesReturned;
    const validation =
      validationData && (await unlessAborted(model.evaluate(validationData, { signal }), signal));
    if (validationData && !validation) {
      stopped = 'aborted';
      break;
    }
    const values = { epoch: epochOf(next - 1), step: next, ...epoch.values(), ...validated(validation) };
    epoch.clear();
    epochValues.push(values as EpochValues);
    await options.onEpoch?.(values as EpochValues);
    if (plateau) model.learningRate = plateau.after(values as EpochValues, model.learningRate);
    if (early?.shouldStop(values as EpochValues)) stopped = 'early';
  }
  await reader.finish(gpu.device, model.step); // of an aborted epoch
  await program.finish();
  return { epochs: epochValues, steps, stopped };
}

/** Undefined for what an abort broke off. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

/** `validationLoss`, …: the numbers of an evaluation. */
function validated(validation: Evaluation | undefined): Record<string, number> {
  const named: Record<string, number> = {};
  for (const [name, value] of Object.entries(validation ?? {})) {
    if (typeof value === 'number') named[validationName(name)] = value;
  }
  return named;
}

function notFiniteError(model: Model, { step, notFinite: names }: RingEntry): NumericError {
  return new NumericError(
    `${model.name}: ${names.join(' and ')} became NaN or infinite at step ${step}. Lower the learning rate (now ${model.learningRate}), or look for extreme values in the data; load the last saved weights before going on.`,
  );
}
