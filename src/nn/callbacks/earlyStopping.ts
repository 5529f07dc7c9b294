import { checkFlag, checkOptions } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import type { EpochValues } from '../training/values.ts';
import { CountingCallback } from './callback.ts';
import type { CountedEpoch, Counter } from './callback.ts';
import { atLeast0, finiteOrNone, Monitor, monitorOptions } from './monitor.ts';
import type { CallbackState, Monitored, MonitorOptions } from './monitor.ts';

export interface EarlyStoppingOptions extends MonitorOptions {
  /** A change below this is not an improvement. Default 0. */
  minDelta?: number;
  /** Epochs without improvement after which training ends. Default 0 (which is as 1). */
  patience?: number;
  /** A value that must also be beaten to reset the patience; default none. */
  baseline?: number;
  /**
   * At the end, also where training does not stop early, brings the weights and statistics of the best epoch back, as in
   * Keras; not after an abort, from which a resumed run continues. Default false: those of the last epoch stay.
   */
  restoreBestWeights?: boolean;
  /** Epochs at the beginning of the training that are not counted; default 0. */
  startFromEpoch?: number;
}

const earlyStoppingOptions: OptionTable<EarlyStoppingOptions> = {
  ...monitorOptions,
  patience: true,
  baseline: true,
  restoreBestWeights: true,
  startFromEpoch: true,
};

/** Counts for `earlyStopping`. */
export class EarlyStopping implements Counter {
  readonly restoresBest: boolean;
  readonly #monitor: Monitor;
  readonly #patience: number;
  readonly #baseline: number | undefined;
  readonly #startFromEpoch: number;
  #waited = 0;
  /** Whether the last epoch was the best so far. */
  #improved = false;

  /**
   * @param values what epochs have
   * @throws ArgumentError if an option is out of range, or there is no such value, or none that rises or falls
   */
  constructor(options: EarlyStoppingOptions, values: readonly Monitored[]) {
    checkOptions('earlyStopping', options, earlyStoppingOptions);
    const { patience = 0, restoreBestWeights = false, startFromEpoch = 0, baseline } = options;
    atLeast0('earlyStopping', { patience, startFromEpoch });
    finiteOrNone('earlyStopping', 'baseline', baseline);
    checkFlag('earlyStopping', 'restoreBestWeights', restoreBestWeights);
    this.#patience = patience;
    this.#baseline = baseline;
    this.#startFromEpoch = startFromEpoch;
    this.restoresBest = restoreBestWeights;
    this.#monitor = new Monitor('earlyStopping', options, values);
  }

  get state(): CallbackState {
    const improved = this.#improved && this.#waited > 0;
    return { ...this.#monitor.state, waited: this.#waited, ...(improved && { improved }) };
  }

  restore(state: CallbackState): boolean {
    if (!this.#monitor.restore(state)) return false;
    this.#waited = state.waited;
    this.#improved = state.improved ?? false;
    return true;
  }

  get isSpent(): boolean {
    return !this.#improved && this.#waited >= Math.max(1, this.#patience);
  }

  improves({ values, index }: Pick<CountedEpoch, 'values' | 'index'>): boolean {
    return this.#sees(values, index) && this.#monitor.improves(values);
  }

  #sees(values: EpochValues, index: number): boolean {
    return index >= this.#startFromEpoch && this.#monitor.sees(values);
  }

  /** Keras's EarlyStopping.on_epoch_end. */
  count({ values, index }: Pick<CountedEpoch, 'values' | 'index'>): boolean {
    if (!this.#sees(values, index)) return false;
    this.#waited++;
    this.#improved = this.#monitor.improved(values);
    if (!this.#improved) return this.#waited >= this.#patience;
    if (this.#baseline === undefined || this.#monitor.beats(values, this.#baseline)) this.#waited = 0;
    return false;
  }
}

/**
 * Ends training when a value has stopped improving (Keras's EarlyStopping): after `patience` epochs in a row in which it was
 * not better than the best so far by more than `minDelta`. Epochs without a validation are not counted where the value is
 * of one.
 *
 * With a `baseline`, an epoch that is the best so far but does not beat the baseline still counts as one without improvement.
 *
 * @throws ArgumentError, when training begins, if an option is out of range or no epoch has the value
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): CountingCallback {
  checkOptions('earlyStopping', options, earlyStoppingOptions);
  return new CountingCallback('earlyStopping', (values) => new EarlyStopping(options, values));
}
