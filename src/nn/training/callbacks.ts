import { ArgumentError } from '../../errors.ts';
import type { EpochValues } from './fit.ts';

/** Watches one value of the epochs for improvement. */
class Monitor {
  readonly #callback: string;
  readonly #name: string;
  readonly #minDelta: number;
  readonly #sign: 1 | -1;
  #best = Infinity;

  constructor(callback: string, { monitor = 'validationLoss', minDelta = 0, mode }: MonitorOptions) {
    if (mode !== undefined && mode !== 'min' && mode !== 'max') {
      throw new ArgumentError(`${callback}: mode is "${String(mode)}"; choose min or max`);
    }
    this.#callback = callback;
    this.#name = monitor;
    this.#minDelta = minDelta;
    this.#sign =
      (mode ?? (/accuracy|precision|recall|f1|auc/i.test(monitor) ? 'max' : 'min')) === 'max' ? -1 : 1;
  }

  /** Whether the value is better than the best so far. */
  improved(values: EpochValues): boolean {
    const value = values[this.#name];
    if (value === undefined) {
      throw new ArgumentError(
        `${this.#callback}: an epoch has no value "${this.#name}"; it has ${Object.keys(values).join(', ')}. Pass validationData, or monitor one of these`,
      );
    }
    if (!(this.#sign * value < this.#best - this.#minDelta)) return false;
    this.#best = this.#sign * value;
    return true;
  }
}

export interface MonitorOptions {
  /** Value to watch; default validationLoss. */
  monitor?: string;
  /** A change below this is no improvement; default 0 for early stopping, 0.0001 for reduce-on-plateau. */
  minDelta?: number;
  /** Whether a smaller or a larger value is better; by default larger for accuracies, precision, recall, F1 and AUC, else smaller. */
  mode?: 'min' | 'max';
}

export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without improvement after which training ends; default 0, which is as 1. */
  patience?: number;
}

/** Decides when a watched value has stopped improving (Keras's EarlyStopping). */
export class EarlyStopping {
  readonly #monitor: Monitor;
  readonly #patience: number;
  #waited = 0;

  constructor(options: EarlyStoppingOptions) {
    const { patience = 0, minDelta = 0 } = options;
    if (!(patience >= 0) || !(minDelta >= 0)) {
      throw new ArgumentError(
        `earlyStopping: patience is ${patience} and minDelta ${minDelta}; both must be numbers of at least 0`,
      );
    }
    this.#monitor = new Monitor('earlyStopping', options);
    this.#patience = patience;
  }

  shouldStop(values: EpochValues): boolean {
    if (this.#monitor.improved(values)) {
      this.#waited = 0;
      return false;
    }
    return ++this.#waited >= this.#patience;
  }
}

export interface ReduceOnPlateauOptions extends MonitorOptions {
  /** The learning rate is multiplied by it, in (0, 1); default 0.1. */
  factor?: number;
  /** Epochs without improvement after which it is; default 10. */
  patience?: number;
  /** Epochs until the next one may count as one without improvement; default 0, which is as 1. */
  cooldown?: number;
  /** Below which the learning rate does not go; default 0. */
  minLearningRate?: number;
}

/** Lowers the learning rate when a watched value has stopped improving (Keras's ReduceLROnPlateau). */
export class ReduceOnPlateau {
  readonly #monitor: Monitor;
  readonly #factor: number;
  readonly #patience: number;
  readonly #cooldown: number;
  readonly #minLearningRate: number;
  #waited = 0;
  #cooling = 0;

  constructor(options: ReduceOnPlateauOptions) {
    const { factor = 0.1, patience = 10, minDelta = 1e-4, cooldown = 0, minLearningRate = 0 } = options;
    if (!(factor > 0 && factor < 1)) {
      throw new ArgumentError(`reduceOnPlateau: factor is ${factor}; it must be above 0 and below 1`);
    }
    for (const [name, value] of Object.entries({ patience, minDelta, cooldown, minLearningRate })) {
      if (!(value >= 0)) {
        throw new ArgumentError(`reduceOnPlateau: ${name} is ${value}; it must be a number of at least 0`);
      }
    }
    this.#monitor = new Monitor('reduceOnPlateau', { ...options, minDelta });
    this.#factor = factor;
    this.#patience = patience;
    this.#cooldown = cooldown;
    this.#minLearningRate = minLearningRate;
  }

  /** The learning rate after an epoch with these values. */
  after(values: EpochValues, learningRate: number): number {
    if (this.#cooling > 0) {
      this.#cooling--;
      this.#waited = 0;
    }
    if (this.#monitor.improved(values)) this.#waited = 0;
    else if (this.#cooling === 0 && ++this.#waited >= this.#patience) {
      this.#waited = 0;
      this.#cooling = this.#cooldown;
      return Math.min(learningRate, Math.max(learningRate * this.#factor, this.#minLearningRate));
    }
    return learningRate;
  }
}
