import type { Callback } from '../callbacks/callback.ts';
import { NumericError } from '../../errors.ts';
import type { StreamOrigin } from '../../data/permutation.ts';
import type { Minimizer } from '../../runtime/minimizer.ts';
import type { Program } from '../../runtime/program.ts';
import { ABORTED, untilAborted } from './abort.ts';
import { isOver } from './clock.ts';
import { takeTurn, variablesOf } from './encodeCheckpoint.ts';
import { EpochEnds } from './epochEnds.ts';
import type { EpochHooks } from './epochEnds.ts';
import type { CallbackOptions, LoopOptions } from './loopOptions.ts';
import { StepPrograms } from './programs.ts';
import { Recorder } from './recorder.ts';
import type { Run } from './wholeRun.ts';
import { Saver } from './saver.ts';
import type { BatchSource } from './source.ts';
import type { Task } from './task.ts';
import { Teller } from './teller.ts';
import type { RunHistory } from './values.ts';

export interface LoopHooks extends EpochHooks {
  /** Callbacks for what happens. */
  readonly told?: readonly Callback[];
  /** Whether a step that cannot be made ends the training without an error. */
  readonly endsOnNaN?: boolean;
  /** Which part of the task a step trains; asked before each step, after `beforeStep`. Default: the only one, ''. */
  readonly part?: (step: number) => string;
  /** Called with the first program of each part, before it runs. */
  readonly onReady?: (program: Program, part: string) => void | Promise<void>;
}

/** One run of the loop: see `runLoop`. */
export class Loop {
  readonly #task: Task;
  readonly #source: BatchSource;
  readonly #options: LoopOptions & CallbackOptions & { readonly batchSize: number };
  readonly #hooks: LoopHooks;
  readonly #run: Run;
  readonly #programs: StepPrograms;
  readonly #teller: Teller;
  readonly #saver: Saver;
  /** Of the parts of a checkpoint, in their order. */
  minimizers: readonly Minimizer[] = [];
  #recorder!: Recorder;
  #ends!: EpochEnds;
  #asked: { readonly step: number; readonly part: string } | undefined;
  /** Lets others change the weights again. */
  #unclaim = () => {};
  /** Whether a run that does not resume has begun: until then, clock and progress are those from before it. */
  #begun: boolean;

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
    this.#begun = run.continues;
    this.#teller = new Teller(hooks.told ?? [], run, task);
    this.#saver = new Saver(task, run, hooks.counters);
    const { onCompile } = options;
    this.#programs = new StepPrograms(task, source, { onCompile, onReady: hooks.onReady });
  }

  /** Where the next step is. */
  get #clock(): StreamOrigin {
    return this.#begun ? this.#task.state.clock : this.#run.start;
  }

  /** Asked once for each step. */
  #part(): string {
    const { step } = this.#clock;
    if (this.#asked?.step !== step) this.#asked = { step, part: this.#hooks.part?.(step) ?? '' };
    return this.#asked.part;
  }

  #isOver(at: StreamOrigin = this.#clock): boolean {
    return this.#run.isStopped(at) || isOver(at, this.#run.start, this.#options, this.#source.size);
  }

  async run(): Promise<RunHistory> {
    const { state } = this.#task;
    const { clock, lifetime } = state;
    const { batchSize, signal } = this.#options;
    const run = this.#run;
    const { data } = state.progress;
    const first = { pass: run.start.epoch, place: 0, steps: 0 };
    if (!this.#begun || data) this.#source.moveTo?.(this.#begun ? data! : first);
    const example = await lifetime.race(untilAborted(this.#source.example(this.#clock), signal));
    if (example === ABORTED) return this.#history('aborted', undefined);
    // The first step is compiled even where none is left to do: `onReady` must be called.
    await lifetime.race(this.#programs.use(this.#part(), Math.min(batchSize, example.size)));
    this.#prepareRest();

    this.#recorder = new Recorder(this.#task, this.#programs, run, this.#options, this.#teller);
    const saved = this.#task.saved;
    this.#unclaim = this.#task.gpu.variables.claim(variablesOf(saved), saved.name);
    const minimizers = (this.minimizers = saved.parts.map((part) => part.minimizer));
    run.goesOn(saved);
    run.rates.after(clock.step, minimizers);
    const before = state.progress;
    this.#ends = new EpochEnds(
      this.#task,
      this.#recorder,
      run,
      this.#hooks,
      this.#options.onEpoch,
      minimizers,
      this.#teller,
    );
    if (this.#begun) this.#ends.restore(before, this.#programs.columns);
    state.loop = {
      flush: () => this.#recorder.finish(),
      progress: () => (this.#begun ? { ...this.#ends.progress, data: this.#source.position } : before),
    };
    try {
      return await this.#end(await this.#steps());
    } catch (error) {
      if (!this.#hooks.endsOnNaN || !(error instanceof NumericError)) throw error;
      await this.leave();
      return this.#end('nan', error);
    }
  }

  /** Trains until the run is over. */
  async #steps(): Promise<RunHistory['stopped']> {
    const { clock, lifetime } = this.#task.state;
    const { signal } = this.#options;
    const { minimizers } = this;
    const { totals, reader } = this.#recorder;
    const run = this.#run;
    let stopped: RunHistory['stopped'] = 'finished';
    /** The steps done when the part of an epoch was reported. */
    let partAt = -1;
    await lifetime.race(untilAborted(this.#teller.trainBegin(), signal));
    if (this.#ends.due) {
      const { epoch } = clock;
      stopped = await this.#ends.tell(true, signal);
      await this.#saver.after({ epoch }, true, false);
    }
    if (stopped === 'finished' && this.#hooks.counters?.isSpent) stopped = 'early'; // as before it was saved
    while (!this.#isOver() && stopped === 'finished') {
      await lifetime.race(untilAborted(this.#recorder.between(this.#before()), signal));
      lifetime.check();
      if (signal?.aborted) {
        stopped = 'aborted';
        break;
      }
      if (this.#isOver()) break; // a callback has ended it
      // Before the lock: a stream or a compilation may take long, and a save need not wait for that.
      const next = await lifetime.race(untilAborted(this.#source.next(this.#clock), signal));
      if (next === ABORTED) {
        stopped = 'aborted';
        break;
      }
      const part = next ? this.#part() : '';
      const own = next && (await lifetime.race(this.#programs.use(part, next.rows)));
      const release = await takeTurn(this.#task);
      const { epoch } = this.#clock;
      let ends = false;
      let last = false;
      try {
        this.#begin();
        if (own) {
          const { program, data } = own;
          last = next.last === true;
          const after = { step: clock.step + 1, epoch: clock.epoch, place: clock.place + next.rows };
          ends = last || this.#isOver(after);
          const read = await lifetime.race(reader.prepare(clock.step + 1, ends));
          lifetime.check();
          const position = this.#source.position;
          this.#source.ready(program, data, clock, this.#task.seed, next.rows);
          run.rates.atStep(clock.step, minimizers);
          const submitted = program.step(read?.encode, { hold: !read && !ends });
          this.#recorder.submitted(clock, position);
          clock.advance(next.rows);
          run.rates.after(clock.step, minimizers);
          this.#ends.due = last;
          this.#task.stepped?.(part);
          reader.start(read);
          if (submitted) await lifetime.race(submitted);
          reader.check();
          if (ends) await lifetime.race(reader.settle());
        } else if (totals.isEmpty) {
          clock.endEpoch();
          this.#ends.begun = false;
        } else {
          ends = last = this.#ends.due = true; // the rest of the epoch is not trained on, with these batches
        }
      } finally {
        release();
      }
      // While the step is under way. It is not asked after the end of a run: a stream may never answer.
      if (next && !ends && typeof next.last === 'function') {
        const answer = await lifetime.race(untilAborted(next.last(), signal));
        last = ends = answer === true;
        if (last) await this.#settle(true);
      }
      if (ends) stopped = await this.#ends.tell(last, signal);
      if (ends && !last) partAt = clock.step;
      await this.#saver.after({ epoch }, last, own !== undefined);
    }
    if (stopped !== 'finished' || !run.isStopped(clock)) return stopped;
    // Ended between two steps: the finished part of the epoch is reported, unless it has been.
    if (this.#begun && clock.place > 0 && partAt !== clock.step) {
      await this.#settle(false);
      stopped = await this.#ends.tell(false, signal);
    }
    return stopped === 'finished' ? 'early' : stopped;
  }

  /** What comes before a step, in its order. */
  #before(): PromiseLike<void> | void {
    const beforeStep = () => this.#options.beforeStep?.(this.#task.state.clock.step);
    if (this.#teller.isEmpty) return beforeStep();
    const begins = !this.#ends.begun;
    this.#ends.begun = true;
    return this.#teller.before(this.#clock, begins).then(beforeStep);
  }

  /** Waits for all running work, restores the best weights, and saves. */
  async #end(stopped: RunHistory['stopped'], error?: NumericError): Promise<RunHistory> {
    const { clock, lifetime } = this.#task.state;
    if (stopped !== 'nan') {
      await lifetime.race(this.#recorder.finish()); // of an aborted epoch
      await lifetime.race(this.#programs.finish());
    }
    await lifetime.race(this.#teller.pending);
    const restored = stopped !== 'aborted' && (await this.#ends.restoreBest());
    const history = this.#history(stopped, error);
    await lifetime.race(this.#teller.trainEnd(history));
    if (restored || !this.#run.has(clock)) await this.#saver.save();
    return history;
  }

  /** Waits for the values of all steps. @param whole whether all samples of the epoch are trained on */
  async #settle(whole: boolean): Promise<void> {
    const release = await takeTurn(this.#task);
    try {
      this.#ends.due = whole;
      await this.#task.state.lifetime.race(this.#recorder.finish());
    } finally {
      release();
    }
  }

  /** Compiles the step of the smaller last batch, if it will come, while the first steps run. */
  #prepareRest(): void {
    const { rest, size = 0 } = this.#source;
    const { batchSize, steps = Infinity } = this.#options;
    const { step, place } = this.#clock;
    const left = this.#run.start.step + steps - step;
    if (rest && left >= Math.ceil((size - place) / batchSize) && !this.#isOver()) {
      this.#programs.prepare(this.#part(), rest);
    }
  }

  /** A run that does not resume begins with a whole epoch, and counts from its first step on. */
  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#task.state.clock.set(this.#run.start);
  }

  #history(stopped: RunHistory['stopped'], error: NumericError | undefined): RunHistory {
    const { epochs, steps } = this.#run;
    return { epochs, steps, stopped, ...(error && { error }) };
  }

  /** After an error: counts what was done. A step that was not made, and those after it, are not counted. */
  async leave(): Promise<void> {
    const { state } = this.#task;
    this.#run.rates.leave(this.minimizers);
    if (!state.loop || state.lifetime.signal.aborted) return;
    await state.lifetime.race(this.#recorder.drain()).catch(() => {});
    const { fault } = this.#recorder;
    if (!fault) return;
    state.clock.set(fault.place);
    if (fault.place.data) this.#source.moveTo?.(fault.place.data);
    this.#ends.due = false;
    await state.lifetime.race(this.#task.recount?.());
  }

  async destroy(): Promise<void> {
    const { state } = this.#task;
    if (state.loop) state.progress = state.loop.progress();
    state.loop = undefined;
    this.#unclaim();
    const freed = this.#programs.destroy();
    const closed = Promise.resolve(this.#source.destroy());
    closed.catch(() => {}); // reported below, unless the wait for it is aborted
    if (state.lifetime.signal.aborted) return;
    await state.lifetime.race(freed);
    await untilAborted(state.lifetime.race(closed), this.#options.signal);
  }
}
