import type { Variable } from '../../ops/core/leaves.ts';
import type { Minimizer } from '../../runtime/minimizer.ts';
import { ABORTED, unlessAborted } from './abort.ts';
import type { CountedEpoch } from '../callbacks/callback.ts';
import type { Counters } from './counters.ts';
import { takeTurn, variablesOf } from './encodeCheckpoint.ts';
import type { Recorder } from './recorder.ts';
import type { Run } from './wholeRun.ts';
import type { RunProgress } from './state.ts';
import type { Task } from './task.ts';
import type { Teller } from './teller.ts';
import type { EpochValues, RunHistory } from './values.ts';

export interface EpochHooks {
  /** Callbacks that count epochs. */
  readonly counters?: Counters;
  /** Whether an epoch is validated, by its number in this training from 0. Default: each. */
  readonly validates?: (index: number) => boolean;
  /** The values over the validation data at the end of an epoch: `validationLoss`, … */
  readonly validate?: (signal: AbortSignal | undefined) => Promise<Readonly<Record<string, number>>>;
}

/** What happens at the ends of epochs: validation, callbacks, the weights of the best one. */
export class EpochEnds {
  /** Whether all samples of the epoch are trained on, and its end has not been reported yet. */
  due = false;
  /** Whether its beginning has been reported. */
  begun = false;
  readonly #task: Task;
  readonly #recorder: Recorder;
  readonly #run: Run;
  readonly #hooks: EpochHooks;
  readonly #minimizers: readonly Minimizer[];
  readonly #teller: Teller;
  readonly #onEpoch: ((values: EpochValues) => void | Promise<void>) | undefined;
  /** Weights and statistics after the best epoch, where they are to be restored. */
  #bestWeights: ReadonlyMap<Variable, Float32Array> | undefined;

  constructor(
    task: Task,
    recorder: Recorder,
    run: Run,
    hooks: EpochHooks,
    onEpoch: ((values: EpochValues) => void | Promise<void>) | undefined,
    minimizers: readonly Minimizer[],
    teller: Teller,
  ) {
    if (hooks.counters?.setsRate) for (const minimizer of minimizers) minimizer.requireRate();
    this.#teller = teller;
    this.#minimizers = minimizers;
    this.#task = task;
    this.#recorder = recorder;
    this.#run = run;
    this.#hooks = hooks;
    this.#onEpoch = onEpoch;
  }

  get progress(): RunProgress {
    const counted = this.#hooks.counters?.state ?? [];
    return {
      totals: this.#recorder.totals.isEmpty ? undefined : this.#recorder.totals.state,
      callbacks: counted.length > 0 ? counted : undefined,
      bestWeights: this.#bestWeights,
      // Where it is not reported, it is not part of the file: files of equal trainings are equal.
      epochBegun: (!this.#teller.isEmpty && this.begun) || undefined,
      epochEnds: this.due || undefined,
    };
  }

  /** Continues from what `progress` gave. @param columns of the values that the steps record now */
  restore(progress: RunProgress, columns: readonly number[]): void {
    const { callbacks = [], epochBegun = this.#task.state.clock.place > 0 } = progress;
    if (progress.totals) this.#recorder.totals.restore(progress.totals, columns);
    const { counters } = this.#hooks;
    if (counters?.restore(callbacks) ?? callbacks.length > 0) this.#bestWeights = progress.bestWeights; // otherwise they were the best by another value
    this.due = progress.epochEnds ?? false;
    this.begun = epochBegun;
  }

  /** Reports the results of the epoch, or of the part of one in which the run ends, and asks the callbacks. */
  async tell(whole: boolean, signal: AbortSignal | undefined): Promise<RunHistory['stopped']> {
    const { clock, lifetime } = this.#task.state;
    const { counters, validate, validates = () => true } = this.#hooks;
    const { totals } = this.#recorder;
    const run = this.#run;
    const { epoch, step } = clock;
    await lifetime.race(this.#teller.pending);
    (await takeTurn(this.#task))(); // validates the weights, not their averages
    let validation: Readonly<Record<string, number>> | undefined;
    if (validate && validates(epoch - run.firstEpoch)) {
      await lifetime.race(this.#teller.validationBegin({ epoch, step }));
      const validated = await unlessAborted(lifetime.race(validate(signal)), signal);
      if (validated === ABORTED) return 'aborted';
      validation = validated;
      await lifetime.race(this.#teller.validationEnd({ epoch, step }, validated));
    }
    const values = { epoch, step, ...totals.values(), ...validation } as EpochValues;
    let stop = false;
    if (whole) {
      // A save sees the end of the epoch counted by all callbacks, or by none.
      const release = await takeTurn(this.#task);
      try {
        run.rates.beforeCallbacks(step, this.#minimizers);
        const counted = countedEpoch(this.#task, values, epoch - run.firstEpoch);
        if (counters?.wantsWeights(counted)) this.#bestWeights = await this.#readWeights();
        stop = counters?.count(counted) ?? false;
        clock.endEpoch();
        totals.clear();
        this.due = this.begun = false;
      } finally {
        release();
      }
    }
    const told = step <= run.lastEpochEnd; // before the loss of a GPU
    await lifetime.race(this.#teller.epochEnd(values));
    if (!told) await lifetime.race(this.#onEpoch?.(values));
    run.rates.afterCallbacks(step, this.#minimizers, told);
    if (!told) {
      run.epochs.push(values);
      run.lastEpochEnd = step;
    }
    return stop ? 'early' : 'finished';
  }

  /** Brings the weights of the best epoch back, where that is wanted; moving averages of weights restart from there. */
  async restoreBest(): Promise<boolean> {
    if (!this.#hooks.counters?.restoresBest || !this.#bestWeights) return false;
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

/** An epoch as callbacks count it, with the rate of the task. */
const countedEpoch = (task: Task, values: EpochValues, index: number): CountedEpoch => ({
  values,
  index,
  get learningRate() {
    return task.learningRate;
  },
  set learningRate(value) {
    task.learningRate = value;
  },
});
