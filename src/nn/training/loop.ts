import type { OptionTable } from '../../options.ts';
import type { NumericError } from '../../errors.ts';
import type { StreamOrigin } from '../../data/permutation.ts';
import { faultError } from '../../runtime/guard.ts';
import type { CompileProgress, Program } from '../../runtime/program.ts';
import type { RingEntry } from '../../runtime/ring.ts';
import { RingReader } from '../../runtime/ringReader.ts';
import type { Totals } from '../metrics/metric.ts';
import { ABORTED, unlessAborted, untilAborted } from './abort.ts';
import type { EarlyStoppingOptions, ReduceOnPlateauOptions } from './callbacks.ts';
import type { Callbacks } from './checks.ts';
import { isOver } from './clock.ts';
import type { Lock } from './lock.ts';
import { StepPrograms } from './programs.ts';
import type { RunOptions } from './run.ts';
import type { BatchSource } from './source.ts';
import type { RunProgress } from './state.ts';
import type { Task } from './task.ts';
import type { EpochValues, RunHistory, StepValues } from './values.ts';

/** What every training offers, whatever it trains. */
export interface LoopOptions<Step = StepValues, Epoch = EpochValues> extends RunOptions {
  /** A new order in each epoch; default true. Streams come in their own order. */
  shuffle?: boolean;
  /**
   * Count `epochs` or `steps` from the beginning of the weights' life and do only what is left: after `load`. A run that
   * ended in the middle of an epoch goes on there, with the means of that epoch and with the callbacks' counts.
   */
  resume?: boolean;
  /** Ends training after the step under way; the history says `aborted`. */
  signal?: AbortSignal;
  /** Keep the values of all steps for the history; default true. Without, a run of any length takes no memory. */
  keepSteps?: boolean;
  /** Called while kernels compile. */
  onCompile?: (progress: CompileProgress) => void;
  /** Awaited before each step: to pause, to step by hand, or to look at the weights after `step` steps. */
  beforeStep?: (step: number) => void | Promise<void>;
  /** The values of a few steps at a time, as they come back from the GPU. */
  onSteps?: (values: readonly Step[]) => void;
  /** What an epoch came to, when the callbacks have seen it. */
  onEpoch?: (values: Epoch) => void | Promise<void>;
}

export const loopOptions: OptionTable<LoopOptions> = {
  epochs: true,
  steps: true,
  batchSize: true,
  lastBatch: true,
  shuffle: true,
  resume: true,
  signal: true,
  keepSteps: true,
  onCompile: true,
  beforeStep: true,
  onSteps: true,
  onEpoch: true,
};

/** Callbacks that watch a value of the epochs. */
export interface CallbackOptions {
  /** Ends training when a value stops improving. */
  earlyStopping?: EarlyStoppingOptions;
  /** Lowers the learning rate when a value stops improving. */
  reduceOnPlateau?: ReduceOnPlateauOptions;
}

export interface LoopHooks {
  readonly callbacks?: Callbacks;
  /** Which part of the task a step trains; asked before each step, after `beforeStep`. Default: the only one, ''. */
  readonly part?: (step: number) => string;
  /** Called with the first program of each part, before it runs. */
  readonly onReady?: (program: Program, part: string) => void | Promise<void>;
  /** What validation data come to at the end of an epoch: `validationLoss`, … */
  readonly validate?: (signal: AbortSignal | undefined) => Promise<Readonly<Record<string, number>>>;
}

/**
 * The training loop: compiles the steps, replays them over the batches of a source, tells what they record, and at the
 * end of each epoch validates and asks the callbacks. Frees what it has made, however it ends.
 *
 * @throws NumericError if a recorded value, a weight, a gradient or an update becomes NaN or infinite: that step is not
 *   made, nor any after it; weights, clock and progress are those from before it
 * @throws InterruptedError if what is trained is destroyed or compiled anew meanwhile
 * @throws DeviceLostError if the GPU is lost
 */
export async function runLoop(
  task: Task,
  source: BatchSource,
  options: LoopOptions & CallbackOptions & { readonly batchSize: number },
  hooks: LoopHooks = {},
): Promise<RunHistory> {
  const loop = new Loop(task, source, options, hooks);
  let history: RunHistory;
  try {
    history = await loop.run();
  } catch (error) {
    // What ended the training is told, not what went wrong after it.
    await loop.rewind(error).catch(() => {});
    await loop.destroy().catch(() => {});
    throw error;
  }
  await loop.destroy();
  return history;
}

class Loop {
  readonly #task: Task;
  readonly #source: BatchSource;
  readonly #options: LoopOptions & CallbackOptions & { readonly batchSize: number };
  readonly #hooks: LoopHooks;
  readonly #programs: StepPrograms;
  readonly #steps: StepValues[] = [];
  readonly #epochs: EpochValues[] = [];
  /** Of the steps whose values have not come back yet: where their batches began. */
  readonly #places = new Map<number, { readonly epoch: number; readonly place: number }>();
  /** Why a step was not made, and where it began. */
  #fault: { readonly error: NumericError; readonly place: StreamOrigin } | undefined;

  constructor(
    task: Task,
    source: BatchSource,
    options: LoopOptions & CallbackOptions & { readonly batchSize: number },
    hooks: LoopHooks,
  ) {
    this.#task = task;
    this.#source = source;
    this.#options = options;
    this.#hooks = hooks;
    const { onCompile } = options;
    this.#programs = new StepPrograms(task, source, { onCompile, onReady: hooks.onReady });
  }

  #part(): string {
    return this.#hooks.part?.(this.#task.state.clock.step) ?? '';
  }

  async run(): Promise<RunHistory> {
    const { state, gpu } = this.#task;
    const { clock, lifetime, lock } = state;
    const { resume = false, batchSize, signal } = this.#options;
    const { progress } = state;
    if (!resume && clock.place > 0) clock.endEpoch(); // a new run begins with a whole epoch
    const start = resume ? { step: 0, epoch: 0, place: 0 } : { ...clock };
    const over = () => isOver(clock, start, this.#options, this.#source.size);
    const example = await lifetime.race(untilAborted(this.#source.example(clock), signal));
    if (example === ABORTED) return { epochs: [], steps: [], stopped: 'aborted' };
    state.progress = {};
    // The first step is compiled even where none is left to do: whoever asks for `onReady` gets it.
    const part = this.#part();
    const { rest, size = 0 } = this.#source;
    await lifetime.race(this.#programs.use(part, Math.min(batchSize, example.size)));
    const { steps = Infinity } = this.#options;
    const reached = start.step + steps - clock.step >= Math.ceil((size - clock.place) / batchSize);
    if (rest && reached && !over()) this.#programs.prepare(part, rest); // while the first steps run

    const totals = this.#programs.totals();
    if (resume) this.#restore(totals, progress);
    const reader = this.#reader(totals);
    this.#programs.ring.reset(clock.step);
    state.loop = {
      flush: () => reader.finish(gpu.device, clock.step),
      progress: () => ({
        totals: totals.state,
        earlyStopping: this.#hooks.callbacks?.early?.state,
        reduceOnPlateau: this.#hooks.callbacks?.plateau?.state,
      }),
    };
    let stopped: RunHistory['stopped'] = 'finished';
    while (!over() && stopped === 'finished') {
      await lifetime.race(untilAborted(this.#options.beforeStep?.(clock.step), signal));
      lifetime.check();
      if (signal?.aborted) {
        stopped = 'aborted';
        break;
      }
      // Before the lock: a stream may keep it waiting, and whoever saves need not wait for that.
      const next = await lifetime.race(untilAborted(this.#source.next(clock), signal));
      if (next === ABORTED) {
        stopped = 'aborted';
        break;
      }
      const release = await this.#takeLock(lock);
      let ends = false;
      let last = false;
      try {
        if (next) {
          const part = this.#part();
          const { program, data } = await lifetime.race(this.#programs.use(part, next.rows));
          ({ last } = next);
          const after = { step: clock.step + 1, epoch: clock.epoch, place: clock.place + next.rows };
          ends = last || isOver(after, start, this.#options, this.#source.size);
          const read = await lifetime.race(reader.prepare(clock.step + 1, ends));
          lifetime.check();
          this.#source.ready(program, data, clock, this.#task.seed);
          const submitted = program.step(read?.encode);
          this.#places.set(clock.step, { epoch: clock.epoch, place: clock.place });
          clock.advance(next.rows);
          this.#task.stepped?.(part);
          reader.start(read);
          if (submitted) await lifetime.race(submitted);
          reader.check();
          if (ends) await lifetime.race(reader.settle());
        } else {
          clock.endEpoch();
        }
      } finally {
        release();
      }
      if (ends) stopped = await this.#endEpoch(last, totals, signal);
    }
    await lifetime.race(reader.finish(gpu.device, clock.step)); // of an aborted epoch
    await lifetime.race(this.#programs.finish());
    state.progress = state.loop.progress();
    return { epochs: this.#epochs, steps: this.#steps, stopped };
  }

  /** Waits until nobody saves, and nobody uses the averaged weights. */
  async #takeLock(lock: Lock): Promise<() => void> {
    const { minimizers, state } = this.#task;
    while (true) {
      const release = await state.lifetime.race(lock.take());
      const averages = minimizers.find(({ averagesReturned }) => averagesReturned)?.averagesReturned;
      if (!averages) return release;
      release();
      await state.lifetime.race(averages);
    }
  }

  /** Tells what the epoch, or the part of one in which the run ends, came to, and asks the callbacks. */
  async #endEpoch(
    whole: boolean,
    totals: Totals,
    signal: AbortSignal | undefined,
  ): Promise<RunHistory['stopped']> {
    const { clock, lifetime } = this.#task.state;
    const { epoch, step } = clock;
    const own = totals.values();
    if (whole) {
      clock.endEpoch();
      totals.clear();
    }
    const validation = await unlessAborted(lifetime.race(this.#hooks.validate?.(signal)), signal);
    if (validation === ABORTED) return 'aborted';
    const values = { epoch, step, ...own, ...validation } as EpochValues;
    this.#epochs.push(values);
    // Before `onEpoch`, which may save: what is saved has counted this epoch.
    const { early, plateau } = this.#hooks.callbacks ?? {};
    if (whole && plateau) this.#task.learningRate = plateau.after(values, this.#task.learningRate);
    const stop = whole && early?.shouldStop(values);
    await lifetime.race(this.#options.onEpoch?.(values));
    return stop ? 'early' : 'finished';
  }

  #reader(totals: Totals): RingReader {
    const { onSteps, keepSteps = true } = this.#options;
    const own = this.#programs.totals();
    const receive = (entries: readonly RingEntry[]) => {
      const values = entries.map(({ step, recorded, fault }): StepValues => {
        if (!fault) totals.add(recorded);
        own.clear();
        return { epoch: this.#places.get(step)!.epoch, step, ...own.add(recorded).values() } as StepValues;
      });
      if (keepSteps) this.#steps.push(...values);
      onSteps?.(values);
      const last = entries.at(-1);
      if (last?.fault) {
        const error = notFiniteError(this.#task, last, values.at(-1)!);
        this.#fault = { error, place: { step: last.step, ...this.#places.get(last.step)! } };
        throw error;
      }
      for (const { step } of entries) this.#places.delete(step);
    };
    return new RingReader(this.#programs.ring, receive, this.#programs.guard);
  }

  /** After a step that was not made: takes back what was counted of it and of those after it. */
  async rewind(error: unknown): Promise<void> {
    const { state } = this.#task;
    if (error !== this.#fault?.error || state.lifetime.signal.aborted) return;
    state.clock.set(this.#fault!.place);
    if (state.loop) state.progress = state.loop.progress();
    await state.lifetime.race(this.#task.recount?.());
  }

  #restore(totals: Totals, progress: RunProgress): void {
    if (progress.totals) totals.restore(progress.totals, this.#programs.columns);
    if (progress.earlyStopping) this.#hooks.callbacks?.early?.restore(progress.earlyStopping);
    if (progress.reduceOnPlateau) this.#hooks.callbacks?.plateau?.restore(progress.reduceOnPlateau);
  }

  async destroy(): Promise<void> {
    const { state } = this.#task;
    state.loop = undefined;
    const freed = this.#programs.destroy();
    const closed = this.#source.destroy();
    if (!state.lifetime.signal.aborted) await Promise.all([freed, closed]);
  }
}

function notFiniteError(task: Task, { fault, notFinite }: RingEntry, values: StepValues): NumericError {
  const bad = Object.keys(values).filter((name) => !Number.isFinite(values[name]));
  const { advice = `Lower the learning rate (now ${task.learningRate})` } = task;
  const names = bad.length > 0 ? bad : notFinite;
  return faultError(task.name, fault!, names, `${advice}, or look for extreme values in the data.`);
}
