import { ArgumentError } from '../../errors.ts';
import { didYouMean } from '../../nearestName.ts';
import type { Metric } from '../metrics.ts';
import { validationName } from '../registry.ts';
import type { EpochValues } from './values.ts';
import { checkOptions } from '../../options.ts';
import type { OptionTable } from '../../options.ts';

/** A value that epochs have, as far as callbacks go. */
export interface Monitored extends Pick<Metric, 'name' | 'better' | 'matrix'> {
  /** They would, if there were validation data. */
  readonly missing?: boolean;
}

/**
 * What the epochs of a training come to, by name: what its steps record, and the same over the validation data.
 *
 * @param recorded what each step records
 */
export function monitoredValues(recorded: readonly Monitored[], validated: boolean): Monitored[] {
  const over = ({ name, better, matrix }: Monitored) => ({
    name: validationName(name),
    better,
    matrix,
    missing: !validated,
  });
  return [{ name: 'epoch' }, { name: 'step' }, ...recorded, ...recorded.map(over)];
}

/** What a callback has counted, for a checkpoint. */
export interface CallbackState {
  /** What it watches, and in which direction that should go. */
  readonly monitor: string;
  readonly mode: 'min' | 'max';
  /** The best value so far; null before the first. Negated where larger is better. */
  readonly best: number | null;
  /** Epochs without improvement. */
  readonly waited: number;
  /** Epochs of cooldown that are left. */
  readonly cooling?: number;
}

/** Watches one value of the epochs for improvement. */
class Monitor {
  readonly #name: string;
  readonly #minDelta: number;
  readonly #sign: 1 | -1;
  #best = Infinity;

  constructor(
    callback: string,
    { monitor = 'validationLoss', minDelta = 0, mode }: MonitorOptions,
    values: readonly Monitored[],
  ) {
    if (mode !== undefined && mode !== 'min' && mode !== 'max') {
      throw new ArgumentError(`${callback}: mode is "${String(mode)}"; choose min or max`);
    }
    const numbers = values.filter(({ matrix }) => !matrix).map(({ name }) => name);
    const there = numbers.filter((name) => !values.find((value) => value.name === name)!.missing).join(', ');
    const value = values.find(({ name }) => name === monitor);
    if (!value || (value.missing && !value.matrix)) {
      const meant = value ? '.' : didYouMean(String(monitor), numbers) || '.';
      const pass = values.some(({ missing }) => missing) ? 'Pass validationData, or monitor' : 'Monitor';
      throw new ArgumentError(
        `${callback}: an epoch has no value "${monitor}"; it has ${there}${meant} ${pass} one of these`,
      );
    }
    if (value.matrix) {
      throw new ArgumentError(
        `${callback}: "${monitor}" is a matrix, which gets neither better nor worse; monitor one of ${there}`,
      );
    }
    if (mode === undefined && value.better === undefined) {
      throw new ArgumentError(
        `${callback}: nothing says whether "${monitor}" should rise or fall; pass mode: 'max' or 'min', or give the metric better: 'higher' or 'lower'`,
      );
    }
    this.#name = monitor;
    this.#minDelta = atLeast0(callback, { minDelta });
    this.#sign = (mode ?? (value.better === 'higher' ? 'max' : 'min')) === 'max' ? -1 : 1;
  }

  get state(): Pick<CallbackState, 'monitor' | 'mode' | 'best'> {
    const best = this.#best === Infinity ? null : this.#best;
    return { monitor: this.#name, mode: this.#sign === 1 ? 'min' : 'max', best };
  }

  /** Goes on from what `state` gave. @returns false, and nothing is changed, if that was of another value */
  restore({ monitor, mode, best }: CallbackState): boolean {
    const own = this.state;
    if (own.monitor !== monitor || own.mode !== mode) return false;
    this.#best = best ?? Infinity;
    return true;
  }

  /** Whether the value is better than the best so far. */
  improves(values: EpochValues): boolean {
    return this.#sign * values[this.#name] < this.#best - this.#minDelta;
  }

  /** `improves`, and takes it for the best. */
  improved(values: EpochValues): boolean {
    if (!this.improves(values)) return false;
    this.#best = this.#sign * values[this.#name];
    return true;
  }
}

/** Throws an ArgumentError unless every option is a number of at least 0; gives the first. */
function atLeast0(callback: string, options: Readonly<Record<string, unknown>>): number {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === 'number' && value >= 0) continue;
    throw new ArgumentError(`${callback}: ${name} is ${String(value)}; it must be a number of at least 0`);
  }
  return Object.values(options)[0] as number;
}

export interface MonitorOptions {
  /** Value to watch; default validationLoss. */
  monitor?: string;
  /** A change below this is no improvement; default 0 for early stopping, 0.0001 for reduce-on-plateau. */
  minDelta?: number;
  /** Whether a smaller or a larger value is better; by default what the metric says (`better`). Losses fall. */
  mode?: 'min' | 'max';
}

const monitorOptions: OptionTable<MonitorOptions> = { monitor: true, minDelta: true, mode: true };

export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without improvement after which training ends; default 0, which is as 1. */
  patience?: number;
  /**
   * At the end, also where training does not stop early, brings the weights and statistics of the best epoch back, as in
   * Keras; not after an abort, from which a resumed run goes on. Default false: those of the last epoch stay.
   */
  restoreBestWeights?: boolean;
}

/** Decides when a watched value has stopped improving (Keras's EarlyStopping). */
export class EarlyStopping {
  /** Whether the weights of the best epoch are to be brought back at the end. */
  readonly restoresBest: boolean;
  readonly #monitor: Monitor;
  readonly #patience: number;
  #waited = 0;

  /**
   * @param values what epochs have
   * @throws ArgumentError if an option is out of range, or there is no such value, or none that rises or falls
   */
  constructor(options: EarlyStoppingOptions, values: readonly Monitored[]) {
    checkOptions('earlyStopping', options, { ...monitorOptions, patience: true, restoreBestWeights: true });
    const { patience = 0, restoreBestWeights = false } = options;
    this.#patience = atLeast0('earlyStopping', { patience });
    if (typeof restoreBestWeights !== 'boolean') {
      throw new ArgumentError(
        `earlyStopping: restoreBestWeights is ${String(restoreBestWeights)}; it must be true or false`,
      );
    }
    this.restoresBest = restoreBestWeights;
    this.#monitor = new Monitor('earlyStopping', options, values);
  }

  get state(): CallbackState {
    return { ...this.#monitor.state, waited: this.#waited };
  }

  /** Goes on from what `state` gave; counts anew if that watched something else. @returns whether it goes on */
  restore(state: CallbackState): boolean {
    if (!this.#monitor.restore(state)) return false;
    this.#waited = state.waited;
    return true;
  }

  /** Whether it has counted its patience out: what goes on from there has stopped already. */
  get isSpent(): boolean {
    return this.#waited >= Math.max(1, this.#patience);
  }

  /** Whether this epoch is the best so far. */
  improves(values: EpochValues): boolean {
    return this.#monitor.improves(values);
  }

  /** Counts an epoch. */
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

const plateauOptions: OptionTable<ReduceOnPlateauOptions> = {
  ...monitorOptions,
  factor: true,
  patience: true,
  cooldown: true,
  minLearningRate: true,
};

/** Lowers the learning rate when a watched value has stopped improving (Keras's ReduceLROnPlateau). */
export class ReduceOnPlateau {
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
    this.#cooldown = Math.min(cooldown, Number.MAX_SAFE_INTEGER); // Infinity is no JSON
    this.#minLearningRate = minLearningRate;
  }

  get state(): CallbackState {
    return { ...this.#monitor.state, waited: this.#waited, cooling: this.#cooling };
  }

  /** Goes on from what `state` gave; counts anew if that watched something else. */
  restore(state: CallbackState): void {
    if (!this.#monitor.restore(state)) return;
    this.#waited = state.waited;
    this.#cooling = state.cooling ?? 0;
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
