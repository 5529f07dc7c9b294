import { ArgumentError } from '../../errors.ts';
import { didYouMean } from '../../nearestName.ts';
import { describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import type { Metric } from '../metrics.ts';
import { validationName } from '../registry.ts';
import type { EpochValues } from '../training/values.ts';

/** A value that epochs have, as far as callbacks go. */
export interface Monitored extends Pick<Metric, 'name' | 'better' | 'matrix'> {
  /** They would, if there were validation data. */
  readonly missing?: boolean;
}

/**
 * The values of a training's epochs, by name: what its steps record, and the same over the validation data.
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

/**
 * The name of a value, also where Keras's is given: `val_loss` is validationLoss, `val_acc` validationAccuracy,
 * `binary_accuracy` binaryAccuracy.
 */
export function valueName(given: string, known: readonly string[]): string {
  if (known.includes(given)) return given;
  const camel = given.replaceAll(/_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
  const own = camel.replace(/^val(?=[A-Z])/, 'validation');
  return [own, own.replace(/(^a|A)cc$/, '$1ccuracy')].find((name) => known.includes(name)) ?? given;
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
  /** Whether the last epoch was the best so far, which with a baseline does not end the waiting. */
  readonly improved?: boolean;
}

/** What a callback of a training has counted, by its name. */
export interface SavedCallback extends CallbackState {
  readonly callback: string;
}

/** Watches one value of the epochs for improvement (Keras's MonitorCallback). */
export class Monitor {
  readonly #name: string;
  readonly #minDelta: number;
  readonly #sign: 1 | -1;
  #best = Infinity;

  /**
   * @param callback its name, for messages
   * @param best the value that counts as the best before the first; undefined: none
   */
  constructor(
    callback: string,
    { monitor: given = 'validationLoss', minDelta = 0, mode = 'auto' }: MonitorOptions,
    values: readonly Monitored[],
    best?: number,
  ) {
    if (mode !== 'auto' && mode !== 'min' && mode !== 'max') {
      throw new ArgumentError(`${callback}: mode is ${describe(mode)}; choose min, max or auto`);
    }
    const numbers = values.filter(({ matrix }) => !matrix).map(({ name }) => name);
    const there = numbers.filter((name) => !values.find((value) => value.name === name)!.missing).join(', ');
    const names = values.map(({ name }) => name);
    const monitor = valueName(String(given), names);
    const value = values.find(({ name }) => name === monitor);
    if (!value || (value.missing && !value.matrix)) {
      const meant = value ? '.' : didYouMean(monitor, numbers) || '.';
      const pass = values.some(({ missing }) => missing) ? 'Pass validationData, or monitor' : 'Monitor';
      throw new ArgumentError(
        `${callback}: an epoch has no value "${monitor}"; it has ${there}${meant} ${pass} one of these`,
      );
    }
    if (value.matrix) {
      throw new ArgumentError(
        `${callback}: "${monitor}" is a matrix, which cannot be better or worse; monitor one of ${there}`,
      );
    }
    if (mode === 'auto' && value.better === undefined) {
      throw new ArgumentError(
        `${callback}: nothing says whether "${monitor}" should rise or fall; pass mode: 'max' or 'min', or give the metric better: 'higher' or 'lower'`,
      );
    }
    this.#name = monitor;
    this.#minDelta = atLeast0(callback, { minDelta });
    const rises = mode === 'auto' ? value.better === 'higher' : mode === 'max';
    this.#sign = rises ? -1 : 1;
    if (best !== undefined) this.#best = this.#sign * best;
  }

  get state(): Pick<CallbackState, 'monitor' | 'mode' | 'best'> {
    const best = this.#best === Infinity ? null : this.#best;
    return { monitor: this.#name, mode: this.#sign === 1 ? 'min' : 'max', best };
  }

  /** Continues from what `state` returned. @returns false, without a change, if that was of another value */
  restore({ monitor, mode, best }: CallbackState): boolean {
    const own = this.state;
    if (own.monitor !== monitor || own.mode !== mode) return false;
    this.#best = best ?? Infinity;
    return true;
  }

  /** Whether an epoch has the value: without a validation, those over its data are missing. */
  sees(values: EpochValues): boolean {
    return values[this.#name] !== undefined;
  }

  /** Whether the value is better than another one by more than `minDelta`: value + minDelta < other, where it should fall. */
  beats(values: EpochValues, other: number): boolean {
    return this.#sign * values[this.#name] + this.#minDelta < this.#sign * other;
  }

  /** Whether the value is better than the best so far. */
  improves(values: EpochValues): boolean {
    return this.beats(values, this.#sign * this.#best);
  }

  /** `improves`, and takes it for the best. */
  improved(values: EpochValues): boolean {
    if (!this.improves(values)) return false;
    this.#best = this.#sign * values[this.#name];
    return true;
  }
}

/** Throws an ArgumentError unless every option is a number of at least 0; gives the first. */
export function atLeast0(callback: string, options: Readonly<Record<string, unknown>>): number {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === 'number' && value >= 0) continue;
    throw new ArgumentError(`${callback}: ${name} is ${String(value)}; it must be a number of at least 0`);
  }
  return Object.values(options)[0] as number;
}

/** Throws an ArgumentError unless it is a finite number, or not given. */
export function finiteOrNone(callback: string, option: string, value: unknown): void {
  if (value === undefined || Number.isFinite(value)) return;
  throw new ArgumentError(`${callback}: ${option} is ${describe(value)}; it must be a finite number`);
}

export interface MonitorOptions {
  /** Value to watch, by its name in the history; Keras's names are known, too (`val_loss`). Default `validationLoss`. */
  monitor?: string;
  /** A change below this is not an improvement. */
  minDelta?: number;
  /** Whether a smaller or a larger value is better; default auto: what the metric says (`better`). Losses fall. */
  mode?: 'auto' | 'min' | 'max';
}

export const monitorOptions: OptionTable<MonitorOptions> = { monitor: true, minDelta: true, mode: true };
