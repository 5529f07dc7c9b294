import { ArgumentError } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { CountingCallback } from './callback.ts';
import type { CountedEpoch, Counter } from './callback.ts';
import { atLeast0, Monitor, monitorOptions } from './monitor.ts';
import type { CallbackState, Monitored, MonitorOptions } from './monitor.ts';

export interface ReduceOnPlateauOptions extends MonitorOptions {
  /** A change below this is not an improvement. Default 0.0001. */
  minDelta?: number;
  /** The learning rate is multiplied by it, in (0, 1); default 0.1. */
  factor?: number;
  /** Epochs without improvement after which it is; default 10. */
  patience?: number;
  /** Epochs until the next one may count as one without improvement. Default 0 (which is as 1). */
  cooldown?: number;
  /** Below which the learning rate does not go (Keras's min_lr); default 0. */
  minLearningRate?: number;
}

const plateauOptions: OptionTable<ReduceOnPlateauOptions> = {
  ...monitorOptions,
  factor: true,
  patience: true,
  cooldown: true,
  minLearningRate: true,
};

/** Counts for `reduceOnPlateau`. */
export class ReduceOnPlateau implements Counter {
  readonly setsRate = true;
  readonly #monitor: Monitor;
  readonly #factor: number;
  readonly #patience: number;
  readonly #cooldown: number;
  readonly #minLearningRate: number;
  #waited = 0;
  #cooling = 0;

  /**
   * @param values what epochs have
   * @throws ArgumentError if an option is out of range, or there is no such value, or none that rises or falls
   */
  constructor(options: ReduceOnPlateauOptions, values: readonly Monitored[]) {
    checkOptions('reduceOnPlateau', options, plateauOptions);
    const { factor = 0.1, patience = 10, minDelta = 1e-4, cooldown = 0, minLearningRate = 0 } = options;
    if (typeof factor !== 'number' || !(factor > 0 && factor < 1)) {
      throw new ArgumentError(
        `reduceOnPlateau: factor is ${String(factor)}; it must be a number above 0 and below 1`,
      );
    }
    atLeast0('reduceOnPlateau', { patience, cooldown, minLearningRate });
    this.#monitor = new Monitor('reduceOnPlateau', { ...options, minDelta }, values);
    this.#factor = factor;
    this.#patience = patience;
    this.#cooldown = Math.min(cooldown, Number.MAX_SAFE_INTEGER); // Infinity is not JSON
    this.#minLearningRate = minLearningRate;
  }

  get state(): CallbackState {
    return { ...this.#monitor.state, waited: this.#waited, cooling: this.#cooling };
  }

  restore(state: CallbackState): boolean {
    if (!this.#monitor.restore(state)) return false;
    this.#waited = state.waited;
    this.#cooling = state.cooling ?? 0;
    return true;
  }

  /** Keras's ReduceLROnPlateau.on_epoch_end. */
  count(epoch: Pick<CountedEpoch, 'values' | 'learningRate'>): false {
    const { values, learningRate } = epoch;
    if (!this.#monitor.sees(values)) return false;
    if (this.#cooling > 0) {
      this.#cooling--;
      this.#waited = 0;
    }
    if (this.#monitor.improved(values)) this.#waited = 0;
    else if (
      this.#cooling === 0 &&
      ++this.#waited >= this.#patience &&
      learningRate > this.#minLearningRate
    ) {
      this.#waited = 0;
      this.#cooling = this.#cooldown;
      epoch.learningRate = Math.max(learningRate * this.#factor, this.#minLearningRate);
    }
    return false;
  }
}

/**
 * Lowers the learning rate when a value has stopped improving (Keras's ReduceLROnPlateau): after `patience` epochs in a row
 * in which it was not better than the best so far by more than `minDelta`, the rate is multiplied by `factor`. Epochs
 * without a validation are not counted where the value is of one.
 *
 * @throws ArgumentError, when training begins, if an option is out of range or no epoch has the value
 */
export function reduceOnPlateau(options: ReduceOnPlateauOptions = {}): CountingCallback {
  checkOptions('reduceOnPlateau', options, plateauOptions);
  return new CountingCallback('reduceOnPlateau', (values) => new ReduceOnPlateau(options, values));
}
