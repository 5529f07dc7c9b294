import type { Dataset } from '../../data/dataset.ts';
import { ArgumentError, NumericError } from '../../errors.ts';
import type { CompileProgress, Program } from '../../runtime/program.ts';
import type { RingEntry } from '../../runtime/ring.ts';
import { RingReader } from '../../runtime/ringReader.ts';
import { checkRun, TrainingRun } from '../training/run.ts';
import type { Gan } from './gan.ts';
import { GanPrograms } from './programs.ts';
import { GAN_PARTS, GAN_VALUES } from './step.ts';
import type { GanPart } from './step.ts';

/** Means over one batch, or over the steps of an epoch. */
export type GanValues = {
  /** −log D(x) − log(1 − D(G(z))) with D as a probability, as far as smoothing leaves the targets at 1 and 0. */
  readonly discriminatorLoss: number;
  /** −log D(G(z)), or log(1 − D(G(z))) for the minimax loss. */
  readonly generatorLoss: number;
  /** Share of the real images that the discriminator takes for real. */
  readonly realAccuracy: number;
  /** Share of the generated images that it takes for generated. */
  readonly fakeAccuracy: number;
};

/** The values of one training step, from before its update. */
export type GanStepValues = GanValues & { readonly epoch: number; readonly step: number };

/** What one epoch came to: means over its steps; `step` is the number of steps done by then. */
export type GanEpochValues = GanValues & { readonly epoch: number; readonly step: number };

export interface GanHistory {
  readonly epochs: readonly GanEpochValues[];
  readonly steps: readonly GanStepValues[];
  /** Why training ended. */
  readonly stopped: 'finished' | 'aborted';
}

export interface GanFitOptions {
  /** Passes over the data set; default 1. */
  epochs?: number;
  /** Training steps to do, instead of epochs; Infinity trains until it is aborted. */
  steps?: number;
  /** Real images, and as many generated ones, per step; default 64, or the data set's size if it is smaller. */
  batchSize?: number;
  /** A new order in each epoch; default true. */
  shuffle?: boolean;
  /**
   * Which network the steps train; a function is asked before each step, after `beforeStep`. Each choice is a program
   * of its own on the same weights, compiled when it is first wanted. Default 'both'.
   */
  train?: GanPart | ((step: number) => GanPart);
  /** Count `epochs` or `steps` from the first step of the networks' life and do only what is left: after `load`. */
  resume?: boolean;
  /** Ends training after the step under way; the history says `aborted`. */
  signal?: AbortSignal;
  /** Keep the values of all steps for the history; default true. Without, a run of any length takes no memory. */
  keepSteps?: boolean;
  /** Called while kernels compile. */
  onCompile?: (progress: CompileProgress) => void;
  /** Called with a compiled step before it first runs: once per choice of `train`. */
  onReady?: (program: Program, part: GanPart) => void | Promise<void>;
  /**
   * Awaited before each step: to pause, to step by hand, or to draw samples, which are then those of the networks
   * after `step` steps.
   */
  beforeStep?: (step: number) => void | Promise<void>;
  /** The values of a few steps at a time, as they come back from the GPU. */
  onSteps?: (values: readonly GanStepValues[]) => void;
  onEpoch?: (values: GanEpochValues) => void | Promise<void>;
}

/** A training run under way: `await` it for its history, or iterate over the values of its steps. */
export type GanFit = TrainingRun<GanStepValues, GanHistory>;

/** Starts training; see `Gan.fit`. */
export function startGanFit(gan: Gan, data: Dataset, options: GanFitOptions): GanFit {
  return new TrainingRun(async (onSteps, signal) => {
    const batchSize = checkRun(gan.name, data, options, { endless: true });
    const tell = (values: readonly GanStepValues[]) => {
      onSteps(values);
      options.onSteps?.(values);
    };
    const programs = new GanPrograms(gan, data, {
      batchSize,
      shuffle: options.shuffle ?? true,
      onCompile: options.onCompile,
      onReady: options.onReady,
    });
    try {
      return await loop(gan, data, batchSize, programs, { ...options, onSteps: tell, signal });
    } finally {
      programs.destroy();
    }
  }, options.signal);
}

function partOf(name: string, train: GanFitOptions['train'], step: number): GanPart {
  const part = typeof train === 'function' ? train(step) : (train ?? 'both');
  if (GAN_PARTS.includes(part)) return part;
  throw new ArgumentError(`${name}: cannot train '${String(part)}'; choose one of ${GAN_PARTS.join(', ')}`);
}

async function loop(
  gan: Gan,
  data: Dataset,
  batchSize: number,
  programs: GanPrograms,
  options: GanFitOptions,
): Promise<GanHistory> {
  const { epochs = 1, signal, keepSteps = true } = options;
  const epochOf = (step: number) => Math.floor((step * batchSize) / data.size);
  const start = gan.step;
  const wanted = options.steps ?? Math.ceil((epochs * data.size) / batchSize);
  const end = options.resume ? Math.max(start, wanted) : start + wanted;
  const steps: GanStepValues[] = [];
  const epochValues: GanEpochValues[] = [];
  const sums = new EpochSums();

  const reader = new RingReader(programs.ring, (entries) => {
    const values = entries.map((entry): GanStepValues => {
      const { step } = entry;
      return { epoch: epochOf(step), step, ...valuesOf(entry) };
    });
    if (keepSteps) steps.push(...values);
    for (const entry of values) sums.add(entry);
    options.onSteps?.(values);
    const bad = entries.find(({ notFinite }) => notFinite.length > 0);
    if (bad) throw notFinite(gan, bad);
  });

  programs.ring.reset(start);
  // The first step is compiled even where none is left to do: whoever asks for `onReady` gets it. Others come when wanted.
  await programs.use(partOf(gan.name, options.train, start));
  let stopped: GanHistory['stopped'] = 'finished';
  while (gan.step < end) {
    await options.beforeStep?.(gan.step);
    if (signal?.aborted) {
      stopped = 'aborted';
      break;
    }
    const part = partOf(gan.name, options.train, gan.step);
    const program = await programs.use(part);
    const next = gan.step + 1;
    const epochEnds = epochOf(next) > epochOf(gan.step) || next === end;
    const read = await reader.prepare(next, epochEnds);
    await program.step(read?.encode);
    gan.stepped(part);
    reader.start(read);
    reader.check();
    if (!epochEnds) continue;

    await reader.settle();
    const values = { epoch: epochOf(next - 1), step: next, ...sums.take() };
    epochValues.push(values);
    await options.onEpoch?.(values);
  }
  await reader.finish(gan.compiled.gpu.device, gan.step);
  await programs.finish();
  return { epochs: epochValues, steps, stopped };
}

function valuesOf({ recorded: [{ sums, count }] }: RingEntry): GanValues {
  return named(Array.from(sums, (sum) => sum / count));
}

function named(values: readonly number[]): GanValues {
  return Object.fromEntries(GAN_VALUES.map((name, i) => [name, values[i]])) as unknown as GanValues;
}

/** Means over the steps since the last `take`. */
class EpochSums {
  #sums = GAN_VALUES.map(() => 0);
  #count = 0;

  add(values: GanValues): void {
    GAN_VALUES.forEach((name, i) => (this.#sums[i] += values[name]));
    this.#count++;
  }

  take(): GanValues {
    const means = named(this.#sums.map((sum) => sum / this.#count));
    this.#sums = GAN_VALUES.map(() => 0);
    this.#count = 0;
    return means;
  }
}

function notFinite(gan: Gan, entry: RingEntry): NumericError {
  const { step } = entry;
  const values = valuesOf(entry);
  const bad = GAN_VALUES.filter((name) => !Number.isFinite(values[name]));
  const names = bad.length > 0 ? bad : ['a value'];
  const { generator, discriminator } = gan.learningRates;
  return new NumericError(
    `${gan.name}: ${names.join(' and ')} became NaN or infinite at step ${step}. Lower the learning rates (now ${generator} of the generator and ${discriminator} of the discriminator), or look for extreme values in the data; load the last saved weights before going on.`,
  );
}
