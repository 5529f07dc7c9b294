import { ArgumentError } from '../errors.ts';
import type { EpochValues } from './fit.ts';

export interface EarlyStoppingOptions {
  /** Value to watch; default validationLoss. */
  monitor?: string;
  /** Epochs without improvement after which training ends; default 0, which is as 1. */
  patience?: number;
  /** A change below this is no improvement; default 0. */
  minDelta?: number;
  /** Whether a smaller or a larger value is better; by default larger for accuracies, precision, recall, F1 and AUC, else smaller. */
  mode?: 'min' | 'max';
}

/** Decides when a watched value has stopped improving (Keras's EarlyStopping). */
export class EarlyStopping {
  readonly #monitor: string;
  readonly #patience: number;
  readonly #minDelta: number;
  readonly #sign: 1 | -1;
  #best = Infinity;
  #waited = 0;

  constructor({ monitor = 'validationLoss', patience = 0, minDelta = 0, mode }: EarlyStoppingOptions) {
    if (!(patience >= 0) || !(minDelta >= 0)) {
      throw new ArgumentError(
        `earlyStopping: patience is ${patience} and minDelta ${minDelta}; both must be numbers of at least 0`,
      );
    }
    if (mode !== undefined && mode !== 'min' && mode !== 'max') {
      throw new ArgumentError(`earlyStopping: mode is "${String(mode)}"; choose min or max`);
    }
    this.#monitor = monitor;
    this.#patience = patience;
    this.#minDelta = minDelta;
    this.#sign =
      (mode ?? (/accuracy|precision|recall|f1|auc/i.test(monitor) ? 'max' : 'min')) === 'max' ? -1 : 1;
  }

  shouldStop(values: EpochValues): boolean {
    const value = values[this.#monitor];
    if (value === undefined) {
      throw new ArgumentError(
        `earlyStopping: an epoch has no value "${this.#monitor}"; it has ${Object.keys(values).join(', ')}. Pass validationData, or monitor one of these`,
      );
    }
    if (this.#sign * value < this.#best - this.#minDelta) {
      this.#best = this.#sign * value;
      this.#waited = 0;
      return false;
    }
    return ++this.#waited >= this.#patience;
  }
}
