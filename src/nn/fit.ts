import type { Dataset } from '../data/dataset.ts';
import { ArgumentError, NumericError } from '../errors.ts';
import { reduceMean } from '../ops/reduce.ts';
import { DeviceDataset } from '../runtime/deviceDataset.ts';
import type { CompileProgress, Program } from '../runtime/program.ts';
import { MetricRing, RING_SLOTS } from '../runtime/ring.ts';
import type { RingEntry } from '../runtime/ring.ts';
import { checkLabels, gather } from './batch.ts';
import { EarlyStopping } from './callbacks.ts';
import type { EarlyStoppingOptions } from './callbacks.ts';
import type { Evaluation } from './evaluator.ts';
import type { Model } from './model.ts';

/** The values of one training step: means over its batch. */
export type StepValues = { readonly epoch: number; readonly step: number; readonly loss: number } & Readonly<
  Record<string, number>
>;

/** What one epoch came to: means over its steps; with validation data also `validationLoss`, … */
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
  /** Evaluated after each epoch. */
  validationData?: Dataset;
  /** Count `epochs` or `steps` from the first step of the model's life and do only what is left: after `load`. */
  resume?: boolean;
  /** Ends training after the step under way; the history says `aborted`. */
  signal?: AbortSignal;
  /** Ends training when a value stops improving. */
  earlyStopping?: EarlyStoppingOptions;
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

/** Values are read back at most this often: often enough for a chart, seldom enough to cost nothing. */
const READ_INTERVAL_MS = 100;

/**
 * A training run under way: `await` it for the history, or iterate over its steps. Leaving the loop early
 * (`break`, `return`, an exception) ends the training after the step under way, as an abort does.
 */
export class Fit implements PromiseLike<History>, AsyncIterable<StepValues> {
  readonly #done: Promise<History>;
  readonly #queue: StepValues[] = [];
  readonly #left = new AbortController();
  #wake: (() => void) | undefined;
  #finished = false;

  constructor(model: Model, data: Dataset, options: FitOptions) {
    const onSteps = (values: readonly StepValues[]) => {
      this.#queue.push(...values);
      this.#wake?.();
      options.onSteps?.(values);
    };
    const left = this.#left.signal;
    const signal = options.signal ? AbortSignal.any([options.signal, left]) : left;
    this.#done = train(model, data, { ...options, onSteps, signal }).finally(() => {
      this.#finished = true;
      this.#wake?.();
    });
    this.#done.catch(() => {}); // whoever awaits or iterates hears of it
  }

  // oxlint-disable-next-line unicorn/no-thenable -- awaiting a run gives its history
  then<A = History, B = never>(
    onFulfilled?: ((history: History) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#done.then(onFulfilled, onRejected);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<StepValues> {
    try {
      while (true) {
        while (this.#queue.length > 0) yield this.#queue.shift()!;
        if (this.#finished) break;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#left.abort(); // without effect on a run that has ended by itself
      await this.#done;
    }
  }
}

async function train(model: Model, data: Dataset, options: FitOptions): Promise<History> {
  const batchSize = checkOptions(model, data, options);
  const run = await prepare(model, data, batchSize, options);
  try {
    await options.onReady?.(run.program);
    return await loop(model, data, batchSize, run, options);
  } finally {
    run.program.destroy();
    run.ring.destroy();
    run.uploaded.destroy();
  }
}

function checkOptions(model: Model, data: Dataset, options: FitOptions): number {
  const { batchSize = Math.min(64, data.size), epochs = 1, steps } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > data.size) {
    throw new ArgumentError(
      `${model.name}: batchSize is ${batchSize}; it must be a whole number from 1 to the ${data.size} samples of data set '${data.name}'`,
    );
  }
  if (!(epochs >= 0) || !Number.isFinite(epochs)) {
    throw new ArgumentError(`${model.name}: epochs is ${epochs}; it must be a finite number of at least 0`);
  }
  if (steps !== undefined && (!Number.isInteger(steps) || steps < 0)) {
    throw new ArgumentError(`${model.name}: steps is ${steps}; it must be a whole number of at least 0`);
  }
  return batchSize;
}

interface Run {
  readonly program: Program;
  readonly ring: MetricRing;
  readonly uploaded: DeviceDataset;
}

/** Compiles the training step: gather, forward, backward, optimizer, metrics. */
async function prepare(model: Model, data: Dataset, batchSize: number, options: FitOptions): Promise<Run> {
  const { gpu, minimizer, loss, metrics, inputScale, inputOffset } = model.compiled;
  const uploaded = new DeviceDataset(gpu.device, data);
  const ring = new MetricRing(gpu.device, ['loss', ...metrics.map((metric) => metric.name)]);
  try {
    const program = await gpu.compile(
      (g) => {
        const [x, y] = gather(
          g,
          uploaded,
          { inputScale, inputOffset },
          { batchSize, shuffle: options.shuffle ?? true },
        );
        const prediction = model.call(x, { training: true });
        const perSample = loss(prediction, y);
        const values = [perSample, ...metrics.map((metric) => metric.compute(prediction, y))];
        checkLabels(model.name, uploaded, y, values);
        g.minimize(reduceMean(perSample), minimizer.variables, minimizer);
        g.resources.set(ring.resource, ring.location);
        g.effect(ring.effect(values));
        return {};
      },
      { label: `${model.name}/train`, seed: model.seed, onProgress: options.onCompile },
    );
    return { program, ring, uploaded };
  } catch (error) {
    ring.destroy();
    uploaded.destroy();
    throw error;
  }
}

async function loop(
  model: Model,
  data: Dataset,
  batchSize: number,
  run: Run,
  options: FitOptions,
): Promise<History> {
  const { program, ring } = run;
  const { epochs = 1, signal, validationData } = options;
  const epochOf = (step: number) => Math.floor((step * batchSize) / data.size);
  const start = model.step;
  const wanted = options.steps ?? Math.ceil((epochs * data.size) / batchSize);
  const end = options.resume ? Math.max(start, wanted) : start + wanted;
  const steps: StepValues[] = [];
  const epochValues: EpochValues[] = [];
  const early = options.earlyStopping && new EarlyStopping(options.earlyStopping);
  const reads: Promise<unknown>[] = [];
  let failure: unknown;
  let lastRead = performance.now();

  const receive = (entries: readonly RingEntry[]) => {
    const values = entries.map((entry): StepValues => {
      if (entry.notFinite.length > 0 && !failure) failure = notFinite(model, entry);
      return {
        epoch: epochOf(entry.step),
        step: entry.step,
        ...named(ring.names, entry.values),
      } as StepValues;
    });
    steps.push(...values);
    options.onSteps?.(values);
  };

  program.reset(start);
  ring.reset(start);
  let epochSteps = 0; // where in `steps` the epoch under way begins
  let stopped: History['stopped'] = 'finished';
  while (model.step < end && stopped === 'finished') {
    await options.beforeStep?.(model.step);
    if (signal?.aborted) {
      stopped = 'aborted';
      break;
    }
    const next = model.step + 1;
    const epochEnds = epochOf(next) > epochOf(model.step) || next === end;
    const must = epochEnds || ring.pending(next) >= RING_SLOTS / 2;
    const due = must || performance.now() - lastRead > READ_INTERVAL_MS;
    let read = due ? ring.beginRead(next) : undefined;
    if (must && !read) {
      await Promise.all(reads.splice(0)); // frees the staging buffers
      read = ring.beginRead(next);
    }
    await program.step(read?.encode);
    model.step = next;
    if (read) {
      lastRead = performance.now();
      // Noted rather than rejected: nobody may be waiting for it yet.
      reads.push(
        read
          .read()
          .then(receive)
          .catch((error: unknown) => (failure ??= error)),
      );
    }
    if (failure) throw failure;
    if (!epochEnds) continue;

    await Promise.all(reads.splice(0));
    if (failure) throw failure;
    const validation =
      validationData && (await unlessAborted(model.evaluate(validationData, { signal }), signal));
    if (validationData && !validation) {
      stopped = 'aborted';
      break;
    }
    const values = epochSummary(epochOf(next - 1), next, steps.slice(epochSteps), ring.names, validation);
    epochSteps = steps.length;
    epochValues.push(values);
    await options.onEpoch?.(values);
    if (early?.shouldStop(values)) stopped = 'early';
  }
  await Promise.all(reads);
  if (failure) throw failure;
  const rest = ring.pending(model.step) > 0 ? ring.beginRead(model.step) : undefined; // of an aborted epoch
  if (rest) {
    const { gpu } = model.compiled.gpu.device;
    const encoder = gpu.createCommandEncoder({ label: 'metric ring' });
    rest.encode(encoder);
    gpu.queue.submit([encoder.finish()]);
    receive(await rest.read());
  }
  await program.finish();
  if (failure) throw failure;
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

function named(names: readonly string[], values: readonly number[]): Record<string, number> {
  return Object.fromEntries(names.map((name, i) => [name, values[i]]));
}

function epochSummary(
  epoch: number,
  step: number,
  steps: readonly StepValues[],
  names: readonly string[],
  validation: Evaluation | undefined,
): EpochValues {
  const means = names.map((name) => steps.reduce((sum, values) => sum + values[name], 0) / steps.length);
  const validated = Object.entries(validation ?? {}).map(([name, value]) => [
    `validation${name[0].toUpperCase()}${name.slice(1)}`,
    value,
  ]);
  return { epoch, step, ...named(names, means), ...Object.fromEntries(validated) } as EpochValues;
}

function notFinite(model: Model, { step, notFinite: names }: RingEntry): NumericError {
  return new NumericError(
    `${model.name}: ${names.join(' and ')} became NaN or infinite at step ${step}. Lower the learning rate (now ${model.learningRate}), or look for extreme values in the data; load the last saved weights before going on.`,
  );
}
