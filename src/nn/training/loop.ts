import type { NumericError } from '../../errors.ts';
import type { StreamOrigin } from '../../data/permutation.ts';
import { faultError } from '../../runtime/guard.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Program } from '../../runtime/program.ts';
import type { RingEntry } from '../../runtime/ring.ts';
import { RingReader } from '../../runtime/ringReader.ts';
import type { Totals } from '../metrics/metric.ts';
import { ABORTED, unlessAborted, untilAborted } from './abort.ts';
import type { Callbacks } from './checks.ts';
import { isOver } from './clock.ts';
import { collectCheckpoint } from './encodeCheckpoint.ts';
import type { CallbackOptions, LoopOptions } from './loopOptions.ts';
import { StepPrograms } from './programs.ts';
import type { Run } from './recovery.ts';
import type { BatchSource } from './source.ts';
import type { RunProgress } from './state.ts';
import type { Task } from './task.ts';
import type { EpochValues, RunHistory, StepValues } from './values.ts';

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
 * @param run of which this is all, or what is left after the loss of a GPU
 * @throws NumericError if a recorded value, a weight, a gradient or an update becomes NaN or infinite: that step is not
 *   made, nor any after it; weights, clock and progress are those from before it
 * @throws InterruptedError if what is trained is destroyed or compiled anew meanwhile
 * @throws DeviceLostError if the GPU is lost
 */
export async function runLoop(
  task: Task,
  source: BatchSource,
  options: LoopOptions & CallbackOptions & { readonly batchSize: number },
  run: Run,
  hooks: LoopHooks = {},
): Promise<RunHistory> {
  const loop = new Loop(task, source, options, run, hooks);
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
  readonly #run: Run;
  readonly #programs: StepPrograms;
  /** Weights and statistics after the best epoch, where they are to be brought back. */
  #bestWeights: ReadonlyMap<Variable, Float32Array> | undefined;
  /** Whether all samples of the epoch are trained on, and its end has not been told yet. */
  #epochEnds = false;
  /** Of the steps whose values have not come back yet: where their batches began. */
  readonly #places = new Map<number, { readonly epoch: number; readonly place: number }>();
  /** Why a step was not made, and where it began. */
  #fault: { readonly error: NumericError; readonly place: StreamOrigin } | undefined;

  constructor(
    task: Task,
    source: BatchSource,
    options: LoopOptions & CallbackOptions & { readonly batchSize: number },
    run: Run,
    hooks: LoopHooks,
  ) {
    this.#task = task;
    this.#source = source;
    this.#options = options;
    this.#run = run;
    this.#hooks = hooks;
    const { onCompile } = options;
    this.#programs = new StepPrograms(task, source, { onCompile, onReady: hooks.onReady });
  }

  #part(): string {
    return this.#hooks.part?.(this.#task.state.clock.step) ?? '';
  }

  async run(): Promise<RunHistory> {
    const { state, gpu } = this.#task;
    const { clock, lifetime } = state;
    const { batchSize, signal } = this.#options;
    const run = this.#run;
    const resume = run.resumes || (this.#options.resume ?? false);
    const { progress } = state;
    if (!resume && clock.place > 0) clock.endEpoch(); // a new run begins with a whole epoch
    const start = (run.start ??= resume ? { step: 0, epoch: 0, place: 0 } : { ...clock });
    const over = () => isOver(clock, start, this.#options, this.#source.size);
    const example = await lifetime.race(untilAborted(this.#source.example(clock), signal));
    if (example === ABORTED) return this.#history('aborted');
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
        bestWeights: this.#bestWeights,
        epochEnds: this.#epochEnds,
      }),
    };
    let stopped: RunHistory['stopped'] = 'finished';
    if (this.#epochEnds) stopped = await this.#endEpoch(true, totals, signal);
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
      const release = await this.#takeLock();
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
        } else if (totals.isEmpty) {
          clock.endEpoch();
        } else {
          ends = last = true; // of what is left of it nothing is trained on, with these batches
        }
        this.#epochEnds = last;
      } finally {
        release();
      }
      if (ends) stopped = await this.#endEpoch(last, totals, signal);
      if (run.isDue(clock.step, last)) await this.#save();
    }
    await lifetime.race(reader.finish(gpu.device, clock.step)); // of an aborted epoch
    await lifetime.race(this.#programs.finish());
    const restored = stopped !== 'aborted' && (await this.#restoreBest());
    if (restored || !run.has(clock.step)) await this.#save();
    state.progress = state.loop.progress();
    return this.#history(stopped);
  }

  #history(stopped: RunHistory['stopped']): RunHistory {
    return { epochs: this.#run.epochs, steps: this.#run.steps, stopped };
  }

  /** Has the run keep a checkpoint of now. */
  async #save(): Promise<void> {
    const { state } = this.#task;
    const release = await this.#takeLock();
    try {
      this.#run.take(await state.lifetime.race(collectCheckpoint(this.#task.saved)), state.clock);
    } finally {
      release();
    }
  }

  /** All weights and statistics, as they are. */
  async #readWeights(): Promise<ReadonlyMap<Variable, Float32Array>> {
    const { gpu, state, saved } = this.#task;
    const variables = saved.parts.flatMap((part) => [...part.variables.keys()]);
    return new Map(await state.lifetime.race(gpu.variables.readAll(variables)));
  }

  /** Brings the weights of the best epoch back, where that is wanted. */
  async #restoreBest(): Promise<boolean> {
    const { early } = this.#hooks.callbacks ?? {};
    if (!early?.restoresBest || !this.#bestWeights) return false;
    const release = await this.#takeLock();
    try {
      for (const [variable, own] of this.#bestWeights) this.#task.gpu.variables.write(variable, own);
    } finally {
      release();
    }
    return true;
  }

  /** Waits until nobody saves, and nobody uses the averaged weights. */
  async #takeLock(): Promise<() => void> {
    const { minimizers, state } = this.#task;
    while (true) {
      const release = await state.lifetime.race(state.lock.take());
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
    const { early, plateau } = this.#hooks.callbacks ?? {};
    const validation = await unlessAborted(lifetime.race(this.#hooks.validate?.(signal)), signal);
    if (validation === ABORTED) return 'aborted';
    const { epoch, step } = clock;
    const values = { epoch, step, ...totals.values(), ...validation } as EpochValues;
    let stop = false;
    if (whole) {
      // Whoever saves meets the end of the epoch counted by all, or by nobody.
      const release = await this.#takeLock();
      try {
        if (early?.restoresBest && early.improves(values)) this.#bestWeights = await this.#readWeights();
        stop = early?.shouldStop(values) ?? false;
        if (plateau) this.#task.learningRate = plateau.after(values, this.#task.learningRate);
        clock.endEpoch();
        totals.clear();
        this.#epochEnds = false;
      } finally {
        release();
      }
    }
    if (step > this.#run.lastEpochEnd) {
      await lifetime.race(this.#options.onEpoch?.(values));
      this.#run.epochs.push(values);
      this.#run.lastEpochEnd = step;
    }
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
      const fresh = values.filter(({ step }) => step >= this.#run.nextStep); // others were told before a loss
      if (fresh.length > 0) {
        this.#run.nextStep = fresh.at(-1)!.step + 1;
        if (keepSteps) this.#run.steps.push(...fresh);
        onSteps?.(fresh);
      }
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
    this.#bestWeights = progress.bestWeights;
    this.#epochEnds = progress.epochEnds ?? false;
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
