import type { Variable } from '../../ops/core/leaves.ts';
import type { Minimizer } from '../../runtime/minimizer.ts';
import { ABORTED, unlessAborted } from './abort.ts';
import type { Callbacks } from './checks.ts';
import { takeTurn, variablesOf } from './encodeCheckpoint.ts';
import type { Recorder } from './recorder.ts';
import type { Run } from './recovery.ts';
import type { RunProgress } from './state.ts';
import type { Task } from './task.ts';
import type { EpochValues, RunHistory } from './values.ts';

export interface EpochHooks {
  readonly callbacks?: Callbacks;
  /** What validation data come to at the end of an epoch: `validationLoss`, … */
  readonly validate?: (signal: AbortSignal | undefined) => Promise<Readonly<Record<string, number>>>;
}

/** What happens at the ends of epochs: validation, callbacks, the weights of the best one. */
export class EpochEnds {
  /** Whether all samples of the epoch are trained on, and its end has not been told yet. */
  due = false;
  readonly #task: Task;
  readonly #recorder: Recorder;
  readonly #run: Run;
  readonly #hooks: EpochHooks;
  readonly #minimizers: readonly Minimizer[];
  readonly #onEpoch: ((values: EpochValues) => void | Promise<void>) | undefined;
  /** Weights and statistics after the best epoch, where they are to be brought back. */
  #bestWeights: ReadonlyMap<Variable, Float32Array> | undefined;

  constructor(
    task: Task,
    recorder: Recorder,
    run: Run,
    hooks: EpochHooks,
    onEpoch: ((values: EpochValues) => void | Promise<void>) | undefined,
    minimizers: readonly Minimizer[],
  ) {
    if (hooks.callbacks?.plateau) for (const minimizer of minimizers) minimizer.requireRate();
    this.#minimizers = minimizers;
    this.#task = task;
    this.#recorder = recorder;
    this.#run = run;
    this.#hooks = hooks;
    this.#onEpoch = onEpoch;
  }

  get progress(): RunProgress {
    const { early, plateau } = this.#hooks.callbacks ?? {};
    return {
      totals: this.#recorder.totals.isEmpty ? undefined : this.#recorder.totals.state,
      earlyStopping: early?.state,
      reduceOnPlateau: plateau?.state,
      bestWeights: this.#bestWeights,
      epochEnds: this.due || undefined,
    };
  }

  /** Goes on from what `progress` gave. @param columns of the values that the steps record now */
  restore(progress: RunProgress, columns: readonly number[]): void {
    const { early, plateau } = this.#hooks.callbacks ?? {};
    if (progress.totals) this.#recorder.totals.restore(progress.totals, columns);
    const goesOn = progress.earlyStopping && (early?.restore(progress.earlyStopping) ?? true);
    if (progress.reduceOnPlateau) plateau?.restore(progress.reduceOnPlateau);
    if (goesOn) this.#bestWeights = progress.bestWeights; // else they were the best by another value
    this.due = progress.epochEnds ?? false;
  }

  /** Tells what the epoch, or the part of one in which the run ends, came to, and asks the callbacks. */
  async tell(whole: boolean, signal: AbortSignal | undefined): Promise<RunHistory['stopped']> {
    const { clock, lifetime } = this.#task.state;
    const { early, plateau } = this.#hooks.callbacks ?? {};
    const { totals } = this.#recorder;
    (await takeTurn(this.#task))(); // validates the weights, not their averages
    const validation = await unlessAborted(lifetime.race(this.#hooks.validate?.(signal)), signal);
    if (validation === ABORTED) return 'aborted';
    const { epoch, step } = clock;
    const values = { epoch, step, ...totals.values(), ...validation } as EpochValues;
    const run = this.#run;
    let stop = false;
    if (whole) {
      // Whoever saves meets the end of the epoch counted by all, or by nobody.
      const release = await takeTurn(this.#task);
      try {
        if (early?.restoresBest && early.improves(values)) this.#bestWeights = await this.#readWeights();
        run.rates.beforeCallbacks(step, this.#minimizers);
        stop = early?.shouldStop(values) ?? false;
        if (plateau) this.#task.learningRate = plateau.after(values, this.#task.learningRate);
        clock.endEpoch();
        totals.clear();
        this.due = false;
      } finally {
        release();
      }
    }
    const told = step <= run.lastEpochEnd; // before a loss
    if (!told) await lifetime.race(this.#onEpoch?.(values));
    run.rates.afterCallbacks(step, this.#minimizers, told);
    if (!told) {
      run.epochs.push(values);
      run.lastEpochEnd = step;
    }
    return stop ? 'early' : 'finished';
  }

  /** Brings the weights of the best epoch back, where that is wanted; moving averages of weights begin there anew. */
  async restoreBest(): Promise<boolean> {
    const { early } = this.#hooks.callbacks ?? {};
    if (!early?.restoresBest || !this.#bestWeights) return false;
    const release = await takeTurn(this.#task);
    try {
      for (const [variable, own] of this.#bestWeights) this.#task.gpu.variables.write(variable, own);
      for (const minimizer of this.#minimizers) {
        if (minimizer.optimizer.averages) minimizer.restartAverages();
      }
    } finally {
      release();
    }
    return true;
  }

  /** All weights and statistics, as they are. */
  async #readWeights(): Promise<ReadonlyMap<Variable, Float32Array>> {
    const { gpu, state, saved } = this.#task;
    return state.lifetime.race(gpu.variables.readAll(variablesOf(saved)));
  }
}
